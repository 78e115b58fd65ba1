"""Who has a conversation now, and what it waits for, from its events alone. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, Field

from saath.events import (
    Content,
    ConversationMerged,
    ConversationUnattended,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    LeaseRenewed,
    MessageAccepted,
    MessageEchoed,
    MessageLeftInDoubt,
    MessageReceived,
    Model,
    OutcomeEvent,
    Owner,
    OwnerChanged,
    OwnershipRecorded,
    TurnClosed,
    TurnOffered,
    TurnWithdrawn,
    WindowClosed,
    WindowClosing,
    WindowOpened,
)
from saath.story.log import Logged
from saath.story.written import WRITTEN, Tally, Written, counted, with_event

SERVICE_WINDOW = timedelta(hours=24)
# Nobody waits for an answer to these; see the router's own list.
SILENT_TYPES = frozenset({"reaction", "system", "request_welcome"})
# An epoch is at least the milliseconds of when it was decided; before that it was a number from 1 on.
_EPOCH_IS_TIME = 10**12


class Asked(Model):
    """A turn to which the bot has not said its last word."""

    turn: str
    bot: str
    asked_at: AwareDatetime
    reply_by: AwareDatetime | None = None
    deadline: AwareDatetime
    shadow: bool = False


class State(Model):
    """
    A conversation now.

    ``since`` is when the ownership began, ``because`` and ``rule`` why. ``waiting_since``: a customer
    wrote then, and nobody has answered. ``merged`` are the conversations that were joined with this one.
    """

    conversation: str
    number: str | None = None
    owner: Owner | None = None
    epoch: int = 0
    bot: str | None = None
    since: AwareDatetime | None = None
    because: str | None = None
    rule: str | None = None
    lease_until: AwareDatetime | None = None
    window_until: AwareDatetime | None = None
    waiting_since: AwareDatetime | None = None
    unattended: bool = False
    person_called: bool = False
    turns: tuple[Asked, ...] = ()
    messages: tuple[Written, ...] = ()
    prices: dict[str, int] = Field(default_factory=dict)
    merged: tuple[str, ...] = ()
    last_activity: AwareDatetime | None = None
    tally: Tally = Field(default=Tally(), exclude=True, repr=False)

    def window_open(self, now: datetime) -> bool:
        """True while anything may be sent to the customer."""
        return self.window_until is not None and now < self.window_until


def state_after(conversation: str, log: Iterable[Logged]) -> State:
    """The state of *conversation* after *log*; of those joined with it, what was written counts."""
    state = State(conversation=conversation)
    for logged in log:
        state = evolve(state, logged)
    return state


def evolve(state: State, logged: Logged) -> State:
    """The state after one more event."""
    event = logged.event
    if event.origin == "history":
        return state.model_copy(update={"number": event.number or state.number})
    messages = with_event(state.messages, state.tally, event)
    tally = counted(state.tally, event)
    changes: dict[str, object] = {"messages": messages, "tally": tally, "prices": tally.prices()}
    if isinstance(event, WRITTEN):
        changes["last_activity"] = max(state.last_activity or event.time, event.time)
    if event.conversation in (None, state.conversation):
        changes |= _ownership(state, event) | _window(state, event) | _waiting(state, event)
        changes |= _turns(state, logged) | {"number": event.number or state.number}
    return state.model_copy(update=changes)


def with_record(state: State, owned: OwnershipRecorded) -> State:
    """The state and what ``owners`` says of it, which may be newer, and may be all there is."""
    if owned.epoch < state.epoch:
        return state
    changes: dict[str, object] = {
        "number": owned.number,
        "owner": owned.owner,
        "epoch": owned.epoch,
        "bot": owned.bot or state.bot,
        "lease_until": owned.lease_until,
        "window_until": owned.window_until or state.window_until,
    }
    if owned.epoch > state.epoch or state.since is None:
        changes |= {"since": _began(owned.epoch), "because": None, "rule": None}
    if state.last_activity is None and owned.window_until:
        # The customer's last message opened the window.
        changes["last_activity"] = owned.window_until - SERVICE_WINDOW
    return state.model_copy(update=changes)


def needs_answer(content: Content) -> bool:
    """False for what nobody waits to have answered."""
    return content.type not in SILENT_TYPES and "group_id" not in (content.model_extra or {})


def _began(epoch: int) -> datetime | None:
    return datetime.fromtimestamp(epoch / 1000, UTC) if epoch >= _EPOCH_IS_TIME else None


def _ownership(state: State, event: Event) -> dict[str, object]:
    match event:
        case OwnerChanged():
            return {
                "owner": event.owner,
                "epoch": event.epoch,
                "bot": event.bot or state.bot,
                "since": event.time,
                "because": event.reason,
                "rule": event.rule,
                "lease_until": event.lease_until,
            }
        case LeaseRenewed():
            return {"lease_until": event.lease_until}
        case ConversationMerged(into=into, merged=merged) if into == state.conversation:
            return {"merged": (*state.merged, merged), "epoch": max(state.epoch, event.epoch)}
        case _:
            return {}


def _window(state: State, event: Event) -> dict[str, object]:
    match event:
        case MessageReceived() if needs_answer(event.content) or event.content.type == "reaction":
            # Said by no event of its own before WindowOpened was; it is Meta's rule all the same.
            until = event.time + SERVICE_WINDOW
            return {"window_until": max(state.window_until or until, until)}
        case WindowOpened() | WindowClosing():
            return {"window_until": event.until}
        case WindowClosed():
            return {"window_until": min(state.window_until or event.time, event.time)}
        case _:
            return {}


def _waiting(state: State, event: Event) -> dict[str, object]:
    answered: dict[str, object] = {"waiting_since": None, "unattended": False}
    match event:
        case MessageReceived() if needs_answer(event.content):
            later = (m for m in state.messages if m.author in ("person", "bot"))
            if any(answer.time > event.time for answer in later):
                return {}
            waits = state.waiting_since
            return {"waiting_since": min(waits, event.time) if waits else event.time}
        case MessageEchoed() if not event.automatic and needs_answer(event.content):
            waits = state.waiting_since
            # Meta's times are whole seconds, so the same second counts as after.
            return answered if waits and event.time >= waits.replace(microsecond=0) else {}
        case MessageAccepted(by="person", content=Content() as content) if not needs_answer(
            content
        ):
            return {}  # a reaction
        case MessageAccepted(by="bot" | "person"):
            return answered
        case OutcomeEvent() if getattr(event, "then", None) == "done":
            return answered
        case ConversationUnattended():
            return {"unattended": True, "waiting_since": event.waiting_since}
        case HandoffRequested():
            return {"person_called": True, "waiting_since": state.waiting_since or event.time}
        case HandoffWithdrawn():
            return {"person_called": False}
        case _:
            return {}


def _turns(state: State, logged: Logged) -> dict[str, object]:
    event = logged.event
    match event:
        case TurnOffered():
            asked = Asked(
                turn=event.id,
                bot=event.bot,
                asked_at=logged.logged_at,
                reply_by=event.reply_by,
                deadline=event.deadline,
                shadow=bool(event.shadow),
            )
            return {"turns": (*state.turns, asked), "bot": event.bot}
        case TurnClosed(working_seconds=int() as seconds) if seconds:
            longer = event.time + timedelta(seconds=seconds)
            return {"turns": tuple(_longer(t, event.turn_id, longer) for t in state.turns)}
        case TurnWithdrawn():
            return {"turns": _without(state, event.turn_id)}
        case MessageLeftInDoubt():
            return {}
        case OutcomeEvent(total=1) if not event.is_answer:
            return {}
        case OutcomeEvent() if event.turn_id and event.index == event.total - 1:
            return {"turns": _without(state, event.turn_id)}
        case _:
            return {}


def _longer(asked: Asked, turn: str | None, until: datetime) -> Asked:
    if asked.turn != turn:
        return asked
    return asked.model_copy(update={"reply_by": until, "deadline": max(until, asked.deadline)})


def _without(state: State, turn: str | None) -> tuple[Asked, ...]:
    return tuple(asked for asked in state.turns if asked.turn != turn)
