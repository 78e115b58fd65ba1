"""What Meta counts for a message: one fact, however many statuses say it. Pure."""

import hashlib

from saath.events import MessagePriced, Pricing, StatusEvent
from saath.identity import digest_id, event_id
from saath_router.conversation import STATUSES_MAX, Conversation
from saath_router.memory import MARK_BYTES, with_mark
from saath_router.ownership import Decision


def priced(event: StatusEvent, state: Conversation) -> Decision:
    """
    The price that *event* says, where it is the first of its message; or where it differs from it.

    A price comes with more than one status, and with any of them that is late.
    """
    if event.pricing is None:
        return ()
    said, known = price_mark(event.pricing), state.price(event.message_id)
    if known == said or state.price(other_price(event.message_id, said)) is not None:
        return ()
    name = event_id(event.message_id, "priced")
    fact = MessagePriced(
        id=name if known is None else digest_id(f"{name}:", said.hex()),
        time=event.time,
        number=state.number,
        conversation=state.id,
        causation=event.id,
        message_id=event.message_id,
        pricing=event.pricing,
        differs=None if known is None else True,
        window_id=event.window_id,
        window_expires_at=event.window_expires_at,
    )
    return (fact,)


def prices_with(state: Conversation, event: MessagePriced) -> bytes:
    """
    The prices that are known after *event*.

    One that differs is kept beside the first: both statuses may be delivered again, in any order.
    """
    mark = price_mark(event.pricing)
    of = other_price(event.message_id, mark) if event.differs else event.message_id
    return with_mark(state.prices, of, mark, STATUSES_MAX)


def other_price(message_id: str, mark: bytes) -> str:
    """What a price that differs from the first one of its message is remembered by."""
    return f"{message_id}|{mark.hex()}"


def price_mark(pricing: Pricing) -> bytes:
    """A price in 4 bytes. ``billable`` is left out: Meta is about to leave it out too."""
    said = "|".join((pricing.model or "", pricing.type or "", pricing.category or ""))
    return hashlib.blake2b(said.encode(), digest_size=MARK_BYTES).digest()
