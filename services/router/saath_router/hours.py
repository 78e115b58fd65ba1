"""When people are there: opening hours by the wall clock of a number's own time zone. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from saath.events import OpeningHours
from saath.events.conditions import DAYS, minutes_of

# Further ahead nobody waits; and who is closed for a year is closed.
DAYS_MAX = 366

Interval = tuple[datetime, datetime]


def is_open(hours: OpeningHours | None, at: datetime) -> bool:
    """True where somebody is there *at* that time; without hours always."""
    if hours is None:
        return True
    week = _week(hours)
    there = at.astimezone(week.zone).date()
    # Yesterday's hours may end today. Where a clock is set back over midnight, tomorrow's have begun.
    days = (there + timedelta(days=offset) for offset in (-1, 0, 1))
    return any(opens <= at < closes for day in days for opens, closes in _day(week, day))


def next_opening(hours: OpeningHours | None, after: datetime) -> datetime | None:
    """When it is opened next, also where it is open now; ``None`` where it is never closed, or opened."""
    there_until: datetime | None = None
    for opens, closes in _openings(hours, after):
        # Nobody comes in where nobody has left.
        if opens > after and (there_until is None or opens > there_until):
            return opens
        there_until = max(closes, there_until or closes)
    return None


def open_until(hours: OpeningHours | None, since: datetime, seconds: float) -> datetime | None:
    """When *seconds* of opening time have passed *since* then, by a clock that runs while it is open."""
    left = timedelta(seconds=seconds)
    if hours is None or not left:
        return since + left
    counted = since
    for opens, closes in _openings(hours, since):
        begun = max(opens, counted)
        if closes <= begun:
            continue
        if closes - begun >= left:
            return begun + left
        left -= closes - begun
        counted = closes
    return None


@dataclass(frozen=True, slots=True, eq=False)
class _Week:
    """Hours as they are looked up in: each weekday's spans in minutes since midnight, Monday first."""

    zone: ZoneInfo
    spans: tuple[tuple[tuple[int, int], ...], ...]
    closed: frozenset[date]


@lru_cache(maxsize=1024)
def _week(hours: OpeningHours) -> _Week:
    """What cannot be read was written by somebody newer: a span is left out, a time zone is UTC."""
    try:
        zone = ZoneInfo(hours.timezone or "UTC")
    except (KeyError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    spans = tuple(
        tuple(sorted(span for text in getattr(hours.week, day) if (span := minutes_of(text))))
        for day in DAYS
    )
    return _Week(zone, spans, frozenset(hours.closed))


@lru_cache(maxsize=16_384)
def _day(week: _Week, day: date) -> tuple[Interval, ...]:
    """The hours that begin on *day*, as instants. Of an hour that a clock strikes twice, the first."""
    if day in week.closed:
        return ()
    found = ((_at(week, day, a), _at(week, day, b)) for a, b in week.spans[day.weekday()])
    return tuple((opens, closes) for opens, closes in found if opens < closes)


def _at(week: _Week, day: date, minutes: int) -> datetime:
    days, minute = divmod(minutes, 24 * 60)
    clock = time(minute // 60, minute % 60)
    there = datetime.combine(day + timedelta(days=days), clock, week.zone)
    return there.astimezone(UTC)


def _openings(hours: OpeningHours | None, after: datetime) -> Iterator[Interval]:
    """What is open about and after then, in the order of opening; hours may overlap."""
    if hours is None:
        return
    week = _week(hours)
    first = after.astimezone(week.zone).date() - timedelta(days=1)
    for offset in range(DAYS_MAX + 1):
        yield from _day(week, first + timedelta(days=offset))
