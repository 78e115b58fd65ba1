"""Readers of one process share the event loop with whoever sends."""

import asyncio

import pytest

from saath_sender.fair import REST_SECONDS_MAX, WORTH_SECONDS, FairShare


class Times:
    """A clock in our hands, and what was slept by it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        self.awake = asyncio.Event()
        self.resting = asyncio.Lock()

    def share(self) -> FairShare:
        return FairShare(self.resting, lambda: self.now, self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        if seconds:
            await self.awake.wait()

    async def reads(self, fair: FairShare, took: float) -> None:
        async with fair.turn():
            self.now += took


@pytest.mark.parametrize(
    ("turns", "slept"),
    [
        ([0.004, 0.003], [0.004, 0.003]),
        ([0.0015, 0.0015, 0.0015], [0.0, 0.003, 0.0]),
        ([1.5], [REST_SECONDS_MAX]),
    ],
    ids=["as long as it read", "not before it is worth while", "not for ever"],
)
async def test_after_it_has_read_a_reader_rests(turns: list[float], slept: list[float]) -> None:
    times = Times()
    times.awake.set()
    fair = times.share()

    for took in turns:
        await times.reads(fair, took)

    assert times.slept == slept


async def test_a_turn_begins_at_once_and_rests_are_taken_one_after_the_other() -> None:
    times = Times()

    async with asyncio.TaskGroup() as group:
        for took in (0.005, 0.004):
            group.create_task(times.reads(times.share(), took))
        for _ in range(10):
            await asyncio.sleep(0)
        meanwhile = round(times.now, 6), [*times.slept]
        times.awake.set()

    assert meanwhile == (100.009, [0.005])
    assert times.slept == [0.005, 0.004]


async def test_who_has_read_little_waits_for_nobodys_rest() -> None:
    times = Times()
    resting = asyncio.create_task(times.reads(times.share(), 1.0))
    await asyncio.sleep(0)

    async with asyncio.timeout(60):
        await times.reads(times.share(), WORTH_SECONDS / 2)

    assert not resting.done()
    times.awake.set()
    await resting


async def test_who_stops_while_it_rests_keeps_nobody_from_resting() -> None:
    times = Times()
    stopped = asyncio.create_task(times.reads(times.share(), 1.0))
    await asyncio.sleep(0)
    stopped.cancel()
    await asyncio.wait([stopped])
    times.awake.set()

    async with asyncio.timeout(60):
        await times.reads(times.share(), 1.0)
