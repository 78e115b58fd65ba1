"""A conversation's events in one order, and which of them followed from which. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from saath.events import (
    Event,
    MessageAccepted,
    MessageBackfilled,
    MessageEchoed,
    MessageEdited,
    MessagePriced,
    MessageReceived,
    MessageRevoked,
    MessageSuperseded,
    OutcomeEvent,
    OwnerChanged,
    StatusEvent,
    TurnOffered,
    TurnWithdrawn,
)
from saath.identity import event_id
from saath.story.names import is_meant
from saath.topics import CONVERSATIONS

_WRITTEN = (MessageReceived, MessageEchoed, MessageAccepted, MessageBackfilled)


@dataclass(frozen=True, slots=True)
class Logged:
    """An event, and when and where it was put down. ``topic`` is ours, without the prefix."""

    event: Event
    logged_at: datetime
    topic: str = CONVERSATIONS.name
    partition: int = 0
    offset: int = 0

    @property
    def place(self) -> str:
        """Where it stands."""
        return f"{self.topic}/{self.partition}/{self.offset}"


def in_order(found: Iterable[Logged]) -> tuple[Logged, ...]:
    """
    Events of several topics as one story.

    Each partition keeps its own order. What other topics were told in the same millisecond stands behind
    what it followed from.
    """
    records = sorted(found, key=lambda record: (record.topic, record.partition, record.offset))
    log = [record for record in records if record.topic == CONVERSATIONS.name]
    told = [record for record in records if record.topic != CONVERSATIONS.name]
    leaders: dict[str, tuple[datetime, int]] = {}
    placed: list[tuple[tuple[datetime, int, int, int], Logged]] = []
    for at, (moment, logged) in enumerate(_never_back(log)):
        latest = placed[-1][0][1] if placed else at
        follows = leaders.get(logged.event.causation or "") == (moment, latest)
        leaders[logged.event.id] = (moment, latest if follows else at)
        placed.append(((moment, leaders[logged.event.id][1], 0, at), logged))
    for at, (moment, logged) in enumerate(_never_back(told)):
        cause = leaders.get(logged.event.causation or "")
        leader = cause[1] if cause and cause[0] == moment else len(log)
        placed.append(((moment, leader, 1, at), logged))
    return tuple(logged for _, logged in sorted(placed, key=lambda item: item[0]))


def _never_back(records: Sequence[Logged]) -> Iterator[tuple[datetime, Logged]]:
    """Each record with its time, where a clock that was set back turns no partition's order."""
    place, latest = ("", -1), None
    for record in records:
        if latest is None or place != (record.topic, record.partition):
            latest = record.logged_at
        place, latest = (record.topic, record.partition), max(latest, record.logged_at)
        yield latest, record


def is_named(event: Event, asked: str) -> bool:
    """True where *asked* is the event's own id, or one of a message, a turn or a request it is about."""
    names = (
        event.id,
        event.causation,
        event.correlation,
        getattr(event, "message_id", None),
        getattr(event, "turn_id", None),
        getattr(event, "request", None),
    )
    return any(name and is_meant(asked, name) for name in names)


class Story:
    """A conversation's events in order; which followed from which."""

    def __init__(self, log: Sequence[Logged]) -> None:
        self.log = tuple(log)
        self._known: dict[str, Logged] = {}
        for logged in self.log:
            for name in _names(logged.event):
                self._known.setdefault(name, logged)
        self._effects: dict[str, list[Logged]] = {}
        for logged in self.log:
            for cause in {c.event.id: c for c in self._sources(logged)}.values():
                self._effects.setdefault(cause.event.id, []).append(logged)

    def get(self, event_id: str) -> Logged | None:
        """The event of this id."""
        return self._known.get(event_id)

    def message(self, message_id: str) -> Logged | None:
        """Where this message was written."""
        return self._known.get(_message(message_id))

    def cause(self, logged: Logged) -> Logged | None:
        """What *logged* followed from most closely, where that is in the log too."""
        return next(self._sources(logged), None)

    def causes(self, logged: Logged) -> tuple[Logged, ...]:
        """What led to *logged*, the first cause first."""
        found: dict[str, Logged] = {}
        cause = self.cause(logged)
        while cause is not None and cause.event.id not in found and cause is not logged:
            found[cause.event.id] = cause
            cause = self.cause(cause)
        return tuple(reversed(found.values()))

    def effects(self, logged: Logged) -> tuple[Logged, ...]:
        """What followed from *logged* at once."""
        return tuple(self._effects.get(logged.event.id, ()))

    def all_effects(self, logged: Logged) -> tuple[Logged, ...]:
        """All that followed from *logged*, at once or in the end, in order."""
        found, waiting = {logged.event.id}, [logged]
        while waiting:
            for effect in self.effects(waiting.pop()):
                if effect.event.id not in found:
                    found.add(effect.event.id)
                    waiting.append(effect)
        found.discard(logged.event.id)
        return tuple(other for other in self.log if other.event.id in found)

    def around(self, logged: Logged) -> dict[str, str]:
        """
        What has to do with *logged*, by its place: ``↑`` what led to it, ``↓`` what came of it, and
        ``•`` what else that came from.
        """
        signs = {cause.place: "↑" for cause in self.causes(logged)}
        effects = self.all_effects(logged)
        signs |= {effect.place: "↓" for effect in effects}
        for effect in effects:
            for other in (self.cause(effect), self._in_force(effect)):
                if other is not None and other is not logged:
                    signs.setdefault(other.place, "•")
        return signs | {logged.place: "▶"}

    def _in_force(self, logged: Logged) -> Logged | None:
        """The change of owner by which *logged* was not sent."""
        if not isinstance(logged.event, MessageSuperseded):
            return None
        before = self.log[: self.log.index(logged)]
        return next((at for at in reversed(before) if isinstance(at.event, OwnerChanged)), None)

    def named(self, asked: str) -> tuple[Logged, ...]:
        """
        What *asked* names: the event of that id, else where the message was written or the turn was
        offered, else all that is said of it.
        """
        own = [logged for logged in self.log if is_meant(asked, logged.event.id)]
        if own:
            return tuple(own)
        spoken = [logged for logged in self.log if is_named(logged.event, asked)]
        first = [
            logged
            for logged in spoken
            if isinstance(logged.event, _WRITTEN) and is_meant(asked, logged.event.message_id)
        ]
        return tuple(first[:1] or spoken)

    def _sources(self, logged: Logged) -> Iterator[Logged]:
        for name in _refers_to(logged.event):
            source = self._known.get(name)
            if source is not None and source is not logged:
                yield source


def _message(message_id: str) -> str:
    return f"message {message_id}"


def _names(event: Event) -> Iterator[str]:
    yield event.id
    if isinstance(event, _WRITTEN):
        yield _message(event.message_id)


def _refers_to(event: Event) -> Iterator[str]:
    """What an event says that it follows from, or is about; the closest first."""
    if isinstance(event, OutcomeEvent) and event.turn_id:
        yield event.turn_id
    if event.causation:
        yield event.causation
    match event:
        case StatusEvent() | MessagePriced():
            yield _message(event.message_id)
        case MessageEdited() | MessageRevoked() if event.original_message_id:
            yield _message(event.original_message_id)
        case TurnOffered():
            for asked in event.messages:
                yield event_id(asked.message_id, "received")
        case TurnWithdrawn():
            yield event.turn_id
