"""``messages`` and ``smb_message_echoes``: what the payload files do not show."""

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
    text,
)

from saath.events import (
    Contact,
    Content,
    Event,
    MessageEchoed,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    MessageUnavailable,
    WebhookUnrecognised,
)

TIME = datetime(2025, 6, 8, 20, 59, 43, tzinfo=UTC)


def wordless(made: Any = text, **more: Any) -> dict[str, Any]:
    """A message, or an echo, of a type that has no words of its own."""
    return {key: value for key, value in made(**more).items() if key != "text"}


def received(item: Any, **value: Any) -> Event:
    event, *_ = events(body(change("messages", messages=[item], **value)))
    return event


def echoed(item: Any, **value: Any) -> Event:
    [event] = events(body(change("smb_message_echoes", message_echoes=[item], **value)))
    return event


def echo(**more: Any) -> dict[str, Any]:
    return text(**{"from": DISPLAY_PHONE, "to": CUSTOMER} | more)


def test_a_message_keeps_metas_shape_without_its_envelope() -> None:
    item = text(from_user_id=USER_ID, context={"id": "wamid.Q"}, group_id="G", unheard_of={"x": 1})

    assert received(item) == MessageReceived(
        id="wamid.A:received",
        time=TIME,
        number=NUMBER,
        message_id="wamid.A",
        contact=Contact(phone=CUSTOMER, user_id=USER_ID),
        content=Content.model_validate(
            {
                "type": "text",
                "text": {"body": "Hello"},
                "context": {"id": "wamid.Q"},
                "group_id": "G",
                "unheard_of": {"x": 1},
            }
        ),
    )


@pytest.mark.parametrize(
    ("timestamp", "time"),
    [
        ("1749416383", TIME),
        (1749416383, TIME),
        (None, RECEIVED_AT),
        ("", RECEIVED_AT),
        ("yesterday", RECEIVED_AT),
        ("-5", RECEIVED_AT),
        (0, RECEIVED_AT),
        (True, RECEIVED_AT),
        (1749416383.5, RECEIVED_AT),
        (1749416383000, RECEIVED_AT),
        ("9" * 400, RECEIVED_AT),
        ("²", RECEIVED_AT),
        ([], RECEIVED_AT),
    ],
)
def test_a_time_that_cannot_be_meant_is_when_we_received_it(timestamp: Any, time: datetime) -> None:
    assert received(text(timestamp=timestamp)).time == time


@pytest.mark.parametrize(
    ("item", "contact"),
    [
        ({"from": CUSTOMER}, Contact(phone=CUSTOMER)),
        ({"from": "+1 650-555-1234"}, Contact(phone=CUSTOMER)),
        ({"from": int(CUSTOMER)}, Contact(phone=CUSTOMER)),
        ({"from": USER_ID}, Contact(user_id=USER_ID)),
        ({"from": None, "from_user_id": USER_ID}, Contact(user_id=USER_ID)),
        ({"from": "a shape yet to come"}, Contact(user_id="a shape yet to come")),
        (
            {"from": CUSTOMER, "from_user_id": USER_ID, "from_parent_user_id": "US.ENT.1"},
            Contact(phone=CUSTOMER, user_id=USER_ID, parent_user_id="US.ENT.1"),
        ),
    ],
)
def test_the_customer_is_known_by_phone_or_user_id(item: dict[str, Any], contact: Contact) -> None:
    event = received(text(**item))

    assert isinstance(event, MessageReceived)
    assert event.contact == contact


def test_the_contacts_of_a_body_complete_the_customer_they_are_about() -> None:
    other = {"wa_id": "490000000000", "user_id": "DE.1", "profile": {"name": "Somebody else"}}
    known = {"wa_id": CUSTOMER, "user_id": USER_ID, "profile": {"name": "Sheena", "username": "sh"}}

    by_phone = received(text(), contacts=[other, known])
    by_user_id = received(text(**{"from": None, "from_user_id": USER_ID}), contacts=[other, known])

    expected = Contact(phone=CUSTOMER, user_id=USER_ID, name="Sheena", username="sh")
    assert isinstance(by_phone, MessageReceived)
    assert isinstance(by_user_id, MessageReceived)
    assert (by_phone.contact, by_user_id.contact) == (expected, expected)


@pytest.mark.parametrize("contacts", [None, {}, "x", [None], [{"wa_id": []}], [{"profile": 1}]])
def test_odd_contacts_do_no_harm(contacts: Any) -> None:
    assert isinstance(received(text(), contacts=contacts), MessageReceived)


def test_what_nobody_here_says_of_the_contacts_is_kept_unrecognised() -> None:
    stranger = {"wa_id": "490000000000", "profile": {"name": "Somebody else"}}
    known = {"wa_id": CUSTOMER, "profile": {"name": "Sheena", "mood": "cheerful"}}
    part = change("messages", messages=[text()], contacts=[stranger, known, "odd"])

    message, rest = events(body(part))

    assert isinstance(message, MessageReceived)
    assert isinstance(rest, WebhookUnrecognised)
    assert (rest.reason, rest.details) == (
        "no reader for part of this change",
        {"contacts": [stranger, {"profile": {"mood": "cheerful"}}, "odd"]},
    )


