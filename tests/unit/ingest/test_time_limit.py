"""A time limit that many share: who is late is ended, in turn, and nobody else is."""

import asyncio
from collections.abc import Awaitable

import pytest

from saath_ingest.time_limit import TimeLimit

FOREVER = 3600.0


async def within(limit: TimeLimit, work: Awaitable[object]) -> str:
    """What becomes of *work* under *limit*, in a word."""
    try:
        with limit:
            await work
    except TimeoutError:
        return "late"
    except asyncio.CancelledError:
        return "told to end"
    return "done"


async def never() -> None:
    await asyncio.get_running_loop().create_future()


async def a_moment() -> None:
    await asyncio.sleep(0)


async def test_all_who_are_late_are_ended_and_may_go_on_with_something_else() -> None:
    limit = TimeLimit(0.0)

    async def twice() -> tuple[str, str]:
        return await within(limit, never()), await within(TimeLimit(FOREVER), a_moment())

    found = await asyncio.gather(twice(), twice())

    assert [*found] == [("late", "done")] * 2


async def test_the_next_is_ended_too_after_one_who_was_in_time() -> None:
    limit = TimeLimit(0.001)

    assert [await within(limit, work()) for work in (a_moment, never, a_moment, never)] == [
        "done",
        "late",
        "done",
        "late",
    ]


async def test_who_came_later_is_ended_though_the_timer_was_set_for_the_first() -> None:
    limit, loop = TimeLimit(0.02), asyncio.get_running_loop()
    first = asyncio.create_task(within(limit, never()))
    await a_moment()
    came = loop.time()
    while loop.time() < came + 0.01:
        await a_moment()

    second = asyncio.create_task(within(limit, never()))

    assert (await first, await second) == ("late", "late")


async def test_who_is_told_to_end_by_somebody_else_is_not_late() -> None:
    task = asyncio.create_task(within(TimeLimit(FOREVER), never()))
    await a_moment()

    task.cancel()

    assert await task == "told to end"


async def test_who_is_both_late_and_told_to_end_ends() -> None:
    async def works(done: asyncio.Event) -> None:
        try:
            await never()
        finally:
            done.set()
            await a_moment()

    ending = asyncio.Event()
    task = asyncio.create_task(within(TimeLimit(0.0), works(ending)))
    await ending.wait()

    task.cancel()

    assert await task == "told to end"


async def test_an_error_that_comes_of_being_late_is_said_as_it_is() -> None:
    async def breaks() -> None:
        try:
            await never()
        except asyncio.CancelledError:
            raise KeyError from None

    with pytest.raises(KeyError):
        await within(TimeLimit(0.0), breaks())


async def test_an_error_of_the_work_itself_is_not_turned_into_another() -> None:
    async def fails() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        await within(TimeLimit(FOREVER), fails())
