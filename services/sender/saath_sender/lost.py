"""What retention took before it was read: ended where it is known by name, counted where it is not."""

from datetime import datetime

import structlog

from saath_sender import outcomes
from saath_sender.books import Books
from saath_sender.jobs import Job
from saath_sender.lanes import Lane
from saath_sender.ledger import Entry, Finished, Name, Origin
from saath_sender.metrics import LOST

log = structlog.get_logger()


def main_lost(topic: str, read_to: int, start: int) -> None:
    """The main reader had come to *read_to*, and the log begins at *start* by now: nobody can say whose."""
    LOST.labels(topic).inc(start - read_to)
    log.error("requests.lost", topic=topic, first=read_to, next=start)


def lanes_lost(books: Books, topic: str, start: int, now: datetime) -> None:
    """The lanes of *topic* that were to be read again from before *start*, where the log begins by now."""
    for number, lane in books.shelves.lanes(topic).items():
        unread = [at for at in (lane.parked.first, lane.unread_from) if at is not None]
        first = min(unread, default=start)
        if first >= start:
            continue
        named = 0
        for request, entries in books.ledger.requests(number):
            origin = next(iter(entries.values())).origin
            if origin.topic == topic and origin.offset < start and _is_open(lane, origin):
                named += 1
                _end(books, Name(number, request, _next(entries)), entries, now)
        lane.skip_to(start)
        books.touch(topic, number)
        LOST.labels(topic).inc(start - first)
        log.error("requests.lost", topic=topic, first=first, next=start, number=number, named=named)


def _is_open(lane: Lane[Job], origin: Origin) -> bool:
    """What is loaded is at work and lacks nothing; of what is finished there is nothing to say."""
    return origin.offset not in lane.waiting and not lane.is_finished(origin.offset)


def _next(entries: dict[int, Entry]) -> int:
    """Which of its messages was the next."""
    return next(i for i in range(len(entries) + 1) if not isinstance(entries.get(i), Finished))


def _end(books: Books, name: Name, entries: dict[int, Entry], now: datetime) -> None:
    """Say it of the message that was next. How many were to follow, nobody knows."""
    origin = next(iter(entries.values())).origin
    books.end_unread(name, origin, outcomes.gone(name, origin, name.index in entries, now), now)
