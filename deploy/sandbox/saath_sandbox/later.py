"""Things that happen a little later: statuses, history, greetings."""

import asyncio
from collections.abc import Callable


class Later:
    """Calls functions after a delay, knows how many are left, and can forget them all."""

    def __init__(self) -> None:
        self._handles: set[asyncio.TimerHandle] = set()

    def __len__(self) -> int:
        return len(self._handles)

    def call(self, delay_seconds: float, action: Callable[[], object]) -> None:
        """Call *action* after the delay; at once when there is none."""
        if delay_seconds <= 0:
            action()
            return

        def run() -> None:
            self._handles.discard(handle)
            action()

        handle = asyncio.get_running_loop().call_later(delay_seconds, run)
        self._handles.add(handle)

    def forget(self) -> None:
        """Cancel whatever has not happened."""
        for handle in self._handles:
            handle.cancel()
        self._handles.clear()
