"""What the clock alone does: a bot that says nothing, and a customer who waits for a person."""

from datetime import timedelta

import pytest
from tests.unit.router.build import (
    EVERYONE,
    HOUR,
    Story,
    accepted,
    asked,
    at,
    backfilled,
    closed,
    echoed,
    handoff,
    kinds,
    received,
    rejected,
)
from tests.unit.router.partition import CONVERSATION, Partition, on, types

from saath.codec import encode
from saath.events import (
    Content,
    ConversationUnattended,
    HandoffRequested,
    NumberPolicy,
    OwnerChanged,
)
from saath.topics import CONVERSATIONS, HANDOFFS, INBOUND, OUTCOMES, TURNS
from saath_router.policy import overlay
from saath_router.timers import fire

MINUTE = 60.0
# An hour before 24 hours are over from the message at 0 s.
WINDOW_CLOSES_SOON = at(23 * HOUR)


def held_by_a_person() -> Story:
    """A bot was asked at 0 s, a person answered from the phone at 10 s."""
    story = Story()
    story.is_asked("m1", 0)
    story.hears(echoed("e1", 10))
    return story


def test_a_bot_that_says_nothing_loses_the_conversation_and_a_person_is_called() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)

    too_early, decision = story.waits(59.9), story.waits(60)

    changed, _, called = decision
    assert (too_early, turn.reply_by) == ((), at(60))
    assert kinds(decision) == ["OwnerChanged", "TurnWithdrawn", "HandoffRequested"]
    assert isinstance(changed, OwnerChanged)
    assert isinstance(called, HandoffRequested)
    assert (changed.owner, changed.reason) == ("human", "the bot did not answer")
    assert (changed.lease_until, called.causation) == (at(60) + timedelta(minutes=15), turn.id)


def test_a_timer_fires_once() -> None:
    story = Story()
    story.is_asked("m1", 0)
    story.waits(60)

    assert story.waits(61) == ()


@pytest.mark.parametrize("how", ["answered", "done", "handed over", "refused by Meta"])
def test_a_bot_that_has_said_something_keeps_the_conversation(how: str) -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    match how:
        case "answered":
            story.hears(accepted("w1", 59, turn))
        case "done":
            story.hears(closed(turn, 59, "done"))
        case "handed over":
            story.hears(closed(turn, 59, handoff("discount asked")))
        case _:
            story.hears(rejected(turn, 59))
    before = story.state

    assert (story.waits(5 * MINUTE), story.state) == ((), before)


def test_a_bot_that_asks_for_time_gets_it() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(closed(turn, 50, working_seconds=120))

    assert (story.waits(169), kinds(story.waits(170))[:1]) == ((), ["OwnerChanged"])


def test_a_bot_that_asks_for_little_time_loses_none() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(closed(turn, 1, working_seconds=5))

    assert (story.waits(59), kinds(story.waits(60))[:1]) == ((), ["OwnerChanged"])


def test_who_answers_the_later_message_has_read_the_earlier() -> None:
    story = Story()
    story.is_asked("m1", 0)
    later = story.is_asked("m2", 20)
    story.hears(accepted("w1", 30, later))

    assert story.waits(5 * MINUTE) == ()


def test_who_answers_the_earlier_message_owes_an_answer_to_the_later() -> None:
    story = Story()
    earlier = story.is_asked("m1", 0)
    story.is_asked("m2", 20)
    story.hears(accepted("w1", 30, earlier))

    assert (story.waits(79), kinds(story.waits(80))[:1]) == ((), ["OwnerChanged"])


def test_a_person_who_answered_while_the_bot_was_silent_and_is_read_later_has_come() -> None:
    story = Story()
    story.is_asked("m1", 0)
    story.waits(60)

    decision = story.hears(echoed("e1", 58), seconds=65)

    assert kinds(decision) == ["MessageEchoed", "LeaseRenewed", "HandoffWithdrawn"]


def test_the_bot_is_asked_again_after_a_quarter_of_an_hour_in_which_nobody_came() -> None:
    story = Story()
    story.is_asked("m1", 0)
    story.waits(60)

    early = story.hears(received("m2", 10 * MINUTE))
    late = story.hears(received("m3", 17 * MINUTE))

    assert (kinds(early), kinds(late)[-1]) == (["MessageReceived"], "TurnOffered")


def test_zero_seconds_turn_the_watch_off() -> None:
    off = NumberPolicy(bot_reply_within_seconds=0, human_reply_within_seconds=0)
    story = Story(overlay(EVERYONE, off))
    turn = story.is_asked("m1", 0)
    nothing = story.waits(HOUR)
    story.hears(echoed("e1", HOUR))
    story.hears(received("m2", HOUR + 1))

    assert (turn.reply_by, nothing, story.waits(3 * HOUR)) == (None, (), ())


def test_a_customer_who_waits_for_a_person_is_reported_once_and_the_person_keeps_it() -> None:
    story = held_by_a_person()
    story.hears(received("m2", 20))
    story.hears(received("m3", 30))

    too_early = story.waits(20 + 15 * MINUTE - 1)
    (unattended,) = story.waits(20 + 15 * MINUTE)

    assert too_early == ()
    assert isinstance(unattended, ConversationUnattended)
    assert (unattended.waiting_since, unattended.epoch) == (at(20), story.state.epoch)
    assert (story.waits(3 * HOUR), story.state.owner) == ((), "human")


@pytest.mark.parametrize("how", ["phone", "tool"])
def test_a_customer_who_was_answered_does_not_wait(how: str) -> None:
    story = held_by_a_person()
    story.hears(received("m2", 20))
    if how == "phone":
        story.hears(echoed("e2", 30))
    else:
        story.hears(accepted("w1", 30, by="person"))

    assert story.waits(3 * HOUR) == ()


