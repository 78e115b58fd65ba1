"""A bot on trial: what it would have said is told, and nothing of it leaves or counts."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.sender.facts import CONVERSATION, TEXT, ownership, signed
from tests.unit.sender.test_sender import Partition

from saath.codec import decode, encode
from saath.events import Content, MessageShadowed, OutcomeEvent, TurnClosed
from saath.kafka.records import Output
from saath.topics import OUTBOUND, OUTCOMES
from saath_sender.books import STATE

OTHER_TEXT = {"type": "text", "text": {"body": "Or in red."}}


def told(outputs: list[Output]) -> list[OutcomeEvent]:
    found = [decode(o.headers, o.value) for o in outputs if o.topic is OUTCOMES]
    return [event for event in found if isinstance(event, OutcomeEvent)]


def shadowed(p: Partition, turn: str = "t_1", **request: Any) -> None:
    p.asked(OUTBOUND, turn=signed(turn=turn, shadow=True), **request)


def test_what_a_bot_on_trial_says_is_told_message_by_message_and_never_leaves() -> None:
    p = Partition()
    shadowed(p, messages=[TEXT, OTHER_TEXT], then={"handoff": {"reason": "lost"}})

    events, left = told(p.commit()), p.run(1.0)

    facts = [(type(e), e.index, e.total, e.content, e.turn_id, e.conversation) for e in events]
    assert facts == [
        (MessageShadowed, 0, 2, Content.model_validate(TEXT), "t_1", CONVERSATION),
        (MessageShadowed, 1, 2, Content.model_validate(OTHER_TEXT), "t_1", CONVERSATION),
    ]
    assert (left, p.chooser.waiting) == ([], False)


def test_a_shadow_waits_for_nothing_neither_owner_nor_fence_nor_an_open_door() -> None:
    p = Partition()
    p.handler.open = False
    p.handler.fence.owner_read(CONVERSATION.encode(), None)
    p.handler.at = replace(p.handler.at, number=lambda _: None)

    shadowed(p, messages=[TEXT])

    assert [type(event) for event in told(p.commit())] == [MessageShadowed]


def test_a_shadow_takes_neither_a_slot_nor_a_lease_from_what_is_sent() -> None:
    p = Partition()
    for n in range(30):
        shadowed(p, f"t_s{n}", messages=[TEXT])
    p.replied("t_real")
    outputs = p.commit()

    leases = [o for o in outputs if o.topic == STATE and b'"begun"' in (o.value or b"").lower()]
    assert ([f.job.request.id for f in p.fly()], len(leases)) == (["t_real"], 1)


def test_a_shadow_answered_twice_is_told_once_by_whoever_owns_the_partition() -> None:
    p = Partition()
    shadowed(p, messages=[TEXT])
    first = told(p.commit())
    shadowed(p, messages=[OTHER_TEXT])
    again = told(p.commit())
    after = p.succeeded()
    shadowed(after, messages=[OTHER_TEXT])

    assert [len(first), len(again), len(told(after.commit()))] == [1, 0, 0]


@pytest.mark.parametrize(
    "request_", [{"then": "done"}, {"then": {"handoff": {"reason": "lost"}}}, {"working": 30}]
)
def test_a_shadow_without_words_is_closed_and_asks_nothing_of_the_sender(
    request_: dict[str, Any],
) -> None:
    p = Partition()
    p.handler.fence.owner_read(CONVERSATION.encode(), encode(ownership(owner="human"))[1])
    p.handler.open = False
    shadowed(p, **request_)

    assert [type(event) for event in told(p.commit())] == [TurnClosed]
    assert not p.chooser.waiting


def test_a_real_turn_is_sent_as_ever_beside_a_shadow_of_the_same_conversation() -> None:
    p = Partition()
    shadowed(p, "t_shadow", messages=[TEXT])
    p.replied("t_real")

    assert p.run(0.5) == ["t_real"]
