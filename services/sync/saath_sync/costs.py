"""
One partition's costs: each number's messages of a day, counted from what Meta says of them. Pure.

Kept is a small record for each message, until nothing is to be heard of it any more, and one for each
number's day. A message that arrived or failed is kept for as long as Meta delivers a webhook again; one
of which neither is known for as long as it may still arrive. Of a busy partition no more than so many are
kept, and what was forgotten early is not begun anew.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta

from saath.costs import (
    Bucket,
    Counts,
    Day,
    Hearing,
    Message,
    evolve,
    heard_on_wire,
    market_of,
    moved,
    recorded,
)
from saath.events import CostsRecorded, Event, Model
from saath.identity import digest_id

MESSAGE, DAY, FORGOTTEN = "m_", "d_", "f_"
# Meta delivers a webhook again for 7 days.
SETTLED_FOR = timedelta(days=8)
# Meta gives a message up after 30 days.
WAITING_FOR = timedelta(days=31)
# A day changes for as long as one of its messages may arrive; then it stands on its topic only.
DAY_FOR = WAITING_FOR + SETTLED_FOR + timedelta(days=1)
SWEEP_EVERY = timedelta(hours=1)
# 400 bytes each, so 80 MB a partition. A number at its cap sends 1.7 million a day, and nobody's memory
# is to hold 8 days of that: the oldest of those that arrived or failed go first.
MESSAGES_MAX = 200_000
# Forgotten with one commit: a day's campaign must not become one transaction.
FORGOTTEN_AT_ONCE = 1000
# A campaign moves a day's counts 20 times a second; nobody needs to know that soon.
SAID_EVERY = timedelta(minutes=1)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class KeptMessage(Model):
    """A message as the changelog keeps it. Nothing in it names a customer."""

    number: str
    heard_at: datetime
    at: datetime | None = None
    kind: str | None = None
    category: str | None = None
    market: str | None = None
    fate: str | None = None
    from_app: bool = False
    differs: bool = False


class KeptForgotten(Model):
    """Until when a number's messages may have been forgotten before their time."""

    before: datetime


class KeptDay(Model):
    """A number's day as the changelog keeps it: each bucket with its count."""

    number: str
    day: date
    counts: tuple[tuple[tuple[str | None, ...], int], ...] = ()


Kept = tuple[Message, datetime]


