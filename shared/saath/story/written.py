"""The last messages of a conversation, how far they got and what Meta counts for them. Pure."""

from pydantic import AwareDatetime, Field

from saath.events import (
    Author,
    Content,
    Event,
    MessageAccepted,
    MessageEchoed,
    MessagePriced,
    MessageReceived,
    Model,
    Pricing,
    StatusEvent,
    short_name,
)

RECENT_MAX = 10
WRITTEN = (MessageReceived, MessageEchoed, MessageAccepted)
# A status never goes back, however late an earlier one is told.
_LADDER = ("accepted", "sent", "failed", "delivered", "read", "played")


class Written(Model):
    """One of the last messages: who wrote what kind of thing, and how far it got."""

    message_id: str
    author: Author
    type: str
    time: AwareDatetime
    status: str | None = None
    price: str | None = None
    text: str | None = Field(default=None, repr=False)


class Tally(Model):
    """By message: how far it got, and what Meta counts for it."""

    statuses: dict[str, str] = Field(default_factory=dict)
    priced: dict[str, str] = Field(default_factory=dict)

    def prices(self) -> dict[str, int]:
        """How many of our messages Meta counts as what."""
        said = list(self.priced.values())
        return {price: said.count(price) for price in sorted(set(said))}


def price(pricing: Pricing | None) -> str | None:
    """What Meta counts, in its own words: ``free_customer_service service``."""
    if pricing is None:
        return None
    return " ".join(word for word in (pricing.type, pricing.category) if word) or None


def counted(tally: Tally, event: Event) -> Tally:
    """The tally after one more event."""
    status: str | None
    match event:
        case StatusEvent():
            status = short_name(event.type).split(".")[1]
            said = price(event.pricing)
        case MessageAccepted():
            status, said = "accepted", None
        case MessagePriced():
            status, said = None, price(event.pricing)
        case _:
            return tally
    statuses, priced = tally.statuses, tally.priced
    known = statuses.get(event.message_id)
    if status and (known is None or _LADDER.index(status) > _LADDER.index(known)):
        statuses = {**statuses, event.message_id: status}
    if said:
        priced = {**priced, event.message_id: said}
    return Tally(statuses=statuses, priced=priced)


def with_event(messages: tuple[Written, ...], tally: Tally, event: Event) -> tuple[Written, ...]:
    """The last messages after one more event; *tally* is what was known before it."""
    after = counted(tally, event)
    match event:
        case MessageReceived():
            messages = _and(messages, event, event.message_id, "customer", event.content)
        case MessageEchoed():
            by: Author = "automatic" if event.automatic else "person"
            messages = _and(messages, event, event.message_id, by, event.content)
        case MessageAccepted():
            messages = _and(messages, event, event.message_id, event.by, event.content)
    about = getattr(event, "message_id", None)
    return tuple(
        message.model_copy(
            update={"status": after.statuses.get(about), "price": after.priced.get(about)}
        )
        if message.message_id == about
        else message
        for message in messages
    )


def _and(
    messages: tuple[Written, ...],
    event: Event,
    message_id: str,
    author: Author,
    content: Content | None,
) -> tuple[Written, ...]:
    message = Written(
        message_id=message_id,
        author=author,
        type=content.type if content else "unknown",
        time=event.time,
        text=content.text if content else None,
    )
    return (*messages, message)[-RECENT_MAX:]
