"""What Meta says of messages, shortly."""

from datetime import UTC, datetime, timedelta
from typing import Any

from saath.events import (
    Contact,
    Content,
    Event,
    MessageDelivered,
    MessageEchoed,
    MessageFailed,
    MessagePriced,
    MessageRead,
    MessageSent,
    Pricing,
    StatusEvent,
)
from saath.identity import event_id

NUMBER = "100000000000001"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
CUSTOMER = Contact(phone="4915100000001", user_id="DE.1")
MARKETING = Pricing(model="PMP", type="regular", category="marketing")
SERVICE = Pricing(model="PMP", type="free_customer_service", category="service")
STATUSES: dict[str, type[StatusEvent]] = {
    "sent": MessageSent, "delivered": MessageDelivered, "read": MessageRead, "failed": MessageFailed,
}  # fmt: skip


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def status(
    what: str,
    minutes: float = 0,
    pricing: Pricing | None = None,
    name: str = "wamid.A",
    **more: Any,
) -> StatusEvent:
    facts = {
        "id": event_id(name, what), "time": at(minutes), "number": NUMBER, "conversation": "c_1",
        "message_id": name, "contact": CUSTOMER, "pricing": pricing,
    }  # fmt: skip
    return STATUSES[what].model_validate(facts | more)


def priced(
    minutes: float = 0, pricing: Pricing = MARKETING, name: str = "wamid.A", **more: Any
) -> MessagePriced:
    facts = {
        "id": event_id(name, "priced"), "time": at(minutes), "number": NUMBER,
        "conversation": "c_1", "message_id": name, "pricing": pricing,
    }  # fmt: skip
    return MessagePriced.model_validate(facts | more)


def echoed(minutes: float = 0, name: str = "wamid.E", **more: Any) -> Event:
    facts = {
        "id": event_id(name, "echoed"), "time": at(minutes), "number": NUMBER, "conversation": "c_1",
        "message_id": name, "contact": CUSTOMER, "content": Content.of_text("hello"),
    }  # fmt: skip
    return MessageEchoed.model_validate(facts | more)
