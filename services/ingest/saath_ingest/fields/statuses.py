"""``messages``: ``statuses[]``, the fate of what was sent. Unordered and repeated on the wire. Pure."""

from typing import Any

from saath.events import (
    Contact,
    JsonObject,
    MessageDelivered,
    MessageFailed,
    MessagePlayed,
    MessageRead,
    MessageSent,
    Pricing,
)
from saath.identity import digest_id, event_id
from saath_ingest.fields.change import Unreadable
from saath_ingest.fields.contacts import Book, contact
from saath_ingest.fields.frame import Frame
from saath_ingest.fields.remainder import PROBLEMS, Told, remainder
from saath_ingest.fields.values import boolean, identifier, mapping, moment, problems, text

Status = MessageSent | MessageDelivered | MessageRead | MessagePlayed | MessageFailed

STATUSES: dict[str, type[Status]] = {
    "sent": MessageSent,
    "delivered": MessageDelivered,
    "read": MessageRead,
    "played": MessagePlayed,
    "failed": MessageFailed,
}

TOLD: Told = {
    "id": identifier,
    "status": text,
    "timestamp": moment,
    "recipient_id": "address",
    "recipient_user_id": "address",
    "recipient_parent_user_id": "address",
    "recipient_participant_id": "address",
    "participant_recipient_id": "address",
    "recipient_participant_user_id": "address",
    "recipient_participant_parent_user_id": "address",
    "biz_opaque_callback_data": text,
    "pricing": {"pricing_model": text, "category": text, "type": text, "billable": boolean},
    "conversation": {"id": text, "expiration_timestamp": moment},
    "errors": PROBLEMS,
}


def status(frame: Frame, item: JsonObject) -> Status:
    """
    What Meta reports of one message.

    In a group each participant has a fate of their own, so the participant is part of the id:
    digested, because ids go into logs and phone numbers do not.

    Raises:
        Unreadable: it names no message, or a status nobody has heard of.
    """
    message_id, name = identifier(item.get("id")), text(item.get("status"))
    if message_id is None:
        raise Unreadable("a status without a message id")
    model = STATUSES.get(name or "")
    if model is None:
        raise Unreadable("an unknown status")
    participant = _participant(item)
    who, window = _contact(frame.known, item, participant), mapping(item.get("conversation"))
    return model(
        id=event_id(message_id, digest_id(f"{name}:", participant) if participant else f"{name}"),
        time=moment(item.get("timestamp")) or frame.received_at,
        number=frame.number,
        message_id=message_id,
        contact=who,
        callback=text(item.get("biz_opaque_callback_data")),
        pricing=_pricing(item.get("pricing")),
        window_id=text(window.get("id")),
        window_expires_at=moment(window.get("expiration_timestamp")),
        errors=problems(item.get("errors")),
        details=remainder(item, TOLD, frame.said(who)),
    )


def _participant(item: JsonObject) -> str | None:
    # Two of Meta's pages spell it two ways.
    return (
        identifier(item.get("recipient_participant_id"))
        or identifier(item.get("participant_recipient_id"))
        or identifier(item.get("recipient_participant_user_id"))
    )


def _contact(known: Book, item: JsonObject, participant: str | None) -> Contact:
    if participant or item.get("recipient_type") == "group":
        return contact(
            known,
            participant,
            item.get("recipient_participant_user_id"),
            item.get("recipient_participant_parent_user_id"),
        )
    return contact(
        known,
        item.get("recipient_id"),
        item.get("recipient_user_id"),
        item.get("recipient_parent_user_id"),
    )


def _pricing(value: Any) -> Pricing | None:
    if not isinstance(value, dict):
        return None
    return Pricing(
        model=text(value.get("pricing_model")),
        category=text(value.get("category")),
        type=text(value.get("type")),
        billable=boolean(value.get("billable")),
    )
