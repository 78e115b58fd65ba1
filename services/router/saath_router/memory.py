"""
Recent ids, packed: what a conversation remembers of facts and messages. Pure.

Each id is 8 bytes of its hash, and beside it what is known of it; the entries stand in one run of bytes.
As texts in dictionaries they took twice the room in every record of the state, and eight times in memory.
"""

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache

HASH_BYTES = 8
SECOND_BYTES = 4
DATED_BYTES = SECOND_BYTES + HASH_BYTES
RANKED_BYTES = HASH_BYTES + 1
MARK_BYTES = 4
MARKED_BYTES = HASH_BYTES + MARK_BYTES
SECOND_MAX = 2 ** (8 * SECOND_BYTES) - 1

# Beside a message's rank: its statuses may come without the name of its conversation.
UNNAMED = 0x80


@lru_cache(maxsize=1024)  # whether an id is known, and how far it got, is asked again and again
def short_hash(text: str) -> bytes:
    """8 bytes of an id's hash: enough for one conversation's recent ids."""
    return hashlib.blake2b(text.encode(), digest_size=HASH_BYTES).digest()


def has_plain(ids: bytes, what: str) -> bool:
    """Whether *what* is among *ids*, of which nothing but the hash is kept."""
    return _find(ids, short_hash(what), HASH_BYTES, 0) >= 0


def with_plain(ids: bytes, what: str, ids_max: int) -> bytes:
    """*ids*, and *what* as the last of them; the first are forgotten when there are too many."""
    return (ids + short_hash(what))[-ids_max * HASH_BYTES :]


def has_dated(seen: bytes, what: str) -> bool:
    """Whether *what* is among the facts *seen*, each of which has a time."""
    return _find(seen, short_hash(what), DATED_BYTES, SECOND_BYTES) >= 0


def with_dated(
    seen: bytes, what: str, second: int, keep_from: int, seen_max: int
) -> tuple[bytes, int | None]:
    """
    *seen* and *what*, a fact of this unix *second*; and the second of the newest one forgotten for it.

    Forgotten is what is older than *keep_from*, and of more than *seen_max* the oldest. The entries
    stand in the order of their time, so what is forgotten stands first.
    """
    hashed, second = short_hash(what), max(0, min(second, SECOND_MAX))
    known = _find(seen, hashed, DATED_BYTES, SECOND_BYTES)
    if known >= 0:
        seen = seen[:known] + seen[known + DATED_BYTES :]
    at = len(seen)
    while at and _second(seen, at - DATED_BYTES) > second:
        at -= DATED_BYTES
    seen = seen[:at] + second.to_bytes(SECOND_BYTES, "big") + hashed + seen[at:]

    gone = max(0, len(seen) - seen_max * DATED_BYTES)
    while gone < len(seen) and _second(seen, gone) < keep_from:
        gone += DATED_BYTES
    return seen[gone:], _second(seen, gone - DATED_BYTES) if gone else None


def rank_in(statuses: bytes, message: str) -> int:
    """How far *message* got; -1 where nothing is known of it."""
    at = _find(statuses, short_hash(message), RANKED_BYTES, 0)
    return statuses[at + HASH_BYTES] & ~UNNAMED if at >= 0 else -1


def with_rank(statuses: bytes, message: str, rank: int, statuses_max: int, *, named: bool) -> bytes:
    """
    *statuses*, where *message* got to *rank*; the first are forgotten when there are too many.

    *named* where its statuses say themselves whose they are.
    """
    hashed = short_hash(message)
    entry = hashed + bytes([rank if named else rank | UNNAMED])
    at = _find(statuses, hashed, RANKED_BYTES, 0)
    if at >= 0:
        return statuses[:at] + entry + statuses[at + RANKED_BYTES :]
    return (statuses + entry)[-statuses_max * RANKED_BYTES :]


def mark_in(marks: bytes, message: str) -> bytes | None:
    """The few bytes that are kept beside *message*; ``None`` where there are none."""
    at = _find(marks, short_hash(message), MARKED_BYTES, 0)
    return marks[at + HASH_BYTES : at + MARKED_BYTES] if at >= 0 else None


def with_mark(marks: bytes, message: str, mark: bytes, marks_max: int) -> bytes:
    """*marks*, with *mark* (4 bytes) beside *message*; the first are forgotten when there are too many."""
    hashed = short_hash(message)
    at = _find(marks, hashed, MARKED_BYTES, 0)
    if at >= 0:
        marks = marks[:at] + marks[at + MARKED_BYTES :]
    return (marks + hashed + mark)[-marks_max * MARKED_BYTES :]


def together_plain(one: bytes, other: bytes, ids_max: int) -> bytes:
    """The ids of both, the first ones forgotten when there are too many."""
    return _packed(
        dict.fromkeys((*_entries(one, HASH_BYTES), *_entries(other, HASH_BYTES))), ids_max
    )


def together_dated(one: bytes, other: bytes, seen_max: int) -> tuple[bytes, int | None]:
    """The facts of both in the order of their time, and the second of the newest one forgotten."""
    entries = sorted({*_entries(one, DATED_BYTES), *_entries(other, DATED_BYTES)})
    gone = entries[: max(0, len(entries) - seen_max)]
    return _packed(entries, seen_max), _second(gone[-1], 0) if gone else None


def together_beside(one: bytes, other: bytes, size: int, ids_max: int) -> bytes:
    """
    The messages of both with what stands beside them, entries of *size* bytes each.

    A message that is in both keeps what is larger: a rank only rises.
    """
    beside = {entry[:HASH_BYTES]: entry for entry in _entries(one, size)}
    for entry in _entries(other, size):
        hashed = entry[:HASH_BYTES]
        beside[hashed] = max(entry, beside.get(hashed, entry))
    return _packed(beside.values(), ids_max)


def unnamed(statuses: bytes) -> Iterator[bytes]:
    """The hashes of the messages whose statuses are found by nothing but the message's id."""
    if statuses[HASH_BYTES::RANKED_BYTES].isascii():
        return  # none at all, as in nearly every conversation: no rank has that bit
    for at in range(0, len(statuses), RANKED_BYTES):
        if statuses[at + HASH_BYTES] & UNNAMED:
            yield statuses[at : at + HASH_BYTES]


def _entries(packed: bytes, size: int) -> Iterator[bytes]:
    return (packed[at : at + size] for at in range(0, len(packed), size))


def _packed(entries: Iterable[bytes], entries_max: int) -> bytes:
    return b"".join([*entries][-entries_max:])


def _find(entries: bytes, hashed: bytes, size: int, skipped: int) -> int:
    """Where the entry with this hash begins; -1 for nowhere. Hashes do not overlap by chance only."""
    at = entries.find(hashed)
    while at >= 0 and at % size != skipped:
        at = entries.find(hashed, at + 1)
    return at - skipped if at >= 0 else -1


def _second(seen: bytes, at: int) -> int:
    return int.from_bytes(seen[at : at + SECOND_BYTES], "big")