@dataclass(slots=True)
class CostBooks:
    """The costs of one partition's numbers. Restore it, tell it events, take what has changed."""

    days: dict[Day, Counts] = field(default_factory=dict)
    messages_max: int = MESSAGES_MAX
    # Both in the order in which they were last heard of.
    _waiting: dict[str, Kept] = field(default_factory=dict)
    _settled: dict[str, Kept] = field(default_factory=dict)
    _forgotten: dict[str, datetime] = field(default_factory=dict)
    _changed_forgotten: set[str] = field(default_factory=set)
    _changed_messages: set[str] = field(default_factory=set)
    _changed_days: set[Day] = field(default_factory=set)
    _unsaid: dict[Day, None] = field(default_factory=dict)
    _said_at: dict[Day, datetime] = field(default_factory=dict)
    _swept_at: datetime | None = None

    @staticmethod
    def owns(key: bytes) -> bool:
        """Whether a record of the changelog is one of ours."""
        return key.startswith((MESSAGE.encode(), DAY.encode(), FORGOTTEN.encode()))

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take over one record of the changelog."""
        name = key.decode()
        if name.startswith(MESSAGE):
            self._restore_message(name, value)
            return
        if name.startswith(FORGOTTEN):
            self._forgotten.pop(name.removeprefix(FORGOTTEN), None)
            if value is not None:
                before = KeptForgotten.model_validate_json(value).before
                self._forgotten[name.removeprefix(FORGOTTEN)] = before
            return
        number, _, written = name.removeprefix(DAY).partition("/")
        day = Day(number, date.fromisoformat(written))
        self.days.pop(day, None)
        self._unsaid.pop(day, None)
        if value is not None:
            kept_day = KeptDay.model_validate_json(value)
            buckets = {Bucket(*bucket): n for bucket, n in kept_day.counts}  # type: ignore[arg-type]
            self.days[day] = Counts(buckets)
            # Whether it was said is not kept: said twice it is the same record again.
            self._unsaid[day], self._said_at[day] = None, _LONG_AGO

    def hear(self, event: Event, now: datetime) -> None:
        """Count what *event* says of a message's price or fate, if it says any."""
        heard = heard_on_wire(event, market_of)
        if heard is None:
            return
        name = MESSAGE + digest_id("", heard.number, heard.message_id)
        before, _ = self._waiting.get(name) or self._settled.get(name) or (None, now)
        if before is None and self._is_forgotten(heard, now):
            return  # or redriven: its day must not be begun anew
        after = evolve(before, heard)
        if after == before:
            return
        self._keep(name, after, now)
        self._changed_messages.add(name)
        for day in moved(self.days, before, after, UTC):
            self._changed_days.add(day)
            self._unsaid[day] = None

    def changed(self, now: datetime) -> Iterator[tuple[bytes, bytes | None]]:
        """What is to be written to the changelog, and what of it is forgotten."""
        self._forget(now)
        if self._swept_at is None or now - self._swept_at >= SWEEP_EVERY:
            self._sweep(now)
        for name in sorted(self._changed_messages):
            kept = self._waiting.get(name) or self._settled.get(name)
            yield name.encode(), None if kept is None else _message(*kept)
        for day in sorted(self._changed_days):
            counts = self.days.get(day)
            key = f"{DAY}{day.number}/{day.day.isoformat()}"
            yield key.encode(), None if counts is None else _day(day, counts)
        for number in sorted(self._changed_forgotten):
            said = self._forgotten.get(number)
            kept_until = None if said is None else KeptForgotten(before=said).json_bytes()
            yield f"{FORGOTTEN}{number}".encode(), kept_until
        self._changed_forgotten.clear()
        self._changed_messages.clear()
        self._changed_days.clear()

    def due(self, now: datetime) -> Iterator[CostsRecorded]:
        """What is to be said now of days that have changed: of each one once a minute at the most."""
        for day in [d for d in self._unsaid if self._say_at(d) <= now]:
            del self._unsaid[day]
            self._said_at[day] = now
            yield recorded(day, self.days[day], now)

    def next_due(self) -> datetime | None:
        """When something is to be said next that was not to be said at once; ``None`` where nothing is."""
        waiting = (day for day in self._unsaid if day in self._said_at)
        return min(map(self._say_at, waiting), default=None)

    def _say_at(self, day: Day) -> datetime:
        return self._said_at.get(day, _LONG_AGO) + SAID_EVERY

    def _restore_message(self, name: str, value: bytes | None) -> None:
        self._waiting.pop(name, None)
        self._settled.pop(name, None)
        if value is not None:
            kept = KeptMessage.model_validate_json(value)
            facts = kept.model_dump(exclude={"heard_at"})
            self._keep(name, Message(**facts), kept.heard_at)

    def _keep(self, name: str, message: Message, heard_at: datetime) -> None:
        self._waiting.pop(name, None)
        self._settled.pop(name, None)
        waits = message.fate is None and not message.from_app
        (self._waiting if waits else self._settled)[name] = message, heard_at

    def _is_forgotten(self, heard: Hearing, now: datetime) -> bool:
        """Whether a message that nobody knows here may have been known: it speaks of so long ago."""
        early = self._forgotten.get(heard.number)
        return now - heard.at > SETTLED_FOR or (early is not None and heard.at <= early)

    def _forget(self, now: datetime) -> None:
        """Some of what nobody will speak of any more; and where there is too much, of the oldest."""
        for _ in range(FORGOTTEN_AT_ONCE):
            too_many = len(self._waiting) + len(self._settled) > self.messages_max
            if _is_over(self._settled, SETTLED_FOR, now) or (too_many and self._settled):
                oldest = self._settled
            elif _is_over(self._waiting, WAITING_FOR, now) or too_many:
                oldest = self._waiting
            else:
                return
            name = next(iter(oldest))
            message, heard_at = oldest.pop(name)
            self._changed_messages.add(name)
            if too_many:
                known = self._forgotten.get(message.number, _LONG_AGO)
                self._forgotten[message.number] = max(known, heard_at)
                self._changed_forgotten.add(message.number)

    def _sweep(self, now: datetime) -> None:
        self._swept_at = now
        for number in [n for n, at in self._forgotten.items() if now - at > SETTLED_FOR]:
            del self._forgotten[number]
            self._changed_forgotten.add(number)
        for day in [d for d in self.days if now.date() - d.day > DAY_FOR and d not in self._unsaid]:
            del self.days[day]
            self._said_at.pop(day, None)
            self._changed_days.add(day)


def _is_over(messages: Mapping[str, Kept], patience: timedelta, now: datetime) -> bool:
    """Whether the one that was last heard of the longest ago is not waited for any more."""
    for _, heard_at in messages.values():
        return now - heard_at > patience
    return False


def _message(message: Message, heard_at: datetime) -> bytes:
    return KeptMessage(heard_at=heard_at, **asdict(message)).json_bytes()


def _day(day: Day, counts: Counts) -> bytes:
    kept = [[list(bucket), n] for bucket, n in sorted(counts.items(), key=str) if n]
    return json.dumps({"number": day.number, "day": day.day.isoformat(), "counts": kept}).encode()
