"""A day's counts with money beside them, where rates say how much. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from saath.costs.counting import Bucket, Charge, charge
from saath.costs.days import Counts, Day
from saath.costs.rates import Rates

# What the API would have taken for what was written in the app: a message that is no template.
SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Item:
    """Messages that were counted alike. ``cost`` is an estimate; ``None`` is unknown, and not nothing."""

    day: Day
    charge: Charge
    kind: str | None
    category: str | None
    market: str | None
    messages: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Bill:
    """
    What was counted.

    ``saved`` is what the API would have taken for what people wrote in the app, by the rate of a service
    message; ``saved_for`` so many of the ``app_messages``, as far as the rates say.
    """

    items: tuple[Item, ...]
    app_messages: int = 0
    waiting: int = 0
    failed: int = 0
    differing: int = 0
    saved: Decimal = Decimal()
    saved_for: int = 0

    @property
    def cost(self) -> Decimal:
        """The sum of what is known."""
        return sum((item.cost for item in self.items if item.cost is not None), Decimal())

    @property
    def without_cost(self) -> int:
        """How many messages have a cost that nobody knows."""
        return sum(item.messages for item in self.items if item.cost is None)


def bill(days: Mapping[Day, Counts], rates: Rates | None) -> Bill:
    """Reckon *days* up, in their order."""
    items, totals = list[Item](), dict.fromkeys(("app", "waiting", "failed", "differs"), 0)
    saved, saved_for = Decimal(), 0
    for day in sorted(days):
        for bucket, count in sorted(days[day].items(), key=lambda item: _by(item[0])):
            if count <= 0:
                continue
            if bucket.what == "counted":
                items.append(_item(day, bucket, count, rates))
                continue
            totals[bucket.what] += count
            rate = rates.rate(SERVICE, bucket.market, day.day) if rates else None
            if bucket.what == "app" and rate:
                saved, saved_for = saved + count * rate.rate, saved_for + count
    return Bill(
        tuple(items), totals["app"], totals["waiting"], totals["failed"], totals["differs"],
        saved, saved_for,
    )  # fmt: skip


def without_markets(items: Sequence[Item]) -> list[Item]:
    """The same for a reader in a hurry: markets added up. A sum with something unknown in it is unknown."""
    found: dict[tuple[Day, Charge, str, str], Item] = {}
    for item in items:
        at = item.day, item.charge, item.kind or "", item.category or ""
        known = found.get(at)
        if known is None:
            found[at] = Item(
                item.day, item.charge, item.kind, item.category, None, item.messages, item.cost
            )
            continue
        costs = (known.cost, item.cost)
        cost = None if None in costs else sum((c for c in costs if c is not None), Decimal())
        messages = known.messages + item.messages
        found[at] = Item(item.day, item.charge, item.kind, item.category, None, messages, cost)
    return [*found.values()]


def _item(day: Day, bucket: Bucket, count: int, rates: Rates | None) -> Item:
    how = charge(bucket.kind)
    cost = Decimal() if how == "free" else None
    rate = rates.rate(bucket.category, bucket.market, day.day) if rates else None
    if how == "paid" and rate is not None:
        cost = count * rate.rate
    return Item(day, how, bucket.kind, bucket.category, bucket.market, count, cost)


def _by(bucket: Bucket) -> tuple[str, ...]:
    return tuple(part or "" for part in bucket)
