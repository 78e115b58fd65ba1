"""Statuses: what the payload files do not show."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.ingest.bodies import CUSTOMER, NUMBER, body, change, events

from saath.events import (
    Contact,
    Event,
    MessageFailed,
    MessageSent,
    Pricing,
    Problem,
    StatusEvent,
    WebhookUnrecognised,
)


def status(name: Any = "sent", **more: Any) -> dict[str, Any]:
    item = {"id": "wamid.S", "status": name, "timestamp": "1750030073", "recipient_id": CUSTOMER}
    return item | more


def reported(item: Any, **value: Any) -> Event:
    [event] = events(body(change("messages", statuses=[item], **value)))
    return event


def test_a_status_carries_window_price_and_our_own_callback() -> None:
    item = status(
        biz_opaque_callback_data="s1|r|0||",
        conversation={"id": "W", "expiration_timestamp": "1750116480"},
        pricing={
            "billable": True,
            "pricing_model": "PMP",
            "type": "regular",
            "category": "marketing",
        },
    )

    assert reported(item) == MessageSent(
        id="wamid.S:sent",
        time=datetime(2025, 6, 15, 23, 27, 53, tzinfo=UTC),
        number=NUMBER,
        message_id="wamid.S",
        contact=Contact(phone=CUSTOMER),
        callback="s1|r|0||",
        pricing=Pricing(model="PMP", category="marketing", type="regular", billable=True),
        window_id="W",
        window_expires_at=datetime(2025, 6, 16, 23, 28, tzinfo=UTC),
    )


@pytest.mark.parametrize("name", ["sent", "delivered", "read", "played", "failed"])
def test_each_status_of_a_message_is_a_fact_of_its_own(name: str) -> None:
    assert reported(status(name)).id == f"wamid.S:{name}"


def test_a_failure_says_why() -> None:
    errors = [{"code": "131049", "title": "T", "error_data": {"details": "D"}}, "odd", {"code": []}]

    event = reported(status("failed", errors=errors))

    assert isinstance(event, MessageFailed)
    assert event.errors == (Problem(code=131049, title="T", details="D"), Problem())


@pytest.mark.parametrize("item", [status("teleported"), status(None), status(id=None), "odd"])
def test_a_status_that_cannot_be_told_is_kept_unrecognised(item: Any) -> None:
    assert isinstance(reported(item), WebhookUnrecognised)


@pytest.mark.parametrize(
    "odd",
    [
        {"pricing": "free"},
        {"pricing": {"billable": "yes", "category": 5}},
        {"conversation": []},
        {"conversation": {"expiration_timestamp": "soon"}},
        {"errors": {}},
        {"recipient_id": None},
        {"biz_opaque_callback_data": {}},
    ],
)
def test_odd_details_cost_only_themselves(odd: dict[str, Any]) -> None:
    assert isinstance(reported(status(**odd)), MessageSent)


@pytest.mark.parametrize("key", ["recipient_participant_id", "participant_recipient_id"])
def test_in_a_group_each_participant_has_a_status_that_does_not_name_them_in_clear(
    key: str,
) -> None:
    items = [
        status("read", recipient_id="GROUP", recipient_type="group", **{key: phone})
        for phone in ("16505551234", "16505551235")
    ]

    first, second = events(body(change("messages", statuses=items)))

    assert isinstance(first, StatusEvent)
    assert first.contact == Contact(phone="16505551234")
    assert first.id != second.id
    assert first.id.startswith("wamid.S:read:")
    assert "6505551234" not in first.id
