"""How each fact changes a conversation. Pure: no clock, no Kafka, no logging."""

from datetime import UTC, datetime, timedelta

from saath.events import (
    Author,
    ConversationMerged,
    ConversationUnattended,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    LeaseRenewed,
    MessageAccepted,
    MessageBackfilled,
    MessageEchoed,
    MessageEdited,
    MessageLeftInDoubt,
    MessagePriced,
    MessageReceived,
    MessageRevoked,
    OutcomeEvent,
    OwnerChanged,
    StatusEvent,
    TurnClosed,
    TurnOffered,
    TurnWithdrawn,
    WindowClosed,
    WindowClosing,
    WindowOpened,
)
from saath.identity import event_id, parse_callback
from saath_router.conversation import (
    REMEMBERED_FOR,
    SEEN_MAX,
    SERVICE_WINDOW,
    STATUS_RANK,
    STATUSES_MAX,
    Conversation,
    rank_of,
)
from saath_router.identities import learned
from saath_router.marketing import person_left_at, said_of_marketing
from saath_router.memory import with_dated, with_mark, with_plain, with_rank
from saath_router.ownership import SAID
from saath_router.prices import price_mark
from saath_router.recent import with_edit, with_message, without
from saath_router.texts import text_key
from saath_router.turns import asked_message
from saath_router.waiting import waiting_after, watched_after
from saath_router.windows import opens_window

# A bot that answers nothing must not make the state grow; epoch and deadline void its turns anyway.
TURNS_MAX = 64

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
    ConversationMerged,
    MessagePriced,
    WindowOpened,
    WindowClosing,
    WindowClosed,
)

Changes = dict[str, object]

NOTHING_PENDING: Changes = {"pending": (), "pending_due": None, "pending_bot": None}


def evolve(state: Conversation, event: Event, *, acts: bool = True) -> Conversation:
    """The conversation after *event*, which was decided to be new; nobody waits where it acts not."""
    if event.origin == "history":
        # It never acts, so it may change nothing that something is decided by.
        changes: Changes = {}
        if isinstance(event, MessageBackfilled) and event.author == "customer":
            changes["history_asked_at"] = event.time
        seen = with_plain(state.seen_history, event.id, SEEN_MAX)
        remembered: Changes = {"seen_history": seen}
    else:
        changes = (
            {} if _on_trial(event) else _changes(state, event) | said_of_marketing(state, event)
        )
        if acts and not _on_trial(event):
            changes |= _waits(state, event)
        remembered = _seen(state, event.id, event.time) if _is_remembered(event) else {}
        if state.started_at is None:
            changes["started_at"] = event.time
    return state.model_copy(
        update={"contact": learned(state.contact, event, acts=acts)} | changes | remembered
    )


def _is_remembered(event: Event) -> bool:
    # Beside a message stands its first price; another one is known by its id.
    differs = isinstance(event, MessagePriced) and event.differs
    return bool(differs) or not isinstance(event, NOT_REMEMBERED)


def _on_trial(event: Event) -> bool:
    """What a bot said on trial answers nobody."""
    return isinstance(event, OutcomeEvent) and bool(event.shadow)


def remember(state: Conversation, what: str, happened: datetime) -> Conversation:
    """The conversation, knowing that *what* a person asked for has been decided."""
    return state.model_copy(update=_seen(state, what, happened) | {"held_with": None})


def _seen(state: Conversation, what: str, happened: datetime) -> Changes:
    """Remember an id; forget what is older than a redelivery can be, and the oldest of too many."""
    too_old = int((happened - REMEMBERED_FOR).timestamp())
    second = int(happened.timestamp())
    seen, forgotten = with_dated(state.seen, what, second, too_old, SEEN_MAX)
    if forgotten is None:
        return {"seen": seen}
    newest, before = datetime.fromtimestamp(forgotten, UTC), state.forgotten_before
    return {"seen": seen, "forgotten_before": max(before, newest) if before else newest}


def _changes(state: Conversation, event: Event) -> Changes:
    match event:
        case MessageReceived():
            return _received(state, event)
        case MessageEchoed():
            return _echoed(state, event)
        case MessageEdited():
            recent = with_edit(state.recent, event.original_message_id, event.content)
            pending = with_edit(state.pending, event.original_message_id, event.content)
            return {"recent": recent, "pending": pending}
        case MessageRevoked():
            return _revoked(state, event)
        case StatusEvent():
            callback = parse_callback(event.callback)
            named = callback is not None and callback.conversation is not None
            rank = max(rank_of(event), state.rank(event.message_id))
            return _with_status(state, event.message_id, rank, callback is not None, named)
        case MessagePriced(differs=None):
            mark = price_mark(event.pricing)
            return {"prices": with_mark(state.prices, event.message_id, mark, STATUSES_MAX)}
        case TurnOffered():
            return _offered(state, event)
        case TurnWithdrawn():
            return {"turns": _without(state, event.turn_id)}
        case OutcomeEvent():
            return _after_outcome(state, event)
        case _:
            return _of_the_conversation(state, event)


