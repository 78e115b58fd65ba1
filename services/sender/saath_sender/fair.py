"""What reading may take of the event loop, so that it holds up nobody's message."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


class FairShare:
    """
    Readers take turns, and after each the others have the loop for as long.

    One for all partitions of a process. Without it, lanes that read on with much waiting kept all numbers
    of the process at an eighth of their cap for four seconds **[M]**.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._reading = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Read meanwhile, without an await."""
        async with self._reading:
            began = self._clock()
            yield
            await self._sleep(self._clock() - began)
