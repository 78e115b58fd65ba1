"""An answer to a turn that cannot be sent as written: the customer who waits must not be forgotten."""

from tests.unit.sender.facts import CONVERSATION
from tests.unit.sender.test_sender import Partition

from saath.codec import decode
from saath.events import MessageRefused
from saath.topics import OUTBOUND, OUTCOMES


def test_the_refusal_of_an_answer_says_which_turn_it_was_to_answer() -> None:
    p = Partition()
    p.replied(messages=[{"type": "sticker", "sticker": {}}])

    [outcome] = [decode(o.headers, o.value) for o in p.commit() if o.topic is OUTCOMES]

    assert isinstance(outcome, MessageRefused)
    assert (outcome.conversation, outcome.turn_id, outcome.epoch, outcome.bot) == (
        CONVERSATION,
        "t_1",
        5,
        "orders",
    )


def test_a_forged_turn_names_no_conversation() -> None:
    p = Partition()
    p.asked(OUTBOUND, turn="t1.forged", messages=[], then="done")

    found = [decode(o.headers, o.value) for o in p.commit() if o.topic is OUTCOMES]

    assert [event.conversation for event in found] == [None]
