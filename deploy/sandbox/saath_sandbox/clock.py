"""What time it is, twice: the clock that never jumps, and the one on the wall."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant by both clocks."""

    monotonic: float
    unix: float


class Clock:
    """
    Both clocks. The wall clock can be moved on, so that a code expires or a window closes unwaited.

    The monotonic clock cannot: it measures the cap, and a witness does not bend its ruler.
    """

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        unix: Callable[[], float] = time.time,
    ) -> None:
        self._monotonic = monotonic
        self._unix = unix
        self.ahead_seconds = 0.0

    def now(self) -> Moment:
        """The present instant."""
        return Moment(self._monotonic(), self._unix() + self.ahead_seconds)

    def unix(self) -> float:
        """Seconds since 1970 on the wall, as far ahead as it was moved."""
        return self._unix() + self.ahead_seconds
