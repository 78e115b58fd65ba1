"""
Events to bytes and back: CloudEvents 1.0 in Kafka's binary mode (``ce_`` headers, JSON value).

A structured-mode CloudEvent (``application/cloudevents+json``) is read too. A bot's or a tool's
request needs no headers at all: see ``decode_request`` and ``decode_command``.
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json

from saath.errors import PoisonRecord
from saath.events import EVENTS, Command, Event, SendRequest, short_name
from saath.events.base import JsonObject

Headers = list[tuple[str, bytes]]
SCHEMA_BASE = "https://saath.dev/schemas/"

_SPECVERSION, _JSON = ("ce_specversion", b"1.0"), ("content-type", b"application/json")
_STRUCTURED = b"application/cloud"

# How much deeper what is read may stand in what is written of it; 5 is the most by now.
HEADROOM = 16

# A surrogate written as bytes, which ``json`` takes although UTF-8 has none.
_SURROGATE = re.compile(rb"\xed[\xa0-\xbf]")

_Strict = TypeVar("_Strict", bound=BaseModel)


def encode(
    event: Event, *, partition_key: str | None = None, traceparent: str | None = None
) -> tuple[Headers, bytes]:
    """Write *event* as Kafka headers and value."""
    named, schema = _typed(event.type)
    headers: Headers = [_SPECVERSION, ("ce_id", event.id.encode())]
    headers += [("ce_source", event.source.encode()), named]
    headers.append(("ce_time", event.time.isoformat().encode()))
    if event.conversation:
        headers.append(("ce_subject", event.conversation.encode()))
    headers.append(schema)
    for name, said in (
        ("ce_partitionkey", partition_key),
        ("ce_correlationid", event.correlation),
        ("ce_causationid", event.causation),
        ("ce_origin", event.origin),
        ("ce_traceparent", traceparent),
    ):
        if said:
            headers.append((name, said.encode()))
    headers.append(_JSON)
    return headers, event.json_bytes()


@cache
def _typed(event_type: str) -> Headers:
    """What the headers say of every event of a type."""
    schema = f"{SCHEMA_BASE}{short_name(event_type)}.json"
    return [("ce_type", event_type.encode()), ("ce_dataschema", schema.encode())]


def decode(headers: Sequence[tuple[str, bytes]], value: bytes | None) -> Event:
    """
    Read an event of ours.

    Raises:
        PoisonRecord: it has no type we know, or its value does not fit its type.
    """
    data: bytes | JsonObject | None = value
    event_type = _said(headers, "ce_type").decode(errors="replace")
    if not event_type and value and _said(headers, "content-type").startswith(_STRUCTURED):
        envelope = _json_object(value)
        event_type, data = str(envelope.get("type", "")), envelope.get("data")
    if not event_type:
        raise PoisonRecord("no ce_type header: not a CloudEvent in Kafka's binary mode")
    model = EVENTS.get(event_type)
    if model is None:
        raise PoisonRecord(f"unknown event type {event_type[:100]!r}")
    if data is None:
        raise PoisonRecord(f"{event_type} without a value")
    try:
        return (
            model.model_validate_json(data)
            if isinstance(data, bytes)
            else model.model_validate(data)
        )
    except ValidationError as error:
        raise PoisonRecord(f"{event_type}: {explain(error)}") from None


def _said(headers: Sequence[tuple[str, bytes]], name: str) -> bytes:
    """The last header of this *name*; empty where there is none, or a null one, as Kafka allows."""
    for given, said in reversed(headers):
        if given == name:
            return said or b""
    return b""


def decode_request(value: bytes | None) -> SendRequest:
    """
    Read what a bot or a tool asks to send: bare JSON, or a structured CloudEvent around it.

    Raises:
        PoisonRecord: not JSON, or not a request; the message points at what is wrong.
    """
    return _decode_bare(SendRequest, value)


def decode_command(value: bytes | None) -> Command:
    """
    Read a command from a person's tool.

    Raises:
        PoisonRecord: not JSON, or not a command; the message points at what is wrong.
    """
    return _decode_bare(Command, value)


def _decode_bare(model: type[_Strict], value: bytes | None) -> _Strict:
    data = _inside(_json_object(value or b""))
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise PoisonRecord(explain(error, data), pointer(error, data)) from None


def _inside(data: JsonObject) -> JsonObject:
    """What a structured CloudEvent holds; anything else as it is."""
    inside = data.get("data") if "specversion" in data else None
    return dict(inside) if isinstance(inside, Mapping) else data


def _json_object(value: bytes) -> JsonObject:
    try:
        data = _loaded(value)
        # A text cut in the middle of an emoji ends in half of a surrogate pair. No UTF-8 can hold
        # that: what is read here would fail every writer after us, again and again.
        if b"\\ud" in value or b"\\uD" in value or _SURROGATE.search(value):
            json.dumps(data, ensure_ascii=False).encode()
        # Nor does pydantic read what is nested 200 deep, which it would be inside an event or a
        # state; and this reads UTF-8 only, where ``json`` takes UTF-16 too, half pairs and all.
        from_json(b"[" * HEADROOM + value + b"]" * HEADROOM)
    except UnicodeEncodeError:
        raise PoisonRecord("half of a surrogate pair (a text cut inside an emoji?)") from None
    except ValueError as error:
        raise PoisonRecord(f"not JSON: {_why(error)}") from None
    except RecursionError:
        raise PoisonRecord("not JSON that can be read: nested too deep") from None
    if not isinstance(data, dict):
        raise PoisonRecord(f"a JSON object was expected, not {type(data).__name__}")
    return data


def _why(error: ValueError) -> str:
    if isinstance(error, UnicodeError):
        return "not UTF-8"
    return str(getattr(error, "msg", error))


def _refuse_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is no number", name, 0)


class _TooLarge(Exception):
    """``1e400`` is JSON, and infinity for everybody who reads it; infinity is not JSON."""


def _loaded(value: bytes) -> object:
    try:
        return _DECODER.decode(value.decode(json.detect_encoding(value), "surrogatepass"))
    except _TooLarge:
        raise _too_large(json.loads(value)) from None


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _TooLarge
    return number


# As ``json.loads`` does it, which makes a decoder anew for each value.
_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _too_large(data: object) -> PoisonRecord:
    path = _path_of_infinity(_inside(data) if isinstance(data, dict) else data)
    where = None if path is None else escaped(path)
    return PoisonRecord(f"{where or '/'}: the number is too large", where)


def _path_of_infinity(data: object) -> tuple[str | int, ...] | None:
    """Where in *data* the first one stands."""
    if isinstance(data, float) and math.isinf(data):
        return ()
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    found = ((key, _path_of_infinity(item)) for key, item in items)
    return next(((key, *path) for key, path in found if path is not None), None)


def explain(error: ValidationError, written: object = None) -> str:
    """Say what is wrong and where (a JSON pointer), without repeating what was written there."""
    first = _first(error)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{pointer(error, written) or '/'}: {first['msg']}{more}"


def pointer(error: ValidationError, written: object = None) -> str:
    """
    The JSON pointer (RFC 6901) of the first thing that is wrong; empty for the whole.

    With what was *written*, it leads there: pydantic also names the alternative it had tried.
    """
    first = _first(error)
    return escaped(_as_written(first["loc"], first["type"], written))


def escaped(path: Sequence[str | int]) -> str:
    """*path* as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _first(error: ValidationError) -> ErrorDetails:
    return error.errors(include_input=False, include_url=False, include_context=False)[0]


def _as_written(path: Sequence[str | int], error_type: str, written: object) -> Sequence[str | int]:
    if written is None:
        return path
    found: list[str | int] = []
    at = written
    for place, part in enumerate(path):
        if isinstance(at, Mapping) and part in at:
            at = at[part]
        elif isinstance(at, Sequence) and isinstance(part, int):
            at = at[part] if part < len(at) else None
        elif error_type != "missing" or place < len(path) - 1:
            continue
        found.append(part)
    return found
