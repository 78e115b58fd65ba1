"""What follows from a bot's answer."""

from datetime import timedelta

import pytest
from tests.unit.router.build import (
    HOLD,
    Story,
    accepted,
    asked,
    at,
    closed,
    echoed,
    handoff,
    kinds,
    received,
    rejected,
)

from saath.events import HandoffRequested, MessageSuperseded, OwnerChanged


def test_an_answer_closes_its_turn_so_that_nothing_is_left_to_withdraw() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(accepted("w1", 1, turn))

    assert kinds(story.hears(echoed("e1", 2))) == ["MessageEchoed", "OwnerChanged"]


def test_done_closes_the_turn_and_changes_nothing_else() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)

    decision = story.hears(closed(turn, 1, "done"))

    assert (kinds(decision), story.state.turns, story.state.owner) == (["TurnClosed"], {}, "bot")


def test_working_keeps_the_turn_open_and_gives_it_time() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)

    story.hears(closed(turn, 100, working_seconds=300))

    assert story.state.turns == {turn.id: at(400)}
    assert kinds(story.hears(echoed("e1", 101)))[-1] == "TurnWithdrawn"


@pytest.mark.parametrize("with_words", [True, False])
def test_a_bot_hands_over_after_its_words(with_words: bool) -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    then = handoff("discount asked")
    last = accepted("w1", 5, turn, then=then) if with_words else closed(turn, 5, then)

    _, changed, called = story.hears(last)

    assert isinstance(changed, OwnerChanged)
    assert isinstance(called, HandoffRequested)
    assert (changed.owner, changed.reason) == ("human", "discount asked")
    assert (called.summary, called.by) == ("wants two, blue", "orders")
    assert (story.state.lease_until, story.state.turns) == (at(5) + HOLD, {})


def test_a_bot_that_hands_over_loses_its_other_turns() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.is_asked("m2", 1)

    decision = story.hears(closed(turn, 5, handoff("discount asked")))

    assert kinds(decision)[1:] == ["OwnerChanged", "TurnWithdrawn", "HandoffRequested"]


def test_a_wish_to_hand_over_is_void_after_a_person_stepped_in() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(echoed("e1", 1))

    decision = story.hears(closed(turn, 2, handoff("discount asked")))

    assert kinds(decision) == ["TurnClosed"]


def test_a_wish_to_hand_over_is_void_when_the_bot_was_asked_anew_since() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(echoed("e1", 1))
    story.is_told(asked("release", "r1"), 2)

    assert kinds(story.hears(accepted("w1", 3, turn, then=handoff("late")))) == ["MessageAccepted"]


def test_a_handoff_is_over_when_somebody_has_come() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(closed(turn, 5, handoff("discount asked")))

    decision = story.hears(echoed("e1", 60))

    assert kinds(decision) == ["MessageEchoed", "LeaseRenewed", "HandoffWithdrawn"]


def test_a_handoff_is_over_when_nobody_came_and_the_bot_has_it_again() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(closed(turn, 5, handoff("discount asked")))

    decision = story.hears(received("m2", 6 + HOLD.total_seconds()))

    assert kinds(decision)[1:] == ["OwnerChanged", "HandoffWithdrawn", "TurnOffered"]


def test_an_answer_that_could_not_be_sent_calls_a_person_once() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)

    decisions = [kinds(story.hears(rejected(turn, seconds))) for seconds in (1, 2)]

    assert decisions == [["MessageRejected", "HandoffRequested"], ["MessageRejected"]]


def test_an_answer_that_could_not_be_sent_calls_nobody_while_a_person_answers() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(echoed("e1", 1))

    assert kinds(story.hears(rejected(turn, 2))) == ["MessageRejected"]


def test_a_superseded_answer_is_logged_and_closes_its_turn() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    superseded = MessageSuperseded(
        id="s1",
        time=at(1),
        number=turn.number,
        request=turn.id,
        by="bot",
        turn_id=turn.id,
        epoch=turn.epoch,
        reason="somebody else answers",
    )

    assert (kinds(story.hears(superseded)), story.state.turns) == (["MessageSuperseded"], {})


def test_a_bot_sees_the_last_messages_with_their_authors() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(accepted("w1", 1, turn))
    story.hears(echoed("e1", 2))

    later = story.is_asked("m2", 3 + HOLD.total_seconds())

    authors = [(message.message_id, message.author) for message in later.recent]
    assert authors == [("m1", "customer"), ("w1", "bot"), ("e1", "person")]
    assert [message.message_id for message in later.messages] == ["m2"]


def test_a_turn_has_a_deadline_and_the_reason_why_it_is_asked() -> None:
    story = Story()

    turn = story.is_asked("m1", 0)

    assert (turn.deadline, turn.reason, turn.bot) == (
        at(0) + timedelta(minutes=2),
        "first message",
        "orders",
    )
