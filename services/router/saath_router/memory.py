"""
Recent ids, packed: what a conversation remembers of facts and messages. Pure.

Each id is 8 bytes of its hash, and beside it what is known of it; the entries stand in one run of bytes.
As texts in dictionaries they took twice the room in every record of the state, and eight times in memory.
"""

import hashlib
from collections.abc import Iterator

HASH_BYTES = 8
SECOND_BYTES = 4
DATED_BYTES = SECOND_BYTES + HASH_BYTES
RANKED_BYTES = HASH_BYTES + 1
SECOND_MAX = 2 ** (8 * SECOND_BYTES) - 1

# Beside a message's rank: its statuses may come without the name of its conversation.
UNNAMED = 0x80


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


def unnamed(statuses: bytes) -> Iterator[bytes]:
    """The hashes of the messages whose statuses are found by nothing but the message's id."""
    for at in range(0, len(statuses), RANKED_BYTES):
        if statuses[at + HASH_BYTES] & UNNAMED:
            yield statuses[at : at + HASH_BYTES]


def _find(entries: bytes, hashed: bytes, size: int, skipped: int) -> int:
    """Where the entry with this hash begins; -1 for nowhere. Hashes do not overlap by chance only."""
    at = entries.find(hashed)
    while at >= 0 and at % size != skipped:
        at = entries.find(hashed, at + 1)
    return at - skipped if at >= 0 else -1


def _second(seen: bytes, at: int) -> int:
    return int.from_bytes(seen[at : at + SECOND_BYTES], "big")
