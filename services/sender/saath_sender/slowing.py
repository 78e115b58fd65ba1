"""Slowing a number carried out: at once, written down for the next owner, and forgotten when it is over."""

import structlog

from saath_sender.books import Books
from saath_sender.clock import Now
from saath_sender.jobs import NumberWork
from saath_sender.slowed import Slowed, encode_slowed, slowed_key

log = structlog.get_logger()


class Slowing:
    """The slow numbers of one partition."""

    def __init__(self, books: Books) -> None:
        self._books = books
        # Of the others the pace does not know yet: the last owner has written them down.
        self._paced: set[str] = set()

    def slow_down(self, number: str, work: NumberWork, seconds: float, now: Now) -> None:
        """Meta says that *number* is too fast, and to wait so many *seconds*."""
        share = work.pace.slow_down(now.boot, seconds)
        if share is None:
            return
        log.warning("number.slowed", number=number, seconds=seconds, share=round(share, 2))
        at = now.wall.timestamp()
        slowed = self._books.slowed[number] = Slowed(at, share, at + seconds)
        self._books.put(slowed_key(number), encode_slowed(slowed))

    def look(self, now: Now) -> None:
        """Go on where the last owner has left off, and forget what is over."""
        wall = now.wall.timestamp()
        for number, slowed in [*self._books.slowed.items()]:
            if slowed.over(wall):
                del self._books.slowed[number]
                self._paced.discard(number)
                self._books.put(slowed_key(number), None)
            elif number not in self._paced:
                self._paced.add(number)
                # The clock it was written by may be ahead of ours: nothing is longer for that.
                ago = max(0.0, wall - slowed.at)
                left = slowed.until - slowed.at - ago
                pace = self._books.work(number).pace
                pace.go_on(now.boot - ago, slowed.share, now.boot + left)
