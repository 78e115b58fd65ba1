"""What retention took before it was read: ended where it is known by name, counted where it is not."""

from datetime import datetime
from functools import partial

import structlog

from saath_sender import outcomes
from saath_sender.books import Books
from saath_sender.fence import Fence
from saath_sender.jobs import Job
from saath_sender.lanes import Lane
from saath_sender.ledger import Entry, Finished, Name, Origin
from saath_sender.metrics import LOST

log = structlog.get_logger()


def main_lost(topic: str, read_to: int, start: int) -> None:
    """The main reader had come to *read_to*, and the log begins at *start* by now: nobody can say whose."""
    LOST.labels(topic).inc(start - read_to)
    log.error("requests.lost", topic=topic, first=read_to, next=start)


def lanes_lost(books: Books, fence: Fence, topic: str, start: int, now: datetime) -> None:
    """
    The lanes of *topic* that were to be read again from before *start*, where the log begins by now.

    What a person asked and nobody can send any more holds no bot.
    """
    for number, lane in books.shelves.lanes(topic).items():
        unread = [at for at in (lane.parked.first, lane.unread_from) if at is not None]
        first = min(unread, default=start)
        if first >= start:
            continue
        gone = partial(_is_gone, lane, topic, start)
        named = set[Origin]()
        for request, entries in books.ledger.requests(number):
            origin = next(iter(entries.values())).origin
            if gone(origin):
                named.add(origin)
                _end(books, Name(number, request, _next(entries)), entries, now)
        for asked in fence.asked_by_persons(number):
            # What has an outcome is decided with that.
            if gone(asked) and asked not in named:
                fence.person_repeated(asked)
        lane.skip_to(start)
        books.work(number).look_at = 0.0  # for what waited for it on other topics
        books.touch(topic, number)
        LOST.labels(topic).inc(start - first)
        log.error(
            "requests.lost", topic=topic, first=first, next=start, number=number, named=len(named)
        )


def _is_gone(lane: Lane[Job], topic: str, start: int, origin: Origin) -> bool:
    """What is loaded is at work and lacks nothing; of what is finished there is nothing to say."""
    if origin.topic != topic or origin.offset >= start:
        return False
    return origin.offset not in lane.waiting and not lane.is_finished(origin.offset)


def _next(entries: dict[int, Entry]) -> int:
    """Which of its messages was the next."""
    return next(i for i in range(len(entries) + 1) if not isinstance(entries.get(i), Finished))


def _end(books: Books, name: Name, entries: dict[int, Entry], now: datetime) -> None:
    """Say it of the message that was next. How many were to follow, nobody knows."""
    origin = next(iter(entries.values())).origin
    books.end_unread(name, origin, outcomes.gone(name, origin, name.index in entries, now), now)
