"""What would be decided: events played to the router's own rules, with nobody listening."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from saath.channels import CHANNELS
from saath.codec import decode, encode
from saath.events import (
    Command,
    ContactChanged,
    ContactRecorded,
    Event,
    NumberPolicy,
    NumberRecorded,
    short_name,
)
from saath.kafka.layout import Layout
from saath.kafka.records import Output, Record
from saath.tokens import TurnTokens
from saath.topics import (
    BACKFILL,
    COMMANDS,
    CONTACTS,
    CONVERSATIONS,
    HANDOFFS,
    INBOUND,
    OUTCOMES,
    TOPICS,
    TURNS,
    Topic,
)
from saath_router.carrier import Installation
from saath_router.handler import RouterHandler
from saath_router.numbers import Numbers
from saath_router.policy import Policy

HEARD = (INBOUND, OUTCOMES, BACKFILL, CONTACTS)
SAID = (CONVERSATIONS, TURNS, HANDOFFS)

# Nothing leaves this process, so nothing here is a secret.
_KEY = b"nobody is listening"
# Timers that set each other are a defect of ours, and must not hang whoever looks for it.
FIRED_MAX = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """What was decided at a time: of an event, of a command, or of time alone (neither)."""

    at: datetime
    heard: Event | Command | None
    facts: tuple[Event, ...] = field(repr=False)


class Rehearsal:
    """
    A number with that policy, its history in and nobody in its address book, as events come in.

    Each is read when it happened, or with the one before it where that happened later; what was due in
    between has happened. No bot answers but by what is played.
    """

    def __init__(self, number: str, policy: Policy, chosen: tuple[NumberPolicy, ...]) -> None:
        connected = NumberRecorded(
            id=f"{number}:0",
            time=datetime.min.replace(tzinfo=UTC),
            number=number,
            state="active",
            history_sync="complete",
        )
        installation = Installation(
            key=_KEY,
            tokens=TurnTokens([_KEY.decode()]),
            numbers=Numbers(policy, recorded=lambda _: connected, filed=lambda _: chosen),
            layout=Layout({topic.name: 1 for topic in TOPICS}),
        )
        self._number, self._handler = number, RouterHandler(installation, 0)
        self._now: datetime | None = None
        self._offset = 0

    def hear(self, event: Event) -> Iterator[Step]:
        """
        What time leads to until *event*, then what it does itself.

        Raises:
            ValueError: the router hears of no such event; it may be one that it says.
        """
        ours = _as_read(event.model_copy(update={"number": self._number}))
        topic = next((topic for topic in HEARD if type(ours) in CHANNELS[topic]), None)
        if topic is None:
            raise ValueError(f"the router does not read {short_name(event.type)}")
        headers, value = encode(ours)
        yield from self._step(topic, ours, event.time, tuple(headers), value)

    def tell(self, asked: Command) -> Iterator[Step]:
        """The same for a command, which is given when the event before it has been heard."""
        ours = asked.model_copy(update={"number": self._number})
        value = ours.model_dump_json(exclude_unset=True).encode()
        now = self._now or datetime.now(UTC)
        yield from self._step(COMMANDS, ours, now, (), value)

    def wait(self, seconds: float) -> Iterator[Step]:
        """What time alone leads to, so long after the last thing that was heard."""
        if self._now is not None:
            yield from self._until(self._now + timedelta(seconds=seconds))

    def _until(self, until: datetime) -> Iterator[Step]:
        for _ in range(FIRED_MAX):
            due = self._handler.next_due()
            if due is None or due > until:
                break
            facts = _facts(self._handler.fire(due, due))
            if facts:
                yield Step(due, None, facts)
        self._now = max(self._now or until, until)

    def _step(
        self,
        topic: Topic,
        heard: Event | Command,
        happened: datetime,
        headers: tuple[tuple[str, bytes], ...],
        value: bytes,
    ) -> Iterator[Step]:
        now = max(self._now or happened, happened)
        yield from self._until(now)
        self._offset += 1
        stamp, key = int(now.timestamp() * 1000), self._number.encode()
        record = Record(topic, 0, self._offset, stamp, key, value, headers)
        yield Step(now, heard, _facts(self._handler.handle(record, now)))


def _as_read(event: Event) -> Event:
    """What sync makes of an entry of the address book before the router reads it."""
    if not isinstance(event, ContactChanged):
        return event
    return ContactRecorded(
        id=event.id,
        time=event.time,
        number=event.number,
        entry=event.id,
        contact=event.contact,
        removed=event.action == "remove",
    )


def _facts(outputs: Iterable[Output]) -> tuple[Event, ...]:
    return tuple(decode(o.headers, o.value) for o in outputs if o.topic in SAID)
