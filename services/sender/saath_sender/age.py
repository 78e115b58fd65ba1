"""How old a request is: when it was written, wherever it was moved since, and what its id says of that."""

from datetime import UTC, datetime

from saath.identity import uuid7_seconds
from saath.kafka.records import ACTS, REDRIVEN, Output, Record
from saath.topics import partition_for
from saath_sender import outcomes
from saath_sender.books import Books
from saath_sender.clock import Now
from saath_sender.jobs import Job
from saath_sender.ledger import KEEP_SECONDS
from saath_sender.requests import Refusal, Request, Source

# Milliseconds of when a request that was moved had been written where it did not belong.
WRITTEN_AT = "saath_written_at"
TOO_OLD = (
    "too_old: this id was made more than 15 minutes before it was written, so it may have been sent "
    "before; ask again with a new id, made when it is written"
)


def source_of(record: Record) -> Source:
    """The record as its request's source. Who redrove it and said that it may act, vouches for it."""
    headers = dict(record.headers)
    return Source(
        record.topic.name,
        record.offset,
        _written_at(headers.get(WRITTEN_AT), record),
        record.key,
        record.size_bytes,
        vouched=REDRIVEN in headers and headers.get(ACTS) == b"1",
    )


def moved(record: Record, number: str, partitions: int) -> Output:
    """*record* as it goes to its number's partition: it is as old there as it was here."""
    headers = record.headers
    if WRITTEN_AT not in dict(headers):
        headers = (*headers, (WRITTEN_AT, str(record.timestamp_ms).encode()))
    right = partition_for(number, partitions)
    return Output(record.topic, right, number.encode(), record.value, headers)


def says_nothing(request: Request) -> Refusal | None:
    """Why a request is refused where every id must say when it was made, and this one does not."""
    made_at = uuid7_seconds(request.id)
    if request.token:
        return None
    if made_at is None:
        reason = "an id must be a UUIDv7 here, which says when it was made"
    elif made_at - request.source.written_at.timestamp() > KEEP_SECONDS:
        reason = "this id says that it was made more than 15 minutes after it was written"
    else:
        return None
    return Refusal(reason, "/id", request.number, request.id, request.total)


def refuse(job: Job, books: Books, now: Now) -> None:
    """End *job*, which is too old, with an outcome for each message."""
    while job.index < job.request.total:
        outcome = outcomes.refused(job.message(None), TOO_OLD, "/id", now.wall)
        books.end(job, outcome, now.wall)


def _written_at(said: bytes | None, record: Record) -> datetime:
    # Anybody may write such a header; a time before the record's own only makes a request expire earlier.
    if said and said.isdigit() and len(said) <= 15 and int(said) <= record.timestamp_ms:
        return datetime.fromtimestamp(int(said) / 1000, UTC)
    return record.appended_at
