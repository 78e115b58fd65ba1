"""One conversation's state, and how each fact changes it. Pure: no clock, no Kafka, no logging."""

from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, ConfigDict, Field

from saath.events import (
    Author,
    Contact,
    ConversationUnattended,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    LeaseRenewed,
    MessageAccepted,
    MessageBackfilled,
    MessageEchoed,
    MessageLeftInDoubt,
    MessageReceived,
    Model,
    OutcomeEvent,
    Owner,
    OwnerChanged,
    StatusEvent,
    TurnClosed,
    TurnMessage,
    TurnOffered,
    TurnWithdrawn,
)
from saath.identity import contact_at, event_id, parse_callback
from saath_router.memory import (
    has_dated,
    has_plain,
    rank_in,
    with_dated,
    with_plain,
    with_rank,
)
from saath_router.recent import with_message
from saath_router.texts import text_key
from saath_router.waiting import Watch, waiting_after, watched_after

# Meta redelivers for 7 days, the input topics keep 8.
REMEMBERED_FOR = timedelta(days=8)
SEEN_MAX = 256
STATUSES_MAX = 64
# A bot that answers nothing must not make the state grow; epoch and deadline void its turns anyway.
TURNS_MAX = 64
SERVICE_WINDOW = timedelta(hours=24)

# A status never goes back. ``failed`` ends a message that was not yet delivered.
STATUS_RANK = {"accepted": 0, "sent": 1, "failed": 2, "delivered": 2, "read": 3, "played": 4}

# These follow from a fact that is remembered, or have the ladder to tell them from what is known.
NOT_REMEMBERED = (
    OwnerChanged,
    LeaseRenewed,
    TurnOffered,
    TurnWithdrawn,
    HandoffRequested,
    HandoffWithdrawn,
    StatusEvent,
    ConversationUnattended,
)


