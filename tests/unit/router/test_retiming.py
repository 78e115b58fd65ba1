"""A policy is another: whoever waits already, waits by the new one; what was said holds as it was said."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.unit.router.build import EVERYONE, HOUR, NUMBER, at, echoed, received
from tests.unit.router.partition import INSTALLATION, PARTITION, Partition, on, types

from saath.events import Contact, NumberPolicy
from saath.topics import CONVERSATIONS
from saath_router.numbers import Numbers
from saath_router.policy import overlay
from saath_router.retiming import LOOKED_AT_MAX

LONG = overlay(EVERYONE, NumberPolicy(human_reply_within_seconds=8 * HOUR))


@dataclass
class File:
    """The file of policies, and a partition that reads it."""

    policy: NumberPolicy | None = None

    def partition(self) -> Partition:
        numbers = Numbers(LONG, filed=lambda number: (self.policy,) if self.policy else ())
        return Partition(PARTITION, replace(INSTALLATION, numbers=numbers))


def who_waits(partition: Partition, customers: int = 1) -> Partition:
    """A person has their conversations, and they have written to them at 2 s."""
    contacts = [Contact(phone=f"49151000{n}") for n in range(customers)]
    for n, contact in enumerate(contacts):
        said = (received(f"m{n}", 0), echoed(f"e{n}", 1), received(f"q{n}", 2))
        partition.reads(*(event.model_copy(update={"contact": contact}) for event in said), now=2)
    return partition


def passes(partition: Partition, seconds: float) -> list[str]:
    """What time leads to, when nothing is read until then."""
    said = []
    while (due := partition.handler.next_due()) and due <= at(seconds):
        said += types(CONVERSATIONS, partition.fires(seconds))
    return said


def policy(partition: Partition, now: float, name: str = "p1", **said: Any) -> None:
    asked = {"id": name, "number": NUMBER, "command": "policy", "policy": said or None}
    partition.is_told(asked, now)


def test_a_person_who_must_answer_sooner_is_late_sooner_for_who_waits_already() -> None:
    partition = who_waits(File().partition())
    partition.handler.next_due()

    policy(partition, 60, human_reply_within_seconds=900)

    assert (passes(partition, 901), passes(partition, 902)) == ([], ["ConversationUnattended"])


def test_a_time_that_was_off_and_is_turned_on_holds_for_who_waits_already() -> None:
    file = File(NumberPolicy(human_reply_within_seconds=0))
    partition = who_waits(file.partition())
    passes(partition, 30 * HOUR)  # also where nothing else is due any more

    file.policy = NumberPolicy(human_reply_within_seconds=900)

    assert passes(partition, 30 * HOUR) == ["ConversationUnattended"]


def test_a_time_that_was_turned_off_is_over_for_who_waits_already() -> None:
    partition = who_waits(File().partition())
    passes(partition, 60)

    policy(partition, 60, human_reply_within_seconds=0, window_closing_seconds=0)

    assert passes(partition, 23 * HOUR) == []


def test_a_window_is_said_to_be_closing_by_the_policy_of_now() -> None:
    partition = who_waits(File().partition())
    passes(partition, 9 * HOUR)
    policy(partition, 9 * HOUR, window_closing_seconds=6 * HOUR)

    said = passes(partition, 18 * HOUR), passes(partition, 18 * HOUR + 2)

    assert said == ([], ["WindowClosing"])


@pytest.mark.parametrize("while_down", [True, False], ids=["while it was down", "before"])
def test_a_policy_is_another_also_after_a_restart(while_down: bool) -> None:
    file = File()
    partition = who_waits(file.partition())
    passes(partition, 60)
    if not while_down:
        file.policy = NumberPolicy(human_reply_within_seconds=900)
        passes(partition, 61)

    partition.restarts()
    file.policy = NumberPolicy(human_reply_within_seconds=900)

    assert (passes(partition, 901), passes(partition, 902)) == ([], ["ConversationUnattended"])


def test_many_are_timed_anew_a_few_at_a_time_and_all_of_them_after_a_restart_too() -> None:
    file = File()
    many = 2 * LOOKED_AT_MAX + 1
    partition = who_waits(file.partition(), many)
    passes(partition, 60)

    file.policy = NumberPolicy(human_reply_within_seconds=900)
    partition.handler.next_due()
    before = len(partition.state)
    partition.fires(100)
    some = sum((o.key or b"").startswith(b"c_") for o in partition.state[before:])
    partition.restarts()

    assert (some, len(passes(partition, 902))) == (LOOKED_AT_MAX, many)


def test_what_was_written_by_an_earlier_release_is_timed_by_the_policy_of_now() -> None:
    file = File()
    partition = who_waits(file.partition())
    partition.state = [o for o in partition.state if not (o.key or b"").startswith(b"t_")]
    partition.restarts()

    file.policy = NumberPolicy(human_reply_within_seconds=900)

    assert passes(partition, 902) == ["ConversationUnattended"]


def test_a_policy_that_times_as_before_looks_at_nobody() -> None:
    partition = who_waits(File().partition())
    due = partition.handler.next_due()

    policy(partition, 60, automatic_texts=["Thank you for writing."])

    assert partition.handler.next_due() == due


def test_until_when_a_bot_must_reply_holds_as_it_was_told() -> None:
    partition = File().partition()
    partition.reads(received("m1", 0), now=0)

    policy(partition, 1, bot_reply_within_seconds=10)

    assert (passes(partition, 59), passes(partition, 60)[:1]) == ([], ["OwnerChanged"])


def test_who_is_timed_anew_is_not_told_to_anybody() -> None:
    partition = who_waits(File().partition())
    policy(partition, 60, human_reply_within_seconds=900)

    partition.handler.next_due()

    assert (partition.fires(61), on(CONVERSATIONS, partition.fires(62))) == ([], [])


@pytest.mark.parametrize("restarts", [False, True])
def test_who_was_timed_by_a_policy_that_held_for_a_moment_is_timed_by_the_one_of_now(
    restarts: bool,
) -> None:
    file = File()
    partition = who_waits(file.partition())
    passes(partition, 60)

    file.policy = NumberPolicy(human_reply_within_seconds=0, window_closing_seconds=0)
    who_waits(partition, 3)
    file.policy = None
    if restarts:
        partition.restarts()

    assert passes(partition, 8 * HOUR + 2).count("ConversationUnattended") == 3
