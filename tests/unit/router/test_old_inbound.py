"""What was written a while before it is read: it waits for echoes first, or is a person's to answer."""

from datetime import timedelta

import pytest
from tests.unit.router.build import (
    EVERYONE,
    HOUR,
    Story,
    accepted,
    at,
    echoed,
    kinds,
    owners,
    received,
    turns,
)

from saath.events import ConversationUnattended, HandoffRequested, NumberPolicy
from saath_router.policy import overlay

MINUTE = 60.0


@pytest.mark.parametrize(
    ("late", "at_once"), [(2 * MINUTE, True), (2 * MINUTE + 1, False), (15 * MINUTE, False)]
)
def test_a_message_older_than_two_minutes_waits_half_a_minute_for_echoes(
    late: float, at_once: bool
) -> None:
    story = Story()

    decision = story.hears(received("m1", 0), seconds=late)

    assert turns(decision) == ([("orders", ["m1"])] if at_once else [])
    assert story.state.pending_due == (None if at_once else at(late + 30))


def test_no_echo_came_and_the_bot_is_asked() -> None:
    story = Story()
    story.hears(received("m1", 0), seconds=5 * MINUTE)

    assert (story.waits(5 * MINUTE + 29), turns(story.waits(5 * MINUTE + 30))) == (
        (),
        [("orders", ["m1"])],
    )


def test_an_echo_came_and_the_bot_is_not_asked() -> None:
    story = Story()
    story.hears(received("m1", 0), seconds=5 * MINUTE)
    story.hears(echoed("e1", 40), seconds=5 * MINUTE + 5)

    assert (story.waits(9 * HOUR), story.state.owner, story.state.waiting_since) == (
        (),
        "human",
        None,
    )


def test_an_echo_of_before_the_message_came_and_the_customer_waits_for_that_person() -> None:
    story = Story()
    story.hears(received("m1", 60), seconds=6 * MINUTE)
    story.hears(echoed("e0", 0), seconds=6 * MINUTE + 5)

    assert (kinds(story.waits(9 * HOUR)), story.state.owner) == (
        ["ConversationUnattended"],
        "human",
    )


def test_what_was_written_after_it_waits_with_it_and_is_one_turn() -> None:
    story = Story()
    story.hears(received("m1", 0), seconds=5 * MINUTE)
    story.hears(received("m2", 5 * MINUTE), seconds=5 * MINUTE + 10)

    assert turns(story.waits(6 * MINUTE)) == [("orders", ["m1", "m2"])]


def test_zero_seconds_wait_for_nothing() -> None:
    story = Story(overlay(EVERYONE, NumberPolicy(echo_wait_seconds=0)))

    assert turns(story.hears(received("m1", 0), seconds=5 * MINUTE)) == [("orders", ["m1"])]


def test_a_message_older_than_a_quarter_of_an_hour_is_unattended_and_a_person_is_called() -> None:
    story = Story()

    decision = story.hears(received("m1", 0), seconds=15 * MINUTE + 1)

    unattended, called = decision[-2:]
    assert isinstance(unattended, ConversationUnattended)
    assert isinstance(called, HandoffRequested)
    assert (unattended.rule, unattended.waiting_since, called.rule) == (
        "old_message",
        at(0),
        "old_message",
    )
    assert (story.state.owner, story.state.epoch, story.state.pending) == ("bot", 0, ())


def test_an_echo_that_is_read_after_it_calls_that_person_off() -> None:
    story = Story()
    story.hears(received("m1", 0), seconds=HOUR)

    decision = story.hears(echoed("e1", 60), seconds=HOUR)

    assert kinds(decision) == ["MessageEchoed", "OwnerChanged", "HandoffWithdrawn"]


def test_an_old_message_while_a_person_has_it_is_theirs() -> None:
    story = Story()
    story.hears(echoed("e1", 0))

    assert kinds(story.hears(received("m1", 10), seconds=HOUR)) == ["MessageReceived"]


def test_old_messages_of_one_customer_are_said_once_also_between_new_ones() -> None:
    story = Story()
    story.hears(received("m1", 0), seconds=HOUR)
    story.hears(received("m2", 1), seconds=HOUR)

    said = [fact for fact in story.log if isinstance(fact, ConversationUnattended)]
    assert len(said) == 1


def test_a_customer_who_was_answered_and_is_late_again_is_said_again() -> None:
    story = Story()
    story.hears(received("m1", 0), seconds=HOUR)
    story.hears(accepted("w1", HOUR + 5, by="bot"))
    story.hears(received("m2", HOUR + 10), seconds=2 * HOUR)

    said = [fact for fact in story.log if isinstance(fact, ConversationUnattended)]
    assert len(said) == 2


def test_how_old_is_too_old_is_the_numbers_own_choice() -> None:
    story = Story(overlay(EVERYONE, NumberPolicy(turn_age_max_seconds=60)))

    assert owners(story.hears(received("m1", 0), seconds=61)) == []
    assert timedelta(seconds=60) == story.policy.turn_age_max
