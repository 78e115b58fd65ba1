"""Meta's own agent on the number: who holds a thread, and what is said while we look on."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.ingest.bodies import (
    CUSTOMER,
    METADATA,
    NUMBER,
    USER_ID,
    body,
    change,
    events,
    places,
    text,
)

from saath.events import (
    Contact,
    Content,
    Event,
    MessageDelivered,
    MessageEchoed,
    MessageEdited,
    MessageReceived,
    ThreadControlChanged,
    WebhookUnrecognised,
)

TIME = datetime(2025, 6, 8, 20, 59, 43, tzinfo=UTC)
STAMP = "1749416383"
RECEIVED, ECHOED, DELIVERED = (
    ("inbound.v1", f"message.{what}.v1") for what in ("received", "echoed", "delivered")
)
UNRECOGNISED = ("accounts.v1", "webhook.unrecognised.v1")
STATUS = {"id": "wamid.B", "status": "delivered", "timestamp": STAMP, "recipient_id": CUSTOMER}


def one(part: Any) -> Event:
    [event] = events(body(part))
    return event


def standby(beside: dict[str, Any] | None = None, **inner: Any) -> dict[str, Any]:
    return change("standby", standby=inner, **beside or {})


def echo(**more: Any) -> dict[str, Any]:
    said = {"to": CUSTOMER, "type": "text", "text": {"body": "At nine."}}
    return {"id": "wamid.B", "timestamp": STAMP, "message": said | more}


def handover(kind: str | None = "control_passed", **value: Any) -> dict[str, Any]:
    named = {"recipient": METADATA, "sender": {"phone_number": CUSTOMER}, "timestamp": STAMP}
    said = {"messaging_product": "whatsapp", **named, "type": kind} | value
    return {"field": "messaging_handovers", "value": said}


def test_what_a_customer_writes_to_metas_agent_is_received_and_marked() -> None:
    event = one(standby(messages=[text()], contacts=[{"wa_id": CUSTOMER, "user_id": USER_ID}]))

    assert event == MessageReceived(
        id="wamid.A:received",
        time=TIME,
        number=NUMBER,
        message_id="wamid.A",
        contact=Contact(phone=CUSTOMER, user_id=USER_ID),
        content=Content.of_text("Hello"),
        standby=True,
    )


def test_what_metas_agent_writes_is_an_echo_and_marked() -> None:
    event = one(standby(message_echoes=[echo(messaging_product="whatsapp", recipient=CUSTOMER)]))

    assert event == MessageEchoed(
        id="wamid.B:echoed",
        time=TIME,
        number=NUMBER,
        message_id="wamid.B",
        contact=Contact(phone=CUSTOMER),
        content=Content.of_text("At nine."),
        standby=True,
    )


def test_an_echo_shaped_like_one_of_the_app_is_read_as_that_and_marked() -> None:
    flat = {"id": "wamid.B", "timestamp": STAMP, "from": NUMBER, **echo()["message"]}

    assert one(standby(message_echoes=[flat])) == one(standby(message_echoes=[echo()]))


@pytest.mark.parametrize(
    ("named", "who"),
    [
        ({"to": None, "recipient": USER_ID}, Contact(user_id=USER_ID)),
        ({"to": None, "recipient": CUSTOMER}, Contact(phone=CUSTOMER)),
        ({"recipient": USER_ID}, Contact(phone=CUSTOMER, user_id=USER_ID)),
    ],
)
def test_whom_an_echo_went_to_is_named_in_either_way(named: dict[str, Any], who: Contact) -> None:
    event = one(standby(message_echoes=[echo(**named)]))

    assert isinstance(event, MessageEchoed)
    assert event.contact == who


def test_a_definition_beside_an_echo_is_kept_beside_what_was_sent() -> None:
    sent = {"type": "template", "template": {"name": "hours"}, "text": None}
    beside = {"template": {"name": "hours", "status": "APPROVED"}}

    event = one(standby(message_echoes=[echo(**sent) | beside]))

    assert isinstance(event, MessageEchoed)
    assert event.content.model_extra == {
        "text": None,
        "template": {"name": "hours"},
        "beside": beside,
    }


def test_an_id_and_a_time_of_the_request_itself_are_kept_too() -> None:
    event = one(standby(message_echoes=[echo(id="wamid.C", timestamp="1")]))

    assert isinstance(event, MessageEchoed)
    assert (event.message_id, event.time) == ("wamid.B", TIME)
    assert event.content.model_extra == {
        "text": {"body": "At nine."},
        "id": "wamid.C",
        "timestamp": "1",
    }


def test_a_status_on_standby_is_a_status() -> None:
    event = one(standby(statuses=[STATUS]))

    assert event == MessageDelivered(
        id="wamid.B:delivered",
        time=TIME,
        number=NUMBER,
        message_id="wamid.B",
        contact=Contact(phone=CUSTOMER),
    )


def test_an_edit_on_standby_is_an_edit() -> None:
    new = {"type": "text", "text": {"body": "Hi"}}
    edit = {"original_message_id": "wamid.A", "message": new}

    event = one(standby(messages=[text("wamid.C", type="edit", edit=edit)]))

    assert isinstance(event, MessageEdited)


def test_the_lists_may_stand_where_other_fields_have_them() -> None:
    part = change("standby", messages=[text()], message_echoes=[echo()], statuses=[STATUS])

    assert places(body(part)) == [RECEIVED, ECHOED, DELIVERED]


def test_lists_in_both_places_are_both_kept() -> None:
    part = standby({"messages": [text("wamid.outer")]}, messages=[text("wamid.inner")])

    first, second = events(body(part))

    assert isinstance(first, MessageReceived)
    assert isinstance(second, WebhookUnrecognised)
    assert (first.message_id, second.details) == (
        "wamid.outer",
        {"messages": [text("wamid.inner")]},
    )


@pytest.mark.parametrize("inner", [{}, [], "odd", None, {"messages": "odd"}])
def test_a_standby_that_says_nothing_readable_is_kept_unrecognised(inner: Any) -> None:
    assert places(body(change("standby", standby=inner))) == [UNRECOGNISED]


@pytest.mark.parametrize(
    ("kind", "said", "holder"),
    [
        ("control_passed", {"previous_owner_role": "ai_agent", "new_owner_role": "x"}, "app"),
        ("control_passed", {"previous_owner_app_role": "meta_business_agent"}, "app"),
        ("control_passed", {"new_owner_role": "ai_agent"}, "meta"),
        ("control_passed", {}, "app"),
        ("control_passed", None, "app"),
        ("control_taken", {"previous_owner_role": "ai_agent"}, "app"),
        ("control_taken", {"previous_owner_app_role": "meta_business_agent"}, "app"),
        ("control_taken", {"previous_owner_role": "x", "new_owner_role": "ai_agent"}, "meta"),
        ("control_shared", {"previous_owner_role": "x", "new_owner_role": "ai_agent"}, "meta"),
        ("control_shared", {"previous_owner_role": "ai_agent"}, "app"),
    ],
)
def test_the_roles_say_who_holds_a_thread_and_without_them_the_kind_does(
    kind: str, said: Any, holder: str
) -> None:
    event = one(handover(kind, **{kind: said}))

    assert isinstance(event, ThreadControlChanged)
    assert (event.holder, event.action) == (holder, kind)


def test_a_handover_says_whose_thread_when_and_why() -> None:
    said = {"previous_owner_role": "ai_agent", "metadata": "Asked for a person"}

    event = one(handover(control_passed=said))

    assert isinstance(event, ThreadControlChanged)
    assert event == ThreadControlChanged(
        id=event.id,
        time=TIME,
        number=NUMBER,
        contact=Contact(phone=CUSTOMER),
        holder="app",
        action="control_passed",
        reason="Asked for a person",
        details={"control_passed": {"previous_owner_role": "ai_agent"}},
    )


def test_the_same_handover_delivered_twice_has_one_id_and_a_later_one_another() -> None:
    first, again, later = (one(handover(timestamp=at)).id for at in (1, 1, 2))

    assert (first == again, first == later) == (True, False)


def test_a_handover_that_does_not_say_its_kind_is_known_by_what_it_holds() -> None:
    event = one(handover(None, control_taken={"previous_owner_role": "ai_agent"}))

    assert isinstance(event, ThreadControlChanged)
    assert event.action == "control_taken"


def test_a_customer_without_a_phone_number_is_known_by_the_contact_beside() -> None:
    event = one(handover(sender={}, contacts=[{"user_id": USER_ID}]))

    assert isinstance(event, ThreadControlChanged)
    assert event.contact == Contact(user_id=USER_ID)


def test_a_recipient_that_is_not_the_number_of_the_event_is_kept() -> None:
    other = METADATA | {"phone_number_id": "106540352242923"}

    event = one(handover(metadata=other))

    assert isinstance(event, ThreadControlChanged)
    assert (event.number, event.details) == (
        "106540352242923",
        {"recipient": {"phone_number_id": NUMBER}},
    )


@pytest.mark.parametrize("metadata", [None, {}, "odd"])
def test_metadata_that_says_nothing_leaves_the_number_to_the_recipient(metadata: Any) -> None:
    event = one(handover(metadata=metadata))

    assert isinstance(event, ThreadControlChanged)
    assert event.number == NUMBER


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (
            handover("control_taken", control_taken={"new_owner_role": "escalation"}),
            "a handover that does not say who holds the thread",
        ),
        (handover("control_shared"), "a handover that does not say who holds the thread"),
        (handover(None), "a handover that does not say who holds the thread"),
        (handover(sender=None), "a handover without a customer"),
        (handover(recipient=None), "no phone_number_id"),
    ],
)
def test_a_handover_that_cannot_be_told_is_kept_unrecognised(part: Any, reason: str) -> None:
    event = one(part)

    assert isinstance(event, WebhookUnrecognised)
    assert (event.reason, event.details) == (reason, part["value"])
