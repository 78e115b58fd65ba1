"""Every kind of message through sender and sandbox; and every kind of bad input, past which it goes on."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.flow.sender_process import Scene, scene, templated, worded
from tests.unit.sender.kinds.examples import READ, SENT, TYPING, WAMID, Json, with_value
from tests.unit.sender.kinds.test_kinds import LIMITS

from saath.events import MessageRefused, OutcomeEvent
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import OUTBOUND, OUTBOUND_PEOPLE, dlq_topic

PHONE = "16505550001"
# What the sender adds to a message, whatever kind it is.
ADDED = {"messaging_product", "recipient_type", "to", "biz_opaque_callback_data"}

Place = Callable[..., AbstractAsyncContextManager[Scene]]


@pytest.fixture
def place(kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path) -> Place:
    def make(*flags: str, **settings: str) -> AbstractAsyncContextManager[Scene]:
        return scene(kafka, topics, tmp_path, *flags, **settings)

    return make


def without_the_senders(body: str) -> Json:
    written: Json = json.loads(body)
    return {key: value for key, value in written.items() if key not in ADDED}


async def test_one_of_each_kind_arrives_as_it_was_written(place: Place) -> None:
    async with place("--no-service-window") as s:
        await s.owned(PHONE)
        s.start()
        messages = [TYPING, *SENT.values()]
        await s.asked(
            OUTBOUND,
            turn=s.turn(PHONE, turn="t_1"),
            messages=messages,
            then={"pass_to": {"bot": "b"}},
        )
        outcomes = await s.wait_for_outcomes(len(messages))
        await s.meta.control.wait_until_settled()

        arrivals = await s.meta.control.messages(s.id, request=True)
        mark, *sent = [without_the_senders(arrival.request or "") for arrival in arrivals]
        told = Counter((status["id"], status["status"]) for status in s.meta.receiver.statuses())
        kinds = {arrival.wamid: arrival.type for arrival in arrivals if arrival.wamid}
        assert mark == {
            "status": "read",
            "message_id": WAMID,
            "typing_indicator": {"type": "text"},
        }
        assert sent == [*SENT.values()]
        assert [arrival.outcome for arrival in arrivals] == ["accepted"] * len(messages)
        assert [type(outcome).__name__ for outcome in outcomes] == [
            "MessageReadMarked",
            *["MessageAccepted"] * len(SENT),
        ]
        assert [getattr(outcome, "then", None) is not None for outcome in outcomes] == [
            *[False] * len(SENT),
            True,
        ]
        assert told == Counter(
            (wamid, status)
            for wamid, kind in kinds.items()
            for status in (("sent",) if kind == "reaction" else ("sent", "delivered"))
        )


async def test_a_read_mark_needs_no_window_no_turn_and_no_second_thought(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE, window=False)
        await s.meta.control.faults(answers=[{"kind": "cut"}])
        s.start()
        basis: Json = {"number": s.id, "to": f"+{PHONE}", "class": "service", "messages": [READ]}
        await s.asked(OUTBOUND, id="bot", **basis)
        await s.wait_for_outcomes(1)
        await s.asked(OUTBOUND_PEOPLE, id="person", **basis)
        outcomes = await s.wait_for_outcomes(2)

        arrivals = await s.meta.control.messages(s.id)
        # The first answer to the bot's was cut off on its way: nobody is in doubt of it, it is asked again.
        assert [arrival.type for arrival in arrivals] == ["read", "read", "read"]
        assert [(type(o).__name__, o.request) for o in outcomes] == [
            ("MessageReadMarked", "bot"),
            ("MessageReadMarked", "person"),
        ]


async def test_a_bots_read_mark_yields_to_a_person(place: Place) -> None:
    async with place() as s:
        await s.owned(PHONE, owner="human", epoch=2)
        s.start()
        await s.asked(OUTBOUND, turn=s.turn(PHONE, turn="t_1", epoch=1), messages=[TYPING])
        [outcome] = await s.wait_for_outcomes(1)

        assert type(outcome).__name__ == "MessageSuperseded"
        assert await s.meta.control.messages(s.id) == []


async def test_each_kind_of_bad_input_is_refused_with_its_place_and_the_next_is_sent(
    place: Place,
) -> None:
    async with place("--no-service-window") as s:
        await s.owned(PHONE)
        s.start()
        unreadable = {
            b"": None,
            b"\xff": None,
            b"[]": None,
            b'{"turn": 1}': "/turn",
            b'{"messages": []}': "",
            json.dumps({"turn": "t1.x", "messages": [worded("x" * 600_000)]}).encode(): None,
        }
        for value in unreadable:
            await s.publisher.publish_json(OUTBOUND, s.id, value)
        wrong: list[tuple[str, dict[str, Any]]] = [
            ("/turn", {"turn": "t1.forged", "messages": [worded("x")]}),
            ("/number", {"turn": s.turn(PHONE, turn="t_n"), "number": "1", "then": "done"}),
            ("/messages/0/type", of_turn(s, {"type": "poll", "poll": {}})),
            ("/messages/1/template/name", of_turn(s, worded("x"), templated(""))),
            ("/messages/1", of_turn(s, READ, READ)),
        ]
        for example, where, _, outside, refused_at in LIMITS:
            content = with_value(example, where, outside)
            wrong.append((f"/messages/0{refused_at or where}", of_turn(s, content)))
        for _, request in wrong:
            await s.asked(OUTBOUND, **request)
        await s.replied(PHONE, "fine", turn="t_1")

        at_most = sum(max(1, len(request.get("messages", ()))) for _, request in wrong)
        *refused, last = await s.wait_for_outcomes(len(unreadable) + at_most + 1)

        expected = [pointer for pointer, request in wrong for _ in request.get("messages", [None])]
        assert pointers(refused) == [*unreadable.values(), *expected]
        assert type(last).__name__ == "MessageAccepted"
        assert [a.text for a in await s.meta.control.messages(s.id)] == ["fine"]
        assert len(await s.read_raw(dlq_topic("sender"))) == len(unreadable)


def of_turn(s: Scene, *messages: Json) -> dict[str, Any]:
    return {"turn": s.turn(PHONE, turn="t_wrong"), "messages": [*messages]}


def pointers(outcomes: list[OutcomeEvent]) -> list[str | None]:
    refused = [outcome for outcome in outcomes if isinstance(outcome, MessageRefused)]
    assert len(refused) == len(outcomes)
    return [outcome.pointer for outcome in refused]
