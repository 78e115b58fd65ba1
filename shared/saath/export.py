"""
Records of a public topic as a file holds them: the CloudEvents attributes, and the value as it was. Pure.

A line of JSON is a CloudEvent in its structured mode, so whatever reads those reads this.
"""

import json
from datetime import datetime
from typing import NamedTuple

from saath.kafka.records import Record
from saath.slices import conversation_of, number_of

_CE = "ce_"
# What the headers of every event of ours say, in the order of the CloudEvents specification.
_FIRST = ("specversion", "id", "source", "type", "subject", "time", "dataschema")


class Row(NamedTuple):
    """A record as a table holds it. ``data`` is its value, JSON as text."""

    id: str
    type: str
    source: str
    time: datetime | None
    number: str | None
    conversation: str | None
    origin: str | None
    correlation: str | None
    causation: str | None
    partition: int
    offset: int
    logged_at: datetime
    data: str


def attributes(record: Record) -> dict[str, str]:
    """What the record's headers say of it, by CloudEvents' names."""
    said = {
        name.removeprefix(_CE): value.decode(errors="replace")
        for name, value in record.headers
        if name.startswith(_CE) and value is not None
    }
    return {name: said[name] for name in _FIRST if name in said} | said


def line(record: Record) -> bytes:
    """*record* as one line: where it stood is in ``saathpartition``, ``saathoffset``, ``saathloggedat``."""
    named: dict[str, object] = {
        **attributes(record),
        "saathpartition": record.partition,
        "saathoffset": record.offset,
        "saathloggedat": record.appended_at.isoformat(timespec="milliseconds"),
        "datacontenttype": "application/json",
    }
    envelope = json.dumps(named, ensure_ascii=False, separators=(",", ":"))
    return b"".join((envelope[:-1].encode(), b',"data":', _in_one_line(record.value), b"}\n"))


def row(record: Record) -> Row:
    """*record* as a row."""
    said = attributes(record)
    return Row(
        id=said.get("id", ""),
        type=said.get("type", ""),
        source=said.get("source", ""),
        time=_time(said.get("time")),
        number=number_of(record.headers),
        conversation=conversation_of(record.headers),
        origin=said.get("origin"),
        correlation=said.get("correlationid"),
        causation=said.get("causationid"),
        partition=record.partition,
        offset=record.offset,
        logged_at=record.appended_at,
        data=_in_one_line(record.value).decode(errors="replace"),
    )


def _in_one_line(value: bytes | None) -> bytes:
    """A value as our services wrote it, untouched; what is no JSON in one line is made so."""
    value = value or b"null"
    if b"\n" not in value and b"\r" not in value:
        return value
    return json.dumps(json.loads(value), ensure_ascii=False, separators=(",", ":")).encode()


def _time(written: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(written) if written else None
    except ValueError:
        return None
