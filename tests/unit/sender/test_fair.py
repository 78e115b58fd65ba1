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


async def test_a_turn_begins_at_once_and_rests_are_taken_one_after_the_other() -> None:
    times = Times()
    fair, read = FairShare(times.clock, times.sleep), list[str]()

    async def reads(name: str, took: float) -> None:
        async with fair.turn():
            read.append(name)
            times.now += took

    async with asyncio.TaskGroup() as group:
        group.create_task(reads("one", 0.5))
        group.create_task(reads("another", 0.25))
        for _ in range(10):
            await asyncio.sleep(0)
        meanwhile = [*read], [*times.slept]
        times.awake.set()

    assert meanwhile == (["one", "another"], [0.5])
    assert times.slept == [0.5, 0.25]


async def test_who_stops_while_it_rests_keeps_nobody_from_resting() -> None:
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


async def test_nothing_is_awaited_before_a_turn() -> None:
    fair, known = FairShare(), list[str]()
    asyncio.get_running_loop().call_soon(known.append, "what others do")

    async with fair.turn():
        known.append("what was fetched")

    assert known[0] == "what was fetched"
