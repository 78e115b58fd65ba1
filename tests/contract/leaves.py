"""Where each leaf of a webhook's body goes: into an attribute of an event, or nowhere, for a reason."""

import copy
import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.contract.expectation import RECEIVED_AT

from saath_ingest.envelope import read

TABLE = Path(__file__).parent / "leaves.csv"

Path_ = tuple[str | int, ...]
Leaf = tuple[Path_, Any]

# Why a leaf is in no event. Nothing else may be missing.
IGNORED = {
    "object": "the same in every webhook; another one is kept unrecognised",
    "entry.*.id": "the account of a number stands in saath.numbers.v1, once, not in every event",
    "field": "the event's type says it",
    "messaging_product": "the same in every webhook; another one is kept unrecognised",
    "metadata.display_phone_number": "`number` names it; it stands in saath.numbers.v1, once",
    "recipient.display_phone_number": "`number` names it, as above, where a handover says it",
    "standby.message_echoes.*.message.messaging_product": "the same in every request",
    "message_echoes.*.from": "the business's own number, which is what an echo is from",
    "calls.*.to": "the business's own number, where it was called",
    "history.*.threads.*.messages.*.from": "the business's own number, where it is the author",
}


def _same(value: Any) -> str:
    return str(value)


def _time(value: Any) -> str:
    return datetime.fromtimestamp(int(value), UTC).isoformat().replace("+00:00", "Z")


def _digits(value: Any) -> str:
    return str(value).replace("+", "").replace("-", "").replace(" ", "")


def _type(value: Any) -> str:
    names = {"edit": "message.edited", "revoke": "message.revoked", "contact": "contact.changed"}
    return f"io.saath.{names.get(value, f'message.{value}')}.v1"


# What an attribute is called where it is not called as Meta calls it, and how its value is written.
RENAMED: dict[str, list[tuple[str, Callable[[Any], str]]]] = {
    "timestamp": [("time", _time)],
    "time": [("time", _time)],
    "expiration_timestamp": [("window_expires_at", _time)],
    "phone_number_id": [("number", _same)],
    "id": [
        ("message_id", _same),
        ("call_id", _same),
        ("window_id", _same),
        ("account", _same),
        ("contact.phone", _digits),
    ],
    "from": [("contact.phone", _digits), ("contact.user_id", _same)],
    "to": [("contact.phone", _digits)],
    "wa_id": [("contact.phone", _digits), ("contact.user_id", _same)],
    "phone_number": [("contact.phone", _digits)],
    "recipient_id": [("contact.phone", _digits), ("contact.user_id", _same)],
    "recipient_participant_id": [("contact.phone", _digits)],
    "from_user_id": [("contact.user_id", _same)],
    "to_user_id": [("contact.user_id", _same)],
    "recipient_user_id": [("contact.user_id", _same)],
    "recipient_participant_user_id": [("contact.user_id", _same)],
    "current": [("contact.user_id", _same)],
    "previous": [("previous_user_id", _same)],
    "from_parent_user_id": [("contact.parent_user_id", _same)],
    "recipient_parent_user_id": [("contact.parent_user_id", _same)],
    "recipient_participant_parent_user_id": [("contact.parent_user_id", _same)],
    "full_name": [("contact.name", _same)],
    "biz_opaque_callback_data": [("callback", _same)],
    "pricing_model": [("pricing.model", _same)],
    "chunk_order": [("chunk", _same)],
    "recipient": [("contact.phone", _digits), ("contact.user_id", _same)],
    "status": [("type", _type)],
    "type": [("type", _type), ("action", _same)],
    "metadata": [("reason", _same)],
}


def leaves(value: Any, path: Path_ = ()) -> Iterator[Leaf]:
    """Every value that is neither an object nor a list, and where it stands."""
    match value:
        case dict():
            for key, part in value.items():
                yield from leaves(part, (*path, key))
        case list():
            for index, part in enumerate(value):
                yield from leaves(part, (*path, index))
        case _:
            yield path, value


