"""``saath policy``: what it prints, checks and tries out. No broker is near."""

import json
from pathlib import Path

import pytest
from tests.contract.expectation import PAYLOADS
from tests.unit.router.build import accepted, asked, echoed, received
from typer.testing import CliRunner, Result

from saath.cli.app import app
from saath.events import Command, Contact, ContactChanged, Content, Event, NumberPolicy
from saath_router.policy import Policy, chosen_by, overlay
from saath_router.policy_file import read_policies

GOLDEN = Path(__file__).with_name("try.golden.txt")

SHOP = """\
defaults:
  answers: everyone
numbers:
  1055:
    bot: front
    hours:
      timezone: Asia/Kolkata
      week: {thu: 10:00-18:00}
    handoff:
      - {name: complaint, when: {words: [complaint, शिकायत]}}
    ask:
      - {bot: night, when: {closed: true}}
"""


def policy(*arguments: str | Path, **environ: str) -> Result:
    return CliRunner().invoke(app, ["policy", *map(str, arguments)], env=environ)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.yaml"
    path.write_text(SHOP, encoding="utf-8")
    return path


def played(folder: Path, *said: Event | Command) -> Path:
    """A file of them, as JSON lines."""
    path = folder / "events.jsonl"
    lines = [one.model_dump_json(exclude_none=True) for one in said]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def said(message: str, seconds: float, words: str) -> Event:
    return received(message, seconds, Content.of_text(words))


def tried(shop: Path, events: Path, *more: str, **environ: str) -> list[str]:
    """What is printed, the file's name shortened."""
    result = policy("try", shop, "--number", "1055", "--event", events, *more, **environ)
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout.replace(str(events), "file").splitlines()


def test_everything_that_can_be_chosen_is_printed_with_its_default() -> None:
    lines = policy("defaults").stdout.splitlines()

    names = [line.split(":")[0] for line in lines if not line.startswith(" ")]
    assert names == [*NumberPolicy.model_fields]
    assert {"answers: new_contacts", "human_hold_seconds: 43200", "release_word: none"} <= {*lines}


def test_the_defaults_as_a_file_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(policy("defaults", "--yaml").stdout, encoding="utf-8")

    assert overlay(Policy(), *read_policies(path.read_text("utf-8"), "p").of("1")) == Policy()
    assert policy("check", path).stdout == f"{path}: right (defaults, 0 numbers)\n"


def test_a_policy_is_chosen_by_what_it_says() -> None:
    chosen = read_policies(SHOP, "p").of("1055")
    known = overlay(Policy(), *chosen)

    assert overlay(Policy(), chosen_by(known)) == known


def test_a_right_file_is_said_to_be_right(shop: Path) -> None:
    result = policy("check", shop)

    assert (result.exit_code, result.stdout) == (0, f"{shop}: right (defaults, 1 number)\n")


