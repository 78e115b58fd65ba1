"""Webhook bodies, made small enough to read in a test."""

from datetime import UTC, datetime
from typing import Any

from saath.events import Event
from saath_ingest.envelope import read

NUMBER = "106540352242922"
ACCOUNT = "102290129340398"
DISPLAY_PHONE = "15550783881"
CUSTOMER = "16505551234"
USER_ID = "US.13491208655302741918"
RECEIVED_AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
METADATA = {"display_phone_number": DISPLAY_PHONE, "phone_number_id": NUMBER}


def body(*changes: Any, account: Any = ACCOUNT, **entry: Any) -> dict[str, Any]:
    """One entry with these changes."""
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": account, "changes": list(changes), **entry}],
    }


def change(field: str, **value: Any) -> dict[str, Any]:
    """One change of a field about a number."""
    return {
        "field": field,
        "value": {"messaging_product": "whatsapp", "metadata": METADATA, **value},
    }


def text(message_id: Any = "wamid.A", **more: Any) -> dict[str, Any]:
    """A text message by the customer."""
    return {
        "from": CUSTOMER,
        "id": message_id,
        "timestamp": "1749416383",
        "type": "text",
        "text": {"body": "Hello"},
        **more,
    }


def events(data: Any) -> list[Event]:
    """What a body says, in order."""
    return [placed.event for reading in read(data, RECEIVED_AT) for placed in reading.events]


def places(data: Any) -> list[tuple[str, str]]:
    """Where what a body says goes: topic and type, in short."""
    return [
        (placed.topic.name, placed.event.type.removeprefix("io.saath."))
        for reading in read(data, RECEIVED_AT)
        for placed in reading.events
    ]
