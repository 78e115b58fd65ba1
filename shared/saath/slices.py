"""Which part of a topic is meant: a stretch of it, and of that one number's or one conversation's. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from saath.kafka.records import Record

_STRETCH = re.compile(r"(\d{1,6}):(\d{1,18})-(\d{1,18})?")
_NUMBERS = b"/numbers/"


@dataclass(frozen=True, slots=True)
class Offsets:
    """Offsets of one partition from ``start`` to before ``end``; to its present end where none is said."""

    partition: int
    start: int
    end: int | None = None


def offsets(written: str) -> Offsets:
    """
    Read ``3:100-250``, or ``3:100-`` for all from there on.

    Raises:
        ValueError: it is not written so, or ends before it begins.
    """
    fits = _STRETCH.fullmatch(written.strip())
    if not fits:
        raise ValueError(f"{written!r} is not like 3:100-250 (partition, first offset, end)")
    found = Offsets(int(fits[1]), int(fits[2]), int(fits[3]) if fits[3] else None)
    if found.end is not None and found.end <= found.start:
        raise ValueError(f"{written!r} ends before it begins")
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose records are meant; everybody's where nobody is named."""

    number: str | None = None
    conversation: str | None = None

    def __call__(self, record: Record) -> bool:
        """
        Whether *record* is meant.

        One without a value is an erasure. It says of nobody whose it was, so it is meant always.
        """
        if record.value is None:
            return True
        return (self.number is None or number_of(record.headers) == self.number) and (
            self.conversation is None or conversation_of(record.headers) == self.conversation
        )


def number_of(headers: Sequence[tuple[str, bytes]]) -> str | None:
    """Whose a record is, as its writer said outside of it: the business number's id."""
    source = attribute(headers, "ce_source")
    return source[len(_NUMBERS) :].decode() if source.startswith(_NUMBERS) else None


def conversation_of(headers: Sequence[tuple[str, bytes]]) -> str | None:
    """Whose a record is, as its writer said outside of it: the conversation."""
    return attribute(headers, "ce_subject").decode(errors="replace") or None


def attribute(headers: Sequence[tuple[str, bytes]], name: str) -> bytes:
    """A header of a record; empty where there is none, or a null one, as Kafka allows."""
    for given, said in headers:
        if given == name:
            return said or b""
    return b""
