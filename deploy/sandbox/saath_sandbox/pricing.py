"""What Meta says a message costs, in `statuses[].pricing`. Pure: the rules by date."""

from datetime import date
from typing import Any

PER_MESSAGE_FROM = date(2025, 7, 1)
SERVICE_BILLED_FROM = date(2026, 10, 1)
FREE_SERVICE_MESSAGES_A_MONTH = 1_000

CATEGORIES = ("marketing", "utility", "authentication")


def category_of(template: str, known: dict[str, str]) -> str:
    """
    The category of a template: as registered, else as its name begins, else utility.

    Meta looks it up among the approved templates; a stand-in takes the name's word.
    """
    if template in known:
        return known[template]
    return next((name for name in CATEGORIES if template.startswith(name)), "utility")


def price(
    day: date,
    category: str | None,
    *,
    window_open: bool,
    free_entry_point: bool,
    service_messages_before: int,
) -> dict[str, Any]:
    """
    The pricing object of a message sent on *day*; *category* is None when it is no template.

    Until June 2025 a conversation was charged (CBP). Since then each template is
    (PMP), and replies were free until October 2026, when the first thousand
    service messages of a number's month stayed free and utility templates did not.
    """
    if day < PER_MESSAGE_FROM:
        return {"billable": True, "pricing_model": "CBP", "category": category or "service"}
    if free_entry_point:
        return _per_message("free_entry_point", "referral_conversion")
    if category is None:
        free = day < SERVICE_BILLED_FROM or service_messages_before < FREE_SERVICE_MESSAGES_A_MONTH
        return _per_message("free_customer_service" if free else "regular", "service")
    if category == "utility" and window_open and day < SERVICE_BILLED_FROM:
        return _per_message("free_customer_service", "utility")
    return _per_message("regular", category)


def _per_message(kind: str, category: str) -> dict[str, Any]:
    return {
        "billable": kind == "regular",
        "pricing_model": "PMP",
        "type": kind,
        "category": category,
    }
