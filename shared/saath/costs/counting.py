"""One message's price: the first that was said, charged once it has arrived. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple

from saath.events import (
    Contact,
    Event,
    MessageDelivered,
    MessageEchoed,
    MessageFailed,
    MessagePlayed,
    MessagePriced,
    MessageRead,
    MessageSent,
    Pricing,
    StatusEvent,
)

Charge = Literal["free", "paid", "unknown"]
Fate = Literal["arrived", "failed"]
What = Literal["counted", "app", "waiting", "failed", "differs"]
MarketOf = Callable[[Contact], str | None]

FREE = frozenset({"free_customer_service", "free_entry_point", "free_group_customer_service"})
PAID = "regular"


def charge(kind: str | None) -> Charge:
    """
    Whether a message of this pricing ``type`` is charged.

    A type nobody has heard of, and none, as conversation-based bodies of before July 2025 have, is
    unknown: what Meta takes for it must not be called nothing.
    """
    if kind in FREE:
        return "free"
    return "paid" if kind == PAID else "unknown"


@dataclass(frozen=True, slots=True)
class Hearing:
    """What one event says of one message's price or fate."""

    number: str
    message_id: str
    at: datetime
    pricing: Pricing | None = None
    differs: bool = False
    fate: Fate | None = None
    from_app: bool = False
    market: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What is known of one message of the business. ``at`` is when its price was first said."""

    number: str
    at: datetime | None = None
    kind: str | None = None
    category: str | None = None
    market: str | None = None
    fate: Fate | None = None
    from_app: bool = False
    differs: bool = False


class Bucket(NamedTuple):
    """What is counted together. Of all but ``counted`` the rest is empty, or only ``market`` is not."""

    what: What
    kind: str | None = None
    category: str | None = None
    market: str | None = None


def heard_in_log(event: Event, market_of: MarketOf) -> Hearing | None:
    """
    What an event of the event log says.

    The router has said each price once (``message.priced``): those of statuses are the same again.
    """
    if event.number is None or event.origin != "live":
        return None
    if isinstance(event, MessagePriced):
        return Hearing(
            event.number, event.message_id, event.time, event.pricing, bool(event.differs)
        )
    return _heard(event, None, market_of)


def heard_on_wire(event: Event, market_of: MarketOf) -> Hearing | None:
    """
    What an event says as it came from Meta, unordered and repeated.

    A customer may read a message months later, when it is long forgotten here; so the price beside
    ``read`` is left alone. ``sent``, which comes always, and ``delivered`` have said it before.
    """
    match event:
        case MessageSent() | MessageDelivered() | MessageFailed():
            return _heard(event, event.pricing, market_of)
        case _:
            return _heard(event, None, market_of)


def _heard(event: Event, pricing: Pricing | None, market_of: MarketOf) -> Hearing | None:
    if event.number is None or event.origin != "live":
        return None
    match event:
        case MessageEchoed() if not event.standby:
            return Hearing(
                event.number, event.message_id, event.time, from_app=True,
                market=market_of(event.contact),
            )  # fmt: skip
        case StatusEvent():
            return Hearing(
                event.number, event.message_id, event.time, pricing, fate=_fate(event),
                market=market_of(event.contact),
            )  # fmt: skip
        case _:
            return None


def _fate(event: StatusEvent) -> Fate | None:
    match event:
        case MessageDelivered() | MessageRead() | MessagePlayed():
            return "arrived"
        case MessageFailed():
            return "failed"
        case _:
            return None


def evolve(message: Message | None, heard: Hearing) -> Message:
    """The message once that was heard. The first price stays; what has arrived has not failed."""
    message = message or Message(heard.number)
    fate = message.fate if message.fate == "arrived" else heard.fate or message.fate
    message = replace(
        message,
        fate=fate,
        market=message.market or heard.market,
        from_app=message.from_app or heard.from_app,
    )
    said = heard.pricing
    if said is None:
        # An app's message has no price; its own time is the one it is counted at.
        return replace(message, at=heard.at) if heard.from_app and not message.at else message
    if message.at is None or (message.kind is None and message.category is None):
        if heard.differs:
            return replace(message, differs=True)
        return replace(message, at=heard.at, kind=said.type or said.model, category=said.category)
    differs = heard.differs or (message.kind, message.category) != (
        said.type or said.model,
        said.category,
    )
    return replace(message, differs=message.differs or differs)


def buckets(message: Message) -> tuple[Bucket, ...]:
    """Where the message is counted; nowhere while no price is known of it, unless the app wrote it."""
    if message.at is None:
        return ()
    if message.kind is None and message.category is None:
        return (Bucket("app", market=message.market),) if message.from_app else ()
    differs = (Bucket("differs"),) if message.differs else ()
    if message.fate is None:
        return (Bucket("waiting"), *differs)
    if message.fate == "failed":
        return (Bucket("failed"), *differs)
    return (Bucket("counted", message.kind, message.category, message.market), *differs)
