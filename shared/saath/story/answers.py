"""What became of one thing: was the customer answered, by whom, and if not, why not. Pure."""

from datetime import datetime

from saath.events import (
    Event,
    MessageAccepted,
    MessageEchoed,
    MessageFailed,
    MessageReceived,
    OutcomeEvent,
    StatusEvent,
    TurnClosed,
    TurnOffered,
    TurnWithdrawn,
    short_name,
)
from saath.story.log import Logged, Story
from saath.story.speech import Speech, bot_named, capital, span
from saath.story.state import needs_answer


def answer(logged: Logged, story: Story, speech: Speech, now: datetime) -> str | None:
    """
    What came of a customer's message, of a turn, or of one of our messages.

    ``None`` for what nothing is to come of.
    """
    event = logged.event
    match event:
        case MessageReceived():
            return _of_message(logged, story, speech, now)
        case TurnOffered():
            return _of_turn(logged, story, speech, now)
        case MessageAccepted():
            return _how_far(event, story, speech)
        case _:
            return None


def _of_message(logged: Logged, story: Story, speech: Speech, now: datetime) -> str:
    turns = [e for e in story.effects(logged) if isinstance(e.event, TurnOffered)]
    said = [_of_turn(turn, story, speech, now) for turn in turns]
    if any(isinstance(o.event, MessageAccepted) for t in turns for o in _outcomes(t, story)):
        return " ".join(said)
    later = _next_answer(logged, story)
    if later is not None:
        waited, who = span(later.event.time - logged.event.time), "A person"
        if isinstance(later.event, MessageAccepted) and later.event.by == "bot":
            who = capital(bot_named(later.event.bot))
        return " ".join([*said, f"{who} answered {waited} after the customer wrote."])
    if turns:
        return " ".join(said)
    if isinstance(logged.event, MessageReceived) and not needs_answer(logged.event.content):
        return "It needs no answer."
    routed = logged.event.routed if isinstance(logged.event, MessageReceived) else None
    if routed and routed.ask_at and now < routed.ask_at:
        at = speech.time(routed.ask_at, now)
        return f"{capital(bot_named(routed.bot))} is asked at {at}, if no person answers before."
    waits = span(now - logged.event.time)
    return f"No bot was asked for it, and nobody has answered it since: {waits} by now."


def _of_turn(turn: Logged, story: Story, speech: Speech, now: datetime) -> str:
    offered = turn.event
    if not isinstance(offered, TurnOffered):
        return ""
    outcomes = _outcomes(turn, story)
    who = capital(bot_named(offered.bot))
    said = [_of_outcome(outcome, turn, story, speech) for outcome in outcomes]
    withdrawn = next((e for e in story.effects(turn) if _withdraws(e.event, turn)), None)
    if withdrawn and isinstance(withdrawn.event, TurnWithdrawn):
        soon = span(withdrawn.logged_at - turn.logged_at)
        spoke = any(outcome.logged_at <= withdrawn.logged_at for outcome in outcomes)
        had = "and was not through" if spoke else "and said nothing"
        before = f"{who} was asked {had} for {soon}; then it was asked no more"
        said.insert(0, f"{before}: {withdrawn.event.reason}.")
    if said:
        return " ".join(said)
    until = offered.reply_by or offered.deadline
    asked, time = span(now - turn.logged_at), speech.time(until, turn.logged_at)
    over = "had" if until < now else "has"
    return f"{who} was asked {asked} ago and has said nothing; it {over} until {time}."


def _of_outcome(outcome: Logged, turn: Logged, story: Story, speech: Speech) -> str:
    event = outcome.event
    soon = span(outcome.logged_at - turn.logged_at)
    who = capital(bot_named(getattr(event, "bot", None)))
    match event:
        case MessageAccepted():
            return f"{who} answered {soon} after it was asked. {_how_far(event, story, speech)}"
        case TurnClosed(working_seconds=int() as seconds) if seconds:
            return f"{who} asked for {seconds} s more, {soon} after it was asked."
        case TurnClosed():
            return f"{speech.what(event)[:-1]}, {soon} after it was asked."
        case _:
            return f"{speech.what(event)[:-1]}; {soon} after it was asked."


def _outcomes(turn: Logged, story: Story) -> list[Logged]:
    return [
        effect
        for effect in story.effects(turn)
        if isinstance(effect.event, OutcomeEvent) and effect.event.turn_id == turn.event.id
    ]


def _withdraws(event: Event, turn: Logged) -> bool:
    return isinstance(event, TurnWithdrawn) and event.turn_id == turn.event.id


def _how_far(event: MessageAccepted, story: Story, speech: Speech) -> str:
    accepted = story.get(event.id)
    effects = story.effects(accepted) if accepted else ()
    told = [e.event for e in effects if isinstance(e.event, StatusEvent)]
    if not told:
        return "Meta took it and has said nothing of it since."
    last = told[-1]
    if isinstance(last, MessageFailed):
        return speech.what(last)
    return f"Meta took it; it is {short_name(last.type).split('.')[1]}."


def _next_answer(logged: Logged, story: Story) -> Logged | None:
    """The first words to the customer after *logged*, of whomever but the app and campaigns."""
    for other in story.log[story.log.index(logged) + 1 :]:
        event = other.event
        match event:
            case MessageEchoed() if not event.automatic and event.time >= logged.event.time:
                return other
            case MessageAccepted(by="person" | "bot"):
                return other
    return None
