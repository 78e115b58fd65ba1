"""Why each thing happened: what the event says of it, else what was known when it was put down. Pure."""

from datetime import timedelta

from saath.events import (
    ConversationUnattended,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    MessageAccepted,
    MessageEchoed,
    MessageReadMarked,
    MessageReceived,
    MessageSuperseded,
    OutcomeEvent,
    OwnerChanged,
    Routed,
    TurnClosed,
    TurnOffered,
    TurnWithdrawn,
    WindowClosed,
)
from saath.story.log import Logged, Story
from saath.story.rules import in_words
from saath.story.speech import WHO, Speech, bot_named, capital, span
from saath.story.state import State, needs_answer

# What the router wrote before it named its rules, for programs rather than for people.
_SAID = {"default": "the bot has the conversation"}


def because(logged: Logged, before: State, story: Story, speech: Speech) -> str | None:
    """Why, in a sentence or two; *before* is the state it met. ``None`` where nothing is to be said."""
    event = logged.event
    match event:
        case MessageReceived():
            return _routed(logged, event, before, story, speech)
        case MessageEchoed():
            return _echo(event, before)
        case MessageSuperseded():
            return _superseded(event, before, speech)
        case MessageAccepted(by="bot") if before.owner not in (None, "bot"):
            return _against(event, before, story, speech)
        case TurnOffered() if _said_already(event, story):
            return None
        case OwnerChanged() | TurnOffered() | TurnWithdrawn():
            return capital(f"{_SAID.get(event.reason, event.reason)}{_by_command(logged, story)}.")
        case HandoffRequested() | HandoffWithdrawn():
            return capital(f"{event.reason}.")
        case TurnClosed() | MessageReadMarked() if event.then not in (None, "done"):
            return "What follows from that stands next."
        case WindowClosed(rule=str() as rule) | ConversationUnattended(rule=str() as rule):
            return capital(f"{in_words(rule)}.")
        case _:
            return None


def rule_of(event: Event) -> str | None:
    """The rule that decided, in the router's own word for it."""
    routed = event.routed if isinstance(event, MessageReceived) else None
    said = routed.rule if routed else getattr(event, "rule", None)
    return said if isinstance(said, str) else None


def epoch_of(event: Event) -> int | None:
    """The ownership an event speaks of."""
    routed = event.routed if isinstance(event, MessageReceived) else None
    said = routed.epoch if routed else getattr(event, "epoch", None)
    return said if isinstance(said, int) else None


def _routed(
    logged: Logged, event: MessageReceived, before: State, story: Story, speech: Speech
) -> str | None:
    if event.routed:
        return _as_routed(event.routed, event, before, speech)
    turn = next((e.event for e in story.effects(logged) if isinstance(e.event, TurnOffered)), None)
    if isinstance(turn, TurnOffered):
        return f"{capital(bot_named(turn.bot))} is asked: {_SAID.get(turn.reason, turn.reason)}."
    if not needs_answer(event.content):
        return "No bot was asked: such a message needs no answer."
    if before.owner in ("human", "meta"):
        return f"No bot was asked: {_held(before, event, speech)}."
    return "No bot was asked. The log does not say why; it is older than such notes."


def _as_routed(routed: Routed, event: Event, before: State, speech: Speech) -> str:
    rule = in_words(routed.rule)
    match routed.to:
        case "bot":
            later = ""
            if routed.ask_at:
                later = f", but only at {speech.time(routed.ask_at, event.time)}"
            return f"{capital(bot_named(routed.bot))} is asked{later}: {rule}."
        case "nobody":
            return f"Nobody is asked to answer: {rule}."
        case owner if before.owner == owner and before.epoch == routed.epoch:
            return f"No bot is asked: {_held(before, event, speech)}."
        case owner:
            return f"No bot is asked, {WHO[owner]} answers: {rule}."


def _held(before: State, event: Event, speech: Speech) -> str:
    owner = WHO[before.owner or "bot"]
    since = f" since {speech.time(before.since, event.time)}" if before.since else ""
    until = f" until {speech.time(before.lease_until, event.time)}" if before.lease_until else ""
    why = f" ({before.because})" if before.because else ""
    return f"{owner} has the conversation{since}{until}{why}"


def _echo(event: MessageEchoed, before: State) -> str | None:
    if event.rule:
        return capital(f"{in_words(event.rule)}.")
    if event.automatic:
        return "It takes nothing over: no person wrote it."
    if (
        event.automatic is False
        and before.since
        and event.time < before.since.replace(microsecond=0)
    ):
        return "It takes nothing over: it was written before the conversation last changed hands."
    return None


def _superseded(event: MessageSuperseded, before: State, speech: Speech) -> str:
    said = f"{capital(event.reason)}."
    if before.since is None or event.epoch is None or event.epoch >= before.epoch:
        return said
    changed = speech.time(before.since, event.time)
    why = f": {before.because}" if before.because else ""
    return f"{said} It was written while epoch {event.epoch} held, which ended at {changed}{why}."


def _against(event: MessageAccepted, before: State, story: Story, speech: Speech) -> str:
    """A bot's message that was taken although a person has the conversation by now: which was first?"""
    taken = _taken_by(before, story)
    owner = WHO[before.owner or "human"]
    if taken is None:
        return f"{capital(owner)} had the conversation by then."
    written = story.cause(taken)
    known = written.logged_at if written else taken.logged_at
    if event.time > known:
        late = span(event.time - known)
        return f"{capital(owner)} had the conversation already, known here for {late} by then."
    said = f"{capital(owner)} has it since {speech.time(known, event.time)}, when we heard of it"
    said += f", {span(known - event.time)} after Meta had taken this."
    if written and written.event.time < event.time - timedelta(seconds=1):
        told = span(written.logged_at - written.event.time)
        said += f" Meta told us {told} after it was written."
    return said


def _taken_by(before: State, story: Story) -> Logged | None:
    for logged in story.log:
        if isinstance(logged.event, OwnerChanged) and logged.event.epoch == before.epoch:
            return logged
    return None


def _said_already(turn: TurnOffered, story: Story) -> bool:
    """The message, or the change of owner, that the turn came with gave the reason."""
    cause = story.get(turn.causation or "")
    if cause and isinstance(cause.event, MessageReceived):
        return True
    changes = [logged.event for logged in story.log if isinstance(logged.event, OwnerChanged)]
    return any(
        change.epoch == turn.epoch and change.causation == turn.causation for change in changes
    )


def _by_command(logged: Logged, story: Story) -> str:
    """A cause that the log does not have is a person's command."""
    event = logged.event
    if not isinstance(event, OwnerChanged) or not event.causation:
        return ""
    if story.cause(logged) is not None or event.causation.startswith(("t_", "out_", "wamid.")):
        return ""
    return f" (command {event.causation})" if not isinstance(event, OutcomeEvent) else ""
