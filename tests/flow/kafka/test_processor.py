"""The partition loop: from the changelog, each record once, and nothing blocks it."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import pairwise
from typing import ClassVar

import pytest
from tests.flow.kafka.scene import (
    DLQ,
    INPUTS,
    PATIENCE_SECONDS,
    STATE,
    Counting,
    Scene,
    numbered,
    owning,
    task_of,
)

from saath.errors import RetryLater
from saath.kafka.changelog import positions_output
from saath.kafka.membership import Tenure
from saath.kafka.records import Output
from saath.kafka.transactions import Fenced, TransactionalWriter
from saath.metrics import RESTORE_RECORDS
from saath.topics import BACKFILL, COMMANDS, HANDOFFS, INBOUND

SLOW = 1000


@pytest.mark.parametrize("stale", [0, 2, 3], ids=["moved back", "a little behind", "ahead"])
async def test_a_stale_group_offset_neither_repeats_nor_loses_a_record(
    scene: Scene, stale: int
) -> None:
    """``ahead`` is where a group stands whose late owner committed what it never wrote."""
    processor = scene.processor()
    await scene.write(b"1", b"2")
    async with owning(processor):
        await scene.wait_for_counted(b"2")
    await scene.write(b"3", b"4")
    await scene.commit_for_group(stale)
    stopping = asyncio.Event()

    async with task_of(scene.member(processor)(stopping)):
        counted = await scene.wait_for_counted(b"4")

    assert counted == numbered(b"1", b"2", b"3", b"4")


async def test_who_is_killed_between_batches_is_continued_exactly(scene: Scene) -> None:
    for batch in (b"abc", b"def", b"ghi"):
        async with task_of(scene.processor()(Tenure(0))):
            await scene.write(*(bytes([letter]) for letter in batch))
            counted = await scene.wait_for_counted(batch[-1:])

    assert counted == numbered(*(bytes([letter]) for letter in b"abcdefghi"))


async def test_an_older_owner_that_still_runs_is_fenced_and_nothing_is_doubled(
    scene: Scene,
) -> None:
    async def old_owner() -> None:
        with pytest.raises(Fenced):
            await scene.processor()(Tenure(0))

    async with task_of(old_owner()) as old:
        await scene.write(b"1")
        await scene.wait_for_counted(b"1")
        async with owning(scene.processor()):
            await scene.write(*(str(n).encode() for n in range(2, 50)))
            counted = await scene.wait_for_counted(b"49")
            await asyncio.wait_for(old, 60)

    assert counted == numbered(*(str(n).encode() for n in range(1, 50)))


async def test_what_the_old_owner_commits_until_it_is_fenced_is_known_to_the_new_one(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fence first, then read: the other way round, a last commit in between is done again."""
    await scene.write(b"1", b"2")
    start = TransactionalWriter.__aenter__
    async with scene.writer() as old:

        async def at_the_last_moment(new: TransactionalWriter) -> TransactionalWriter:
            counted = Output(HANDOFFS, 0, b"n", b"1", (("count", b"1"),))
            positions = positions_output(STATE, 0, {INBOUND.name: 1})
            await old.write([counted, Output(STATE, 0, b"count", b"1"), positions])
            return await start(new)

        monkeypatch.setattr(TransactionalWriter, "__aenter__", at_the_last_moment)
        async with owning(scene.processor()):
            counted = await scene.wait_for_counted(b"2")

    assert counted == numbered(b"1", b"2")


async def test_who_died_in_an_open_transaction_does_not_hold_the_next_owner(scene: Scene) -> None:
    await scene.write(b"1")
    dead = scene.writer()
    await dead.__aenter__()
    await dead._producer.begin_transaction()
    for output in Counting(0).finish({}, None):  # type: ignore[arg-type] # it needs no time
        await (await dead._send(output))

    async with asyncio.timeout(8), owning(scene.processor()):
        counted = await scene.wait_for_counted(b"1")

    await dead._producer.client.close()
    assert counted == numbered(b"1")


