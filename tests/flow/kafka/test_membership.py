"""Membership: who has which partition, what is told to whom, and that it ends."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiokafka import ConsumerRebalanceListener, TopicPartition
from tests.conftest import PARTITIONS
from tests.flow.kafka.scene import Scene, numbered, task_of

from saath.errors import RetryLater
from saath.kafka import client, transactions
from saath.kafka import membership as module
from saath.kafka.client import reading
from saath.kafka.layout import apply
from saath.kafka.membership import Membership, Tenure
from saath.kafka.records import Output
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import HANDOFFS, INBOUND
from saath_local import ClusterSpec, run_cluster

ALL = frozenset(range(PARTITIONS))


class Tenures:
    """Runs partitions by doing nothing, and knows which it has and how often each was begun."""

    def __init__(self) -> None:
        self.held: set[int] = set()
        self.begun: Counter[int] = Counter()
        self.failing: list[Exception] = []

    async def __call__(self, tenure: Tenure) -> None:
        self.begun[tenure.partition] += 1
        if self.failing:
            raise self.failing.pop()
        self.held.add(tenure.partition)
        tenure.ready.set()
        try:
            await tenure.stopping.wait()
        finally:
            self.held.discard(tenure.partition)


async def until(condition: object, seconds: float = 60) -> None:
    assert callable(condition)
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 # what is waited for happens in several places
            await asyncio.sleep(0.02)


async def test_an_error_in_a_partition_comes_out_of_the_worker(scene: Scene) -> None:
    tenures = Tenures()
    tenures.failing = [ZeroDivisionError("a defect")]

    with pytest.raises(ZeroDivisionError, match="a defect"):
        await asyncio.wait_for(scene.member(tenures)(asyncio.Event()), 60)

    assert tenures.held == set()


async def test_an_error_in_a_rebalance_callback_would_have_been_swallowed(scene: Scene) -> None:
    """Why nothing is done in ours but to signal: aiokafka goes on as if nothing had happened."""

    class Raises(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka ships no types
        def on_partitions_revoked(self, revoked: object) -> None:
            raise ZeroDivisionError

        def on_partitions_assigned(self, assigned: object) -> None:
            raise ZeroDivisionError

    async with reading(scene.kafka, "tests", group_id=scene.group) as reader:
        reader.subscribe([scene.name(INBOUND)], listener=Raises())
        await scene.write(b"1")
        found = await reader.getone()

    assert found.value == b"1"


async def test_what_may_mend_itself_is_tried_again(scene: Scene) -> None:
    tenures = Tenures()
    tenures.failing = [RetryLater("not yet"), RetryLater("not yet")]
    member = scene.member(tenures)

    async with task_of(member(asyncio.Event())):
        await until(lambda: tenures.held == ALL)

    assert tenures.begun.total() == PARTITIONS + 2


async def test_a_member_is_ready_when_all_its_partitions_are(scene: Scene) -> None:
    member = scene.member(Tenures())
    before = member.problem()

    async with task_of(member(asyncio.Event())):
        await until(lambda: member.problem() is None)

    assert before == "no partitions assigned yet"


async def test_partitions_move_when_a_member_joins_and_leaves_and_no_record_is_doubled(
    scene: Scene,
) -> None:
    """Every record counted once, in order, while the partitions change hands twice."""
    written = {p: [f"{p}:{n}".encode() for n in range(60)] for p in ALL}
    first_stops, second_stops = asyncio.Event(), asyncio.Event()
    first, second = scene.member(), scene.member()

    async def write_slowly() -> None:
        for n in range(60):
            for p in ALL:
                await scene.write(written[p][n], partition=p)
            await asyncio.sleep(0.1)

    async with task_of(first(first_stops)):
        await until(lambda: first.problem() is None)
        async with task_of(write_slowly()) as writing:
            async with task_of(second(second_stops)) as leaving:
                await until(lambda: second.problem() is None and len(held_by(first)) == 2)
                shared = held_by(first) | held_by(second)
                await asyncio.sleep(1)
                second_stops.set()
                await leaving
            await until(lambda: held_by(first) == ALL)
            await writing
        counted = {p: await scene.wait_for_counted(written[p][-1], p) for p in ALL}
        first_stops.set()

    assert shared == ALL
    assert counted == {p: numbered(*values) for p, values in written.items()}


def held_by(member: Membership) -> frozenset[int]:
    return frozenset(member._running)


async def test_a_fenced_partition_is_given_up_until_it_is_assigned_anew(scene: Scene) -> None:
    """A stranger takes partition 0; we come back to it by asking the group, not by ourselves."""
    member = scene.member()

    async with task_of(member(asyncio.Event())):
        await until(lambda: member.problem() is None)
        before = member._assigned
        async with scene.writer(0):
            await scene.write(b"1")
            await until(lambda: member._assigned is not before)
        counted = await scene.wait_for_counted(b"1")

    assert counted == numbered(b"1")


async def test_a_task_fenced_while_a_rebalance_is_under_way_does_not_ask_for_another(
    scene: Scene,
) -> None:
    member = scene.member(Tenures())
    async with task_of(member(asyncio.Event())):
        await until(lambda: member.problem() is None)

        member._assigned.on_partitions_revoked([])
        member._fenced(0, "its next owner was faster")

        assert (member._rejoin, 0 in held_by(member)) == (False, False)


async def test_a_partition_that_was_away_and_came_back_gets_a_new_task(scene: Scene) -> None:
    """Both changes may have been told before we looked: the old task's writer is fenced."""
    tenures = Tenures()
    member = scene.member(tenures)
    async with task_of(member(asyncio.Event())):
        await until(lambda: tenures.held == ALL)
        ours = [TopicPartition(scene.name(INBOUND), p) for p in ALL]

        member._assigned.on_partitions_assigned([tp for tp in ours if tp.partition != 0])
        member._assigned.on_partitions_assigned(ours)
        await until(lambda: tenures.begun[0] == 2 and tenures.held == ALL)

    assert tenures.begun == {0: 2, 1: 1, 2: 1, 3: 1}


