"""
Timers of a partition: what becomes due by the clock alone.

One fires only once everything is read that was written before its time. A router that was down must read
the message that renews a lease, or the answer that cancels a call, before it does what the clock says.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from saath.kafka.records import Output

log = structlog.get_logger()

# An NTP daemon moves a clock by less at a time; whoever sets it by hand moves it by more.
JUMP_MAX_SECONDS = 60.0
_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


@runtime_checkable
class TimedHandler(Protocol):
    """A handler with timers. They are part of its state, so they survive it and fire once."""

    def next_due(self) -> datetime | None:
        """When the next timer is due; ``None`` when there is none."""

    def fire(self, until: datetime, now: datetime) -> Iterable[Output]:
        """Decide what is due at *until* or before, or some of it; the rest is asked for again."""


def fire(handler: object, until: datetime, now: datetime) -> Iterable[Output]:
    """What *handler* has due by then: what was read since it was asked may have called it off."""
    if not isinstance(handler, TimedHandler):
        return ()
    due = handler.next_due()
    return handler.fire(until, now) if due and due <= until else ()


def boot_seconds() -> float:
    """Seconds that also pass while the machine sleeps, where the system can tell."""
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


class Clock:
    """The wall's clock, held against one that nobody sets."""

    def __init__(
        self, now: Callable[[], datetime], boot: Callable[[], float] = boot_seconds
    ) -> None:
        self.now, self._boot = now, boot
        self._ahead, self._told = self._is_ahead(), False

    def steady(self) -> bool:
        """False while the wall's clock stands elsewhere than where it stood at first, by a minute."""
        moved = self._is_ahead() - self._ahead
        jumped = abs(moved) > JUMP_MAX_SECONDS
        if jumped and not self._told:
            log.error("clock.jumped", seconds=round(moved))
        self._told = jumped
        return not jumped

    def _is_ahead(self) -> float:
        return self.now().timestamp() - self._boot()


@dataclass(frozen=True, slots=True)
class _Question:
    at: datetime
    ends: Mapping[TopicPartition, int]


class Horizon:
    """Up to when the *inputs* of one partition have been read: asked for, then read to."""

    def __init__(
        self, reader: AIOKafkaConsumer, inputs: Sequence[TopicPartition], clock: Clock
    ) -> None:
        self._reader, self._inputs, self._clock = reader, inputs, clock
        self._question: _Question | None = None

    async def reached(self, due: datetime | None) -> datetime | None:
        """
        Up to when timers may fire, where one is *due* by then; ``None`` for not yet.

        To be called between two fetches: what was fetched is decided before any timer. The moment is
        that before the broker was asked, so whatever was there by then has been read. Where inputs
        come faster than this, a later call reaches what an earlier one asked for.
        """
        if due is None or due > self._clock.now() or not self._clock.steady():
            self._question = None
            return None
        try:
            question = self._question = self._question or await self._ask()
            for where, end in question.ends.items():
                if await self._reader.position(where) < end:
                    return None
        except KafkaError as error:
            log.warning("timers.waiting", error=type(error).__name__)
            return None
        self._question = None
        return question.at if due <= question.at else None

    async def _ask(self) -> _Question:
        asked = self._clock.now()
        return _Question(asked, await self._reader.end_offsets([*self._inputs]))
