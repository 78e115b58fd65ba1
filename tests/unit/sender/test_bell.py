"""Who waits is woken, whenever it rings."""

import asyncio

from saath_sender.bell import Bell

LONG = 60.0


async def test_a_bell_that_rang_before_anybody_waited_is_heard_once() -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    async with asyncio.timeout(1):
        await bell.wait(LONG)
    again = asyncio.create_task(bell.wait(LONG))
    await asyncio.sleep(0)

    assert not again.done()
    again.cancel()


async def test_whoever_waits_is_woken_and_nobody_waits_longer_than_was_said() -> None:
    bell = Bell()
    async with asyncio.timeout(1):
        waiting = asyncio.create_task(bell.wait(LONG))
        await asyncio.sleep(0)
        bell.ring()
        await waiting
        await bell.wait(0.001)
        await bell.wait(0.0)


async def test_one_who_gave_up_leaves_nothing_behind() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.wait(LONG))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    bell.ring()
    async with asyncio.timeout(1):
        await bell.wait(LONG)


async def test_a_bell_that_is_rung_twice_wakes_whoever_waits_once() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.wait(LONG))
    await asyncio.sleep(0)
    bell.ring()
    bell.ring()
    async with asyncio.timeout(1):
        await waiting
    again = asyncio.create_task(bell.wait(LONG))
    await asyncio.sleep(0)

    assert not again.done()
    again.cancel()


async def test_whoever_was_woken_before_the_time_leaves_no_ring_behind() -> None:
    bell, loop = Bell(), asyncio.get_running_loop()
    waiting = asyncio.create_task(bell.wait(0.001))
    await asyncio.sleep(0)
    bell.ring()
    await waiting
    passed = loop.create_future()
    loop.call_later(0.002, passed.set_result, None)
    await passed
    again = asyncio.create_task(bell.wait(LONG))
    await asyncio.sleep(0)

    assert not again.done()
    again.cancel()
