"""Timers on a real broker: after everything that was written before, in a transaction, once."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from tests.flow.kafka.scene import STATE, Scene, owning, task_of

from saath.kafka.client import producer
from saath.kafka.membership import Tenure
from saath.kafka.records import Output, Record
from saath.topics import HANDOFFS, INBOUND

ONCE = b"the time has come"


class Waking:
    """A record that is a time, in unix milliseconds, sets the timer; ``never`` stops it."""

    def __init__(self, partition: int) -> None:
        self.partition, self.due = partition, b""

    def restore(self, key: bytes, value: bytes | None) -> None:
        self.due = value or b""

    def handle(self, record: Record, now: datetime) -> Iterable[Output]:
        if record.value == b"never":
            self.due = b""
        elif record.value and record.value.isdigit():
            self.due = record.value
        return []

    def next_due(self) -> datetime | None:
        return datetime.fromtimestamp(int(self.due) / 1000, UTC) if self.due else None

    def fire(self, until: datetime, now: datetime) -> Iterable[Output]:
        due = self.next_due()
        assert due
        assert due <= until <= now
        self.due = b""
        return [Output(HANDOFFS, self.partition, b"n", ONCE)]

    def finish(self, positions: Mapping[str, int], now: datetime) -> Iterable[Output]:
        return [Output(STATE, self.partition, b"due", self.due or None)]


def moment(seconds: float) -> bytes:
    return str(int((datetime.now(UTC) + timedelta(seconds=seconds)).timestamp() * 1000)).encode()


async def fired(scene: Scene) -> int:
    return len([record for record in await scene.read(HANDOFFS) if record.value == ONCE])


async def decided(scene: Scene, records: int) -> None:
    """Wait until the processor has been through so many of the primary input's records."""
    wanted = f'"inbound.v1": {records}'.encode()
    while True:
        if any(wanted in (record.value or b"") for record in await scene.read(STATE)):
            return
        await asyncio.sleep(0.1)


async def test_a_timer_fires_with_nothing_read_and_once_across_restarts(scene: Scene) -> None:
    await scene.write(moment(0.5))
    async with owning(scene.processor(Waking)):
        async with asyncio.timeout(60):
            await scene.wait_for(ONCE)
    async with owning(scene.processor(Waking)):
        await scene.write(b"never")
        async with asyncio.timeout(60):
            await decided(scene, 2)

    assert await fired(scene) == 1


async def test_a_timer_is_found_again_after_the_owner_was_killed(scene: Scene) -> None:
    async with task_of(scene.processor(Waking)(Tenure(0))):
        await scene.write(moment(1))
        async with asyncio.timeout(60):
            await decided(scene, 1)
    before = await fired(scene)

    async with owning(scene.processor(Waking)), asyncio.timeout(60):
        await scene.wait_for(ONCE)

    assert (before, await fired(scene)) == (0, 1)


async def test_what_was_written_while_nobody_ran_is_read_before_its_timer_fires(
    scene: Scene,
) -> None:
    """The record that calls it off stands behind thousands of others: several batches away."""
    async with owning(scene.processor(Waking)):
        await scene.write(moment(0.8))
        async with asyncio.timeout(60):
            await decided(scene, 1)
    await asyncio.sleep(1)
    await _write_many(scene, b"something", 3000)
    await scene.write(b"never")

    async with owning(scene.processor(Waking)), asyncio.timeout(60):
        await decided(scene, 3002)
        await asyncio.sleep(1)

    assert await fired(scene) == 0


async def test_a_timer_fires_while_records_never_stop_coming(scene: Scene) -> None:
    await scene.write(moment(0.5))
    enough = asyncio.Event()

    async def keep_writing() -> None:
        # aiokafka's stop may swallow a cancellation, and then nothing else would end it.
        while not enough.is_set():
            await _write_many(scene, b"something", 50)

    async with owning(scene.processor(Waking)), task_of(keep_writing()):
        try:
            async with asyncio.timeout(60):
                await scene.wait_for(ONCE)
        finally:
            enough.set()


async def _write_many(scene: Scene, value: bytes, times: int) -> None:
    client = producer(scene.kafka, "tests")
    await client.start()
    try:
        for _ in range(times):
            await client.send(scene.name(INBOUND), value, key=b"n", partition=0)
    finally:
        await client.stop()
