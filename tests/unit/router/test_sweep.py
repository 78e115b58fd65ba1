"""Conversations that nobody uses leave memory in time, and a restart does not bring them back."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.router.build import EVERYONE, HOUR, NUMBER, accepted, echoed, received
from tests.unit.router.partition import CONVERSATION, INSTALLATION, Partition, on, owned

from saath.events import Contact
from saath.kafka.records import Output
from saath.topics import OUTCOMES, OWNERS, TURNS, state_topic
from saath_router.eviction import UNUSED_FOR
from saath_router.numbers import Numbers

UNUSED = UNUSED_FOR.total_seconds()
DAY = 24 * HOUR


def answered(partition: Partition) -> None:
    """A conversation in which nothing is left open."""
    (turn,) = on(TURNS, partition.reads(received("m1", 0)))
    about = {"turn_id": turn.id, "conversation": CONVERSATION}
    partition.reads(accepted("w1", 3).model_copy(update=about), topic=OUTCOMES, now=3)


def idle(partition: Partition) -> list[Output]:
    """Let its window close, and its time pass; what is written when it has left."""
    partition.fires(DAY + 1)
    last = DAY + 1
    partition.fires(last + UNUSED - 2)
    assert len(partition.handler._store) == 1
    return partition.fires(last + UNUSED + HOUR)


def test_an_idle_conversation_leaves_memory_and_its_owner_the_topic() -> None:
    partition = Partition()
    assert partition.handler.next_due() is None
    answered(partition)

    outputs = idle(partition)

    tombstones = [(o.topic, o.partition, o.key, o.value) for o in outputs]
    assert tombstones == [(OWNERS, partition.partition, CONVERSATION.encode(), None)]
    assert partition.state[-1] == Output(
        state_topic("router"), partition.partition, CONVERSATION.encode(), None
    )
    assert len(partition.handler._store) == 0


def test_after_a_restart_it_is_looked_for_again() -> None:
    partition = Partition()
    answered(partition)
    partition.fires(DAY + 1)
    partition.restarts()

    partition.fires(DAY + 1 + UNUSED + HOUR)

    assert len(partition.handler._store) == 0


def test_who_returns_after_a_year_has_the_same_conversation_and_a_higher_epoch() -> None:
    partition = Partition()
    answered(partition)
    (before,) = owned(partition.reads(received("m2", 5), now=5))
    idle(partition)
    partition.restarts()

    outputs = partition.reads(received("m3", 365 * DAY), now=365 * DAY)

    (again,) = owned(outputs)
    epochs = [fact.epoch for fact in on(TURNS, outputs)]  # type: ignore[attr-defined]
    assert (again.conversation, again.number) == (CONVERSATION, NUMBER)
    assert [again.epoch] == epochs
    assert again.epoch > before.epoch


def test_what_was_written_lately_stays_though_nothing_is_open_in_it() -> None:
    partition = Partition()
    answered(partition)
    partition.fires(DAY + 1)
    written = echoed("e1", 5 * DAY).model_copy(update={"contact": Contact(phone="4915100000002")})
    partition.reads(written, now=5 * DAY)

    left = []
    for day in (10, 12, 14):
        partition.fires(day * DAY)
        left.append(len(partition.handler._store))

    assert left == [1, 1, 0]


def test_what_a_person_holds_stays_as_long_as_they_hold_it_and_seven_days() -> None:
    """
    Nothing is due in it: a lease that ends is noticed when the customer writes.

    Until then a campaign may have to be kept from them.
    """
    held = replace(EVERYONE, human_hold=timedelta(days=30))
    partition = Partition(installation=replace(INSTALLATION, numbers=Numbers(held)))
    partition.reads(echoed("e1", 0), now=1)

    left = []
    for day in (9, 36, 38):
        partition.fires(day * DAY)
        left.append(len(partition.handler._store))

    assert left == [1, 1, 0]
