"""A record that was given up on, and that a customer may have written: a customer is not a log line."""

import json
from datetime import datetime

from pydantic import ValidationError

from saath.events import Contact, HandoffRequested, MessageReceived, MessageUnavailable
from saath.identity import digest_id
from saath.kafka.records import Record
from saath.topics import INBOUND
from saath_router.conversation import Conversation
from saath_router.facts import call
from saath_router.ownership import Decision
from saath_router.store import Store

REASON = "a customer's message could not be read"
_TYPE = "type"
BY_CUSTOMERS = frozenset(
    model.model_fields[_TYPE].default for model in (MessageReceived, MessageUnavailable)
)


def called_for(
    record: Record, store: Store, now: datetime
) -> tuple[Conversation | None, Decision] | None:
    """
    The conversation that *record* belongs to, and the call for a person; ``None`` where no customer
    has written it. Without a conversation the call is the number's.
    """
    event_type = dict(record.headers).get("ce_type", b"").decode(errors="replace")
    if record.topic is not INBOUND or (event_type and event_type not in BY_CUSTOMERS):
        return None
    said = _said(record.value)
    number = _text(said.get("number")) or (record.key or b"").decode(errors="replace")
    if not number:
        return None
    cause = _text(said.get("id")) or f"{record.topic.name}/{record.partition}/{record.offset}"
    name = _conversation(store, number, said)
    state = store.get(name) if name else None
    if state is not None:
        return state, call(state, "unreadable", REASON, cause, now)
    called = HandoffRequested(
        id=digest_id("handoff_", number, cause),
        time=now,
        number=number,
        causation=cause,
        reason=REASON,
        rule="unreadable",
    )
    return None, (called,)


def _said(value: bytes | None) -> dict[str, object]:
    try:
        said = json.loads(value or b"")
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _conversation(store: Store, number: str, said: dict[str, object]) -> str | None:
    try:
        return store.find(number, Contact.model_validate(said.get("contact")))
    except ValidationError:
        return None


def _text(said: object) -> str | None:
    return said if isinstance(said, str) and said else None
