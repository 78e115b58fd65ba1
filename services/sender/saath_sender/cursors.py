"""Where a lane is read on after a restart, as it stands in the changelog. Pure."""

import json
from dataclasses import dataclass

from saath_sender.done import Span

LANE_PREFIX = "lane/"
_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Cursor:
    """
    All below ``next`` is finished, and these beyond it. A lane without a cursor is all finished.

    ``parked`` is how many are, and ``stopped`` whether they are too many to read on: for people to know.
    """

    next: int
    finished: tuple[int, ...] = ()
    spans: tuple[Span, ...] = ()
    parked: int = 0
    stopped: bool = False


def lane_key(topic: str, number: str) -> str:
    """The key of a lane's cursor."""
    return f"{LANE_PREFIX}{topic}/{number}"


def parse_lane_key(key: str) -> tuple[str, str] | None:
    """Topic and number of a cursor's key; ``None`` where it is another kind of record."""
    match key.removeprefix(LANE_PREFIX).split("/"):
        case [topic, number] if key.startswith(LANE_PREFIX):
            return topic, number
        case _:
            return None


def encode_cursor(cursor: Cursor) -> bytes:
    """A lane's cursor as it stands in the changelog."""
    said: dict[str, object] = {"next": cursor.next, "finished": cursor.finished}
    if cursor.spans:
        said["spans"] = cursor.spans
    if cursor.parked:
        said |= {"parked": cursor.parked, "stopped": cursor.stopped}
    return _JSON.encode(said).encode()


def decode_cursor(value: bytes) -> Cursor:
    """Read a cursor back."""
    data = json.loads(value)
    spans = tuple((first, last) for first, last in data.get("spans", ()))
    parked, stopped = data.get("parked", 0), data.get("stopped", False)
    return Cursor(data["next"], tuple(data["finished"]), spans, parked, stopped)
