"""Which messages a replay takes, and in which order. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from saath.events import Content, Event, HistoryMediaReceived, MessageBackfilled
from saath_sync.ledger import Replay

PLACEHOLDER = "media_placeholder"


@dataclass(slots=True)
class Gathering:
    """
    Gathers one replay from a number's history, read from its first record to the replay's end.

    A message belongs to the place where it was first seen, however often it comes again, so no two
    replays of a number take the same one. What is read is fixed, so the result is the same whoever
    reads it, and whenever.
    """

    replay: Replay
    _known: set[str] = field(default_factory=set)
    _taken: list[MessageBackfilled] = field(default_factory=list)
    _media: dict[str, Content] = field(default_factory=dict)

    def add(self, offset: int, event: Event) -> None:
        """Look at one event of the number's history, at its *offset*."""
        match event:
            case MessageBackfilled() if event.message_id not in self._known:
                self._known.add(event.message_id)
                inside = self.replay.since <= offset < self.replay.until
                if inside and event.phase == self.replay.phase:
                    self._taken.append(event)
            case HistoryMediaReceived():
                self._media[event.message_id] = event.content

    def result(self) -> list[MessageBackfilled]:
        """The messages in time order; where the media has come, it stands for its placeholder."""
        ordered = sorted(self._taken, key=lambda message: (message.time, message.message_id))
        return [self._with_media(message) for message in ordered]

    def _with_media(self, message: MessageBackfilled) -> MessageBackfilled:
        media = self._media.get(message.message_id)
        if media is None or message.content.type != PLACEHOLDER:
            return message
        return message.model_copy(update={"content": media})


def gather(history: Iterable[tuple[int, Event]], replay: Replay) -> list[MessageBackfilled]:
    """All of a replay's messages, in time order, from *history*: offsets and events."""
    gathering = Gathering(replay)
    for offset, event in history:
        gathering.add(offset, event)
    return gathering.result()
