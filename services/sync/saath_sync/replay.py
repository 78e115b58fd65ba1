"""Which messages a replay takes, and in which order. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from saath.events import Contact, Event, HistoryMediaReceived, MessageBackfilled
from saath_sync.facts import Replayed
from saath_sync.ledger import Replay

PLACEHOLDER = "media_placeholder"


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a message was first seen, and whose it is."""

    offset: int
    phase: int | None
    contact: Contact


@dataclass(slots=True)
class Gathering:
    """
    Gathers one replay from a number's history, read from its first record to the replay's end.

    A message belongs to the place where it was first seen, however often it comes again, so no two
    replays of a number take the same one. What is read is fixed, so the result is the same whoever
    reads it, and whenever.
    """

    replay: Replay
    _known: dict[str, Seen] = field(default_factory=dict)
    _taken: list[MessageBackfilled] = field(default_factory=list)
    _media: dict[str, tuple[int, HistoryMediaReceived]] = field(default_factory=dict)

    def add(self, offset: int, event: Event) -> None:
        """Look at one event of the number's history, at its *offset*."""
        if offset >= self.replay.until:
            return
        match event:
            case MessageBackfilled() if event.message_id not in self._known:
                self._known[event.message_id] = Seen(offset, event.phase, event.contact)
                if event.phase == self.replay.phase and offset >= self.replay.since:
                    self._taken.append(event)
            case HistoryMediaReceived():
                self._media.setdefault(event.message_id, (offset, event))

    def result(self) -> list[Replayed]:
        """
        The messages in time order; where the media has come, it stands for its placeholder.

        After them the media that came too late for that, because an earlier replay took its message.
        """
        messages = [self._with_media(message) for message in sorted(self._taken, key=_in_time)]
        media = [late for found in self._media.values() for late in self._late(*found)]
        return [*messages, *sorted(media, key=_in_time)]

    def _with_media(self, message: MessageBackfilled) -> MessageBackfilled:
        found = self._media.get(message.message_id)
        if found is None or message.content.type != PLACEHOLDER:
            return message
        return message.model_copy(update={"content": found[1].content})

    def _late(self, offset: int, media: HistoryMediaReceived) -> Iterable[HistoryMediaReceived]:
        seen = self._known.get(media.message_id)
        if seen is None or offset < self.replay.media_since:
            return
        if any(t.phase == seen.phase and seen.offset < t.until for t in self.replay.before):
            # Media may come without saying whose it is; its message says it.
            yield media.model_copy(update={"contact": seen.contact})


def gather(history: Iterable[tuple[int, Event]], replay: Replay) -> list[Replayed]:
    """All of a replay's events, in their order, from *history*: offsets and events."""
    gathering = Gathering(replay)
    for offset, event in history:
        gathering.add(offset, event)
    return gathering.result()


def _in_time(event: Replayed) -> tuple[object, str]:
    return (event.time, event.message_id)
