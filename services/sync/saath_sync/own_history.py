"""
A number's history as its owner has it: JSON lines, one message each, as the README describes. Pure.

They become what Meta's own history becomes, so that counting, order and replay are the same.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from saath.events import Contact, Content, HistoryChunkReceived, MessageBackfilled
from saath.identity import digest_id, event_id

# All of a file is one phase, so that it is replayed in one time order.
PHASE = 0
LINES_MAX = 1000
# What follows from a line must fit a record of Kafka's: one that does not would be refused again and again.
LINE_BYTES_MAX = 256 * 1024
# A clock of theirs may be a little ahead of ours.
AHEAD = timedelta(minutes=5)
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def _unix(said: Any) -> Any:
    """Seconds since 1970 are a time too; a number in text is what exports write."""
    if isinstance(said, bool):
        raise ValueError("a time is ISO 8601 with an offset, or seconds since 1970")
    if isinstance(said, str) and said.isascii() and said.isdigit():
        said = float(said)  # of as many digits as it may have, where ``int`` refuses some
    if isinstance(said, int | float):
        try:
            return datetime.fromtimestamp(said, UTC)
        except (ValueError, OverflowError, OSError):
            raise ValueError("a time is ISO 8601 with an offset, or seconds since 1970") from None
    return said


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str | None = Field(default=None, min_length=1, max_length=256)
    time: Annotated[AwareDatetime, BeforeValidator(_unix)]
    author: Literal["customer", "business"]
    phone: str | None = Field(default=None, pattern=r"^\+?[0-9]{5,20}$")
    user_id: str | None = Field(default=None, pattern=r"^[A-Z]{2}\.[A-Za-z0-9.]{1,128}$")
    name: str | None = Field(default=None, max_length=256)
    text: str | None = None
    content: dict[str, Any] | None = None
    status: str | None = Field(default=None, max_length=32)

    @model_validator(mode="after")
    def _whole(self) -> "_Line":
        if not (self.phone or self.user_id):
            raise ValueError("a message needs the customer's phone, user_id, or both")
        if (self.text is None) == (self.content is None):
            raise ValueError("a message has either text or content")
        if self.content is not None and not isinstance(self.content.get("type"), str):
            raise ValueError("content is in Meta's own shape and names its type")
        return self


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that cannot be taken, and why; never what was in it."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some lines of a file, as events; the last one ends the history."""

    order: int
    last: bool
    messages: tuple[MessageBackfilled, ...] = field(repr=False)


def read_lines(
    lines: Iterable[bytes], number: str, order: int, first_line: int, now: datetime
) -> tuple[list[MessageBackfilled], list[Refusal]]:
    """The messages of these lines, and the lines that are refused. Empty lines are passed over."""
    messages: list[MessageBackfilled] = []
    refused: list[Refusal] = []
    for at, line in enumerate(lines, start=first_line):
        if not line.strip():
            continue
        read = _read(line, number, order, now)
        if isinstance(read, str):
            refused.append(Refusal(at, read))
        else:
            messages.append(read)
    return messages, refused


def chunk_event(chunk: Chunk, number: str, now: datetime) -> HistoryChunkReceived:
    """What counts the chunk. Given twice, it is the same one."""
    names = [message.message_id for message in chunk.messages]
    return HistoryChunkReceived(
        id=digest_id("chunk_", number, "own", str(chunk.order), *names),
        time=now,
        number=number,
        origin="history",
        phase=PHASE,
        chunk=chunk.order,
        progress=100 if chunk.last else None,
        messages=len(chunk.messages),
    )


def _read(line: bytes, number: str, order: int, now: datetime) -> MessageBackfilled | str:
    if len(line) > LINE_BYTES_MAX:
        return f"it is longer than {LINE_BYTES_MAX} bytes"
    try:
        said = json.loads(line, parse_constant=_no_number)
        if not isinstance(said, dict):
            return "it is not a JSON object"
        read = _Line.model_validate(said)
    except ValidationError as error:
        return "; ".join(_problem(item["loc"], item["msg"]) for item in error.errors())
    except (ValueError, RecursionError):  # JSON's own, and bytes that are no text
        return "it is not JSON"
    if read.time > now + AHEAD:
        return "time: it lies in the future"
    if read.time < EARLIEST:
        return "time: it lies before 1970"
    try:
        message = _message(read, number, order)
        MessageBackfilled.model_validate_json(message.json_bytes())
    except ValueError:
        # It would be said to be taken, and lost: nobody could read it again.
        return "content: half of a surrogate pair (a text cut inside an emoji?), or nested too deep"
    return message


def _message(read: _Line, number: str, order: int) -> MessageBackfilled:
    phone = read.phone.lstrip("+") if read.phone else None
    name = read.id or _named(number, read)
    return MessageBackfilled(
        id=event_id(name, "backfilled"),
        time=read.time,
        number=number,
        origin="history",
        message_id=name,
        contact=Contact(phone=phone, user_id=read.user_id, name=read.name),
        content=Content.of_text(read.text or "")
        if read.content is None
        else Content.model_validate(read.content),
        author=read.author,
        status=read.status,
        phase=PHASE,
        chunk=order,
    )


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _named(number: str, read: _Line) -> str:
    """A message without an id is named by what it is, so that a file that is given twice says it once."""
    return digest_id("own_", number, read.model_dump_json(exclude={"id", "status", "name"}))


def _problem(place: tuple[int | str, ...], said: str) -> str:
    where = ".".join(map(str, place))
    said = said.removeprefix("Value error, ")
    return f"{where}: {said}" if where else said
