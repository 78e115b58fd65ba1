"""The judge of the fault tests can say no: each promise, broken once in a story that keeps them all."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest
from tests.faults.judge import LOOKS, Evidence, judge

from saath.events import (
    Contact,
    Content,
    Event,
    LeaseRenewed,
    MessageAccepted,
    MessageDelivered,
    MessageEchoed,
    MessageReceived,
    MessageSent,
    OwnerChanged,
    OwnershipRecorded,
    TurnMessage,
    TurnOffered,
    TurnWithdrawn,
    WatermarkRecorded,
)
from saath.identity import event_id

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ANA = Contact(phone="4915100000001")


def _about(name: str) -> dict[str, Any]:
    return {"id": name, "time": NOON, "number": "1", "conversation": "c_1"}


def _message(message: str, what: str) -> dict[str, Any]:
    return _about(event_id(message, what)) | {"message_id": message, "contact": ANA}


def received(message: str, **more: Any) -> MessageReceived:
    return MessageReceived(
        **_message(message, "received") | more, content=Content.of_text("Hello?")
    )


def echoed(message: str) -> MessageEchoed:
    return MessageEchoed(**_message(message, "echoed"), content=Content.of_text("Here I am."))


def changed(
    owner: Literal["bot", "human"], epoch: int, previous: Literal["bot", "human"], cause: Event
) -> OwnerChanged:
    return OwnerChanged(
        **_about(f"owner.{epoch}"),
        owner=owner,
        previous=previous,
        epoch=epoch,
        reason="",
        causation=cause.id,
    )


def offered(message: MessageReceived, epoch: int) -> TurnOffered:
    asked = TurnMessage(
        message_id=message.message_id, author="customer", time=NOON, content=message.content
    )
    return TurnOffered(
        **_about(f"turn.{message.message_id}"),
        bot="orders",
        epoch=epoch,
        reason="",
        deadline=NOON + timedelta(minutes=2),
        turn="",
        messages=(asked,),
    )


def withdrawn(turn: TurnOffered, name: str = "withdrawn.1") -> TurnWithdrawn:
    return TurnWithdrawn(**_about(name), turn_id=turn.id, bot="orders", reason="")


def owned(owner: Literal["bot", "human"], epoch: int) -> OwnershipRecorded:
    return OwnershipRecorded(**_about(f"c_1:{epoch}"), owner=owner, epoch=epoch, addresses=ANA)


def decided(offset: int) -> WatermarkRecorded:
    return WatermarkRecorded(id=f"mark.{offset}", time=NOON, positions={"inbound.v1": offset})


FIRST, ECHO, WAITS, AGAIN = received("m1"), echoed("m2"), received("m3"), received("m4")
SENT, DELIVERED = (
    MessageSent(**_message("m5", "sent")),
    MessageDelivered(**_message("m5", "delivered")),
)
TO_BOT, TO_HUMAN = changed("bot", 10, "bot", FIRST), changed("human", 11, "bot", ECHO)
BACK = changed("bot", 12, "human", AGAIN)
RENEWED = LeaseRenewed(**_about("lease.1"), epoch=11, lease_until=NOON)
TURN, LAST = offered(FIRST, 10), offered(AGAIN, 12)

# A customer writes and a bot is asked; a person steps in, and gives it back when the customer writes.
LOG = (FIRST, TO_BOT, ECHO, TO_HUMAN, WAITS, RENEWED, DELIVERED, AGAIN, BACK)
OWNERS = (
    owned("bot", 10),
    decided(1),
    owned("human", 11),
    decided(4),
    owned("bot", 12),
    decided(8),
)
STORY = Evidence(
    # The late status was overtaken, and what came twice is one fact.
    inputs=[[FIRST, FIRST, ECHO, WAITS, DELIVERED, SENT, AGAIN, ECHO]],
    log=LOG,
    log_again=LOG,
    turns=(TURN, withdrawn(TURN), LAST),
    owners={0: OWNERS},
)


def told(*log: Event, **more: Any) -> Evidence:
    """The story with another log, which both readers have seen."""
    return replace(STORY, log=log, log_again=log, **more)


def without(*events: Event) -> tuple[Event, ...]:
    return tuple(event for event in LOG if event not in events)


def instead(old: Event, *new: Event) -> tuple[Event, ...]:
    return tuple(each for event in LOG for each in (new if event is old else (event,)))


ACCEPTED = MessageAccepted(
    **_about("r1:accepted"), request="r1", by="bot", turn_id=TURN.id, message_id="m6"
)
BROKEN: dict[str, list[Evidence]] = {
    "each fact once": [
        told(*instead(ECHO, ECHO, ECHO)),
        replace(STORY, turns=(*STORY.turns, LAST)),
        replace(STORY, handoffs=(ECHO, ECHO)),
    ],
    "one order for all readers": [
        replace(STORY, log_again=LOG[:-1]),
        replace(STORY, log_again=(ECHO, *without(ECHO))),
    ],
    "nothing lost": [
        told(*without(WAITS)),
        # Not overtaken: it came first.
        replace(STORY, inputs=[[SENT, *STORY.inputs[0]]]),
        replace(STORY, inputs=[*STORY.inputs, [ACCEPTED]]),
    ],
    "nothing made up": [told(*LOG, echoed("m9"))],
    "in the order it came": [told(*without(AGAIN)[:2], AGAIN, *without(AGAIN)[2:])],
    "a status never falls": [told(*instead(DELIVERED, DELIVERED, SENT))],
    "a contact has one conversation": [
        told(*instead(WAITS, received("m3", conversation="c_2"))),
    ],
    "an epoch never falls": [
        told(*instead(BACK, BACK.model_copy(update={"epoch": 11}))),
        told(*instead(RENEWED, RENEWED.model_copy(update={"epoch": 10}))),
        replace(STORY, owners={0: (owned("human", 11), *OWNERS)}),
    ],
    "one owner at a time": [told(*instead(BACK, BACK.model_copy(update={"previous": "bot"})))],
    "no bot is asked beside a person": [
        replace(STORY, turns=(*STORY.turns, offered(WAITS, 11))),
        # A bot's own ownership, and what it answers was written when it was over.
        replace(STORY, turns=(*STORY.turns, offered(WAITS, 10), withdrawn(offered(WAITS, 10)))),
        replace(STORY, turns=(*STORY.turns, offered(received("m8"), 12))),
    ],
    "a person's turn is withdrawn": [
        replace(STORY, turns=(TURN, LAST)),
        replace(STORY, turns=(TURN, withdrawn(TURN), withdrawn(TURN, "withdrawn.2"), LAST)),
        replace(STORY, turns=(TURN, withdrawn(TURN), withdrawn(offered(WAITS, 10), "w.2"), LAST)),
    ],
    "a bot is asked": [
        replace(STORY, turns=(TURN, withdrawn(TURN))),
        told(*LOG, received("m9"), inputs=[[*STORY.inputs[0], received("m9")]]),
    ],
    "owners says what the log says": [
        replace(STORY, owners={0: OWNERS[:3]}),
        replace(STORY, owners={0: (*OWNERS, owned("human", 13))}),
        replace(STORY, owners={}),
    ],
    "a watermark never falls": [
        replace(STORY, owners={0: (*OWNERS, decided(7))}),
        replace(STORY, owners={0: (*OWNERS, decided(7).model_copy(update={"positions": {}}))}),
    ],
}


def test_a_story_that_keeps_every_promise_is_let_pass() -> None:
    assert judge(STORY) == []


def test_there_is_a_broken_story_for_every_promise() -> None:
    assert BROKEN.keys() == LOOKS.keys()


@pytest.mark.parametrize(
    ("promise", "it"), [(promise, it) for promise, them in BROKEN.items() for it in them]
)
def test_a_broken_promise_is_named(promise: str, it: Evidence) -> None:
    assert promise in {broken.promise for broken in judge(it)}


def test_a_turn_that_was_answered_before_a_person_stepped_in_need_not_be_withdrawn() -> None:
    it = told(*instead(ECHO, ACCEPTED, ECHO), turns=(TURN, LAST))

    assert judge(it) == []


def test_partitions_have_watermarks_of_their_own() -> None:
    assert judge(replace(STORY, owners={0: OWNERS, 1: (decided(3),)})) == []
