"""The witness: every POST to /messages, when it arrived and what became of it."""

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from saath_sandbox.clock import Moment
from saath_sandbox.limits import SlidingWindow
from saath_sandbox.views import Arrival, Report

ACCEPTED = "accepted"


@dataclass(slots=True)
class Record:
    """One arrival. Its status moves on; nothing else does."""

    seq: int
    arrived: Moment
    number: str
    body: bytes
    outcome: str
    to: str | None = None
    type: str = "?"
    text: str | None = None
    wamid: str | None = None
    callback: str | None = None
    status: str | None = None
    pricing: dict[str, Any] | None = None

    def view(self, with_request: bool = False) -> Arrival:
        """As the control API shows it."""
        return Arrival(
            seq=self.seq,
            arrival_monotonic=self.arrived.monotonic,
            arrival_unix=self.arrived.unix,
            number=self.number,
            to=self.to,
            type=self.type,
            text=self.text,
            wamid=self.wamid,
            callback=self.callback,
            outcome=self.outcome,
            status=self.status,
            pricing=self.pricing,
            request=self.body.decode(errors="replace") if with_request else None,
        )


@dataclass(slots=True)
class Tally:
    """One number's running sums. Never forgotten, unlike the records."""

    accepted: int = 0
    read_marks: int = 0
    inbound: int = 0
    echoes_by_people: int = 0
    echoes_by_app: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    prices: Counter[str] = field(default_factory=Counter)
    callbacks: Counter[str] = field(default_factory=Counter)
    window: SlidingWindow = field(default_factory=SlidingWindow)
    first: float | None = None
    last: float | None = None


class Arrivals:
    """Keeps the last so many records, and every number's sums."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._changed = asyncio.Event()
        self.forget()

    def forget(self) -> None:
        """Forget every record and every sum."""
        self._records: deque[Record] = deque()
        self._tallies: dict[str, Tally] = {}
        self._next_seq = 1

    def tally(self, number: str) -> Tally:
        """The sums of a number."""
        return self._tallies.setdefault(number, Tally())

    def next_seq(self) -> int:
        """The number the next record will have."""
        return self._next_seq

    def add(self, record: Record, *, counts: bool) -> None:
        """Write down an arrival; *counts* says whether it is one for the sliding second."""
        record.seq = self._next_seq
        self._next_seq += 1
        self._records.append(record)
        tally = self.tally(record.number)
        if counts:
            at = record.arrived.monotonic
            tally.window.add(at)
            tally.first = at if tally.first is None else min(tally.first, at)
            tally.last = at if tally.last is None else max(tally.last, at)
        if record.outcome != ACCEPTED:
            tally.refused[record.outcome] += 1
        elif record.type == "read":
            tally.read_marks += 1
        else:
            tally.accepted += 1
            if record.callback:
                tally.callbacks[record.callback] += 1
        self._forget_oldest()
        self.changed()

    def priced(self, record: Record, pricing: dict[str, Any]) -> None:
        """Note the price of a message, once."""
        if record.pricing is None:
            record.pricing = pricing
            kind = pricing.get("type", pricing["pricing_model"])
            self.tally(record.number).prices[f"{kind} {pricing['category']}"] += 1

    def changed(self) -> None:
        """Wake whoever waits for something to change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_for_change(self, timeout_seconds: float) -> None:
        """Return at the next change, or when the time is over."""
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_seconds)
        except TimeoutError:
            return

    def records(self, number: str | None, since: int, to: str | None = None) -> Iterator[Record]:
        """The records after *since*, oldest first. Do not await while iterating."""
        newest_first = itertools.takewhile(lambda r: r.seq > since, reversed(self._records))
        for record in reversed(list(newest_first)):
            if number in (None, record.number) and to in (None, record.to):
                yield record

    def report(self, number: str) -> Report:
        """One number's account."""
        tally = self.tally(number)
        paid = sum(n for price, n in tally.prices.items() if not price.startswith("free"))
        return Report(
            number=number,
            accepted=tally.accepted,
            refused_by_code=dict(tally.refused),
            read_marks=tally.read_marks,
            max_in_any_sliding_second=tally.window.peak,
            duplicates={callback: n for callback, n in tally.callbacks.items() if n > 1},
            first_arrival_monotonic=tally.first,
            last_arrival_monotonic=tally.last,
            prices=dict(tally.prices),
            free=sum(tally.prices.values()) - paid,
            paid=paid,
            inbound=tally.inbound,
            echoes_by_people=tally.echoes_by_people,
            echoes_by_app=tally.echoes_by_app,
        )

    def _forget_oldest(self) -> None:
        while len(self._records) > self._kept:
            old = self._records.popleft()
            if old.outcome == ACCEPTED and old.callback:
                callbacks = self.tally(old.number).callbacks
                callbacks[old.callback] -= 1
                if not callbacks[old.callback]:
                    del callbacks[old.callback]
