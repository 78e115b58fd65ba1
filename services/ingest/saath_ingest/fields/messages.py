"""``messages``: what customers wrote, and what became of what was sent to them. Pure."""

from collections.abc import Callable, Container
from datetime import datetime
from functools import partial
from typing import Any, Literal

from saath.events import (
    Contact,
    Content,
    Event,
    JsonObject,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    MessageUnavailable,
)
from saath.identity import event_id
from saath.topics import ACCOUNTS, INBOUND
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.contacts import Book, contact, nobody
from saath_ingest.fields.errors import error_reported
from saath_ingest.fields.frame import Frame, frame_of
from saath_ingest.fields.remainder import MESSAGE, NOTHING, Told, an_object, left_of, remainder
from saath_ingest.fields.statuses import status
from saath_ingest.fields.unrecognised import attempt, each, left_over
from saath_ingest.fields.user_actions import clicked
from saath_ingest.fields.values import identifier, mapping, moment, problems, text

UNAVAILABLE = 131060

EDIT: Told = {
    **MESSAGE,
    "type": text,
    "edit": {"original_message_id": identifier, "message": an_object},
}
REVOKE: Told = {**MESSAGE, "type": text, "revoke": {"original_message_id": identifier}}


def read(change: Change) -> tuple[Placed, ...]:
    """Every message, status and click of the change, and what Meta could not do for the number."""
    value, frame = change.value, frame_of(change)
    placed = tuple(
        item
        for name, reader in LISTS
        if name in value
        for item in each(change, value[name], INBOUND, partial(reader, frame))
    )
    if value.get("errors"):
        stated = {"errors": value["errors"]}
        placed += (attempt(change, stated, ACCOUNTS, partial(error_reported, frame)),)
    return (
        *placed,
        *left_over(change, placed, "messages", "statuses", "user_actions", "errors"),
    )


def message(frame: Frame, item: JsonObject) -> Event:
    """
    What a customer did: wrote, edited, revoked, or wrote what Meta cannot show us.

    Raises:
        Unreadable: it has no id, or nobody wrote it.
    """
    message_id, who = message_id_of(item), sender(frame.known, item)
    if nobody(who):
        raise Unreadable("a message from nobody")
    time = moment(item.get("timestamp")) or frame.received_at
    if (change := changed(frame, item, time, who, "customer")) is not None:
        return change
    if item.get("type") == "unsupported" and any(
        problem.code == UNAVAILABLE for problem in problems(item.get("errors"))
    ):
        return MessageUnavailable(
            id=event_id(message_id, "unavailable"),
            time=time,
            number=frame.number,
            message_id=message_id,
            contact=who,
            content=content(item, frame.said(who)),
        )
    return MessageReceived(
        id=event_id(message_id, "received"),
        time=time,
        number=frame.number,
        message_id=message_id,
        contact=who,
        content=content(item, frame.said(who)),
    )


def changed(
    frame: Frame,
    item: JsonObject,
    time: datetime,
    who: Contact,
    by: Literal["customer", "business"],
) -> MessageEdited | MessageRevoked | None:
    """An edit or a deletion of an earlier message; it has an id of its own. Else ``None``."""
    message_id, details = message_id_of(item), mapping(item.get(str(item.get("type"))))
    original = identifier(details.get("original_message_id"))
    match item.get("type"):
        case "edit":
            return MessageEdited(
                id=event_id(message_id, "edited"),
                time=time,
                number=frame.number,
                message_id=message_id,
                original_message_id=original,
                contact=who,
                by=by,
                content=content(mapping(details.get("message")), told={}),
                details=remainder(item, EDIT, frame.said(who)),
            )
        case "revoke":
            return MessageRevoked(
                id=event_id(message_id, "revoked"),
                time=time,
                number=frame.number,
                message_id=message_id,
                original_message_id=original,
                contact=who,
                by=by,
                details=remainder(item, REVOKE, frame.said(who)),
            )
        case _:
            return None


def message_id_of(item: JsonObject) -> str:
    """
    Meta's id of a message: opaque, and all we deduplicate by.

    Raises:
        Unreadable: there is none.
    """
    message_id = identifier(item.get("id"))
    if message_id is None:
        raise Unreadable("no message id")
    return message_id


def sender(known: Book, item: JsonObject) -> Contact:
    """The customer who wrote *item*."""
    return contact(
        known, item.get("from"), item.get("from_user_id"), item.get("from_parent_user_id")
    )


def recipient(known: Book, item: JsonObject) -> Contact:
    """The customer whom *item* was written to."""
    return contact(known, item.get("to"), item.get("to_user_id"), item.get("to_parent_user_id"))


def content(item: JsonObject, said: Container[str] = (), told: Told = MESSAGE) -> Content:
    """A message in Meta's own shape, without what the event around it says."""
    kept: dict[str, Any] = {}
    for key, part in item.items():
        if key not in told:
            kept[key] = part
        elif (left := left_of(part, told[key], said)) not in NOTHING:
            kept[key] = left
    kind = text(kept.get("type"))
    if kind is None and kept.get("type") not in NOTHING:
        kept["unreadable_type"] = kept["type"]
    return Content.model_validate(kept | {"type": kind or "unknown"})


LISTS: tuple[tuple[str, Callable[[Frame, Any], Event]], ...] = (
    ("messages", message),
    ("statuses", status),
    ("user_actions", clicked),
)
