"""The price of a message by its date, section 7 of the domain facts."""

from datetime import date
from typing import Any

import pytest

from saath_sandbox.pricing import category_of, price

CONVERSATIONS, MESSAGES, BILLED = date(2025, 6, 30), date(2025, 7, 1), date(2026, 10, 1)


def told(day: date, category: str | None, **facts: Any) -> str:
    """The price in a word or two."""
    usual = {"window_open": True, "free_entry_point": False, "service_messages_before": 0}
    pricing = price(day, category, **{**usual, **facts})
    return " ".join(
        str(pricing[key]) for key in ("pricing_model", "type", "category") if key in pricing
    )


@pytest.mark.parametrize(
    ("day", "category", "facts", "expected"),
    [
        (CONVERSATIONS, None, {}, "CBP service"),
        (CONVERSATIONS, "marketing", {}, "CBP marketing"),
        (MESSAGES, None, {}, "PMP free_customer_service service"),
        (MESSAGES, None, {"service_messages_before": 5_000}, "PMP free_customer_service service"),
        (MESSAGES, "utility", {}, "PMP free_customer_service utility"),
        (MESSAGES, "utility", {"window_open": False}, "PMP regular utility"),
        (MESSAGES, "marketing", {}, "PMP regular marketing"),
        (BILLED, "utility", {}, "PMP regular utility"),
        (BILLED, None, {"service_messages_before": 999}, "PMP free_customer_service service"),
        (BILLED, None, {"service_messages_before": 1_000}, "PMP regular service"),
        (
            BILLED,
            "marketing",
            {"free_entry_point": True},
            "PMP free_entry_point referral_conversion",
        ),
    ],
)
def test_a_message_costs_what_the_rules_of_its_day_say(
    day: date, category: str | None, facts: dict[str, Any], expected: str
) -> None:
    assert told(day, category, **facts) == expected


def test_only_regular_messages_are_billable() -> None:
    paid = price(
        BILLED,
        "marketing",
        window_open=True,
        free_entry_point=False,
        service_messages_before=0,
    )

    assert paid == {
        "billable": True,
        "pricing_model": "PMP",
        "type": "regular",
        "category": "marketing",
    }


@pytest.mark.parametrize(
    ("template", "category"),
    [("autumn_sale", "marketing"), ("marketing_june", "marketing"), ("order_ready", "utility")],
)
def test_a_template_has_its_registered_category_or_what_its_name_suggests(
    template: str, category: str
) -> None:
    assert category_of(template, {"autumn_sale": "marketing"}) == category
