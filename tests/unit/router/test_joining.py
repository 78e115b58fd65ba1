"""Two conversations turn out to be one contact's: the older stays, and nothing of either is lost."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.router.build import EVERYONE, HOLD, NUMBER, accepted, at, echoed, received, status
from tests.unit.router.partition import (
    CONVERSATION,
    INSTALLATION,
    KEY,
    Partition,
    on,
    owned,
    types,
)

from saath.events import (
    Contact,
    ConversationMerged,
    Event,
    MessageEchoed,
    MessageReceived,
    OwnerChanged,
    TurnOffered,
    TurnWithdrawn,
)
from saath.identity import conversation_id
from saath.kafka.records import Output
from saath.topics import CONVERSATIONS, HANDOFFS, OUTCOMES, TURNS
from saath_router.numbers import Numbers
from saath_router.policy import Policy

PHONE, USER = Contact(phone="4915100000001"), Contact(user_id="DE.1")
BOTH = Contact(phone="4915100000001", user_id="DE.1")
OLDER = CONVERSATION
YOUNGER = conversation_id(KEY, NUMBER, "user:DE.1")


def customer(who: Contact, message: str, seconds: float) -> MessageReceived:
    return received(message, seconds).model_copy(update={"contact": who})


def person(who: Contact, message: str, seconds: float) -> MessageEchoed:
    return echoed(message, seconds).model_copy(update={"contact": who})


def partition_with(policy: Policy = EVERYONE) -> Partition:
    return Partition(installation=replace(INSTALLATION, numbers=Numbers(policy)))


def two(policy: Policy = EVERYONE, *more: Event) -> Partition:
    """The customer wrote by phone at 0 s and by user id at 10 s; then *more*."""
    partition = partition_with(policy)
    partition.reads(customer(PHONE, "m1", 0))
    partition.reads(customer(USER, "m2", 10), now=10)
    if more:
        partition.reads(*more, now=20)
    return partition


def merges(outputs: list[Output]) -> list[tuple[str | None, str, str]]:
    return [
        (fact.conversation, fact.into, fact.merged)
        for fact in on(CONVERSATIONS, outputs)
        if isinstance(fact, ConversationMerged)
    ]


def changes(outputs: list[Output]) -> list[OwnerChanged]:
    return [fact for fact in on(CONVERSATIONS, outputs) if isinstance(fact, OwnerChanged)]


def offered(outputs: list[Output]) -> list[tuple[str | None, list[str]]]:
    return [
        (turn.conversation, [message.message_id for message in turn.messages])
        for turn in on(TURNS, outputs)
        if isinstance(turn, TurnOffered)
    ]


def test_the_older_one_stays_and_both_are_told() -> None:
    outputs = two().reads(customer(BOTH, "m3", 30), now=30)

    assert sorted(merges(outputs)) == sorted([(YOUNGER, OLDER, YOUNGER), (OLDER, OLDER, YOUNGER)])


def test_the_one_that_began_first_stays_whatever_it_is_known_by() -> None:
    partition = Partition()
    partition.reads(customer(USER, "m1", 0))
    partition.reads(customer(PHONE, "m2", 10), now=10)

    outputs = partition.reads(customer(BOTH, "m3", 30), now=30)

    assert {into for _, into, _ in merges(outputs)} == {YOUNGER}


def test_the_epoch_is_above_that_of_both_also_where_the_clock_was_set_back() -> None:
    partition = two()
    before = [o.epoch for o in owned(partition.reads(person(USER, "e1", 20), now=20))]

    outputs = partition.reads(customer(BOTH, "m3", 15), now=15)

    assert min(changed.epoch for changed in changes(outputs)) > max(before)


@pytest.mark.parametrize("held", [PHONE, USER], ids=["the older", "the younger"])
def test_a_person_who_holds_either_holds_both(held: Contact) -> None:
    partition = two(EVERYONE, person(held, "e1", 20))

    outputs = partition.reads(customer(BOTH, "m3", 30), now=30)

    (changed,) = changes(outputs)
    assert (changed.conversation, changed.owner, changed.rule, changed.lease_until) == (
        OLDER,
        "human",
        "merged",
        at(20) + HOLD,
    )
    assert offered(outputs) == []


def test_a_person_whose_lease_is_over_holds_neither() -> None:
    partition = two(EVERYONE, person(PHONE, "e1", 20))
    later = 21 + HOLD.total_seconds()

    outputs = partition.reads(customer(BOTH, "m3", later), now=later)

    assert changes(outputs)[0].owner == "bot"


def test_the_turns_of_both_are_withdrawn_each_where_it_was_offered() -> None:
    partition = two()

    outputs = partition.reads(customer(BOTH, "m3", 30), now=30)

    withdrawn = [fact for fact in on(TURNS, outputs) if isinstance(fact, TurnWithdrawn)]
    assert {fact.conversation for fact in withdrawn} == {OLDER, YOUNGER}


def test_the_bot_is_asked_anew_what_nobody_has_answered_in_either() -> None:
    outputs = two().reads(customer(BOTH, "m3", 30), now=30)

    assert (OLDER, ["m1", "m2"]) in offered(outputs)


@pytest.mark.parametrize("event", ["message", "echo"])
def test_no_two_facts_of_a_joining_have_the_same_id(event: str) -> None:
    both = customer(BOTH, "m3", 30) if event == "message" else person(BOTH, "e1", 30)

    outputs = two().reads(both, now=30)

    ids = Counter((fact.type, fact.id) for fact in on(CONVERSATIONS, outputs))
    assert set(ids.values()) == {1}


def test_messages_that_wait_for_more_are_waited_with_together() -> None:
    quiet = replace(EVERYONE, quiet=timedelta(seconds=30))
    partition = partition_with(quiet)
    partition.reads(customer(PHONE, "m1", 0), now=0)
    partition.reads(customer(USER, "m2", 1), now=1)
    partition.reads(customer(BOTH, "m3", 2), now=2)

    outputs = partition.fires(300)

    assert offered(outputs) == [(OLDER, ["m1", "m2", "m3"])]


def test_owners_are_told_where_the_younger_leads_by_now() -> None:
    outputs = two().reads(customer(BOTH, "m3", 30), now=30)

    records = {record.conversation: record for record in owned(outputs)}
    assert (records[YOUNGER].redirect, records[YOUNGER].addresses) == (OLDER, Contact())
    assert (records[OLDER].redirect, records[OLDER].addresses) == (None, BOTH)
    assert records[YOUNGER].epoch == records[OLDER].epoch


def status_of_younger() -> Event:
    return status("sent", "w1", 40).model_copy(
        update={"contact": Contact(), "callback": f"s1|r1|0|{YOUNGER}|5"}
    )


def outcome_of_younger() -> Event:
    return accepted("w2", 40).model_copy(update={"conversation": YOUNGER, "to": None})


@pytest.mark.parametrize(
    "late",
    [
        status_of_younger(),
        outcome_of_younger(),
        person(USER, "e2", 40),
        customer(USER, "m4", 40),
    ],
    ids=["callback", "outcome", "echo", "message"],
)
def test_whatever_names_the_younger_leads_to_the_older_across_a_restart(late: Event) -> None:
    partition = two()
    partition.reads(customer(BOTH, "m3", 30), now=30)
    partition.restarts()

    topic: Any = {"topic": OUTCOMES} if late.type.endswith("accepted.v1") else {}
    outputs = partition.reads(late, now=40, **topic)

    assert {fact.conversation for fact in on(CONVERSATIONS, outputs)} == {OLDER}


def test_a_command_that_names_the_younger_is_carried_out_in_the_older() -> None:
    partition = two()
    partition.reads(customer(BOTH, "m3", 30), now=30)
    partition.restarts()

    told = {"id": "t1", "number": NUMBER, "command": "take over", "conversation": YOUNGER}

    assert [changed.conversation for changed in changes(partition.is_told(told, now=40))] == [OLDER]


def test_they_are_joined_once() -> None:
    partition = two()
    both = customer(BOTH, "m3", 30)
    partition.reads(both, now=30)
    partition.restarts()

    outputs = partition.reads(both, customer(BOTH, "m4", 31), now=40)

    assert merges(outputs) == []


def test_what_either_knew_is_known_in_the_one_that_stays() -> None:
    partition = two()
    partition.reads(customer(BOTH, "m3", 30), now=30)

    again = partition.reads(customer(PHONE, "m1", 0), customer(USER, "m2", 10), now=40)

    assert types(CONVERSATIONS, again) == []


def test_a_person_who_was_called_in_the_younger_is_called_in_the_older() -> None:
    partition = partition_with()
    partition.reads(customer(PHONE, "m1", 0))
    partition.reads(customer(USER, "m2", 1), now=16 * 60 + 1)

    outputs = partition.reads(customer(BOTH, "m3", 16 * 60), now=16 * 60 + 2)

    calls = [(type(fact).__name__, fact.conversation) for fact in on(HANDOFFS, outputs)]
    assert calls == [("HandoffWithdrawn", YOUNGER), ("HandoffRequested", OLDER)]


def test_a_status_joins_nobody_because_it_says_where_a_message_went_not_who_it_was() -> None:
    sent = status("sent", "w1", 30, ours=False).model_copy(update={"contact": BOTH})

    assert merges(two().reads(sent, now=30)) == []


def test_nothing_is_due_in_the_one_that_is_no_more() -> None:
    partition = two()
    partition.reads(person(BOTH, "e1", 30), now=30)
    partition.restarts()

    outputs = partition.fires(25 * 3600)

    assert {fact.conversation for fact in on(CONVERSATIONS, outputs)} == {OLDER}
