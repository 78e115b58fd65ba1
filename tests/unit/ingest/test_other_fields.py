"""Calls, preferences, new user ids, clicks, groups, errors of a number: what the payloads do not show."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.ingest.bodies import (
    CUSTOMER,
    DISPLAY_PHONE,
    NUMBER,
    RECEIVED_AT,
    USER_ID,
    body,
    change,
    events,
    places,
    text,
)

from saath.events import (
    CallReported,
    Contact,
    ContactIdentityChanged,
    ContactPreferenceChanged,
    Event,
    MessageLinkClicked,
    NumberErrorReported,
    Problem,
    WebhookUnrecognised,
)

TIME = datetime(2025, 6, 8, 20, 59, 43, tzinfo=UTC)
STAMP = "1749416383"
UNRECOGNISED = ("accounts.v1", "webhook.unrecognised.v1")
CLICK = {"action_type": "marketing_messages_link_click", "timestamp": STAMP}


def one(field: str, **value: Any) -> Event:
    [event] = events(body(change(field, **value)))
    return event


def call(**more: Any) -> dict[str, Any]:
    about = {"id": "wacid.A", "event": "connect", "timestamp": STAMP, "from": CUSTOMER}
    return about | {"to": DISPLAY_PHONE, "direction": "USER_INITIATED"} | more


def preference(**more: Any) -> dict[str, Any]:
    said = {"category": "marketing_messages", "value": "stop", "timestamp": int(STAMP)}
    return {"wa_id": CUSTOMER} | said | more


@pytest.mark.parametrize(
    "sides",
    [
        {},
        {"direction": None},
        {"from": DISPLAY_PHONE, "to": CUSTOMER, "direction": "BUSINESS_INITIATED"},
        {"from": DISPLAY_PHONE, "to": CUSTOMER, "direction": None},
    ],
)
def test_a_call_is_with_the_customer_whoever_began_it(sides: dict[str, Any]) -> None:
    event = one("calls", calls=[call(**sides)])

    assert event == CallReported(
        id="wacid.A:connect",
        time=TIME,
        number=NUMBER,
        call_id="wacid.A",
        event="connect",
        direction=sides.get("direction", "USER_INITIATED"),
        contact=Contact(phone=CUSTOMER),
    )


def test_the_direction_says_who_the_customer_is_where_our_number_is_written_differently() -> None:
    sides = {"from": "15550009999", "to": CUSTOMER, "direction": "BUSINESS_INITIATED"}

    event = one("calls", calls=[call(**sides)])

    assert isinstance(event, CallReported)
    assert (event.contact, event.details) == (Contact(phone=CUSTOMER), {"from": "15550009999"})


def test_each_step_of_a_call_is_an_event_of_its_own() -> None:
    steps = [call(), call(event="terminate"), call(event=None)]

    found = events(body(change("calls", calls=steps)))

    assert [e.id for e in found] == ["wacid.A:connect", "wacid.A:terminate", "wacid.A:reported"]


def test_an_opt_out_is_about_the_customer_and_at_their_time() -> None:
    contacts = [{"wa_id": CUSTOMER, "user_id": USER_ID}]

    event = one("user_preferences", user_preferences=[preference(detail="No")], contacts=contacts)

    assert isinstance(event, ContactPreferenceChanged)
    assert event == ContactPreferenceChanged(
        id=event.id,
        time=TIME,
        number=NUMBER,
        contact=Contact(phone=CUSTOMER, user_id=USER_ID),
        category="marketing_messages",
        value="stop",
        detail="No",
    )


def test_the_same_choice_delivered_twice_has_one_id_and_a_later_one_another() -> None:
    first, again, later = (
        one("user_preferences", user_preferences=[preference(timestamp=at)]).id for at in (1, 1, 2)
    )

    assert (first == again, first == later) == (True, False)


def test_a_value_that_nobody_has_heard_of_is_a_choice_too() -> None:
    event = one("user_preferences", user_preferences=[preference(value="pause")])

    assert isinstance(event, ContactPreferenceChanged)
    assert event.value == "pause"


def test_a_new_user_id_is_the_customers_and_the_old_one_is_named() -> None:
    ids = {"previous": USER_ID, "current": "US.2"}

    event = one("user_id_update", user_id_update=[{"wa_id": CUSTOMER, "user_id": ids}])

    assert event == ContactIdentityChanged(
        id=event.id,
        time=RECEIVED_AT,
        number=NUMBER,
        contact=Contact(phone=CUSTOMER, user_id="US.2"),
        previous_user_id=USER_ID,
    )


@pytest.mark.parametrize(
    ("contacts", "who"),
    [
        ([], None),
        ([{"wa_id": CUSTOMER}], Contact(phone=CUSTOMER)),
        ([{"wa_id": CUSTOMER}, {"wa_id": "490000000000"}], None),
        ([{"profile": {"name": "Nobody"}}], None),
    ],
)
def test_a_click_is_of_the_one_customer_who_is_named_or_of_nobody_known(
    contacts: list[Any], who: Contact | None
) -> None:
    event, *_ = events(body(change("messages", user_actions=[CLICK], contacts=contacts)))

    assert event == MessageLinkClicked(
        id=event.id, time=TIME, number=NUMBER, contact=who, details=CLICK
    )


def test_errors_that_belong_to_no_message_are_the_numbers_and_cost_no_message() -> None:
    errors = [{"code": 130429, "title": "Rate limit hit", "href": "/codes", "trace": "x"}]

    message, event = events(body(change("messages", messages=[text()], errors=errors)))

    assert message.id == "wamid.A:received"
    assert event == NumberErrorReported(
        id=event.id,
        time=RECEIVED_AT,
        number=NUMBER,
        errors=(Problem(code=130429, title="Rate limit hit", href="/codes"),),
        details={"errors": [{"trace": "x"}]},
    )


@pytest.mark.parametrize(
    ("field", "value", "place"),
    [
        ("calls", {"calls": [call()]}, ("inbound.v1", "call.reported.v1")),
        (
            "user_preferences",
            {"user_preferences": [preference()]},
            ("inbound.v1", "contact.preference_changed.v1"),
        ),
        (
            "user_id_update",
            {"user_id_update": [{"user_id": {"current": "US.2"}}]},
            ("inbound.v1", "contact.identity_changed.v1"),
        ),
        ("messages", {"user_actions": [CLICK]}, ("inbound.v1", "message.link_clicked.v1")),
        ("messages", {"errors": {"code": 1}}, ("accounts.v1", "number.error_reported.v1")),
        *(
            (field, {"groups": [{"group_id": "G"}]}, ("accounts.v1", "group.changed.v1"))
            for field in (
                "group_lifecycle_update",
                "group_participants_update",
                "group_settings_update",
                "group_status_update",
            )
        ),
    ],
)
def test_what_concerns_a_customer_goes_to_the_router_and_the_rest_to_accounts(
    field: str, value: dict[str, Any], place: tuple[str, str]
) -> None:
    assert places(body(change(field, **value))) == [place]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("calls", {"calls": [call(id=None)]}, "a call without an id"),
        ("calls", {"calls": [call(**{"from": None})]}, "a call with nobody"),
        ("calls", {"statuses": [{}]}, "no reader for part of this change"),
        ("calls", {}, "nothing in it to read"),
        (
            "user_preferences",
            {"user_preferences": [preference(wa_id=None)]},
            "a preference of nobody",
        ),
        (
            "user_preferences",
            {"user_preferences": [preference(value=None)]},
            "a preference without category or value",
        ),
        (
            "user_id_update",
            {"user_id_update": [{"wa_id": CUSTOMER, "user_id": USER_ID}]},
            "no new user id",
        ),
        (
            "messages",
            {"user_actions": [CLICK | {"action_type": "wink"}]},
            "an unknown user action",
        ),
        ("messages", {"errors": ["odd"]}, "errors that cannot be read"),
        ("group_status_update", {"groups": ["odd"]}, "not an object"),
    ],
)
def test_what_cannot_be_told_is_kept_unrecognised_with_the_reason(
    field: str, value: dict[str, Any], reason: str
) -> None:
    part = change(field, **value)

    [event] = events(body(part))

    assert isinstance(event, WebhookUnrecognised)
    assert (places(body(part)), event.reason) == ([UNRECOGNISED], reason)


def test_a_field_of_a_number_that_names_none_is_kept_unrecognised() -> None:
    fields = ("calls", "user_preferences", "user_id_update", "group_status_update")
    parts = [change(field, metadata=None) for field in fields]

    assert places(body(*parts)) == [UNRECOGNISED] * 4
