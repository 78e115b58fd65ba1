"""Each answer of the Graph API has one name."""

from typing import Any

import pytest

from saath.events import Problem
from saath_sender.results import (
    Accepted,
    InDoubt,
    PairBusy,
    PauseNumber,
    Rejected,
    Result,
    RetryAfter,
    SlowDown,
    classify,
)


def error(code: int, **more: Any) -> dict[str, Any]:
    return {"error": {"message": "m", "type": "OAuthException", "code": code, **more}}


def problem(code: int) -> Problem:
    return Problem(code=code, title="OAuthException", message="m")


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (200, {"messages": [{"id": "wamid.1"}]}, Accepted("wamid.1")),
        (200, {"messages": []}, InDoubt("HTTP 200 without an explanation")),
        (400, error(130429), SlowDown()),
        (400, error(131056), PairBusy()),
        (400, error(131047), Rejected(problem(131047))),
        (400, error(100), Rejected(problem(100))),
        (400, error(999999), Rejected(problem(999999))),
        (
            400,
            error(100, error_subcode=33),
            PauseNumber("the number is not visible to us any more"),
        ),
        (401, error(190), PauseNumber("the access token is invalid or expired")),
        (401, error(0), PauseNumber("authentication failed")),
        (403, error(10), PauseNumber("permission missing")),
        (403, error(299), PauseNumber("permission missing")),
        (403, {}, PauseNumber("HTTP 403 without an explanation")),
        (500, error(131000), RetryAfter(1.0, 4, problem(131000))),
        (503, error(2), RetryAfter(2.0, 8, problem(2))),
        (500, {}, InDoubt("HTTP 500 without an explanation")),
        (429, {}, SlowDown()),
        (404, {}, Rejected(Problem(code=404, title="HTTP 404 without an explanation"))),
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