@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"poison", b"it says so itself"), (b"bug", b"ZeroDivisionError in the router")],
)
async def test_a_record_that_cannot_be_handled_is_put_aside_untouched(
    scene: Scene, value: bytes, reason: bytes
) -> None:
    headers = [("ce_type", b"what.ever"), ("odd", b"\xff\x00")]
    await scene.write(b"1")
    await scene.write(value, key=b"\xfekey", headers=headers)
    await scene.write(b"3")

    async with owning(scene.processor()):
        counted = [text for _, text in await scene.wait_for_counted(b"3")]

    (dead,) = await scene.read(DLQ)
    added = dict(dead.headers[2:])
    failed_at = added.pop("dlq_failed_at", None)
    assert counted == [b"1", b"3"]
    assert (dead.key, dead.value, [*dead.headers[:2]]) == (b"\xfekey", value, headers)
    assert failed_at is not None
    assert added == {
        "dlq_reason": reason,
        "dlq_topic": b"inbound.v1",
        "dlq_partition": b"0",
        "dlq_offset": b"1",
        "dlq_attempts": b"1",
    }


async def test_a_poison_record_is_put_aside_in_the_transaction_that_passes_it(
    scene: Scene,
) -> None:
    """Its batch is refused as a whole, so nothing of it may be in the dead-letter topic."""
    await scene.write(b"poison", b"large")

    with pytest.raises(RetryLater):
        await scene.processor()(Tenure(0))

    assert (await scene.read(DLQ), await scene.counted()) == ([], [])


async def test_a_record_whose_output_kafka_never_takes_is_put_aside_and_the_rest_goes_on(
    scene: Scene,
) -> None:
    await scene.write(b"1", b"large", b"3", b"large", b"5")
    stopping = asyncio.Event()

    async with task_of(scene.member()(stopping)):
        counted = await scene.wait_for_counted(b"5")

    dead = [(record.offset, record.value) for record in await scene.read(DLQ)]
    assert (counted, [value for _, value in dead]) == (
        numbered(b"1", b"3", b"5"),
        [b"large", b"large"],
    )


async def test_a_failed_transaction_is_begun_again_from_the_changelog(scene: Scene) -> None:
    """What the handler counted in vain must be forgotten, or the numbers would have a gap."""
    processor = scene.processor()
    await scene.write(b"1")
    async with owning(processor):
        await scene.wait_for_counted(b"1")
    await scene.write(b"2", b"large", b"4")
    with pytest.raises(RetryLater):
        await processor(Tenure(0))
    with pytest.raises(RetryLater):
        await processor(Tenure(0))

    async with owning(processor):
        counted = await scene.wait_for_counted(b"4")

    assert counted == numbered(b"1", b"2", b"4")


async def test_slow_records_come_a_few_at_a_time_so_that_live_ones_go_first(scene: Scene) -> None:
    class Batches(Counting):
        ends: ClassVar[list[int]] = []

        def finish(self, positions: Mapping[str, int], now: datetime) -> Iterable[Output]:
            self.ends.append(self.count)
            return super().finish(positions, now)

    await scene.write(*(b"slow" for _ in range(SLOW)), b"last", topic=BACKFILL)
    await scene.write(b"live", topic=COMMANDS)

    async with owning(scene.processor(Batches)):
        counted = {value: number for number, value in await scene.wait_for_counted(b"last")}

    sizes = [end - start for start, end in pairwise([0, *Batches.ends])]
    assert max(sizes) <= INPUTS.slow_max + 1
    # Each has a consumer of its own, and a machine that is busy brings one sooner than the other.
    assert (counted[b"live"] or 0) < SLOW / 2


async def test_lag_is_known_from_the_start_though_nothing_new_arrives(scene: Scene) -> None:
    await scene.write(b"1", b"2")
    async with owning(scene.processor()):
        await scene.wait_for_counted(b"2")

    async with owning(scene.processor()) as tenure:
        position = tenure.position

    assert position == 2


async def test_while_state_is_restored_it_is_known_how_much_of_it_is(scene: Scene) -> None:
    class Watching(Counting):
        tenure = Tenure(0)
        shares: ClassVar[list[float]] = []

        def restore(self, key: bytes, value: bytes | None) -> None:
            self.shares.append(self.tenure.restored)

    before = RESTORE_RECORDS._value.get()
    await scene.write(*(str(n).encode() for n in range(12_000)), topic=STATE, key=b"count")
    async with task_of(scene.processor(Watching)(Watching.tenure)):
        await asyncio.wait_for(Watching.tenure.ready.wait(), PATIENCE_SECONDS)

    steps = sorted(set(Watching.shares))
    assert Watching.shares == sorted(Watching.shares)
    assert (steps[0], len(steps) > 2, steps[-1] < 1) == (0.0, True, True)
    assert (Watching.tenure.restored, RESTORE_RECORDS._value.get() - before) == (1.0, 12_000)
