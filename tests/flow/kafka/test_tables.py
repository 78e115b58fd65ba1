"""A followed compacted topic: its latest rows, whole before it is relied on."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from tests.conftest import PARTITIONS
from tests.flow.kafka.scene import PATIENCE_SECONDS, Scene, task_of

from saath.codec import encode
from saath.events import NumberPolicy, NumberRecorded
from saath.kafka.tables import Table
from saath.topics import NUMBERS


def recorded(number: str, bot: str) -> NumberRecorded:
    return NumberRecorded(
        id=f"{number}:{bot}",
        time=datetime(2026, 10, 1, tzinfo=UTC),
        number=number,
        state="active",
        policy=NumberPolicy(bot=bot),
    )


async def put(scene: Scene, key: str, row: NumberRecorded | None, partition: int = 0) -> None:
    headers, value = encode(row) if row else ([], None)
    await scene.write(value, topic=NUMBERS, partition=partition, key=key.encode(), headers=headers)


async def until_bots(table: Table[NumberRecorded], bots: dict[str, str | None]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while {key: row.policy.bot for key, row in table.items()} != bots:
            table.changed.clear()
            await table.changed.wait()


class Watched(Table[NumberRecorded]):
    """Knows of each record whether the table called itself whole before it was taken in."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(
            NUMBERS,
            NumberRecorded,
            kafka=scene.kafka,
            topics=scene.topics,
            client_id="tests",
            partitions=PARTITIONS,
        )
        self.too_early: list[bool] = []

    def _apply(self, *record: Any) -> None:
        self.too_early.append(self.complete.is_set())
        super()._apply(*record)


async def test_a_table_is_whole_before_it_says_so(scene: Scene) -> None:
    for n in range(20):
        await put(scene, str(n), recorded(str(n), "orders"), partition=n % PARTITIONS)
    table = Watched(scene)
    before = table.problem()

    async with task_of(table(asyncio.Event())):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await table.wait_until_complete(asyncio.Event())
        seen = (table.problem(), len(table), table.too_early)

    assert (before, seen) == ("numbers.v1 is being read", (None, 20, [False] * 20))


async def test_a_table_follows_updates_and_tombstones(scene: Scene) -> None:
    await put(scene, "1", recorded("1", "orders"))
    await put(scene, "2", recorded("2", "orders"), partition=3)
    table = Watched(scene)

    async with task_of(table(asyncio.Event())):
        await until_bots(table, {"1": "orders", "2": "orders"})
        await put(scene, "1", recorded("1", "returns"))
        await until_bots(table, {"1": "returns", "2": "orders"})
        await put(scene, "2", None, partition=3)
        await until_bots(table, {"1": "returns"})


async def test_a_row_that_cannot_be_read_leaves_the_last_one_that_could(scene: Scene) -> None:
    table = Watched(scene)

    async with task_of(table(asyncio.Event())):
        await put(scene, "1", recorded("1", "orders"))
        await scene.write(b"{", topic=NUMBERS, key=b"1")
        await put(scene, "2", recorded("2", "orders"))
        await until_bots(table, {"1": "orders", "2": "orders"})