def pattern(path: Path_) -> str:
    """A path whatever its positions are, from a change's value on."""
    named = ["*" if isinstance(part, int) else part for part in path]
    if named[:4] == ["entry", "*", "changes", "*"]:
        named = named[5:] if named[4:5] == ["value"] and len(named) > 5 else named[4:]
    return ".".join(named)


def told(data: Any) -> list[dict[str, Any]]:
    """The values of the events of a body."""
    return [
        json.loads(placed.event.model_dump_json(exclude_none=True))
        for reading in read(data, RECEIVED_AT)
        for placed in reading.events
    ]


def changes_apart(data: Any) -> Iterator[Any]:
    """Each change of a body as a body of its own: what one says must not stand in for another."""
    for entry in data["entry"]:
        for change in entry["changes"]:
            yield {**data, "entry": [{**entry, "changes": [change]}]}


def whereabouts(data: Any) -> Iterator[tuple[str, str]]:
    """
    Each leaf of a body of one change, and the attribute or the reason it went to.

    An attribute that is called as the leaf is used up by it: two leaves need two.
    """
    found = [leaf for event in told(data) for leaf in leaves(event)]
    at_hand = Counter((_last(path), json.dumps(value)) for path, value in found)
    places = {(_last(path), json.dumps(value)): pattern(path) for path, value in found}
    spoken = {(_tail(path, count), str(value)) for path, value in found for count in (1, 2)}
    # The deepest first: an account's id may be that of an example's picture.
    for path, value in sorted(leaves(data), key=lambda leaf: -len(leaf[0])):
        here = (_last(path), json.dumps(value))
        if at_hand[here] > 0:
            at_hand[here] -= 1
            yield pattern(path), places[here]
            continue
        renamed = (
            name
            for name, written in RENAMED.get(_last(path), ())
            if (name, _written(written, value)) in spoken
        )
        yield pattern(path), next(renamed, None) or _ignored(data, path, value)


def _ignored(data: Any, path: Path_, value: Any) -> str:
    reason = IGNORED.get(pattern(path))
    if reason and _last(path) in ("from", "to"):
        [change] = data["entry"][0]["changes"]
        ours = change["value"]["metadata"].values()
        reason = reason if _digits(value) in map(_digits, ours) else None
    return f"({reason})" if reason else "LOST"


def _written(how: Callable[[Any], str], value: Any) -> str | None:
    try:
        return how(value)
    except ValueError:
        return None


def _last(path: Path_) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "")


def _tail(path: Path_, count: int) -> str:
    return ".".join(str(part) for part in path[-count:])


def table(bodies: list[Path]) -> str:
    """The whole of it as CSV: which leaf of which field, where it went, and how often."""
    found: Counter[tuple[str, str, str]] = Counter()
    for body in bodies:
        for data in changes_apart(json.loads(body.read_bytes())):
            field = data["entry"][0]["changes"][0]["field"]
            found.update((field, leaf, place) for leaf, place in whereabouts(data))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("field", "leaf", "becomes", "leaves"))
    writer.writerows((*row, count) for row, count in sorted(found.items()))
    return text.getvalue()


def with_each_object_saying_more(data: Any, more: Any) -> Iterator[tuple[str, Any]]:
    """The body again and again, each time with one more key in one of its objects."""
    for path in _objects(data):
        changed = copy.deepcopy(data)
        here = changed
        for part in path:
            here = here[part]
        here["nobody_knows"] = more
        yield pattern(path), changed


def with_each_leaf_retyped(data: Any, value: Any) -> Iterator[tuple[str, Any]]:
    """The body again and again, each time with another value for one of its leaves."""
    for path, _ in leaves(data):
        changed = copy.deepcopy(data)
        here = changed
        for part in path[:-1]:
            here = here[part]
        here[path[-1]] = value
        yield pattern(path), changed


def _objects(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    if isinstance(value, dict):
        yield path
    parts = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, part in parts:
        yield from _objects(part, (*path, key))
