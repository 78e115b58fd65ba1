"""Each answer of the Graph API has one name."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from saath.events import Problem
from saath_sender.results import (
    Accepted,
    Ends,
    InDoubt,
    MarketingStopped,
    PairBusy,
    Pause,
    Rejected,
    Result,
    RetryAfter,
    SlowDown,
    WindowShut,
    classify,
    is_known,
    named,
)

FACTS = Path(__file__).parents[3] / "docs" / "whatsapp-coexistence.md"


def error(code: int, **more: Any) -> dict[str, Any]:
    return {"error": {"message": "m", "type": "OAuthException", "code": code, **more}}


def problem(code: int) -> Problem:
    return Problem(code=code, title="OAuthException", message="m")


def everything(reason: str, ends: Ends, code: int | None) -> Pause:
    return Pause("everything", reason, ends, code)


def table() -> Iterator[tuple[int, str]]:
    """Each code of the facts' table (5.3), with the classes that are written beside it."""
    section = FACTS.read_text(encoding="utf-8").partition("### 5.3 Error table")[2]
    section = section.partition("\n## ")[0].partition("| network error")[0]
    for row in re.findall(r"^\| ([^|]*) \| [^|]* \| [^|]* \| ([^|]*) \|", section, re.MULTILINE):
        codes, classes = re.sub(r"\(\d{3}\)|\d+ with subcode \d+", "", row[0]), row[1]
        for first, last in re.findall(r"(\d+)(?:–(\d+))?", codes):
            for code in range(int(first), int(last or first) + 1):
                yield code, classes


def meant(code: int) -> str:
    """What the policy of a code comes to, in the table's letters."""
    match named(code, problem(code)):
        case RetryAfter() | SlowDown() | PairBusy():
            return "R"
        case Pause(code=4 | 80007 | 131057 | 2494100):
            return "R"  # tried again, by one message for all of the number
        case Pause(scope="everything", ends="credential" | "number" | "person") if code not in (
            368, 131031, 131037
        ):  # fmt: skip
            return "A"
        case WindowShut() | Rejected():
            return "PI"
        case _:
            return "Y"


# Where we do something else than the letter says, and why stands in ``results``.
OTHERWISE = {131053: "R", 132069: "R", 134011: "PI", 134101: "R"}
CODES = [pytest.param(code, classes, id=str(code)) for code, classes in table()]


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (200, {"messages": [{"id": "wamid.1"}]}, Accepted("wamid.1")),
        (200, {"messages": []}, InDoubt("HTTP 200 without an explanation")),
        (400, error(130429), SlowDown()),
        (400, error(131056), PairBusy()),
        (400, error(131047), WindowShut(problem(131047))),
        (400, error(131049), MarketingStopped(problem(131049))),
        (400, error(131050), MarketingStopped(problem(131050))),
        (400, error(131042), Pause("paid", "a payment problem", "person", 131042)),
        (
            400,
            error(132015),
            Pause("template", "the template is paused", "template", 132015, 3 * 3600),
        ),
        (400, error(100), Rejected(problem(100))),
        (400, error(999999), Rejected(problem(999999))),
        (
            400,
            error(100, error_subcode=33),
            everything("the number is not visible to us any more", "number", 33),
        ),
        (401, error(190), everything("the access token is invalid or expired", "credential", 190)),
        (401, error(0), everything("authentication failed", "credential", 0)),
        (403, error(10), everything("permission missing", "credential", 10)),
        (403, error(299), everything("permission missing", "credential", 299)),
        (403, {}, everything("HTTP 403 without an explanation", "credential", None)),
        (500, error(131000), RetryAfter(1.0, 4, problem(131000))),
        (503, error(2), RetryAfter(2.0, None, problem(2))),
        (500, {}, InDoubt("HTTP 500 without an explanation")),
        (429, {}, SlowDown()),
        (400, {}, Rejected(Problem(code=400, title="HTTP 400 without an explanation"))),
        (404, {}, Rejected(Problem(code=404, title="HTTP 404 without an explanation"))),
        (401, {}, everything("HTTP 401 without an explanation", "credential", None)),
        # What says that it was taken, and what says that it was not, in one: nobody knows.
        (500, {"messages": [{"id": "wamid.1"}]}, InDoubt("HTTP 500 without an explanation")),
        (502, {"success": True}, InDoubt("HTTP 502 without an explanation")),
        # That subcode means it of 100 alone.
        (400, error(131009, error_subcode=33), Rejected(problem(131009))),
    ],
)
def test_an_answer_is_named_by_its_code(status: int, body: dict[str, Any], result: Result) -> None:
    assert classify(status, body) == result


@pytest.mark.parametrize(
    ("contacts", "address"),
    [
        ([{"input": "+5511987654321", "wa_id": "551187654321"}], "+551187654321"),
        ([{"input": "BR.1", "user_id": "BR.1"}], "BR.1"),
        ([{"input": "+55"}], None),
        ([], None),
        (None, None),
    ],
)
def test_an_answer_says_where_the_message_went(contacts: object, address: str | None) -> None:
    body = {"messages": [{"id": "wamid.1"}], "contacts": contacts}

    assert classify(200, body) == Accepted("wamid.1", address)


def test_metas_own_wait_is_the_least() -> None:
    assert classify(400, error(130429), 7.0) == SlowDown(7.0)


def test_what_an_error_says_of_people_is_kept_out_of_a_log() -> None:
    said = error(131026, error_data={"details": "to +16505551234"}, message="to +16505551234")

    assert "16505551234" not in repr(classify(400, said))


def test_the_facts_table_is_read() -> None:
    codes = [code for code, _ in table()]

    assert (len(codes), len(set(codes))) == (165, 165)
    assert {0, 100, 10, 250, 132001, 134101, 132018, 133016, 2593109} <= set(codes)


@pytest.mark.parametrize(("code", "classes"), CODES)
def test_every_code_of_the_facts_has_a_policy_of_its_class(code: int, classes: str) -> None:
    policy = meant(code)

    assert is_known(code)
    assert policy == OTHERWISE.get(code) or set(policy) & set(re.findall("[RAPYI]", classes))


def test_what_a_wait_of_metas_says_a_pause_keeps() -> None:
    waits = [classify(400, error(code), 7200.0) for code in (4, 131048)]

    assert [w.seconds for w in waits if isinstance(w, Pause)] == [7200.0, 3 * 3600]


@pytest.mark.parametrize(("asked", "seconds"), [(None, 2.0), (1.0, 2.0), (30.0, 30.0)])
def test_what_is_tried_again_waits_as_long_as_meta_asks_and_never_less_than_it_would(
    asked: float | None, seconds: float
) -> None:
    assert classify(503, error(2), asked) == RetryAfter(seconds, None, problem(2))


def test_what_meta_says_of_the_problem_is_kept() -> None:
    said = {
        "code": 100,
        "type": "OAuthException",
        "message": "(#100) Invalid",
        "error_data": {"details": "too long"},
    }

    assert classify(400, {"error": said}) == Rejected(
        Problem(code=100, title="OAuthException", message="(#100) Invalid", details="too long")
    )
