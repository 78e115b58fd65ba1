"""What a message of the history is once all that is known of it is put together. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from saath.events import (
    Content,
    Event,
    HistoryMediaReceived,
    JsonObject,
    MessageBackfilled,
    MessageEdited,
    MessageRevoked,
)
from saath.identity import event_id

PLACEHOLDER = "media_placeholder"
EDIT, REVOKE = "edit", "revoke"
# What does not go out as it is: something is put in its place, or it changes something else.
NEEDS_MORE = frozenset((PLACEHOLDER, EDIT, REVOKE))

# Meta's words for what became of a message, in ours, the least first.
STATUSES: Mapping[str, str] = {
    "PENDING": "pending",
    "SENT": "sent",
    "ERROR": "failed",
    "DELIVERED": "delivered",
    "READ": "read",
    "PLAYED": "played",
}
_RANKS = {status: rank for rank, status in enumerate(STATUSES.values(), start=1)}


def status_of(said: str | None) -> str | None:
    """What became of a message, in our words; one that we do not know in small letters."""
    return STATUSES.get(said.upper(), said.lower()) if said else None


def rank_of(status: str | None) -> int:
    """How far a message got. Chunks that come again may know more than the first."""
    return _RANKS.get(status or "", 0)


def is_of_a_group(message: MessageBackfilled) -> bool:
    """Whether it was written in a group: Meta leaves these out, and so do we where one comes."""
    user = message.contact.user_id or ""
    return "group_id" in (message.content.model_extra or {}) or names_a_group(user)


def names_a_group(user: str) -> bool:
    """Whether a thread of this name is a group's."""
    return user.endswith("@g.us")


def target_of(message: MessageBackfilled) -> str | None:
    """The message that this one edits or takes back; ``None`` for one that says something itself."""
    if message.content.type not in (EDIT, REVOKE):
        return None
    target = _said(message).get("original_message_id")
    return target if isinstance(target, str) else None


def as_out(
    message: MessageBackfilled,
    status: str | None,
    media: HistoryMediaReceived | None,
    changes: Sequence[MessageBackfilled],
    media_from: datetime | None,
) -> MessageBackfilled:
    """
    A message as it goes out: its media in its place, its *changes* made, the latest last.

    A placeholder keeps its place whatever was edited: what comes for it is the media as it is by now.
    """
    update: dict[str, object] = {"origin": "history", "status": status}
    if message.content.type == PLACEHOLDER:
        if media is not None:
            update["content"] = media.content
        else:
            recent = media_from is not None and message.time >= media_from
            update["media"] = "awaited" if recent else "never"
    for change in changes:
        if change.content.type == REVOKE:
            update["revoked_at"] = change.time
            continue
        update["edited_at"] = change.time
        if message.content.type != PLACEHOLDER:
            update["content"] = _new_content(change)
    return message.model_copy(update=update)


def as_change(message: MessageBackfilled) -> MessageEdited | MessageRevoked:
    """An edit or a deletion by itself: its message went out before, or is not known."""
    edit = message.content.type == EDIT
    told = ("original_message_id", "message") if edit else ("original_message_id",)
    extra = message.content.model_extra or {}
    rest = {key: said for key, said in extra.items() if key != message.content.type}
    rest |= {key: said for key, said in _said(message).items() if key not in told}
    facts = {
        # Not its live one's: should that come too, it is another fact, which acts.
        "id": event_id(message.message_id, f"{message.content.type}_backfilled"),
        "time": message.time,
        "number": message.number,
        "origin": "history",
        "message_id": message.message_id,
        "original_message_id": target_of(message),
        "contact": message.contact,
        "by": message.author,
        "details": rest or None,
    }
    if edit:
        return MessageEdited.model_validate({**facts, "content": _new_content(message)})
    return MessageRevoked.model_validate(facts)


def says_all(message: MessageBackfilled) -> bool:
    """Whether it goes out as it is, where nothing else is known of it."""
    named = message.id == event_id(message.message_id, "backfilled")
    return named and message.content.type not in NEEDS_MORE


def is_change(event: Event) -> bool:
    """Whether *event* only changes another message."""
    return isinstance(event, MessageBackfilled) and event.content.type in (EDIT, REVOKE)


def _said(message: MessageBackfilled) -> JsonObject:
    found = (message.content.model_extra or {}).get(message.content.type)
    return found if isinstance(found, dict) else {}


def _new_content(edit: MessageBackfilled) -> Content:
    found = _said(edit).get("message")
    said = dict(found) if isinstance(found, dict) else {}
    kind = said.get("type")
    return Content.model_validate(said | {"type": kind if isinstance(kind, str) else "unknown"})
