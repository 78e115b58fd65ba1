"""Records of the history as rows of the scratch. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_core import from_json, to_json

from saath.events import HistoryMediaReceived, MessageBackfilled
from saath.identity import event_id
from saath.kafka.records import Record
from saath_sync import replay as rules
from saath_sync.phases import phase_of
from saath_sync.ready import LONG_AGO

Row = tuple[object, ...]

# A time zone may put a time before the first or after the last that a clock can show.
_LATEST = (datetime.max.replace(tzinfo=UTC) - LONG_AGO) // timedelta(microseconds=1)

BACKFILLED = ("ce_type", MessageBackfilled.model_fields["type"].default.encode())


def message_row(at: int, event: MessageBackfilled) -> Row:
    """An old message at its offset; in the bytes in which it goes out, where it says all by itself."""
    status, target = rules.status_of(event.status), rules.target_of(event)
    name, time = event.message_id, _micros(event.time)
    ready = rules.says_all(event) and 0 <= time <= _LATEST
    value = (rules.as_out(event, status, None, (), None) if ready else event).json_bytes()
    return (
        at,
        name,
        phase_of(event.phase),
        time,
        status,
        rules.rank_of(status),
        target,
        ready,
        value,
    )


def media_row(at: int, event: HistoryMediaReceived) -> Row:
    """The media of a message, at its offset."""
    return (at, event.message_id, _micros(event.time), event.json_bytes())


def glanced(record: Record) -> Row | None:
    """
    The row of an ordinary message, without looking at every field of it; ``None`` for anything else.

    To read a message as the contract has it takes a third of a replay's processor time, and this one
    was read so when it was counted: had it not been one, it would be a dead letter.
    """
    if BACKFILLED not in record.headers or not record.value:
        return None
    try:
        match from_json(record.value, allow_inf_nan=False):
            case {
                "id": str() as event,
                "time": str() as said,
                "message_id": str() as name,
                "contact": dict() as contact,
                "content": {"type": str() as kind} as content,
            } as found if event == event_id(name, "backfilled"):
                ordinary = kind not in rules.NEEDS_MORE and not _of_a_group(contact, content)
                return _row(record.offset, name, said, found) if ordinary else None
    except ValueError:
        pass
    return None


def _row(at: int, name: str, said: str, found: dict[str, Any]) -> Row | None:
    phase, status = found.get("phase"), found.get("status")
    time = datetime.fromisoformat(said)
    known = isinstance(phase, int | None) and isinstance(status, str | None)
    if not known or time.tzinfo is None:
        return None
    micros = _micros(time)
    if not 0 <= micros <= _LATEST:
        return None
    status = rules.status_of(status)
    if status is not None:
        found["status"] = status
    value = to_json(found | {"origin": "history"})
    return (at, name, phase_of(phase), micros, status, rules.rank_of(status), None, True, value)


def _of_a_group(contact: Mapping[str, object], content: Mapping[str, object]) -> bool:
    user = contact.get("user_id")
    return "group_id" in content or (isinstance(user, str) and rules.names_a_group(user))


def _micros(time: datetime) -> int:
    return (time - LONG_AGO) // timedelta(microseconds=1)