async def test_the_group_is_told_how_far_its_members_are(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMMIT_EVERY_SECONDS", 0.2)
    await scene.write(b"1", b"2", b"3")

    async with task_of(scene.member()(asyncio.Event())):
        await scene.wait_for_counted(b"3")
        await asyncio.sleep(0.5)  # two and a half of those intervals, on a real broker
        told = await scene.group_offset()

    assert told == 3


@contextlib.asynccontextmanager
async def broker_of_its_own(
    topics: TopicSettings,
) -> AsyncIterator[tuple[Scene, Callable[[], Awaitable[None]]]]:
    """A scene on a broker that may be killed, and how to kill it."""
    with run_cluster(ClusterSpec()) as cluster:
        kafka = KafkaSettings(bootstrap_servers=cluster.bootstrap_servers)
        await apply(kafka, topics, "tests")
        yield Scene(kafka, topics), lambda: asyncio.to_thread(cluster.nodes[0].kill)


async def test_who_is_told_to_stop_ends_though_the_broker_is_gone(
    topics: TopicSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in the middle of telling the group how far it is, for which aiokafka would wait."""
    monkeypatch.setattr(module, "COMMIT_EVERY_SECONDS", 0.2)
    async with broker_of_its_own(topics) as (scene, kill):
        member, stopping = scene.member(), asyncio.Event()
        async with task_of(member(stopping)) as task:
            await until(lambda: member.problem() is None)
            await kill()
            await asyncio.sleep(1)

            stopping.set()
            # The bounds: of one commit, and of closing a partition's clients and the group's.
            await asyncio.wait([task], timeout=2 + 5 + 5 + 5 + 3)
            ended = task.done()

    assert ended


@pytest.mark.parametrize("asked_before", [False, True], ids=["at once", "when grace is over"])
async def test_who_is_cancelled_ends_though_a_transaction_hangs(
    topics: TopicSettings, monkeypatch: pytest.MonkeyPatch, asked_before: bool
) -> None:
    for closing in (transactions, client):
        monkeypatch.setattr(closing, "CLOSE_TIMEOUT_SECONDS", 1.0)
    async with broker_of_its_own(topics) as (scene, kill):
        killed = asyncio.Event()

        async def writes_into_the_void(tenure: Tenure) -> None:
            async with scene.writer(tenure.partition) as writer:
                tenure.ready.set()
                await killed.wait()
                await writer.write([Output(HANDOFFS, tenure.partition, b"", b"")])

        member, stopping = scene.member(writes_into_the_void), asyncio.Event()
        async with task_of(member(stopping)) as task:
            await until(lambda: member.problem() is None)
            await kill()
            killed.set()
            if asked_before:
                stopping.set()
            await asyncio.sleep(1)

            task.cancel()
            # The bounds: of giving the transaction up, and of closing its writer and the group.
            await asyncio.wait([task], timeout=1 + 1 + 1 + 3)
            ended = task.done()

    assert ended
