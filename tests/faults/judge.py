"""
What every reader of the router's topics may rely on, held against what stands there. Pure.

It knows the promises and not the rules: who answers is not its business; that no bot is asked while it
is a person, is.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest

from tests.faults.people import by_conversation

from saath.events import (
    ConversationUnattended,
    Event,
    LeaseRenewed,
    MessageReceived,
    OutcomeEvent,
    OwnerChanged,
    OwnershipRecorded,
    StatusEvent,
    TurnOffered,
    TurnWithdrawn,
    WatermarkRecorded,
)

RANK = {"sent": 1, "delivered": 2, "failed": 2, "read": 3, "played": 4}


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    What went in, and what was read.

    ``inputs`` is one list a topic, each number's records in their order, copies and all. ``log``,
    ``turns``, ``handoffs`` and ``owners`` (by partition) are as somebody read them who was there from
    the beginning; ``log_again`` is what another read in the end.
    """

    inputs: Sequence[Sequence[Event]]
    log: Sequence[Event]
    log_again: Sequence[Event]
    turns: Sequence[Event] = ()
    handoffs: Sequence[Event] = ()
    owners: Mapping[int, Sequence[Event]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise, and where it was not kept."""

    promise: str
    where: str


@dataclass(frozen=True, slots=True)
class Era:
    """One ownership of a conversation: whose, and between which of the log's events."""

    epoch: int
    owner: str
    begins: int
    ends: float = float("inf")
    next_owner: str = ""


def judge(it: Evidence) -> list[Broken]:
    """Every promise that was broken, and where."""
    return [Broken(promise, where) for promise, look in LOOKS.items() for where in look(it)]


def _twice(it: Evidence) -> Iterator[str]:
    for name, events in (("log", it.log), ("turns", it.turns), ("handoffs", it.handoffs)):
        for fact, times in Counter(event.id for event in events).items():
            if times > 1:
                yield f"{fact} stands {times} times on {name}"


def _readers_differ(it: Evidence) -> Iterator[str]:
    once, again = by_conversation(it.log), by_conversation(it.log_again)
    for conversation in once.keys() | again.keys():
        if once.get(conversation) != again.get(conversation):
            yield conversation


def _lost(it: Evidence) -> Iterator[str]:
    """A status that was overtaken on its way in may be missing, nothing else."""
    logged = {event.id for event in it.log}
    for events in it.inputs:
        heights: dict[str, int] = defaultdict(int)
        for event in events:
            if isinstance(event, StatusEvent):
                if _rank(event) <= heights[event.message_id]:
                    continue
                heights[event.message_id] = _rank(event)
            if event.id not in logged:
                yield event.id


def _made_up(it: Evidence) -> Iterator[str]:
    told = [event for events in it.inputs for event in events]
    known, kinds = {event.id for event in told}, {event.type for event in told}
    return (event.id for event in it.log if event.type in kinds and event.id not in known)


def _out_of_order(it: Evidence) -> Iterator[str]:
    for events in it.inputs:
        place = {event.id: -place for place, event in enumerate(reversed(events))}
        for logged in by_conversation(_firsts(it.log)).values():
            taken = [event for event in logged if event.id in place]
            for before, after in pairwise(taken):
                if place[after.id] < place[before.id]:
                    yield f"{after.id} after {before.id}"


def _status_falls(it: Evidence) -> Iterator[str]:
    heights: dict[str, int] = defaultdict(int)
    for event in it.log:
        if isinstance(event, StatusEvent):
            if _rank(event) <= heights[event.message_id]:
                yield event.id
            heights[event.message_id] = max(_rank(event), heights[event.message_id])


def _two_conversations(it: Evidence) -> Iterator[str]:
    names: dict[tuple[str | None, str | None], set[str | None]] = defaultdict(set)
    for event in it.log:
        if isinstance(event, MessageReceived):
            names[event.number, event.contact.phone].add(event.conversation)
    return (f"{found}" for found in names.values() if len(found) > 1)


def _epoch_falls(it: Evidence) -> Iterator[str]:
    for events in by_conversation(it.log).values():
        epoch = 0
        for event in events:
            match event:
                case OwnerChanged(epoch=new):
                    if new <= epoch:
                        yield f"{event.id} at {new} after {epoch}"
                    epoch = new
                case LeaseRenewed(epoch=said) | ConversationUnattended(epoch=said):
                    if said != epoch:
                        yield f"{event.id} says {said} at {epoch}"
    for owned in by_conversation(_ownerships(it)).values():
        epochs = [event.epoch for event in owned if isinstance(event, OwnershipRecorded)]
        if epochs != sorted(epochs):
            yield f"owners: {epochs}"


def _chain_broken(it: Evidence) -> Iterator[str]:
    for events in by_conversation(it.log).values():
        changes = [event for event in events if isinstance(event, OwnerChanged)]
        for before, after in pairwise(changes):
            if after.previous != before.owner:
                yield f"{after.id}: {before.owner} had it, and not {after.previous}"


def _asked_beside_a_person(it: Evidence) -> Iterator[str]:
    for conversation, events in by_conversation(it.log).items():
        eras = {era.epoch: era for era in _eras(events)}
        written = _written(events)
        for turn in _offered(it, conversation):
            era = eras.get(turn.epoch)
            if era is None or era.owner != "bot":
                yield f"{turn.id} at {turn.epoch}"
            elif any(written.get(m.message_id, era.ends) >= era.ends for m in turn.messages):
                yield f"{turn.id}: what it answers is not written while the bot had it"


def _not_withdrawn(it: Evidence) -> Iterator[str]:
    """What a person took over is withdrawn, once; what was answered before need not be."""
    withdrawn = Counter(turn.turn_id for turn in it.turns if isinstance(turn, TurnWithdrawn))
    answered = {event.turn_id for event in it.log if isinstance(event, OutcomeEvent)}
    for conversation, events in by_conversation(it.log).items():
        over = {era.epoch for era in _eras(events) if era.next_owner not in ("", "bot")}
        for turn in _offered(it, conversation):
            if turn.epoch in over and not withdrawn[turn.id] and turn.id not in answered:
                yield f"{turn.id} is open"
    offered = {turn.id for turn in it.turns if isinstance(turn, TurnOffered)}
    for name, times in withdrawn.items():
        if times > 1 or name not in offered:
            yield f"{name} is withdrawn {times} times"


def _not_asked(it: Evidence) -> Iterator[str]:
    """Whatever a customer writes while a bot has the conversation, and keeps it."""
    for conversation, events in by_conversation(it.log).items():
        asked = {m.message_id for turn in _offered(it, conversation) for m in turn.messages}
        for era in _eras(events):
            if era.owner != "bot" or era.next_owner:
                continue
            change = events[era.begins]
            for place, event in enumerate(events):
                if not isinstance(event, MessageReceived) or event.message_id in asked:
                    continue
                if place > era.begins or event.id == change.causation:
                    yield event.id


def _owners_differ(it: Evidence) -> Iterator[str]:
    owned = by_conversation(_ownerships(it))
    for conversation, events in by_conversation(it.log).items():
        eras, records = _eras(events), owned.get(conversation, [])
        last = (eras[-1].owner, eras[-1].epoch) if eras else None
        said = [(r.owner, r.epoch) for r in records if isinstance(r, OwnershipRecorded)]
        if last and last not in said[-1:]:
            yield f"{conversation}: {last} in the log, {said[-1:]} on owners"


def _watermark_falls(it: Evidence) -> Iterator[str]:
    for partition, events in it.owners.items():
        reached: dict[str, int] = {}
        for event in events:
            if isinstance(event, WatermarkRecorded):
                for topic, at in reached.items():
                    if event.positions.get(topic, 0) < at:
                        yield f"{topic} {partition}: {event.positions.get(topic)} after {at}"
                reached = event.positions


LOOKS: dict[str, Callable[[Evidence], Iterator[str]]] = {
    "each fact once": _twice,
    "one order for all readers": _readers_differ,
    "nothing lost": _lost,
    "nothing made up": _made_up,
    "in the order it came": _out_of_order,
    "a status never falls": _status_falls,
    "a contact has one conversation": _two_conversations,
    "an epoch never falls": _epoch_falls,
    "one owner at a time": _chain_broken,
    "no bot is asked beside a person": _asked_beside_a_person,
    "a person's turn is withdrawn": _not_withdrawn,
    "a bot is asked": _not_asked,
    "owners says what the log says": _owners_differ,
    "a watermark never falls": _watermark_falls,
}


def _rank(event: StatusEvent) -> int:
    return RANK[event.type.split(".")[-2]]


def _firsts(events: Iterable[Event]) -> list[Event]:
    return [*{event.id: event for event in reversed([*events])}.values()][::-1]


def _eras(events: Sequence[Event]) -> list[Era]:
    """The ownerships of one conversation; each ends where the next begins."""
    changes = [(at, e) for at, e in enumerate(events) if isinstance(e, OwnerChanged)]
    found = []
    for (begins, change), following in zip_longest(changes, changes[1:]):
        ends, then = (following[0], following[1].owner) if following else (float("inf"), "")
        found.append(Era(change.epoch, change.owner, begins, ends, then))
    return found


def _written(events: Sequence[Event]) -> dict[str, int]:
    """Where each of the customer's messages stands."""
    return {e.message_id: at for at, e in enumerate(events) if isinstance(e, MessageReceived)}


def _offered(it: Evidence, conversation: str) -> list[TurnOffered]:
    return [
        turn
        for turn in it.turns
        if isinstance(turn, TurnOffered) and turn.conversation == conversation
    ]


def _ownerships(it: Evidence) -> list[Event]:
    return [e for events in it.owners.values() for e in events if isinstance(e, OwnershipRecorded)]
