"""What reading may take of the event loop, so that it holds up nobody's message."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

# A timer has whole milliseconds: less than this is not rested for by itself.
WORTH_SECONDS = 0.002
# Requests may be large. A reader that rests fetches nothing, and meanwhile all bots wait for its fence.
REST_SECONDS_MAX = 0.02


class FairShare:
    """
    One reader's: it rests for about as long as it reads, while no other reader does.

    All readers of a process share *resting*, so that together they have about half of the loop. A turn
    begins at once: what is fetched and not yet known would be taken for read by whoever asks how far the
    fetching is. Without any of this, lanes that read on kept all numbers of the process at an eighth of
    their cap for four seconds **[M]**.
    """

    def __init__(
        self,
        resting: asyncio.Lock,
        clock: Callable[[], float] = time.perf_counter,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._resting, self._clock, self._sleep = resting, clock, sleep
        self._owed = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Read meanwhile, without an await."""
        began = self._clock()
        yield
        self._owed += self._clock() - began
        if self._owed < WORTH_SECONDS:
            await self._sleep(0)
            return
        owed, self._owed = min(self._owed, REST_SECONDS_MAX), 0.0
        async with self._resting:
            await self._sleep(owed)
