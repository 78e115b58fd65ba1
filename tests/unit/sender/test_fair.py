"""Readers of one process share the event loop with whoever sends."""

import asyncio

from saath_sender.fair import FairShare


class Times:
    """A clock in our hands, and what was slept by it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []
        self.awake = asyncio.Event()

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.awake.wait()


async def test_after_a_turn_the_others_have_the_loop_for_as_long() -> None:
    times = Times()
    times.awake.set()
    fair = FairShare(times.clock, times.sleep)

    for took in (0.5, 0.25):
        async with fair.turn():
            times.now += took

    assert times.slept == [0.5, 0.25]


async def test_nobody_else_reads_until_the_others_have_had_it() -> None:
    times = Times()
    fair, read = FairShare(times.clock, times.sleep), list[str]()

    async def reads(name: str) -> None:
        async with fair.turn():
            read.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(reads("one"))
        group.create_task(reads("another"))
        for _ in range(10):
            await asyncio.sleep(0)
        read_meanwhile = [*read]
        times.awake.set()

    assert (read_meanwhile, read) == (["one"], ["one", "another"])


async def test_who_stops_in_the_middle_keeps_nobody_from_reading() -> None:
    times = Times()
    fair = FairShare(times.clock, times.sleep)

    async def reads() -> None:
        async with fair.turn():
            pass

    stopped = asyncio.create_task(reads())
    await asyncio.sleep(0)
    stopped.cancel()
    await asyncio.wait([stopped])
    times.awake.set()

    async with asyncio.timeout(60):
        await reads()
