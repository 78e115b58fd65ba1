"""A customer by phone number, by user id, by both: whose conversation a fact is, and what moves it."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.router.build import CUSTOMER, EVERYONE, NUMBER, at, backfilled, echoed, received
from tests.unit.router.partition import CONVERSATION, INSTALLATION, Partition, on, types

from saath.codec import encode
from saath.events import (
    Contact,
    ContactIdentityChanged,
    ContactRecorded,
    Content,
    Event,
    MessageReceived,
    NumberRecorded,
)
from saath.topics import CONTACTS, CONVERSATIONS, INBOUND, TURNS
from saath_router.numbers import Numbers

OLD, NEW = "4915100000001", "4915100000009"
USER, NEXT_USER = "DE.1", "DE.2"


def by(contact: Contact, message: str, seconds: float) -> MessageReceived:
    return received(message, seconds).model_copy(update={"contact": contact})


def system(message: str, seconds: float, written_by: Contact, **said: Any) -> MessageReceived:
    content = Content.model_validate({"type": "system", "system": said})
    return received(message, seconds, content).model_copy(update={"contact": written_by})


def changed_number(seconds: float, written_by: Contact = CUSTOMER) -> MessageReceived:
    return system("s1", seconds, written_by, type="user_changed_number", wa_id=NEW)


def names(partition: Partition, *events: Event, now: float = 1) -> list[str | None]:
    """Where each of *events* is logged."""
    return [
        fact.conversation
        for fact in on(CONVERSATIONS, partition.reads(*events, now=now))
        if fact.id in {event.id for event in events}
    ]


def test_a_phone_number_and_a_user_id_that_one_body_shows_lead_to_one_conversation() -> None:
    both = Contact(phone=OLD, user_id=USER)

    assert (
        names(
            Partition(),
            by(both, "m1", 0),
            by(Contact(user_id=USER), "m2", 1),
            by(Contact(phone=OLD), "m3", 1),
        )
        == [CONVERSATION] * 3
    )


def test_a_customer_whose_phone_number_disappears_keeps_conversation_and_owner() -> None:
    partition = Partition()
    partition.reads(by(Contact(phone=OLD, user_id=USER), "m1", 0), echoed("e1", 1))
    partition.restarts()

    outputs = partition.reads(by(Contact(user_id=USER), "m2", 2), now=2)

    (message,) = on(CONVERSATIONS, outputs)
    assert isinstance(message, MessageReceived)
    assert message.routed
    assert (message.conversation, message.routed.rule) == (CONVERSATION, "human_holds")


def test_a_customer_with_another_number_keeps_the_conversation() -> None:
    where = names(
        Partition(), by(CUSTOMER, "m1", 0), changed_number(1), by(Contact(phone=NEW), "m2", 2)
    )

    assert where == [CONVERSATION] * 3


def test_whoever_gets_a_number_that_was_given_up_gets_a_new_conversation() -> None:
    partition = Partition()
    partition.reads(by(CUSTOMER, "m1", 0), echoed("e1", 0), changed_number(1))
    partition.restarts()

    outputs = partition.reads(by(Contact(phone=OLD), "m2", 2), now=2)

    (turn,) = on(TURNS, outputs)
    assert turn.conversation != CONVERSATION


def test_a_change_of_number_that_comes_again_changes_nothing() -> None:
    partition = Partition()
    partition.reads(by(CUSTOMER, "m1", 0), changed_number(1))
    partition.restarts()

    again = partition.reads(changed_number(1), now=2)

    assert types(CONVERSATIONS, again) == []
    assert names(partition, by(Contact(phone=NEW), "m2", 3), now=3) == [CONVERSATION]


def test_what_was_written_by_the_old_number_and_comes_again_begins_nothing() -> None:
    partition = Partition()
    partition.reads(by(CUSTOMER, "m1", 0), changed_number(1))
    partition.restarts()

    assert types(CONVERSATIONS, partition.reads(by(CUSTOMER, "m1", 0), now=2)) == []


def test_a_change_of_number_that_comes_again_joins_nobody_who_has_the_old_one_by_now() -> None:
    partition = Partition()
    partition.reads(by(CUSTOMER, "m1", 0), changed_number(1))
    (new_owner,) = names(partition, by(CUSTOMER, "m2", 2), now=2)

    again = partition.reads(changed_number(1), now=3)

    assert types(CONVERSATIONS, again) == []
    somebody, customer = names(
        partition, by(CUSTOMER, "m3", 4), by(Contact(phone=NEW), "m4", 4), now=4
    )
    assert (somebody, customer) == (new_owner, CONVERSATION)
    assert new_owner != CONVERSATION


@pytest.mark.parametrize(
    "said",
    [
        {"type": "user_changed_user_id", "user_id": NEXT_USER, "previous_user_id": USER},
        {"type": "user_changed_user_id", "user_id": NEXT_USER},
    ],
    ids=["with both", "with the new one"],
)
def test_a_customer_with_another_user_id_keeps_the_conversation(said: dict[str, str]) -> None:
    before, after = Contact(user_id=USER), Contact(user_id=NEXT_USER)

    where = names(
        Partition(), by(before, "m1", 0), system("s1", 1, before, **said), by(after, "m2", 2)
    )

    assert len({*where}) == 1


def identity_changed(previous: str, now: str) -> ContactIdentityChanged:
    return ContactIdentityChanged(
        id="i1", time=at(1), number=NUMBER, contact=Contact(user_id=now), previous_user_id=previous
    )


def test_a_change_of_user_id_without_a_phone_number_keeps_the_conversation() -> None:
    where = names(
        Partition(),
        by(Contact(user_id=USER), "m1", 0),
        identity_changed(USER, NEXT_USER),
        by(Contact(user_id=NEXT_USER), "m2", 2),
    )

    assert (len(where), len({*where})) == (3, 1)


def test_a_change_of_user_id_to_the_same_one_changes_nothing() -> None:
    where = names(
        Partition(),
        by(Contact(user_id=USER), "m1", 0),
        identity_changed(USER, USER),
        by(Contact(user_id=USER), "m2", 2),
    )

    assert (len(where), len({*where})) == (3, 1)


def test_another_number_with_the_same_customer_is_another_conversation() -> None:
    partition, customers = Partition(), Contact(phone=OLD)
    other = by(customers, "m2", 1).model_copy(update={"number": "100000000000002"})

    first, second = names(partition, by(customers, "m1", 0), other)

    assert first != second


BOTH = Contact(phone=OLD, user_id=USER)


def new_contacts_only() -> Partition:
    """A number whose bots answer new contacts; its history is in."""
    active = NumberRecorded(
        id="n1", time=at(0), number=NUMBER, state="active", history_sync="complete"
    )
    policy = replace(EVERYONE, answers="new_contacts")
    return Partition(
        installation=replace(INSTALLATION, numbers=Numbers(policy, recorded=lambda _: active))
    )


def knows(partition: Partition, how: str) -> None:
    """The business knew this phone number before: from its history, or its address book."""
    if how == "history":
        partition.reads(backfilled("h1", -1000))
    else:
        entry = ContactRecorded(id="k", time=at(0), number=NUMBER, entry="k", contact=CUSTOMER)
        partition.reads(entry, topic=CONTACTS)


def rule(partition: Partition, event: MessageReceived, now: float) -> str:
    (message, *_) = on(CONVERSATIONS, partition.reads(event, now=now))
    assert isinstance(message, MessageReceived)
    assert message.routed
    return message.routed.rule


@pytest.mark.parametrize("how", ["history", "address book"])
@pytest.mark.parametrize("since", ["a restart", "it left memory"])
def test_whoever_the_business_knew_by_phone_is_known_when_the_phone_number_disappears(
    how: str, since: str
) -> None:
    partition = new_contacts_only()
    knows(partition, how)
    partition.reads(by(BOTH, "m1", 0))
    if since == "it left memory":
        partition.handler._store.evict(CONVERSATION)
        partition.batch([], at(1))
    partition.restarts()

    assert rule(partition, by(Contact(user_id=USER), "m2", 2), now=2) == "known_contact"


@pytest.mark.parametrize("how", ["history", "address book"])
def test_whoever_is_found_to_be_known_after_both_were_seen_is_known_by_either(how: str) -> None:
    partition = new_contacts_only()
    partition.reads(by(BOTH, "m1", 0))
    knows(partition, how)

    assert rule(partition, by(Contact(user_id=USER), "m2", 2), now=2) == "known_contact"


@pytest.mark.parametrize("how", ["history", "address book"])
def test_whoever_the_business_knew_is_known_by_another_number_and_the_next_owner_is_not(
    how: str,
) -> None:
    partition = new_contacts_only()
    knows(partition, how)
    partition.reads(by(CUSTOMER, "m1", 0), changed_number(1))
    partition.restarts()

    assert rule(partition, by(Contact(phone=NEW), "m2", 2), now=2) == "known_contact"
    assert rule(partition, by(CUSTOMER, "m3", 3), now=3) == "first_message"


@pytest.mark.parametrize(
    ("redriven", "now"), [(True, 20), (False, 9 * 86_400)], ids=["redriven", "too old"]
)
def test_what_may_not_act_joins_nobody_and_moves_nobody(redriven: bool, now: float) -> None:
    """It tells who had a number then: by now that may be somebody else."""
    partition = Partition()
    partition.reads(by(Contact(phone=OLD), "m1", 0))
    partition.reads(by(Contact(user_id=USER), "m2", 1))
    headers = [("saath_redriven", b"router.dlq.v1/0/5")] if redriven else []
    late = [by(Contact(phone=OLD, user_id=USER), "m3", 2), changed_number(3)]

    outputs = partition.batch(
        [partition.record(INBOUND, [*h, *headers], v) for h, v in map(encode, late)], at(now)
    )
    moved = names(partition, by(Contact(phone=OLD), "m4", now), now=now)

    assert types(CONVERSATIONS, outputs) == ["MessageReceived", "MessageReceived"]
    assert moved == [CONVERSATION]
