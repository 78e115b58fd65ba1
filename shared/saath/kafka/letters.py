"""
Dead letters: what a service gave up on, found again and made ready to be written again. Pure.

A letter is one record, or, where ingest could make no record of a webhook's body, the body in
numbered parts. What was written again is marked by a record in the same partition of the dead-letter
topic, written in the same transaction: so it is known, for as long as the letter is kept.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from saath.errors import PoisonRecord
from saath.kafka.layout import Layout
from saath.kafka.records import ACTS, REDRIVEN, Output, Record
from saath.topics import TOPICS, Topic, dlq_topic, partition_for

# Which letter a marker speaks of. A marker has no reason, and every letter has one.
MARKS = "dlq_redriven"


@dataclass(frozen=True, slots=True)
class Slip:
    """What stands on a letter's outside: all of a record but its value."""

    partition: int
    offset: int
    size_bytes: int
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """
    What a service gave up on, without what it says.

    ``offsets`` are its parts in their order, one where it was never divided. ``copies`` are all
    offsets that hold any of it: Meta delivers a body again, and ingest sets it aside again.
    """

    service: str
    partition: int
    offsets: tuple[int, ...]
    copies: frozenset[int]
    parts: int
    reason: str
    failed_at: str
    origin: str
    size_bytes: int
    redriven_at: str | None = None

    @property
    def place(self) -> str:
        """Where it is, as the header of what is written again says it."""
        return f"{dlq_topic(self.service).name}/{self.partition}/{self.offsets[0]}"

    @property
    def divided(self) -> bool:
        """True for a webhook's body, which is no record of any topic."""
        return self.parts > 0

    @property
    def complete(self) -> bool:
        """False while parts of it are missing: not written yet, or gone by retention."""
        return len(self.offsets) == max(1, self.parts)


def slip(record: Record) -> Slip:
    """The outside of *record*."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    size = len(record.value or b"") + len(record.key or b"")
    return Slip(record.partition, record.offset, size, headers)


def letters(service: str, slips: Iterable[Slip]) -> list[Letter]:
    """The letters that *slips* are the outsides of, oldest first."""
    parcels: dict[tuple[int, str], list[Slip]] = defaultdict(list)
    marks: dict[tuple[int, int], str] = {}
    for found in slips:
        if "dlq_reason" in found.headers:
            whole = _digest(found) or f"@{found.offset}"
            parcels[found.partition, whole].append(found)
        elif found.headers.get(MARKS, "").isdecimal():
            at = found.headers.get("dlq_redriven_at", "")
            marks[found.partition, int(found.headers[MARKS])] = at
    made = [_letter(service, parcel) for parcel in parcels.values()]
    return sorted(
        (_marked(letter, marks) for letter in made),
        key=lambda letter: (letter.failed_at, letter.partition, letter.offsets),
    )


def _digest(found: Slip) -> str | None:
    """What the parts of one body have in common; only ingest's have parts, and no original place."""
    headers = found.headers
    divided = "dlq_offset" not in headers and headers.get("dlq_part", "").isdecimal()
    # Another number of parts is another division: those of one do not fit between those of the other.
    return f"{headers.get('dlq_sha256')}/{headers.get('dlq_parts')}" if divided else None


def _letter(service: str, parcel: Sequence[Slip]) -> Letter:
    first = parcel[0]
    parts = _number(first, "dlq_parts") if _digest(first) else 0
    by_part = {_number(part, "dlq_part") if parts else 1: part for part in reversed(parcel)}
    chosen = [by_part[number] for number in sorted(by_part)]
    return Letter(
        service=service,
        partition=first.partition,
        offsets=tuple(part.offset for part in chosen),
        copies=frozenset(part.offset for part in parcel),
        parts=parts,
        reason=first.headers["dlq_reason"],
        failed_at=first.headers.get("dlq_failed_at", ""),
        origin=first.headers.get("dlq_topic", ""),
        size_bytes=sum(part.size_bytes for part in chosen),
    )


def _number(found: Slip, header: str) -> int:
    text = found.headers.get(header, "")
    return int(text) if text.isdecimal() else 0


def _marked(letter: Letter, marks: Mapping[tuple[int, int], str]) -> Letter:
    times = [marks[letter.partition, at] for at in letter.copies if (letter.partition, at) in marks]
    return replace(letter, redriven_at=max(times)) if times else letter


def body(records: Sequence[Record]) -> bytes:
    """
    The parts of a body, joined.

    Raises:
        PoisonRecord: it is not the body that was set aside.
    """
    whole = b"".join(record.value or b"" for record in records)
    said = dict(records[0].headers).get("dlq_sha256", b"").decode(errors="replace")
    if hashlib.sha256(whole).hexdigest() != said:
        raise PoisonRecord("the parts do not make the body that was set aside (dlq_sha256)")
    return whole


def original(record: Record, layout: Layout) -> Output:
    """
    The record that *record* is the dead letter of, where its topic would have it.

    Raises:
        PoisonRecord: it does not say which topic it came from, or is not kept here.
    """
    said = {name: (value or b"").decode(errors="replace") for name, value in record.headers}
    name = said.get("dlq_topic", "")
    if "dlq_left_out_bytes" in said:
        stood = f"{name}/{said.get('dlq_partition')}/{said.get('dlq_offset')}"
        raise PoisonRecord(f"it was too large to be kept here; it stands at {stood}")
    topic = next((topic for topic in TOPICS if topic.name == name), None)
    if topic is None:
        raise PoisonRecord(f"it came from {name or 'nowhere'}, which is no topic of ours")
    headers = tuple(
        (name, value)
        for name, value in record.headers
        if name not in (REDRIVEN, ACTS) and not name.startswith("dlq_")
    )
    partition = _partition(topic, record, layout)
    return Output(topic, partition, record.key, record.value, headers)


def _partition(topic: Topic, record: Record, layout: Layout) -> int:
    """Where its key belongs; where that cannot be told, where it stood."""
    try:
        key = (record.key or b"").decode()
    except UnicodeDecodeError:
        key = ""
    if key and topic.key == topic.partition_by:
        return partition_for(key, layout.of(topic))
    return record.partition


def again(output: Output, letter: Letter, *, act: bool) -> Output:
    """
    *output*, saying that it is written again, and whether it may act.

    Raises:
        PoisonRecord: it asks for something to be done, so that writing it again without acting means
            nothing.
    """
    if output.topic.public == "write" and not act:
        raise PoisonRecord(
            f"what stands on {output.topic.name} asks for something to be done; "
            "to have it done now, say --act"
        )
    added = ((REDRIVEN, letter.place.encode()), *(((ACTS, b"1"),) if act else ()))
    return output._replace(headers=(*output.headers, *added))


def marker(letter: Letter, redriven_at: str, *, act: bool) -> Output:
    """The record that says, beside *letter*, that it was written again."""
    headers = {
        MARKS: str(letter.offsets[0]),
        "dlq_redriven_at": redriven_at,
        "dlq_redriven_acts": "1" if act else "0",
    }
    return Output(
        dlq_topic(letter.service),
        letter.partition,
        f"redriven/{letter.offsets[0]}".encode(),
        None,
        tuple((name, value.encode()) for name, value in headers.items()),
    )
