"""
What stands in a number's way is said in Meta's words and ours, by HTTP and by ``saath number connect``, and
no half-connected number is left.
"""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.flow.onboarding_desk import Desk, desk
from tests.flow.test_sync import read

from saath.events import CredentialRecorded, NumberRecorded
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import CREDENTIALS, NUMBERS
from saath_sandbox.views import RegisteredNumber

PATIENCE_SECONDS = 20
SETTINGS = {"SAATH_SYNC__COUNTRIES_NOT_SUPPORTED": '["NG"]'}
ELSEWHERE = "Object with ID '7' does not exist, cannot be loaded due to missing permissions"


@dataclass(frozen=True, slots=True)
class Case:
    """
    What is wrong: in what is ``said`` of the number, or in what Meta answers (``fault``).

    ``calls`` is what Meta may have been asked of the number, and of its account, by then.
    """

    status: int
    words: tuple[str, ...]
    said: dict[str, str] = field(default_factory=dict)
    fault: dict[str, Any] | None = None
    code_lives_seconds: int = 30
    calls: tuple[str, ...] = ()
    keeps_token: bool = False


CASES = {
    "an expired code": Case(
        400,
        ("This authorization code has expired.", "finish Embedded Signup again"),
        code_lives_seconds=0,
    ),
    "a country not allowed, as our data says": Case(
        400,
        ("Meta does not take numbers of NG", "Nothing can be done until Meta does"),
        said={"country": "NG"},
    ),
    "a country not allowed, as Meta says": Case(
        400,
        ("Business account is restricted", "does not allow this for the number's country"),
        fault={"call": "subscribe", "code": 130497, "message": "Business account is restricted"},
        calls=("facts", "subscribe"),
        keeps_token=True,
    ),
    "connected through somebody else": Case(
        400,
        (ELSEWHERE, "(Meta's error 100, subcode 33)", "Settings → Account → Business Platform"),
        fault={"call": "facts", "code": 100, "subcode": 33, "message": ELSEWHERE},
        calls=("facts",),
        keeps_token=True,
    ),
    "a missing permission": Case(
        400,
        ("(#10) Application does not have permission", "needs whatsapp_business_management"),
        fault={"call": "subscribe", "code": 10},
        calls=("facts", "subscribe"),
        keeps_token=True,
    ),
    "an app that is too old": Case(
        400,
        ("the app's version is below 2.24.17", "update the WhatsApp Business app"),
        said={"app_version": "2.24.16.80"},
    ),
    "the wrong app": Case(
        400,
        ("the number is in the consumer app", "move the number to the WhatsApp Business app"),
        said={"app": "consumer"},
    ),
    "an unknown answer": Case(
        502,
        ("HTTP 502) does not say what happened", "Wait some minutes"),
        fault={"call": "subscribe", "kind": "http", "http": 502},
        calls=("facts", "subscribe"),
        keeps_token=True,
    ),
}


async def code_of(here: Desk, case: Case, number: RegisteredNumber) -> str:
    """A code, and what is wrong with the number, if it is Meta that says so."""
    if case.fault is not None:
        node = number.waba_id if case.fault["call"] == "subscribe" else number.phone_number_id
        await here.meta.faults(answers=[{"kind": "error", **case.fault, "number": node}])
    code = await here.meta.issue_code(number.waba_id)
    if not case.code_lives_seconds:
        await here.meta.advance_clock(31)
    return code


async def asked(here: Desk, number: RegisteredNumber) -> tuple[str, ...]:
    nodes = (number.phone_number_id, number.waba_id)
    return tuple([call for node in nodes for call in await here.meta.calls(node)])


async def test_whatever_is_wrong_is_said_with_what_to_do_and_leaves_nothing_half_connected(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    said, statuses, exits, calls, numbers = {}, {}, {}, {}, dict[str, list[str]]()
    async with desk(kafka, topics, tmp_path, **SETTINGS) as here:
        for name, case in CASES.items():
            first, second = await here.register(), await here.register()
            body = {**case.said, "waba_id": first.waba_id, "phone_number_id": first.phone_number_id}
            code = await code_of(here, case, first)
            statuses[name], answer = await here.post("/numbers", code=code, **body)
            options = [o for n, v in case.said.items() for o in (f"--{n.replace('_', '-')}", v)]
            where = ("--waba", second.waba_id, "--number", second.phone_number_id)
            code = await code_of(here, case, second)
            exits[name], printed = await here.saath("connect", *where, *options, stdin=code)
            said[name] = (text_of(answer), printed)
            calls[name] = {await asked(here, first), await asked(here, second)}
            numbers[name] = [first.phone_number_id, second.phone_number_id]
        kept = {n for name, case in CASES.items() if case.keeps_token for n in numbers[name]}
        tokens = await tokens_when(kafka, topics, kept)
        public = await read(kafka, topics, NUMBERS)

    expected = {name: case.words for name, case in CASES.items()}
    heard = {
        name: tuple(words for words in expected[name] if all(words in text for text in texts))
        for name, texts in said.items()
    }
    assert (statuses, heard) == ({n: case.status for n, case in CASES.items()}, expected)
    assert exits == dict.fromkeys(CASES, 1)
    assert calls == {name: {case.calls} for name, case in CASES.items()}
    assert {e.state for e in public if isinstance(e, NumberRecorded)} == {"onboarding"}
    assert tokens == kept


def text_of(answer: dict[str, Any]) -> str:
    """All sentences of an answer."""
    obstacles = [text for one in answer.get("obstacles", ()) for text in one.values()]
    return "\n".join([answer["error"], answer.get("what_to_do", ""), *obstacles])


async def tokens_when(kafka: KafkaSettings, topics: TopicSettings, kept: set[str]) -> set[str]:
    """Whose tokens are kept, once Kafka shows what was committed last; what it shows instead of *kept*."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        events = await read(kafka, topics, CREDENTIALS)
        found = {e.number for e in events if isinstance(e, CredentialRecorded) and e.number}
        if found == kept or time.monotonic() > until:
            return found
        await asyncio.sleep(0.2)


async def test_a_one_time_request_whose_answer_never_came_is_shown_with_what_to_do(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    quickly = {"SAATH_GRAPH__TIMEOUT_SECONDS": "2"}
    async with desk(kafka, topics, tmp_path, **quickly) as here:
        number = await here.register(history={"messages": 0})
        fault = {"kind": "hang", "call": "history", "number": number.phone_number_id}
        await here.meta.faults(answers=[fault])
        code = await here.meta.issue_code(number.waba_id)
        where = ("--waba", number.waba_id, "--number", number.phone_number_id)
        status, printed = await here.saath("connect", *where, stdin=code)
        view = await here.look(number)
        again = await here.saath("steps", number.phone_number_id)
        resumed, done = await here.saath("resume", number.phone_number_id)
        calls = await here.meta.calls(number.phone_number_id)

    history = view["steps"][-1]
    assert (status, resumed, again) == (0, 0, (0, printed))
    assert (view["state"], history["state"]) == ("active", "unknown")
    assert "? history (unknown): no answer from Meta" in printed
    assert history["what_to_do"] in printed
    # Meta had taken it, and says so when it is asked again because a person said so.
    assert ("✓ history (done)" in done, calls.count("history")) == (True, 2)