def _of_the_conversation(state: Conversation, event: Event) -> Changes:
    match event:
        case OwnerChanged():
            return _owned(state, event)
        case LeaseRenewed():
            return NOTHING_PENDING | {"lease_until": event.lease_until}
        case HandoffRequested() | HandoffWithdrawn():
            return {"handoff_open": isinstance(event, HandoffRequested)}
        case ConversationUnattended(rule="answers_nobody"):
            return dict(NOTHING_PENDING)
        case WindowOpened():
            return {"window": "open"}
        case WindowClosing():
            return {"window": "closing"}
        case WindowClosed():
            until = min(state.window_until or event.time, event.time)
            return {"window": None, "window_until": until, "passed_to": None}
        case _:
            return {}


def _received(state: Conversation, event: MessageReceived) -> Changes:
    recent = with_message(state.recent, event.message_id, "customer", event)
    changes: Changes = {"recent": recent, "passes": 0}
    if opens_window(event.content):
        window = event.time + SERVICE_WINDOW
        changes["window_until"] = max(state.window_until or window, window)
    if event.routed and event.routed.ask_at:
        message = asked_message(event, event.message_id, state)
        changes["pending"] = (*state.pending, message)
        changes["pending_due"] = event.routed.ask_at
        changes["pending_bot"] = event.routed.bot
    return changes


def _echoed(state: Conversation, event: MessageEchoed) -> Changes:
    by: Author = "automatic" if event.automatic else "bot" if event.standby else "person"
    recent = with_message(state.recent, event.message_id, by, event)
    same = event.automatic or text_key(event.content.text) == state.held_with
    return {"recent": recent, "held_with": state.held_with if same else None}


def _revoked(state: Conversation, event: MessageRevoked) -> Changes:
    """What its author has taken back, no bot is shown, nor asked to answer."""
    changes: Changes = {"recent": without(state.recent, event.original_message_id)}
    pending = without(state.pending, event.original_message_id)
    return changes | (NOTHING_PENDING if not pending else {"pending": pending})


def _owned(state: Conversation, event: OwnerChanged) -> Changes:
    to_bot = event.owner == "bot"
    passed = event.bot if event.rule in ("bot_passed_on", "released_to") else state.passed_to
    # Another bot is asked: what was said of people and bots before that holds as it did.
    said = to_bot and state.owner == "bot" and state.owner_rule in SAID and event.rule not in SAID
    changes: Changes = {
        "owner": event.owner,
        "epoch": event.epoch,
        "bot": event.bot or state.bot,
        "owner_since": state.owner_since if said else event.time,
        "owner_rule": state.owner_rule if said else event.rule,
        "person_left_at": person_left_at(state, event),
        "passed_to": passed if to_bot else None,
        "passes": state.passes + 1 if event.rule == "bot_passed_on" else 0,
        # Whoever had it before Meta's own agent gets it back, a person for the rest of the lease.
        "lease_until": state.lease_until if event.owner == "meta" else event.lease_until,
        "held_with": _words_of(state, event) if event.owner == "human" else None,
    }
    return changes if to_bot else changes | NOTHING_PENDING


def _offered(state: Conversation, event: TurnOffered) -> Changes:
    if event.shadow:
        return dict(NOTHING_PENDING)
    return NOTHING_PENDING | {"bot": event.bot, "turns": _with_turn(state, event)}


def _waits(state: Conversation, event: Event) -> Changes:
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


def _after_outcome(state: Conversation, event: OutcomeEvent) -> Changes:
    changes: Changes = {}
    if isinstance(event, MessageAccepted):
        # Without a turn, a request may not have known its conversation, nor do its statuses then.
        rank = max(STATUS_RANK["accepted"], state.rank(event.message_id))
        named = event.turn_id is not None
        changes = _with_status(state, event.message_id, rank, True, named)
        changes["recent"] = with_message(state.recent, event.message_id, event.by, event)
        if event.by == "person":
            changes["held_with"] = None
    if event.turn_id not in state.turns:
        return changes
    if isinstance(event, TurnClosed) and event.working_seconds:
        longer = event.time + timedelta(seconds=event.working_seconds)
        deadline = max(longer, state.turns[event.turn_id])
        return changes | {"turns": {**state.turns, event.turn_id: deadline}}
    if event.total == 1 and not event.is_answer:
        return changes  # it is open still; of several messages the others are words
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
) -> Changes:
    """
    A message got this far.

    Only what carries our mark is ours: Meta may send statuses of what was written in the app too,
    and an echo taken for our own message would let the bot go on after a person's words.
    """
    statuses = with_rank(state.statuses, message_id, rank, STATUSES_MAX, named=named)
    if not sent_by_us or state.is_ours(message_id):
        return {"statuses": statuses}
    return {"statuses": statuses, "ours": with_plain(state.ours, message_id, STATUSES_MAX)}
