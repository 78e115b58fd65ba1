"""What Meta counts for a message: one fact, however many statuses say it. Pure."""

import hashlib

from saath.events import MessagePriced, Pricing, StatusEvent
from saath.identity import digest_id, event_id
from saath_router.conversation import Conversation
from saath_router.memory import MARK_BYTES
from saath_router.ownership import Decision


def priced(event: StatusEvent, state: Conversation) -> Decision:
    """
    The price that *event* says, where it is the first of its message; or where it differs from it.

    A price comes with more than one status, and with any of them that is late, or delivered again.
    """
    if event.pricing is None:
        return ()
    said, first = price_mark(event.pricing), state.price(event.message_id)
    name = event_id(event.message_id, "priced")
    if first is not None:
        name = digest_id(f"{name}:", said.hex())
    if first == said or state.has_seen(name):
        return ()
    fact = MessagePriced(
        id=name,
        time=event.time,
        number=state.number,
        conversation=state.id,
        causation=event.id,
        message_id=event.message_id,
        pricing=event.pricing,
        differs=None if first is None else True,
        window_id=event.window_id,
        window_expires_at=event.window_expires_at,
    )
    return (fact,)


def price_mark(pricing: Pricing) -> bytes:
    """A price in 4 bytes. ``billable`` is left out: Meta is about to leave it out too."""
    said = "|".join((pricing.model or "", pricing.type or "", pricing.category or ""))
    return hashlib.blake2b(said.encode(), digest_size=MARK_BYTES).digest()
