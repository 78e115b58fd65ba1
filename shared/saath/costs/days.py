"""A number's messages of one day, counted; and the event that says so. Pure."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from saath.costs.counting import Bucket, Message, buckets, charge
from saath.events import CostLine, CostsRecorded
from saath.identity import digest_id

Counts = Counter[Bucket]


class Day(NamedTuple):
    """One number's day."""

    number: str
    day: date


def day_of(message: Message, zone: tzinfo) -> Day | None:
    """The day a message is counted on: that of its first price. It never moves."""
    return Day(message.number, message.at.astimezone(zone).date()) if message.at else None


def moved(
    days: dict[Day, Counts], before: Message | None, after: Message, zone: tzinfo
) -> tuple[Day, ...]:
    """Count *after* where *before* was counted; return the days that changed."""
    then = buckets(before) if before else ()
    was, day = day_of(before, zone) if before else None, day_of(after, zone)
    if (was, then) == (day, buckets(after)):
        return ()
    if was:
        days.setdefault(was, Counts()).subtract(then)
    if day:
        days.setdefault(day, Counts()).update(buckets(after))
    return tuple(dict.fromkeys(filter(None, (was, day))))


def recorded(day: Day, counts: Mapping[Bucket, int], now: datetime) -> CostsRecorded:
    """What everybody may know of a day, as it stands *now*."""
    lines = [
        CostLine(
            charge=charge(bucket.kind), type=bucket.kind, category=bucket.category,
            market=bucket.market, messages=count,
        )
        for bucket, count in sorted(counts.items(), key=lambda item: _by(item[0]))
        if bucket.what == "counted" and count > 0
    ]  # fmt: skip

    def total(what: str) -> int:
        return sum(count for bucket, count in counts.items() if bucket.what == what)

    return CostsRecorded(
        id=digest_id("costs_", day.number, day.day.isoformat(), now.isoformat()),
        time=now,
        number=day.number,
        day=day.day,
        lines=tuple(lines),
        app_messages=total("app"),
        waiting=total("waiting"),
        failed=total("failed"),
        differing=total("differs"),
    )


def _by(bucket: Bucket) -> tuple[str, ...]:
    return tuple(part or "" for part in bucket)
