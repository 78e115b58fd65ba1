"""What reading may take of the event loop, so that it holds up nobody's message."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


class FairShare:
    """
    After each turn a reader rests for as long as it took, one after the other: together they have half.

    One for all partitions of a process. A turn begins at once, so that nothing is fetched and not yet
    known, which would be taken for read by whoever asks how far the fetching is. Without any of this,
    lanes that read on kept all numbers of the process at an eighth of their cap for four seconds **[M]**.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._resting = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Read meanwhile, without an await."""
        began = self._clock()
        yield
        took = self._clock() - began
        async with self._resting:
            await self._sleep(took)
