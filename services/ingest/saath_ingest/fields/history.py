"""``history``: what was written before the connection. It comes late, in any order, and never acts. Pure."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Literal

from saath.events import (
    Contact,
    HistoryChunkReceived,
    HistoryDeclined,
    HistoryMediaReceived,
    JsonObject,
    MessageBackfilled,
)
from saath.identity import digest_id, event_id
from saath.topics import HISTORY
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.contacts import Book, contact, nobody, split_address
from saath_ingest.fields.frame import Frame, frame_of
from saath_ingest.fields.messages import content, message_id_of, recipient, sender
from saath_ingest.fields.remainder import MESSAGE, PROBLEMS, Told, elsewhere, remainder
from saath_ingest.fields.unrecognised import attempt, each, left_over, met, unrecognised
from saath_ingest.fields.values import (
    address,
    canonical,
    identifier,
    mapping,
    moment,
    problems,
    sequence,
    text,
    whole,
)

Author = Literal["customer", "business"]

BACKFILLED: Told = {**MESSAGE, "history_context": {"status": text}}
CHUNK: Told = {
    "metadata": {"phase": whole, "chunk_order": whole, "progress": whole},
    "errors": elsewhere,
    "threads": [
        {
            "id": "address",
            "context": {
                "wa_id": "address",
                "user_id": "address",
                "parent_user_id": "address",
                "username": text,
                "profile": {"name": text, "username": text},
            },
            "messages": elsewhere,
        }
    ],
}
DECLINED: Told = {"errors": PROBLEMS, "threads": elsewhere, "metadata": elsewhere}


def read(change: Change) -> tuple[Placed, ...]:
    """Chunks of history, the refusal to share it, and the media that follow by themselves."""
    frame, value = frame_of(change), change.value
    media = partial(followed, frame)
    placed = (
        *(found for item in sequence(value.get("history")) for found in _item(change, frame, item)),
        *each(change, value.get("messages"), HISTORY, partial(media, "messages")),
        *each(change, value.get("message_echoes"), HISTORY, partial(media, "message_echoes")),
    )
    return (*placed, *left_over(change, placed, "history", "messages", "message_echoes"))


def _item(change: Change, frame: Frame, item: Any) -> Iterator[Placed]:
    match item:
        case {"errors": errors} if errors:
            yield attempt(change, item, HISTORY, partial(declined, frame))
            if "threads" in item:
                yield from _chunk(change, frame, item)
        case {"threads": _} | {"metadata": dict()}:
            yield from _chunk(change, frame, item)
        case _:
            yield unrecognised(change, "history that is neither a chunk nor a refusal", item)


def _chunk(change: Change, frame: Frame, item: JsonObject) -> Iterator[Placed]:
    """The messages of one chunk, and after them the chunk itself, so that whoever counts can."""
    where, found = mapping(item.get("metadata")), list[Placed]()
    for thread in sequence(item.get("threads")):
        if not isinstance(thread, dict):
            found.append(unrecognised(change, "a thread that is not an object", thread))
            continue
        one = partial(backfilled, frame, where, thread)
        found += each(change, thread.get("messages"), HISTORY, one)
    yield from found
    yield attempt(change, item, HISTORY, partial(chunk_received, frame, found))


def chunk_received(frame: Frame, found: Sequence[Placed], item: JsonObject) -> HistoryChunkReceived:
    """One chunk. Phase, order and progress together are not unique, so its messages name it too."""
    ids = [p.event.message_id for p in found if isinstance(p.event, MessageBackfilled)]
    where = mapping(item.get("metadata"))
    phase, chunk, progress = (whole(where.get(key)) for key in ("phase", "chunk_order", "progress"))
    return HistoryChunkReceived(
        id=digest_id("chunk_", frame.number, f"{phase}", f"{chunk}", f"{progress}", canonical(ids)),
        time=frame.received_at,
        number=frame.number,
        origin="history",
        phase=phase,
        chunk=chunk,
        progress=progress,
        messages=len(ids),
        details=remainder(item, CHUNK, met(found)),
    )


def declined(frame: Frame, item: JsonObject) -> HistoryDeclined:
    """The business keeps its history to itself (2593109), or Meta could not fetch it."""
    found = problems(item.get("errors"))
    if not found:
        raise Unreadable("history with errors that cannot be read")
    return HistoryDeclined(
        id=digest_id("declined_", frame.number, canonical(item)),
        time=frame.received_at,
        number=frame.number,
        origin="history",
        errors=found,
        details=remainder(item, DECLINED),
    )


def backfilled(
    frame: Frame, where: JsonObject, thread: JsonObject, item: JsonObject
) -> MessageBackfilled:
    """
    One old message.

    Raises:
        Unreadable: it has no id, or its thread says not whose it is.
    """
    message_id, author = message_id_of(item), author_of(frame, thread, item)
    who = _other_side(frame.known, thread, item, author)
    if nobody(who):
        raise Unreadable("a thread with nobody")
    return MessageBackfilled(
        id=event_id(message_id, "backfilled"),
        time=moment(item.get("timestamp")) or frame.received_at,
        number=frame.number,
        origin="history",
        message_id=message_id,
        contact=who,
        content=content(item, frame.said(who), BACKFILLED),
        author=author,
        status=text(mapping(item.get("history_context")).get("status")),
        phase=whole(where.get("phase")),
        chunk=whole(where.get("chunk_order")),
    )


def author_of(frame: Frame, thread: JsonObject, item: JsonObject) -> Author:
    """
    Tell who wrote an old message.

    ``from`` names them, and the thread is named after the customer; ``to`` stands only on what the
    business wrote, and not always there. The business's number may be written differently, so
    somebody who is not the thread's customer is the business.
    """
    context = mapping(thread.get("context"))
    names = (thread.get("id"), context.get("wa_id"), context.get("user_id"))
    customer = {address(name) for name in names} - {None}
    writer = {address(item.get(key)) for key in ("from", "from_user_id")} - {None}
    if writer & customer:
        return "customer"
    if item.get("to") or item.get("to_user_id") or writer & frame.ours:
        return "business"
    return "business" if customer and writer else "customer"


def _other_side(known: Book, thread: JsonObject, item: JsonObject, author: Author) -> Contact:
    """The customer of a thread: what its message says, completed by its context and its name."""
    context = mapping(thread.get("context"))
    said = sender(known, item) if author == "customer" else recipient(known, item)
    thread_phone, thread_user = split_address(thread.get("id"))
    named = contact(known, context.get("wa_id") or thread_phone, context.get("user_id"))
    profile = mapping(context.get("profile"))
    return Contact(
        phone=said.phone or named.phone or thread_phone,
        user_id=said.user_id or named.user_id or thread_user,
        parent_user_id=said.parent_user_id
        or named.parent_user_id
        or identifier(context.get("parent_user_id")),
        name=said.name or named.name or text(profile.get("name")),
        username=said.username
        or named.username
        or text(context.get("username"))
        or text(profile.get("username")),
    )


def followed(frame: Frame, found_in: str, item: JsonObject) -> HistoryMediaReceived:
    """
    The media of a message that was first a placeholder; it may come before its chunk.

    Its id is enough to find the message by, so the customer may be missing.
    """
    message_id = message_id_of(item)
    ours = found_in == "message_echoes" or address(item.get("from")) in frame.ours
    who = recipient(frame.known, item) if ours else sender(frame.known, item)
    return HistoryMediaReceived(
        id=event_id(message_id, "media"),
        time=moment(item.get("timestamp")) or frame.received_at,
        number=frame.number,
        origin="history",
        message_id=message_id,
        contact=who,
        content=content(item, frame.said(who)),
        author="business" if ours else "customer",
    )
