"""A webhook's body, opened: every change of every entry, and what none of them can be. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from saath_ingest.fields import FIELDS, events_of
from saath_ingest.fields.change import Change, Placed
from saath_ingest.fields.remainder import Told, elsewhere, remainder
from saath_ingest.fields.unrecognised import unrecognised
from saath_ingest.fields.values import account_id, moment, text

OBJECT = "whatsapp_business_account"
UNKNOWN_ACCOUNT = "unknown"
OTHER_FIELD = "other"

# Fifty times the updates that Meta puts into a body. Each may become an event of some 4 KB: 200 MB at
# the very worst, where 4 MB of `{},` without this bound were six gigabytes, again for seven days.
ITEMS_MAX = 50_000

# The keys that a body, an entry and a change are known to have.
BODY: Told = {"object": text, "entry": elsewhere}
ENTRY: Told = {"id": account_id, "time": moment, "changes": elsewhere}
CHANGE: Told = {"field": text, "value": elsewhere}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one change of a body says. ``field`` is a known one, or ``other``: it is a label."""

    field: str
    events: tuple[Placed, ...]


def read(data: Any, received_at: datetime, body_bytes: int | None = None) -> tuple[Reading, ...]:
    """
    Read all that is in a body, in its own order. With its size it is read sooner.

    Never fails: what has no reader, or does not fit it, becomes an ``unrecognised`` event with a
    reason. A POST that is refused for its content would come again for seven days.
    """
    return tuple(
        Reading(change.field if change.field in FIELDS else OTHER_FIELD, events_of(change))
        if isinstance(change, Change)
        else Reading(OTHER_FIELD, (change,))
        for change in changes(data, received_at, body_bytes)
    )


def changes(
    data: Any, received_at: datetime, body_bytes: int | None = None
) -> Iterator[Change | Placed]:
    """Take the envelope apart; a part that is no change is placed as it is, unrecognised."""

    def odd(reason: str, part: Any, account: str = UNKNOWN_ACCOUNT) -> Placed:
        details = part if isinstance(part, dict) else {"value": part}
        return unrecognised(Change(account, "", details, None, received_at), reason)

    # Each item takes a letter and a comma at least, so most bodies need not be counted through.
    roomy = body_bytes is not None and body_bytes < 2 * ITEMS_MAX
    if not roomy and crowded(data):
        yield odd(f"more than {ITEMS_MAX} items", data)
        return
    match data:
        case {"object": str() as kind} if kind != OBJECT:
            yield odd("not a WhatsApp webhook", data)
            return
        case {"entry": list() as entries}:
            pass
        case _:
            yield odd("not a webhook", data)
            return
    for entry in entries:
        match entry:
            case {"changes": list() as parts}:
                account = account_id(entry.get("id")) or UNKNOWN_ACCOUNT
            case _:
                yield odd("an entry without changes", entry)
                continue
        for part in parts:
            match part:
                case {"field": str() as field, "value": dict() as value}:
                    yield Change(account, field, value, entry.get("time"), received_at)
                    # Both are read: only a third key can be left.
                    beside = remainder(part, CHANGE) if len(part) > 2 else None
                case _:
                    yield odd("a change without field and value", part, account)
                    continue
            if beside:
                yield odd("something beside a change's value", beside, account)
        if beside := remainder(entry, ENTRY):
            yield odd("something beside an entry's changes", beside, account)
    if beside := remainder(data, BODY):
        yield odd("something beside a body's entries", beside)


def crowded(data: Any) -> bool:
    """Whether all lists in *data* together hold more than can be taken apart in bounded memory."""
    count, unseen = 0, [data]
    while unseen and count <= ITEMS_MAX:
        part = unseen.pop()
        if isinstance(part, list):
            count += len(part)
            unseen += part if count <= ITEMS_MAX else ()
        elif isinstance(part, dict):
            unseen += part.values()
    return count > ITEMS_MAX


def without_lone_surrogates(data: Any) -> Any:
    """Replace every half of a surrogate pair by U+FFFD, and change nothing else."""
    match data:
        case str():
            return data.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [without_lone_surrogates(item) for item in data]
        case dict():
            return {
                without_lone_surrogates(key): without_lone_surrogates(item)
                for key, item in data.items()
            }
        case _:
            return data
