"""``smb_app_state_sync`` and the fields about accounts: what the payload files do not show."""

from typing import Any

import pytest
from tests.unit.ingest.bodies import (
    ACCOUNT,
    CUSTOMER,
    NUMBER,
    RECEIVED_AT,
    USER_ID,
    body,
    change,
    events,
)

from saath.events import AccountUpdated, Contact, ContactChanged, Event, WebhookUnrecognised


def entry(timestamp: Any = "1739321024", action: Any = "add", **contact: Any) -> dict[str, Any]:
    return {
        "type": "contact",
        "contact": {"phone_number": CUSTOMER} | contact,
        "action": action,
        "metadata": {"timestamp": timestamp},
    }


def synced(*items: Any) -> list[Event]:
    return events(body(change("smb_app_state_sync", state_sync=list(items))))


def updated(field: str, value: dict[str, Any], **entry_: Any) -> Event:
    [event] = events(body({"field": field, "value": value}, **entry_))
    return event


def test_the_address_books_name_is_the_contacts_name() -> None:
    [event] = synced(
        entry(full_name="Pablo Morales", first_name="Pablo", username="pm", user_id=USER_ID)
    )

    assert isinstance(event, ContactChanged)
    assert (event.contact, event.first_name) == (
        Contact(phone=CUSTOMER, user_id=USER_ID, name="Pablo Morales", username="pm"),
        "Pablo",
    )


def test_two_edits_in_one_second_are_two_facts_and_the_same_one_twice_is_one() -> None:
    first, again, second = synced(entry(full_name="A"), entry(full_name="A"), entry(full_name="B"))

    assert (first.id == again.id, first.id == second.id) == (True, False)


def test_a_removal_is_known_from_the_addition_before_it() -> None:
    added, removed = synced(entry(), entry(action="remove"))

    assert added.id != removed.id


@pytest.mark.parametrize(
    "item",
    [
        entry(phone_number=None),
        entry(action=None),
        entry() | {"type": "quick_reply"},
        entry() | {"contact": []},
    ],
)
def test_an_entry_that_names_nobody_or_no_action_is_kept_unrecognised(item: Any) -> None:
    [event] = synced(item)

    assert isinstance(event, WebhookUnrecognised)


def test_an_entry_without_a_time_changed_when_we_received_it() -> None:
    [event] = synced(entry(timestamp=None))

    assert (event.time, event.number) == (RECEIVED_AT, NUMBER)


@pytest.mark.parametrize(
    ("value", "account"),
    [
        ({"waba_info": {"waba_id": "980198427658004"}}, "980198427658004"),
        ({"waba_info": {"waba_id": 980198427658004}}, "980198427658004"),
        ({"waba_info": {"waba_id": "no id"}}, ACCOUNT),
        ({"waba_info": []}, ACCOUNT),
        ({}, ACCOUNT),
    ],
)
def test_an_update_is_about_the_account_that_stands_inside(
    value: dict[str, Any], account: str
) -> None:
    event = updated("account_update", value)

    assert isinstance(event, AccountUpdated)
    assert (event.account, event.details) == (account, value)


def test_the_same_event_at_another_time_is_another_fact() -> None:
    value = {"event": "ACCOUNT_OFFBOARDED"}

    first, again, later = (updated("account_update", value, time=time) for time in (1, 1, 2))

    assert (first.id == again.id, first.id == later.id) == (True, False)


def test_an_update_of_an_unknown_account_is_not_lost() -> None:
    event = updated("account_update", {"event": 5}, account=None)

    assert isinstance(event, AccountUpdated)
    assert (event.account, event.event, event.time) == ("unknown", "5", RECEIVED_AT)
