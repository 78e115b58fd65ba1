"""All that a replay hands on, in its order, as the scratch on disk gives it."""

from collections.abc import Iterable

from tests.unit.sync.samples import NUMBER
from tests.unit.sync.test_handler import record

from saath.events import Event, MessageBackfilled
from saath.kafka.records import Record
from saath_sync.ledger import Replay
from saath_sync.ready import Old, Ready, Replayed
from saath_sync.scratch import Scratch

# Small, so that tests cross a page's end.
PAGE = 3


def gather(history: Iterable[tuple[int, Event]], replay: Replay) -> list[Old]:
    """The replay's events from *history*: offsets and events."""
    scratch = Scratch(NUMBER, 0)
    if records := recorded((at, event) for at, event in history if at < replay.until):
        scratch.add(records)
    return lined_up(scratch, replay)


def recorded(history: Iterable[tuple[int, Event]]) -> list[Record]:
    """Events at their offsets, as they stand on the topic."""
    return [record(event, at) for at, event in history]


def lined_up(scratch: Scratch, replay: Replay) -> list[Old]:
    """The replay's events from what *scratch* knows already."""
    scratch.line_up(replay)
    found: list[Replayed] = []
    while page := scratch.page(len(found), PAGE):
        found.extend(page)
    return [_read(event) for event in found]


def _read(event: Replayed) -> Old:
    return MessageBackfilled.model_validate_json(event.value) if isinstance(event, Ready) else event
