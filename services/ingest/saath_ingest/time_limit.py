"""One time limit for many tasks at once."""

import asyncio
from types import TracebackType


class TimeLimit:
    """
    As ``asyncio.timeout``, which sets a timer for each who waits: two took some 7 % of all the time.

    Everybody may take equally long, so they run late in the order in which they came, and one timer,
    for the first of them, is enough. A task can be within it once at a time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: dict[asyncio.Task[object], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        task = _this_task()
        loop = task.get_loop()
        self._due[task] = due = loop.time() + self._seconds
        if self._timer is None:
            self._timer = loop.call_at(due, self._end, loop)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        task = _this_task()
        in_time = self._due.pop(task, None) is not None
        # Who was told to end by somebody else as well does, and is not merely late.
        if not in_time and not task.uncancel() and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        """End who is late, and wait for the first of those who are not yet."""
        self._timer, now = None, loop.time()
        while self._due:
            task, due = next(iter(self._due.items()))
            if due > now:
                self._timer = loop.call_at(due, self._end, loop)
                return
            del self._due[task]
            task.cancel()


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a time limit is for tasks")
    return task
