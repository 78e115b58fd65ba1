"""One conversation's state, and how each fact changes it. Pure: no clock, no Kafka, no logging."""

import hashlib
from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from saath.events import (
    Author,
    Contact,
    Content,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    LeaseRenewed,
    MessageAccepted,
    MessageBackfilled,
    MessageEchoed,
    MessageReceived,
    Model,
    OutcomeEvent,
    Owner,
    OwnerChanged,
    StatusEvent,
    TurnMessage,
    TurnOffered,
    TurnWithdrawn,
)

# Meta redelivers for 7 days; a customer and a business rarely exchange more than this meanwhile.
SEEN_MAX = 256
RECENT_MAX = 6
STATUSES_MAX = 64
SERVICE_WINDOW = timedelta(hours=24)

# A status never goes back. ``failed`` ends a message that was not yet delivered.
STATUS_RANK = {"accepted": 0, "sent": 1, "failed": 2, "delivered": 2, "read": 3, "played": 4}


class Conversation(Model):
    """
    A contact on a number: who answers, since when and until when, and what was seen lately.

    ``epoch`` 0 means that nobody has owned it yet: only history is known of it. ``seen`` are short
    hashes of event ids, oldest first; ``forgotten_before`` is the time of the newest forgotten one.
    History has a memory of its own: 180 days of it must not push out what happens now.
    """

    id: str
    number: str
    contact: Contact = Contact()
    owner: Owner = "bot"
    epoch: int = 0
    bot: str | None = None
    owner_since: AwareDatetime | None = None
    lease_until: AwareDatetime | None = None
    window_until: AwareDatetime | None = None
    handoff_open: bool = False
    turns: tuple[str, ...] = ()
    recent: tuple[TurnMessage, ...] = ()
    statuses: dict[str, int] = Field(default_factory=dict)
    seen: tuple[str, ...] = ()
    seen_history: tuple[str, ...] = ()
    forgotten_before: AwareDatetime | None = None

    def has_seen(self, event_id: str) -> bool:
        """True when this fact is known already."""
        short = short_hash(event_id)
        return short in self.seen or short in self.seen_history

    def next_epoch(self, now: datetime) -> int:
        """
        The epoch of the next ownership.

        At least the clock's milliseconds, so that a conversation that was forgotten and came back
        can never hand out an old epoch again.
        """
        return max(self.epoch + 1, int(now.timestamp() * 1000))


def short_hash(event_id: str) -> str:
    """8 bytes of an id's hash, in hex: enough for one conversation's recent ids."""
    return hashlib.blake2b(event_id.encode(), digest_size=8).hexdigest()


def evolve(state: Conversation, event: Event) -> Conversation:
    """The conversation after *event*, which was decided to be new."""
    return state.model_copy(update=_changes(state, event) | _remembered(state, event))


def _remembered(state: Conversation, event: Event) -> dict[str, object]:
    if isinstance(event, TurnOffered | TurnWithdrawn | HandoffRequested | HandoffWithdrawn):
        # They follow from a fact that is remembered, and never come in from outside.
        return {}
    if event.origin == "history":
        return {"seen_history": (*state.seen_history, short_hash(event.id))[-SEEN_MAX:]}
    seen = (*state.seen, short_hash(event.id))
    if len(seen) <= SEEN_MAX:
        return {"seen": seen}
    known = state.forgotten_before
    return {
        "seen": seen[-SEEN_MAX:],
        "forgotten_before": max(known, event.time) if known else event.time,
    }


def _changes(state: Conversation, event: Event) -> dict[str, object]:
    match event:
        case MessageReceived():
            window = event.time + SERVICE_WINDOW
            return {
                "window_until": max(state.window_until or window, window),
                "contact": merged(state.contact, event.contact),
                "recent": _with_recent(state, event.message_id, "customer", event),
            }
        case MessageEchoed():
            return {
                "contact": merged(state.contact, event.contact),
                "recent": _with_recent(state, event.message_id, "person", event),
            }
        case MessageBackfilled():
            return {"contact": merged(state.contact, event.contact)}
        case StatusEvent():
            return {
                "statuses": _with_status(state, event.message_id, rank_of(event)),
                "contact": merged(state.contact, event.contact),
            }
        case OwnerChanged():
            return {
                "owner": event.owner,
                "epoch": event.epoch,
                "owner_since": event.time,
                "lease_until": event.lease_until,
            }
        case LeaseRenewed():
            return {"lease_until": event.lease_until}
        case TurnOffered():
            return {"bot": event.bot, "turns": (*state.turns, event.id)}
        case TurnWithdrawn():
            return {"turns": tuple(t for t in state.turns if t != event.turn_id)}
        case HandoffRequested() | HandoffWithdrawn():
            return {"handoff_open": isinstance(event, HandoffRequested)}
        case OutcomeEvent():
            return _after_outcome(state, event)
        case _:
            return {}


def _after_outcome(state: Conversation, event: OutcomeEvent) -> dict[str, object]:
    changes: dict[str, object] = {}
    if isinstance(event, MessageAccepted):
        author: Author = event.by
        changes["statuses"] = _with_status(state, event.message_id, STATUS_RANK["accepted"])
        changes["recent"] = _with_recent(state, event.message_id, author, event)
    if event.turn_id and event.index == event.total - 1:
        changes["turns"] = tuple(t for t in state.turns if t != event.turn_id)
    return changes


def _with_recent(
    state: Conversation, message_id: str, author: Author, event: Event
) -> tuple[TurnMessage, ...]:
    content = getattr(event, "content", None) or Content(type="unknown")
    message = TurnMessage(message_id=message_id, author=author, time=event.time, content=content)
    return (*state.recent, message)[-RECENT_MAX:]


def _with_status(state: Conversation, message_id: str, rank: int) -> dict[str, int]:
    statuses = {**state.statuses, message_id: max(rank, state.statuses.get(message_id, 0))}
    for oldest in list(statuses)[: max(0, len(statuses) - STATUSES_MAX)]:
        del statuses[oldest]
    return statuses


def rank_of(event: StatusEvent) -> int:
    """Where a status stands on the ladder: ``io.saath.message.read.v1`` -> 3."""
    return STATUS_RANK[event.type.split(".")[-2]]


def merged(known: Contact, said: Contact) -> Contact:
    """What is known of a contact after a body that *said* so much; silence unsays nothing."""
    return known.model_copy(update=said.model_dump(exclude_none=True))
