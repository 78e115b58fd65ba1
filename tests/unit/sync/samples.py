"""Values that several tests of sync begin with."""

from datetime import UTC, datetime, timedelta

from saath.events import (
    Contact,
    ContactChanged,
    Content,
    HistoryChunkReceived,
    HistoryDeclined,
    HistoryMediaReceived,
    MessageBackfilled,
    Problem,
)

NUMBER = "106540352242922"
ACCOUNT = "102290129340398"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
WRITTEN = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def chunk(
    phase: int | None, order: int | None, progress: int = 50, messages: int = 1
) -> HistoryChunkReceived:
    return HistoryChunkReceived(
        id=f"chunk_{phase}_{order}_{progress}",
        time=NOW,
        number=NUMBER,
        origin="history",
        phase=phase,
        chunk=order,
        progress=progress,
        messages=messages,
    )


def message(
    name: str, at: float = 0, phase: int | None = 0, content: Content | None = None
) -> MessageBackfilled:
    return MessageBackfilled(
        id=f"{name}:backfilled",
        time=WRITTEN + seconds(at),
        number=NUMBER,
        origin="history",
        message_id=name,
        contact=Contact(phone="16505551234"),
        content=content or Content.of_text(name),
        author="customer",
        phase=phase,
    )


def media(name: str) -> HistoryMediaReceived:
    return HistoryMediaReceived(
        id=f"{name}:media",
        time=NOW,
        number=NUMBER,
        origin="history",
        message_id=name,
        contact=Contact(phone="16505551234"),
        content=IMAGE,
        author="customer",
    )


def declined(code: int) -> HistoryDeclined:
    problem = Problem(code=code, title="History sync is turned off")
    return HistoryDeclined(id="declined", time=NOW, number=NUMBER, errors=(problem,))


def contact(
    action: str,
    at: float = 0,
    *,
    phone: str | None = "16505551234",
    user_id: str | None = None,
    name: str | None = None,
) -> ContactChanged:
    """One change of the phone's address book, as ingest writes it."""
    return ContactChanged(
        id=f"contact_{action}_{at}_{phone}_{user_id}_{name}",
        time=WRITTEN + seconds(at),
        number=NUMBER,
        contact=Contact(phone=phone, user_id=user_id, name=name),
        action=action,
    )


IMAGE = Content.model_validate({"type": "image", "image": {"id": "1"}})
PLACEHOLDER = Content.model_validate({"type": "media_placeholder"})