def test_each_mistake_is_said_with_its_line_and_the_status_is_1(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("defaults:\n  anwers: nobody\nnumbers:\n  x: {}\n", encoding="utf-8")

    result = policy("check", path)

    assert (result.exit_code, result.stdout, result.stderr.splitlines()) == (
        1,
        "",
        [
            f"{path}:2: defaults: anwers is not a setting here; did you mean answers?",
            f"{path}:4: numbers.x: x is no phone_number_id: its digits, as Meta shows them",
        ],
    )


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    result = policy("check", tmp_path / "p.yaml")

    assert (result.exit_code, result.stderr) == (
        1,
        f"{tmp_path / 'p.yaml'}:1: cannot be read (No such file or directory)\n",
    )


def test_a_rule_about_hours_that_nobody_says_is_doubted(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("numbers: {1: {ask: [{bot: a, when: {closed: true}}]}}", encoding="utf-8")

    result = policy("check", path)

    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        [
            (
                f"{path}: numbers.1.ask[0] asks whether it is closed, and no hours are said here: it is "
                "always open, unless they are said elsewhere"
            ),
            f"{path}: right (1 number)",
        ],
    )


def test_it_prints_what_would_be_decided_and_by_which_rule(shop: Path, tmp_path: Path) -> None:
    # Thursday, 1 October 2026, 17:30 in Kolkata, and later.
    events = played(
        tmp_path,
        said("m1", 0, "Is it there in blue?"),
        said("m2", 10, "यह एक शिकायत है"),
        echoed("m3", 30),
        said("m4", 40, "Thanks"),
        asked("release", "c1").model_copy(update={"conversation": None, "phone": "4915100000001"}),
        said("m5", 7200, "One more thing"),
    )

    assert tried(shop, events) == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_what_time_leads_to_is_told_too(shop: Path, tmp_path: Path) -> None:
    events = played(tmp_path, said("m1", 0, "Is it there in blue?"))

    lines = tried(shop, events, "--wait", "3600")

    assert [line.partition(",")[0] for line in lines[5:]] == [
        "2026-10-01 12:01:00  time passes",
        "    conversation.owner_changed: owner human",
        "    turn.withdrawn: bot front",
        "    handoff.requested: rule bot_silent",
        "2026-10-01 12:15:00  time passes",
        "    conversation.unattended: rule person_late",
    ]


def test_neither_words_nor_numbers_of_people_are_shown(shop: Path, tmp_path: Path) -> None:
    events = played(tmp_path, said("m1", 0, "Is it there in blue?"), said("m2", 1, "a complaint"))

    told = "\n".join(tried(shop, events, "--wait", "100000"))

    assert ("blue" in told, "complaint\n" in told, "49151" in told) == (False, False, False)


def test_a_webhooks_body_and_what_decode_prints_of_it_are_played_alike(
    shop: Path, tmp_path: Path
) -> None:
    body = PAYLOADS / "messages__text__1.json"
    printed = tmp_path / "decoded.jsonl"
    printed.write_text(CliRunner().invoke(app, ["decode", str(body)]).stdout, encoding="utf-8")
    listed = tmp_path / "listed.json"
    listed.write_text(json.dumps([json.loads(body.read_bytes())]), encoding="utf-8")

    outputs = [tried(shop, path, "--json") for path in (body, printed, listed)]

    types = [json.loads(line)["type"] for line in outputs[0]]
    assert outputs[0] == outputs[1] == outputs[2]
    assert types[-1] == "io.saath.turn.offered.v1"


def test_whom_an_event_puts_into_the_address_book_is_known(shop: Path, tmp_path: Path) -> None:
    mother = ContactChanged(
        id="k1",
        time=received("m1", 0).time,
        contact=Contact(phone="4915100000001", name="Amma"),
        action="add",
    )
    events = played(tmp_path, mother, said("m1", 1, "Call me"))
    shop.write_text("numbers: {1055: {answers: new_contacts}}", encoding="utf-8")

    assert "    → nobody (rule known_contact)" in tried(shop, events)


def test_a_commanded_policy_counts_from_then_on(shop: Path, tmp_path: Path) -> None:
    events = played(
        tmp_path,
        said("m1", 0, "Hello"),
        Command(id="c1", number="1055", command="policy", policy={"answers": "nobody"}),
        said("m2", 1, "Hello?"),
    )

    routed = [line for line in tried(shop, events) if "→" in line]

    assert routed == ["    → bot front (rule first_message)", "    → nobody (rule answers_nobody)"]


def test_a_bots_answer_can_be_played(shop: Path, tmp_path: Path) -> None:
    events = played(tmp_path, said("m1", 0, "Hello"), accepted("m2", 5))

    assert "bot_silent" not in "\n".join(tried(shop, events))


def test_the_routers_own_settings_count(shop: Path, tmp_path: Path) -> None:
    events = played(tmp_path, said("m1", 0, "Hello"))
    shop.write_text("defaults: {answers: everyone}", encoding="utf-8")

    lines = tried(shop, events, SAATH_ROUTER__BOT="clerk")

    assert "    → bot clerk (rule first_message)" in lines


def test_what_the_router_does_not_read_is_passed_over(shop: Path) -> None:
    body = PAYLOADS / "account_update__PARTNER_ADDED__1.json"

    result = policy("try", shop, "--number", "1055", "--event", body)

    assert (result.exit_code, result.stdout, result.stderr) == (
        0,
        "",
        f"{body}: the router does not read account.updated.v1\n",
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", ":1: not JSON: Expecting property name enclosed in double quotes"),
        ('{"a": 1}\n{"b"', ":1: is no webhook's body, no event of ours and no command"),
        ('{"type": "io.saath.message.lost.v1"}', ": unknown event type 'io.saath.message.lost.v1'"),
        ('[{"command": "stop"}]', "[0]: /id: Field required (and 2 more)"),
        ("[1]", "[0]: is no webhook's body, no event of ours and no command"),
    ],
)
def test_what_is_no_event_is_said_with_its_place(
    shop: Path, tmp_path: Path, text: str, expected: str
) -> None:
    events = tmp_path / "odd.json"
    events.write_text(text, encoding="utf-8")

    result = policy("try", shop, "--number", "1055", "--event", events)

    assert (result.exit_code, result.stderr) == (1, f"{events}{expected}\n")


def test_a_bad_policy_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("bott: a\n", encoding="utf-8")

    result = policy("set", "1055", path)

    assert (result.exit_code, result.stderr) == (
        1,
        f"{path}:1: bott is not a setting here; did you mean bot?\n",
    )