def test_a_customer_who_writes_again_after_an_answer_waits_again() -> None:
    story = held_by_a_person()
    for n, seconds in enumerate((20, 3 * HOUR)):
        story.hears(received(f"m{n + 2}", seconds))
        assert kinds(story.waits(seconds + HOUR)) == ["ConversationUnattended"]
        story.hears(echoed(f"e{n + 2}", seconds + HOUR))

    assert story.waits(9 * HOUR) == ()


def test_nothing_fires_before_its_time() -> None:
    story = Story()
    story.is_asked("m1", 0)
    silent = fire(story.state, EVERYONE, at(59), at(59))
    story.hears(echoed("e1", 59))
    story.hears(received("m2", 60))

    assert (silent, fire(story.state, EVERYONE, at(61), at(61))) == ((), ())


def test_who_has_it_now_owes_nothing_for_what_the_bot_was_asked() -> None:
    story = Story()
    story.is_asked("m1", 0)
    story.hears(echoed("e1", 10))

    assert (story.state.watched, story.waits(9 * HOUR)) == ({}, ())


def test_what_needs_no_answer_makes_nobody_wait() -> None:
    story = held_by_a_person()
    thumb = Content.model_validate({"type": "reaction", "reaction": {"message_id": "e1"}})
    story.hears(received("m2", 20, thumb))

    assert story.waits(9 * HOUR) == ()


def test_who_needed_no_answer_does_not_wait_for_the_person_who_takes_over() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(closed(turn, 1, "done"))
    story.is_told(asked("take over", "t1"), 5)

    assert story.waits(9 * HOUR) == ()


def test_the_apps_own_greeting_answers_nobody() -> None:
    story = held_by_a_person()
    story.hears(received("m2", 20))
    story.hears(echoed("e2", 23).model_copy(update={"automatic": True}))

    assert kinds(story.waits(HOUR)) == ["ConversationUnattended"]


def test_a_campaign_and_a_reaction_answer_nobody() -> None:
    story = held_by_a_person()
    story.hears(received("m2", 20))
    story.hears(accepted("w1", 30, by="campaign"))
    thumb = Content.model_validate({"type": "reaction", "reaction": {"message_id": "m2"}})
    story.hears(echoed("e2", 31, thumb))

    assert kinds(story.waits(HOUR)) == ["ConversationUnattended"]


def test_what_was_answered_before_it_was_read_does_not_wait() -> None:
    story = held_by_a_person()
    story.hears(echoed("e2", 30))
    story.hears(received("m2", 20), seconds=31)

    assert story.waits(HOUR) == ()


def test_a_customer_whom_a_bot_handed_over_waits_from_then() -> None:
    story = Story()
    turn = story.is_asked("m1", 0)
    story.hears(accepted("w1", 5, turn, then=handoff("discount asked")))

    assert (story.waits(15 * MINUTE), kinds(story.waits(5 + 15 * MINUTE))) == (
        (),
        ["ConversationUnattended"],
    )


def test_history_starts_no_timer() -> None:
    story = held_by_a_person()
    story.hears(backfilled("h1", -100), seconds=20)

    assert story.waits(9 * HOUR) == ()


def test_timers_survive_a_restart_and_fire_once() -> None:
    partition = Partition()
    partition.reads(received("m1", 0))
    partition.restarts()

    due, outputs = partition.handler.next_due(), partition.fires(60)
    partition.restarts()

    assert due == at(61)
    assert outputs == []
    assert types(CONVERSATIONS, partition.fires(61)) == ["OwnerChanged"]
    partition.restarts()
    assert partition.fires(2 * MINUTE) == []


def test_what_a_timer_decides_goes_where_it_belongs_and_to_the_owners() -> None:
    partition = Partition()
    partition.reads(received("m1", 0))

    outputs = partition.fires(61)

    assert types(CONVERSATIONS, outputs) == ["OwnerChanged"]
    assert types(TURNS, outputs) == ["TurnWithdrawn"]
    assert types(HANDOFFS, outputs) == ["HandoffRequested"]


def test_a_redriven_message_makes_nobody_wait() -> None:
    partition = Partition()
    partition.reads(received("m1", 0), echoed("e1", 1))
    headers, value = encode(received("m2", 0))
    again = [*headers, ("saath_redriven", b"router.dlq.v1/0/5")]
    partition.batch([partition.record(INBOUND, again, value)], at(6))

    assert partition.handler.next_due() == WINDOW_CLOSES_SOON


def test_an_answer_that_is_read_before_its_time_comes_up_cancels_it() -> None:
    partition = Partition()
    (turn,) = on(TURNS, partition.reads(received("m1", 0)))
    answer = accepted("w1", 30).model_copy(
        update={"turn_id": turn.id, "conversation": CONVERSATION}
    )
    partition.reads(answer, topic=OUTCOMES, now=70)

    assert (partition.handler.next_due(), partition.fires(70)) == (WINDOW_CLOSES_SOON, [])


def test_a_defect_in_one_conversations_time_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partition = Partition()
    partition.handler.next_due()  # as the loop asks before it decides anything
    other = received("m2", 0)
    contact = other.contact.model_copy(update={"phone": "4915100000002"})
    partition.reads(received("m1", 0), other.model_copy(update={"contact": contact}))
    carry_out, calls = partition.handler._do.carry_out, []

    def fails_once(*args: object, **more: object) -> object:
        calls.append(args)
        if len(calls) == 1:
            raise ZeroDivisionError
        return carry_out(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(partition.handler._do, "carry_out", fails_once)

    assert types(CONVERSATIONS, partition.fires(61)) == ["OwnerChanged"]
