"""
A number's history on local disk, put in order there: in memory there is a page of it at a time.

SQLite's own temporary file, which has no name once it is open: whatever ends the process, it is gone.
Kafka stays the truth. All of these calls take a while, so they are made in a thread, one at a time.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from saath.codec import decode
from saath.errors import PoisonRecord, RetryLater
from saath.events import HistoryMediaReceived, MessageBackfilled
from saath.identity import event_id
from saath.kafka.records import Record
from saath_sync import replay as rules
from saath_sync.ledger import Replay
from saath_sync.ready import LONG_AGO, Ready, Replayed
from saath_sync.rows import Row, glanced, media_row, message_row

# What SQLite may keep in memory of a history, whatever its size.
CACHE_KIB = 8 * 1024
# A page has fewer messages where they are large; one at least.
PAGE_BYTES = 1024 * 1024

TABLES = f"""
PRAGMA journal_mode = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -{CACHE_KIB};
CREATE TABLE message (
    at INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, phase INTEGER, time INTEGER NOT NULL,
    status TEXT, rank INTEGER NOT NULL, target TEXT, ready INTEGER NOT NULL, value BLOB NOT NULL
);
CREATE INDEX change ON message (target) WHERE target IS NOT NULL;
CREATE TABLE media (
    at INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time INTEGER NOT NULL, value BLOB NOT NULL
);
CREATE TABLE taken (phase INTEGER, until INTEGER NOT NULL);
CREATE TABLE turn (place INTEGER PRIMARY KEY, message INTEGER, media INTEGER);
BEGIN;
"""
# A message belongs to the place where it was first seen, however often it comes again, so no two replays
# take the same one; but what comes again may know better what became of it.
SEEN = """
INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id)
DO UPDATE SET status = excluded.status, rank = excluded.rank, ready = 0 WHERE excluded.rank > rank
"""
FOLLOWED = "INSERT OR IGNORE INTO media VALUES (?, ?, ?, ?)"
# An edit or a deletion of a message of the same replay is made there, and not told by itself.
MESSAGES_IN_TURN = """
INSERT INTO turn (message) SELECT at FROM message
WHERE phase IS :phase AND at >= :since AND at < :until AND NOT EXISTS (
    SELECT 1 FROM message AS its WHERE its.id = message.target
    AND its.phase IS :phase AND its.at >= :since AND its.at < :until AND its.target IS NULL
) ORDER BY time, id
"""
# After them the media that came too late for that, because an earlier replay took its message.
MEDIA_IN_TURN = """
INSERT INTO turn (message, media) SELECT message.at, media.at FROM media JOIN message USING (id)
WHERE media.at >= :media_since AND media.at < :until AND EXISTS (
    SELECT 1 FROM taken WHERE taken.phase IS message.phase AND message.at < taken.until
) ORDER BY media.time, media.id
"""
PAGE = """
SELECT message.id, message.time, message.ready, message.value, message.status, media.value,
    turn.media IS NOT NULL
FROM turn JOIN message ON message.at = turn.message LEFT JOIN media ON media.id = message.id
WHERE place > ? AND place <= ? ORDER BY place
"""
# Of a page only, and one after the other: somebody may have edited a message a million times.
CHANGES = """
SELECT message.id, change.value FROM turn JOIN message ON message.at = turn.message
JOIN message AS change ON change.target = message.id
WHERE place > ? AND place <= ? AND message.target IS NULL ORDER BY change.time, change.id
"""


class Spoilt(RetryLater):
    """What is on disk may be anything by now: begin with a new one."""


class Scratch:
    """
    The history of one number from its first record to ``position``.

    What is read is fixed, so what comes out is the same whoever reads it, and whenever: it must not be
    read beyond the end of the replay that is taken from it.
    """

    def __init__(self, number: str, start: int) -> None:
        self.position = start
        self._number = number
        self._media_from: datetime | None = None
        with _as_ours():
            self._base = sqlite3.connect("", check_same_thread=False, isolation_level=None)
            self._base.executescript(TABLES)

    def close(self) -> None:
        """Forget it all."""
        self._base.close()

    def add(self, records: Sequence[Record]) -> None:
        """Take in the next records; other numbers' are passed over."""
        key, messages, media = self._number.encode(), list[Row](), list[Row]()
        for record in records:
            if record.key != key:
                continue
            if (row := glanced(record)) is not None:
                messages.append(row)
                continue
            # What cannot be read is on the dead-letter topic since it was first seen.
            with contextlib.suppress(PoisonRecord):
                match decode(record.headers, record.value):
                    case MessageBackfilled() as event if not rules.is_of_a_group(event):
                        messages.append(message_row(record.offset, event))
                    case HistoryMediaReceived() as event:
                        media.append(media_row(record.offset, event))
        with _as_ours():
            self._base.executemany(SEEN, messages)
            self._base.executemany(FOLLOWED, media)
        self.position = records[-1].offset + 1

    def line_up(self, replay: Replay) -> None:
        """Put the events of *replay* in their order."""
        bounds = replay.model_dump(include={"phase", "since", "until", "media_since"})
        with _as_ours():
            self._base.execute("DELETE FROM turn")
            self._base.execute("DELETE FROM taken")
            taken = [(taken.phase, taken.until) for taken in replay.before]
            self._base.executemany("INSERT INTO taken VALUES (?, ?)", taken)
            self._base.execute(MESSAGES_IN_TURN, bounds)
            self._base.execute(MEDIA_IN_TURN, bounds)
        self._media_from = replay.media_from

    def page(self, after: int, count: int) -> tuple[Replayed, ...]:
        """The next *count* events of the replay after the first *after*; none at its end."""
        changes: dict[str, dict[str, MessageBackfilled]] = {}
        with _as_ours():
            rows = [*_little(self._base.execute(PAGE, (after, after + count)))]
            for name, value in self._base.execute(CHANGES, (after, after + len(rows))):
                change = MessageBackfilled.model_validate_json(value)
                # The last of its kind is what counts.
                changes.setdefault(name, {})[change.content.type] = change
        return tuple(
            Ready(event_id(name, "backfilled"), LONG_AGO + timedelta(microseconds=time), value)
            if ready and not late and name not in changes
            else self._out(value, status, media, [*changes.get(name, {}).values()], late=late)
            for name, time, ready, value, status, media, late in rows
        )

    def _out(
        self,
        value: bytes,
        status: str | None,
        followed: bytes | None,
        changes: Sequence[MessageBackfilled],
        *,
        late: bool,
    ) -> Replayed:
        message = MessageBackfilled.model_validate_json(value)
        media = HistoryMediaReceived.model_validate_json(followed) if followed else None
        if late and media is not None:
            # Media may come without saying whose it is; its message says it.
            return media.model_copy(update={"contact": message.contact})
        if rules.is_change(message):
            return rules.as_change(message)
        return rules.as_out(message, status, media, changes, self._media_from)


def _little(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Rows of a page up to what it may hold in memory."""
    held = 0
    for row in rows:
        held += len(row[3]) + len(row[5] or b"")
        yield row
        if held >= PAGE_BYTES:
            return


@contextlib.contextmanager
def _as_ours() -> Iterator[None]:
    """Say of what SQLite cannot do, as a full disk, that it may be tried again."""
    try:
        yield
    except sqlite3.Error as error:
        raise Spoilt(f"putting history in order on disk: {error}") from error
