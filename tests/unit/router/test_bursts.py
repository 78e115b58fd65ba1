"""What a customer writes without a pause is one turn; what comes between may call it off."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.router.build import (
    EVERYONE,
    HOUR,
    Story,
    accepted,
    asked,
    at,
    echoed,
    edited,
    kinds,
    owners,
    received,
    revoked,
    turns,
)
from tests.unit.router.partition import INSTALLATION, Partition, on

from saath.events import (
    AskRule,
    Condition,
    Content,
    ConversationUnattended,
    HandoffRule,
    TurnOffered,
)
from saath.topics import TURNS
from saath_router.numbers import Numbers
from saath_router.ownership import Decision

QUIET = replace(EVERYONE, quiet=timedelta(seconds=4))
THUMB = Content.model_validate({"type": "reaction", "reaction": {"message_id": "w0"}})


def burst(*seconds: float) -> Story:
    """``m0``, ``m1``, … written then."""
    story = Story(QUIET)
    for n, second in enumerate(seconds):
        story.waits(second)
        story.hears(received(f"m{n}", second))
    return story


def texts(decision: Decision) -> list[str]:
    return [fact.text for fact in decision if isinstance(fact, TurnOffered)]


def test_a_burst_is_one_turn_when_it_has_been_quiet_for_long_enough() -> None:
    story = burst(0, 3, 6)

    assert (story.waits(9.9), turns(story.waits(10))) == ((), [("orders", ["m0", "m1", "m2"])])


def test_a_burst_changes_the_owner_once_and_is_asked_once() -> None:
    story = burst(0, 3)

    assert kinds(story.waits(HOUR))[:2] == ["OwnerChanged", "TurnOffered"]
    assert len(turns(tuple(story.log))) == 1


def test_after_a_pause_another_turn_begins() -> None:
    story = burst(0, 10)
    story.waits(14)

    assert turns(tuple(story.log)) == [("orders", ["m0"]), ("orders", ["m1"])]


def test_each_message_of_a_burst_says_when_the_bot_is_asked() -> None:
    story = burst(0, 3)

    routed = [getattr(fact, "routed") for fact in story.log if hasattr(fact, "routed")]  # noqa: B009
    assert [(r.to, r.rule, r.ask_at) for r in routed] == [
        ("bot", "waits_for_more", at(4)),
        ("bot", "waits_for_more", at(7)),
    ]


def test_who_goes_on_writing_is_answered_after_five_quiet_times() -> None:
    story = burst(*range(0, 30, 3))

    assert turns(tuple(story.log))[0] == ("orders", [f"m{n}" for n in range(7)])


def test_who_writes_twenty_messages_at_once_is_answered_at_once() -> None:
    story = Story(QUIET)
    for n in range(20):
        decision = story.hears(received(f"m{n}", n / 100))

    assert turns(decision) == [("orders", [f"m{n}" for n in range(20)])]
    assert story.state.pending == ()


def test_off_is_a_turn_each() -> None:
    story = Story(replace(QUIET, quiet=timedelta(0)))

    assert [turns(story.hears(received(f"m{n}", n))) for n in range(2)] == [
        [("orders", ["m0"])],
        [("orders", ["m1"])],
    ]


@pytest.mark.parametrize("how", ["echo", "tool", "command"])
def test_a_person_who_comes_between_has_it_and_no_bot_is_asked(how: str) -> None:
    story = burst(0, 3)
    match how:
        case "echo":
            story.hears(echoed("e1", 4))
        case "tool":
            story.hears(accepted("w1", 4, by="person"))
        case _:
            story.is_told(asked("take over", "t1"), 4)

    assert (turns(story.waits(60)), story.state.owner) == ([], "human")


def test_a_reaction_in_between_is_not_asked_about_and_moves_nothing() -> None:
    story = burst(0)
    story.hears(received("r1", 2, THUMB))

    assert turns(story.waits(4)) == [("orders", ["m0"])]


def test_the_bot_is_asked_about_a_message_as_it_was_edited() -> None:
    story = burst(0)
    story.hears(edited("m0", 2, "In green, I mean."))

    assert texts(story.waits(4)) == ["In green, I mean."]


def test_the_bot_is_not_asked_about_what_was_taken_back() -> None:
    story = burst(0, 1)
    story.hears(revoked("m0", 2))

    assert turns(story.waits(10)) == [("orders", ["m1"])]


def test_nobody_is_asked_where_all_was_taken_back() -> None:
    story = burst(0)
    story.hears(revoked("m0", 2))

    assert (story.waits(HOUR), story.state.pending_due) == ((), None)


def test_who_took_back_all_that_a_person_had_not_answered_waits_no_more() -> None:
    story = Story()
    story.hears(echoed("e1", 0))
    story.hears(received("m1", 10))
    story.hears(revoked("m1", 20))

    assert story.waits(9 * HOUR) == ()


def test_who_took_back_one_of_two_waits_for_the_other() -> None:
    story = Story()
    story.hears(echoed("e1", 0))
    story.hears(received("m1", 10))
    story.hears(received("m2", 15))
    story.hears(revoked("m1", 20))

    (fact,) = story.waits(9 * HOUR)

    assert isinstance(fact, ConversationUnattended)
    assert fact.waiting_since == at(15)


def test_a_message_that_a_rule_gives_to_a_person_takes_the_burst_along() -> None:
    a_person = HandoffRule(name="person", when=Condition(words=("person",)))
    story = Story(replace(QUIET, handoff=(a_person,)))
    story.hears(received("m0", 0))

    decision = story.hears(received("m1", 1, Content.of_text("a person please")))

    assert owners(decision) == [("human", "handoff_rule")]
    assert turns(story.waits(60)) == []


def test_the_bot_that_the_last_message_is_meant_for_is_asked_about_all() -> None:
    sales = AskRule(bot="sales", when=Condition(words=("price",)))
    story = Story(replace(QUIET, ask=(sales,)))
    story.hears(received("m0", 0))
    story.hears(received("m1", 1, Content.of_text("What price?")))

    assert turns(story.waits(5)) == [("sales", ["m0", "m1"])]


def test_a_burst_that_waits_is_released_with_the_conversation() -> None:
    """To another bot while it waits: that one is asked all of it, once."""
    story = burst(*range(0, 18, 2))

    decision = story.is_told(asked("release", "r1", bot="sales"), 17)

    assert turns(decision + story.waits(60)) == [("sales", [f"m{n}" for n in range(9)])]


def test_nobody_is_asked_where_bots_answer_nobody_by_the_time() -> None:
    story = burst(0, 1)
    story.policy = replace(QUIET, answers="nobody")

    decision = story.waits(60)

    assert (kinds(decision), story.state.pending, story.waits(HOUR)) == (
        ["ConversationUnattended"],
        (),
        (),
    )


def test_a_burst_outlives_a_restart_and_is_asked_once() -> None:
    partition = Partition(
        installation=replace(
            INSTALLATION, numbers=Numbers(replace(QUIET, quiet=timedelta(seconds=20)))
        )
    )
    partition.reads(received("m0", 0), now=0)
    partition.restarts()
    partition.reads(received("m1", 1), now=1)
    partition.restarts()
    due = partition.handler.next_due()
    assert due

    offered = on(TURNS, partition.fires((due - at(0)).total_seconds()))
    partition.restarts()

    asked_about = [
        [m.message_id for m in turn.messages] for turn in offered if isinstance(turn, TurnOffered)
    ]
    assert asked_about == [["m0", "m1"]]
    assert on(TURNS, partition.fires((due - at(0)).total_seconds() + 1)) == []
