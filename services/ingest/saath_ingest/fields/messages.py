"""``messages``: what customers wrote, and what became of what was sent to them. Pure."""

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
from saath.topics import INBOUND
from saath_ingest.fields.change import Change, Placed, Unreadable, number_of
from saath_ingest.fields.contacts import Book, book, contact, nobody
from saath_ingest.fields.statuses import status
from saath_ingest.fields.unrecognised import each, left_over
from saath_ingest.fields.values import identifier, mapping, moment, problems, text

UNAVAILABLE = 131060

# What our own event says in its own words; everything else of a message is its content.
ENVELOPE = frozenset(
    {
        "from", "from_user_id", "from_parent_user_id", "to", "to_user_id", "to_parent_user_id",
        "id", "timestamp", "history_context",
    }
)  # fmt: skip


def read(change: Change) -> tuple[Placed, ...]:
    """Every message and every status of the change."""
    number, known = number_of(change), book(change.value.get("contacts"))
    received = partial(message, number, known, change.received_at)
    reported = partial(status, number, known, change.received_at)
    return (
        *each(change, change.value.get("messages"), INBOUND, received),
        *each(change, change.value.get("statuses"), INBOUND, reported),
        *left_over(change, "messages", "statuses"),
    )


def message(number: str, known: Book, received_at: datetime, item: JsonObject) -> Event:
    """
    What a customer did: wrote, edited, revoked, or wrote what Meta cannot show us.

    Raises:
        Unreadable: it has no id, or nobody wrote it.
    """
    message_id, who = message_id_of(item), sender(known, item)
    if nobody(who):
        raise Unreadable("a message from nobody")
    time = moment(item.get("timestamp")) or received_at
    if (change := changed(item, number, time, who, "customer")) is not None:
        return change
    if item.get("type") == "unsupported" and any(
        problem.code == UNAVAILABLE for problem in problems(item.get("errors"))
    ):
        return MessageUnavailable(
            id=event_id(message_id, "unavailable"),
            time=time,
            number=number,
            message_id=message_id,
            contact=who,
        )
    return MessageReceived(
        id=event_id(message_id, "received"),
        time=time,
        number=number,
        message_id=message_id,
        contact=who,
        content=content(item),
    )


def changed(
    item: JsonObject,
    number: str,
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
                number=number,
                message_id=message_id,
                original_message_id=original,
                contact=who,
                by=by,
                content=content(mapping(details.get("message"))),
            )
        case "revoke":
            return MessageRevoked(
                id=event_id(message_id, "revoked"),
                time=time,
                number=number,
                message_id=message_id,
                original_message_id=original,
                contact=who,
                by=by,
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


def content(item: JsonObject) -> Content:
    """A message in Meta's own shape, without what the event around it says."""
    kept: dict[str, Any] = {key: value for key, value in item.items() if key not in ENVELOPE}
    return Content.model_validate(kept | {"type": text(item.get("type")) or "unknown"})