def test_the_key_by_which_an_identity_is_checked_is_kept() -> None:
    event = received(text(), contacts=[{"wa_id": CUSTOMER, "identity_key_hash": "DF2lS5v2W6x="}])

    assert isinstance(event, MessageReceived)
    assert event.contact == Contact(phone=CUSTOMER, identity_key_hash="DF2lS5v2W6x=")


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (text(id=None), "no message id"),
        (text(id=""), "no message id"),
        (text(id="w" * 2000), "no message id"),
        (text(**{"from": None}), "a message from nobody"),
    ],
)
def test_a_message_without_id_or_sender_is_kept_unrecognised(
    item: dict[str, Any], reason: str
) -> None:
    event = received(item)

    assert isinstance(event, WebhookUnrecognised)
    assert (event.reason, event.number, event.details) == (reason, NUMBER, item)


@pytest.mark.parametrize(
    ("written", "read"),
    [("hologram", "hologram"), (5, "5"), (None, "unknown"), ("", "unknown"), ([], "unknown")],
)
def test_a_message_of_an_unknown_type_is_still_a_customers_message(written: Any, read: str) -> None:
    event = received(text(type=written))

    assert isinstance(event, MessageReceived)
    assert event.content.type == read


@pytest.mark.parametrize("code", [131060, "131060"])
def test_a_message_that_meta_cannot_show_is_a_stub(code: Any) -> None:
    shape = {"type": "unsupported", "errors": [{"code": code}], "unsupported": {"type": "unknown"}}

    assert received(wordless(**shape)) == MessageUnavailable(
        id="wamid.A:unavailable",
        time=TIME,
        number=NUMBER,
        message_id="wamid.A",
        contact=Contact(phone=CUSTOMER),
        content=Content.model_validate(shape),
    )


def test_a_message_of_a_kind_the_api_has_no_shape_for_is_a_message() -> None:
    event = received(text(type="unsupported", errors=[{"code": 131051}]))

    assert isinstance(event, MessageReceived)


@pytest.mark.parametrize(
    ("read", "item", "by"), [(received, text, "customer"), (echoed, echo, "business")]
)
def test_edits_and_deletions_name_what_they_change(read: Any, item: Any, by: Any) -> None:
    new = {"type": "text", "text": {"body": "corrected"}}
    target = {"original_message_id": "wamid.O"}
    edit = read(wordless(item, type="edit", edit=target | {"message": new}))
    revoke = read(wordless(item, type="revoke", revoke=target | {"why": "typo"}, group_id="G"))

    common = {
        "time": TIME,
        "number": NUMBER,
        "message_id": "wamid.A",
        "original_message_id": "wamid.O",
        "contact": Contact(phone=CUSTOMER),
        "by": by,
    }
    assert (edit, revoke) == (
        MessageEdited(id="wamid.A:edited", content=Content.of_text("corrected"), **common),
        MessageRevoked(
            id="wamid.A:revoked", **common, details={"revoke": {"why": "typo"}, "group_id": "G"}
        ),
    )


@pytest.mark.parametrize("details", [None, "x", [], {"message": 1}, {"original_message_id": 1.5}])
def test_an_edit_that_does_not_say_of_what_is_an_edit_all_the_same(details: Any) -> None:
    event = received(text(type="edit", edit=details))

    assert isinstance(event, MessageEdited)
    assert (event.original_message_id, event.content.type) == (None, "unknown")


def test_an_echo_is_about_the_customer_it_was_written_to() -> None:
    assert echoed(echo(to_user_id=USER_ID)) == MessageEchoed(
        id="wamid.A:echoed",
        time=TIME,
        number=NUMBER,
        message_id="wamid.A",
        contact=Contact(phone=CUSTOMER, user_id=USER_ID),
        content=Content.of_text("Hello"),
    )


@pytest.mark.parametrize(
    ("item", "kept"),
    [
        ({}, {}),
        ({"from": "+1 555-078-3881"}, {}),
        ({"from": NUMBER}, {}),
        ({"from": "15550009999"}, {"from": "15550009999"}),
        ({"timestamp": "yesterday"}, {"timestamp": "yesterday"}),
        ({"mood": "cheerful"}, {"mood": "cheerful"}),
    ],
)
def test_the_content_of_an_echo_holds_what_its_event_does_not_say(
    item: dict[str, Any], kept: dict[str, Any]
) -> None:
    event = echoed(echo(**item))

    assert isinstance(event, MessageEchoed)
    assert event.content.model_extra == {"text": {"body": "Hello"}} | kept


def test_an_echo_of_a_message_that_meta_cannot_show_is_still_a_persons_message() -> None:
    event = echoed(echo(type="unsupported", errors=[{"code": 131060}]))

    assert isinstance(event, MessageEchoed)


@pytest.mark.parametrize(
    "value",
    [{"messages": [echo()]}, {"smb_message_echoes": [echo()]}, {"message_echoes": [text()]}],
)
def test_an_echo_in_a_shape_that_is_not_metas_takes_nothing_over(value: dict[str, Any]) -> None:
    [event] = events(body(change("smb_message_echoes", **value)))

    assert isinstance(event, WebhookUnrecognised)
