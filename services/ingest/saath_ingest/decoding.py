"""What ingest would publish for a body, for whoever wants to look: ``saath decode``. Pure."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from saath.events import JsonObject
from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath.topics import TOPICS
from saath_ingest.decide import Accept, parse
from saath_ingest.envelope import read
from saath_ingest.outbox import DEAD_LETTERS, outbox


class Undecodable(ValueError):
    """A body that is no JSON; the message says what is wrong, and where if that can be told."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The records of a body, as JSON objects; and why some of it was set aside, where it was."""

    records: Sequence[JsonObject] = field(repr=False)
    set_aside: str | None


def decoded(
    body: bytes, *, partitions: int, prefix: str, received_at: datetime, record_bytes_max: int
) -> Decoded:
    """
    Take *body* apart as ingest does, and write down what would be on which topic.

    Only the trace is missing, which begins anew with every delivery.

    Raises:
        Undecodable: it is not JSON.
    """
    parsed = parse(body)
    if not isinstance(parsed, Accept):
        raise Undecodable(f"{_position(body)} {parsed.reason}")
    outputs = outbox(
        [placed for reading in read(parsed.data, received_at) for placed in reading.events],
        body,
        Layout({topic.name: partitions for topic in TOPICS}),
        traceparent="",
        record_bytes_max=record_bytes_max,
        received_at=received_at,
    )
    aside = [output for output in outputs if output.topic == DEAD_LETTERS]
    reason = dict(aside[0].headers)["dlq_reason"].decode() if aside else None
    return Decoded([record(output, prefix) for output in outputs], reason)


def record(output: Output, prefix: str) -> JsonObject:
    """One record. Its value is JSON, but for the parts of a body on the dead-letter topic."""
    headers = {name: value.decode() for name, value in output.headers}
    text = (output.value or b"").decode(errors="replace")
    return {
        "topic": output.topic.full_name(prefix),
        "key": (output.key or b"").decode(),
        "partition": output.partition,
        "headers": headers,
        "value": json.loads(text) if output.topic != DEAD_LETTERS else text,
    }


def lines(found: Decoded) -> Iterator[str]:
    """The records, a line each."""
    return (json.dumps(item, ensure_ascii=False) for item in found.records)


def _position(body: bytes) -> str:
    """``line:column: why:``, counted from one as editors do; nothing where no place is to blame."""
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        return f"{error.lineno}:{error.colno}: {error.msg}:"
    except UnicodeDecodeError as error:
        *above, line = body[: error.start].split(b"\n")
        return f"{len(above) + 1}:{len(line) + 1}: not UTF-8:"
    except (RecursionError, ValueError):
        pass  # a number of thousands of digits is an error without a place
    return ""
