"""Old messages that are in bytes already: to read and to write them once more would take half of a replay."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from saath.events import (
    Contact,
    Content,
    HistoryMediaReceived,
    MessageBackfilled,
    MessageEdited,
    MessageRevoked,
)
from saath.kafka.records import Output, output
from saath.topics import BACKFILL

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ready:
    """A ``message.backfilled`` of origin history as it goes out: its value, and what headers say of it."""

    id: str
    time: datetime
    value: bytes = field(repr=False)


Old = MessageBackfilled | MessageEdited | MessageRevoked | HistoryMediaReceived
Replayed = Old | Ready


def as_outputs(events: Iterable[Replayed], number: str, partitions: int) -> Iterator[Output]:
    """*events* of one number's history on backfill; those that are ready with the headers of any other."""
    pattern = output(BACKFILL, _any_message(number), partitions)
    names = [name for name, _ in pattern.headers]
    id_at, time_at = names.index("ce_id"), names.index("ce_time")
    for event in events:
        if isinstance(event, Ready):
            headers = [*pattern.headers]
            headers[id_at] = ("ce_id", event.id.encode())
            headers[time_at] = ("ce_time", event.time.isoformat().encode())
            yield pattern._replace(value=event.value, headers=tuple(headers))
        else:
            yield output(BACKFILL, event, partitions)


def _any_message(number: str) -> MessageBackfilled:
    return MessageBackfilled(
        id="any",
        time=LONG_AGO,
        number=number,
        origin="history",
        message_id="any",
        contact=Contact(),
        content=Content(type="any"),
        author="customer",
    )