class Conversation(Model):
    """
    A contact on a number: who answers, since when and until when, and what was seen lately.

    ``epoch`` 0 means that nobody has owned it yet. ``held_with`` stands for the text with which the
    app took it over, while nobody wrote anything else. ``turns`` are the open ones and their
    deadlines, ``watched`` those of them to which the bot has said nothing. ``waiting_since`` is when a
    customer wrote whom nobody answered yet; ``unattended``: it was said that this is too long.

    ``statuses``, ``ours``, ``seen`` and ``seen_history`` hold ids as ``memory`` packs them: how far
    each of our messages got, which messages we sent ourselves, which facts are known and of when.
    A fact as old as ``forgotten_before`` may have been known and forgotten. History has a memory of
    its own: 180 days of it must not push out what happens now.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    id: str
    number: str
    contact: Contact = Contact()
    owner: Owner = "bot"
    epoch: int = 0
    bot: str | None = None
    owner_since: AwareDatetime | None = None
    lease_until: AwareDatetime | None = None
    window_until: AwareDatetime | None = None
    held_with: str | None = None
    history_asked_at: AwareDatetime | None = None
    handoff_open: bool = False
    waiting_since: AwareDatetime | None = None
    unattended: bool = False
    turns: dict[str, AwareDatetime] = Field(default_factory=dict)
    watched: dict[str, Watch] = Field(default_factory=dict)
    recent: tuple[TurnMessage, ...] = ()
    statuses: bytes = b""
    ours: bytes = b""
    seen: bytes = b""
    seen_history: bytes = b""
    forgotten_before: AwareDatetime | None = None

    def has_seen(self, event_id: str) -> bool:
        """True when this fact is known already."""
        return has_dated(self.seen, event_id) or has_plain(self.seen_history, event_id)

    def may_have_forgotten(self, happened: datetime) -> bool:
        """True for a time of which ids were forgotten, so that "not seen" says nothing."""
        return self.forgotten_before is not None and happened <= self.forgotten_before

    def is_ours(self, message_id: str) -> bool:
        """True for a message that we sent ourselves."""
        return has_plain(self.ours, message_id)

    def rank(self, message_id: str) -> int:
        """How far a message got on the ladder of statuses; -1 where nothing was said of it."""
        return rank_in(self.statuses, message_id)

    def next_epoch(self, now: datetime) -> int:
        """
        The epoch of the next ownership.

        At least the clock's milliseconds, so that a conversation that was forgotten and came back
        can never hand out an old epoch again.
        """
        return max(self.epoch + 1, int(now.timestamp() * 1000))


def evolve(state: Conversation, event: Event, *, acts: bool = True) -> Conversation:
    """The conversation after *event*, which was decided to be new; nobody waits where it acts not."""
    if event.origin == "history":
        # It never acts, so it may change nothing that something is decided by.
        changes: dict[str, object] = {}
        if isinstance(event, MessageBackfilled) and event.author == "customer":
            changes["history_asked_at"] = event.time
        seen = with_plain(state.seen_history, event.id, SEEN_MAX)
        remembered: dict[str, object] = {"seen_history": seen}
    else:
        changes = _changes(state, event) | (_waits(state, event) if acts else {})
        remembered = {} if isinstance(event, NOT_REMEMBERED) else _seen(state, event.id, event.time)
    return state.model_copy(update=_learned(state, event) | changes | remembered)


def remember(state: Conversation, what: str, happened: datetime) -> Conversation:
    """The conversation, knowing that *what* a person asked for has been decided."""
    return state.model_copy(update=_seen(state, what, happened) | {"held_with": None})


def _seen(state: Conversation, what: str, happened: datetime) -> dict[str, object]:
    """Remember an id; forget what is older than a redelivery can be, and the oldest of too many."""
    too_old = int((happened - REMEMBERED_FOR).timestamp())
    second = int(happened.timestamp())
    seen, forgotten = with_dated(state.seen, what, second, too_old, SEEN_MAX)
    if forgotten is None:
        return {"seen": seen}
    newest, before = datetime.fromtimestamp(forgotten, UTC), state.forgotten_before
    return {"seen": seen, "forgotten_before": max(before, newest) if before else newest}


def _learned(state: Conversation, event: Event) -> dict[str, object]:
    """
    What *event* says of the contact.

    The address a status names, or we sent to, may differ from the customer's own (Brazil, Mexico:
    an extra digit), so those only fill what is not known.
    """
    if isinstance(event, StatusEvent):
        return {"contact": merged(event.contact, state.contact)}
    if isinstance(event, MessageAccepted):
        return {"contact": merged(contact_at(event.to), state.contact)} if event.to else {}
    said = getattr(event, "contact", None)
    return {"contact": merged(state.contact, said)} if isinstance(said, Contact) else {}


def _changes(state: Conversation, event: Event) -> dict[str, object]:
    match event:
        case MessageReceived():
            window = event.time + SERVICE_WINDOW
            return {
                "window_until": max(state.window_until or window, window),
                "recent": with_message(state.recent, event.message_id, "customer", event),
            }
        case MessageEchoed():
            by: Author = "automatic" if event.automatic else "person"
            recent = with_message(state.recent, event.message_id, by, event)
            same = event.automatic or text_key(event.content.text) == state.held_with
            return {"recent": recent, "held_with": state.held_with if same else None}
        case StatusEvent():
            callback = parse_callback(event.callback)
            named = callback is not None and callback.conversation is not None
            rank = max(rank_of(event), state.rank(event.message_id))
            return _with_status(state, event.message_id, rank, callback is not None, named)
        case OwnerChanged():
            return {
                "owner": event.owner,
                "epoch": event.epoch,
                "owner_since": event.time,
                "lease_until": event.lease_until,
                "held_with": _words_of(state, event) if event.owner == "human" else None,
            }
        case LeaseRenewed():
            return {"lease_until": event.lease_until}
        case TurnOffered():
            return {"bot": event.bot, "turns": _with_turn(state, event)}
        case TurnWithdrawn():
            return {"turns": _without(state, event.turn_id)}
        case HandoffRequested() | HandoffWithdrawn():
            return {"handoff_open": isinstance(event, HandoffRequested)}
        case OutcomeEvent():
            return _after_outcome(state, event)
        case _:
            return {}


def _waits(state: Conversation, event: Event) -> dict[str, object]:
    since = waiting_after(state.waiting_since, state.recent, event)
    told = state.unattended and since is not None and not isinstance(event, OwnerChanged)
    return {
        "watched": watched_after(state.watched, event),
        "waiting_since": since,
        "unattended": told or isinstance(event, ConversationUnattended),
    }


def _words_of(state: Conversation, event: Event) -> str | None:
    """The text that *event* follows from, where that is the echo just heard."""
    latest = state.recent[-1] if state.recent else None
    if latest is None or event.causation != event_id(latest.message_id, "echoed"):
        return None
    return text_key(latest.content.text)


def _after_outcome(state: Conversation, event: OutcomeEvent) -> dict[str, object]:
    changes: dict[str, object] = {}
    if isinstance(event, MessageAccepted):
        author: Author = event.by
        # Without a turn, a request may not have known its conversation, nor do its statuses then.
        rank = max(STATUS_RANK["accepted"], state.rank(event.message_id))
        named = event.turn_id is not None
        changes = _with_status(state, event.message_id, rank, True, named)
        changes["recent"] = with_message(state.recent, event.message_id, author, event)
        if author == "person":
            changes["held_with"] = None
    if event.turn_id not in state.turns:
        return changes
    if isinstance(event, TurnClosed) and event.working_seconds:
        longer = event.time + timedelta(seconds=event.working_seconds)
        deadline = max(longer, state.turns[event.turn_id])
        return changes | {"turns": {**state.turns, event.turn_id: deadline}}
    if event.index == event.total - 1 and not isinstance(event, MessageLeftInDoubt):
        return changes | {"turns": _without(state, event.turn_id)}
    return changes


def _with_turn(state: Conversation, event: TurnOffered) -> dict[str, datetime]:
    open_still = {turn: until for turn, until in state.turns.items() if until > event.time}
    turns = {**open_still, event.id: event.deadline}
    return dict(list(turns.items())[-TURNS_MAX:])


def _without(state: Conversation, turn: str) -> dict[str, datetime]:
    return {known: deadline for known, deadline in state.turns.items() if known != turn}


def _with_status(
    state: Conversation, message_id: str, rank: int, sent_by_us: bool, named: bool
) -> dict[str, object]:
    """
    A message got this far.

    Only what carries our mark is ours: Meta may send statuses of what was written in the app too,
    and an echo taken for our own message would let the bot go on after a person's words.
    """
    statuses = with_rank(state.statuses, message_id, rank, STATUSES_MAX, named=named)
    if not sent_by_us or state.is_ours(message_id):
        return {"statuses": statuses}
    return {"statuses": statuses, "ours": with_plain(state.ours, message_id, STATUSES_MAX)}


def rank_of(event: StatusEvent) -> int:
    """Where a status stands on the ladder: ``io.saath.message.read.v1`` -> 3."""
    return STATUS_RANK[event.type.split(".")[-2]]


def merged(known: Contact, said: Contact) -> Contact:
    """What is known of a contact after a body that *said* so much; silence unsays nothing."""
    return known.model_copy(update=said.model_dump(exclude_none=True))
