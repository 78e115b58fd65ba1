"""Conversations that nobody uses leave memory in time, and a restart does not bring them back."""

from tests.unit.router.build import HOUR, NUMBER, accepted, received
from tests.unit.router.partition import CONVERSATION, Partition, on, owned

from saath.kafka.records import Output
from saath.topics import OUTCOMES, OWNERS, TURNS, state_topic
from saath_router.eviction import UNUSED_FOR

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


def test_a_busy_conversation_stays() -> None:
    partition = Partition()
    answered(partition)
    for day in range(1, 20):
        partition.reads(received(f"m{day}x", day * DAY), now=day * DAY)
        partition.fires(day * DAY + HOUR)

    assert len(partition.handler._store) == 1
