"""A body taken apart: every entry, change and item, and what none of them can be."""

from typing import Any

import pytest
from tests.unit.ingest.bodies import (
    ACCOUNT,
    NUMBER,
    RECEIVED_AT,
    body,
    change,
    events,
    places,
    text,
)

from saath.events import WebhookUnrecognised
from saath_ingest.envelope import ITEMS_MAX, read


def only(data: Any) -> WebhookUnrecognised:
    [event] = events(data)
    assert isinstance(event, WebhookUnrecognised)
    return event


def test_every_item_of_every_change_of_every_entry_becomes_an_event_in_order() -> None:
    data = {
        "entry": [
            *body(change("messages", messages=[text("wamid.A"), text("wamid.B")]))["entry"],
            *body(
                change("messages", statuses=[{"id": "wamid.C", "status": "read"}]),
                change("messages", messages=[text("wamid.D")]),
            )["entry"],
        ],
        "object": "whatsapp_business_account",
    }

    assert [event.id for event in events(data)] == [
        "wamid.A:received",
        "wamid.B:received",
        "wamid.C:read",
        "wamid.D:received",
    ]


def test_a_redelivered_body_gives_identical_events() -> None:
    data = body(change("messages", messages=[text()]), change("nonsense"), "odd", time=1739212624)

    assert events(data) == events(data)


def test_an_item_that_cannot_be_read_costs_none_of_its_neighbours() -> None:
    items = [text("wamid.A"), "odd", text(None), {"from": 1.5}, text("wamid.B")]

    assert places(body(change("messages", messages=items))) == [
        ("inbound.v1", "message.received.v1"),
        ("accounts.v1", "webhook.unrecognised.v1"),
        ("accounts.v1", "webhook.unrecognised.v1"),
        ("accounts.v1", "webhook.unrecognised.v1"),
        ("inbound.v1", "message.received.v1"),
    ]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "not a webhook"),
        (7, "not a webhook"),
        ([], "not a webhook"),
        ({}, "not a webhook"),
        ({"object": "whatsapp_business_account"}, "not a webhook"),
        ({"object": "whatsapp_business_account", "entry": {}}, "not a webhook"),
        ({"object": "page", "entry": [{"changes": []}]}, "not a WhatsApp webhook"),
        ({"entry": [None]}, "an entry without changes"),
        ({"entry": [{"id": "1"}]}, "an entry without changes"),
        ({"entry": [{"changes": ["odd"]}]}, "a change without field and value"),
        ({"entry": [{"changes": [{"field": "messages"}]}]}, "a change without field and value"),
        ({"entry": [{"changes": [{"field": 1, "value": {}}]}]}, "a change without field and value"),
    ],
)
def test_what_is_no_webhook_is_kept_unrecognised_under_an_unknown_account(
    data: Any, reason: str
) -> None:
    event = only(data)

    assert (event.account, event.number, event.reason) == ("unknown", None, reason)


def test_an_envelope_with_nothing_in_it_says_nothing() -> None:
    assert read({"object": "whatsapp_business_account", "entry": []}, RECEIVED_AT) == ()


def test_an_unknown_field_is_kept_whole_with_the_number_it_is_about() -> None:
    event = only(body(change("teleportation", beams=[1])))

    assert (event.number, event.account, event.field, event.reason) == (
        NUMBER,
        ACCOUNT,
        "teleportation",
        "no reader for this field",
    )
    assert event.details["beams"] == [1]


def test_only_known_fields_are_labels() -> None:
    readings = read(
        body(change("messages", messages=[text()]), change("x" * 5000), "odd"), RECEIVED_AT
    )

    assert [reading.field for reading in readings] == ["messages", "other", "other"]


@pytest.mark.parametrize("number", [None, "", "abc", True, 1.5, [], "1" * 33, "12\n"])
def test_a_message_to_no_number_of_ours_is_kept_unrecognised(number: Any) -> None:
    part = change("messages", messages=[text()], metadata={"phone_number_id": number})

    assert only(body(part)).reason == "no phone_number_id"


def test_a_number_id_that_is_not_text_is_read_all_the_same() -> None:
    part = change("messages", messages=[text()], metadata={"phone_number_id": int(NUMBER)})

    assert [event.number for event in events(body(part))] == [NUMBER]


def test_what_stands_beside_the_messages_is_kept_too() -> None:
    part = change("messages", messages=[text()], poems=["Tyger"], sonnets=[])

    received, rest = events(body(part))

    assert received.id == "wamid.A:received"
    assert isinstance(rest, WebhookUnrecognised)
    assert (rest.reason, rest.details) == (
        "no reader for part of this change",
        {"poems": ["Tyger"]},
    )


def test_a_change_that_says_nothing_is_kept_unrecognised() -> None:
    assert only(body(change("messages", contacts=[]))).reason == "nothing in it to read"


@pytest.mark.parametrize("where", ["entries", "changes", "messages", "deeper"])
def test_a_body_of_more_items_than_memory_has_room_for_is_kept_in_one_piece(where: str) -> None:
    many: list[Any] = [{}] * (ITEMS_MAX + 1)
    data: Any = {
        "entries": {"object": "whatsapp_business_account", "entry": many},
        "changes": body(*many),
        "messages": body(change("messages", messages=many)),
        "deeper": body(change("history", history=[{"threads": [{"messages": many}]}])),
    }[where]

    kept = only(data)

    assert (kept.reason, kept.details) == (f"more than {ITEMS_MAX} items", data)


def test_a_body_of_as_many_items_as_there_is_room_for_is_read() -> None:
    frame = 2  # the entry and the change
    data = body(change("messages", messages=[text()] * (ITEMS_MAX - frame)))

    assert len(events(data)) == ITEMS_MAX - frame
