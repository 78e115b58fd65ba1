"""Events as files hold them: webhooks' bodies as Meta sends them, our own events, and commands."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from saath.codec import decode, decode_command
from saath.errors import PoisonRecord
from saath.events import Command, Event
from saath.settings import refuse
from saath.topics import ACCOUNTS, HISTORY, INBOUND, PARTITIONS_DEFAULT

# Ingest's own default; see its card.
RECORD_BYTES_MAX = 900_000


@dataclass(frozen=True, slots=True)
class Heard:
    """Something that happened, and where it was said."""

    place: str
    said: Event | Command = field(repr=False)


class Unreadable(Exception):
    """Something that is no event; says where it stands and what is wrong."""


def heard(path: Path) -> Iterator[Heard]:
    """
    What the file at *path* says, in its order.

    It is one JSON value (an object, or a list of them) or JSON lines. Each object is a webhook's body, a
    record as ``saath decode`` prints it, an event's value, or a command.

    Raises:
        Unreadable: an object is none of them.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        refuse(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        raise Unreadable(f"{path}: not UTF-8") from None
    for place, item in _items(str(path), text):
        try:
            yield from (Heard(place, said) for said in _said(item))
        except (PoisonRecord, ValueError) as error:
            raise Unreadable(f"{place}: {error}") from None


def _items(name: str, text: str) -> Iterator[tuple[str, Any]]:
    """Each object, and where it stands."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        for number, line in lines:
            try:
                yield f"{name}:{number}", json.loads(line)
            except (ValueError, RecursionError) as error:
                why = getattr(error, "msg", "nested too deep")
                raise Unreadable(f"{name}:{number}: not JSON: {why}") from None
        return
    if not isinstance(whole, list):
        yield name, whole
        return
    for index, item in enumerate(whole):
        yield f"{name}[{index}]", item


def _said(item: Any) -> Iterator[Event | Command]:
    match item:
        case {"entry": list()}:
            yield from _of_webhook(item)
        case {"topic": str(), "value": dict() as value}:
            yield _event(value)
        case {"command": str()}:
            yield decode_command(json.dumps(item).encode())
        case {"type": str()}:
            yield _event(item)
        case _:
            raise ValueError("is no webhook's body, no event of ours and no command")


def _event(value: dict[str, Any]) -> Event:
    headers = [("ce_type", str(value.get("type", "")).encode())]
    return decode(headers, json.dumps(value).encode())


def _of_webhook(body: dict[str, Any]) -> Iterator[Event]:
    """What ingest makes of it, but for what goes to other services only."""
    reader: Any = import_module("saath_ingest.decoding")
    found = reader.decoded(
        json.dumps(body).encode(),
        partitions=PARTITIONS_DEFAULT,
        prefix="",
        received_at=datetime.now(UTC),
        record_bytes_max=RECORD_BYTES_MAX,
    )
    if found.set_aside:
        raise ValueError(found.set_aside)
    for record in found.records:
        if record["topic"] in (INBOUND.name, HISTORY.name, ACCOUNTS.name):
            yield _event(record["value"])
