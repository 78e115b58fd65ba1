"""Turns: a bot is asked to answer, with all that it needs for that. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from saath.events import Contact, ContactFacts, Event, Quoted, TurnMessage, TurnOffered
from saath.identity import event_id, turn_id
from saath_router.conversation import SERVICE_WINDOW, Conversation
from saath_router.facts import Rule, about
from saath_router.policy import Policy


@dataclass(frozen=True, slots=True)
class Asked:
    """What a bot is asked, and why. ``contact`` is all that is known of the customer by now."""

    bot: str
    epoch: int
    messages: tuple[TurnMessage, ...] = field(repr=False)
    contact: Contact = field(repr=False)
    rule: Rule
    reason: str
    cause: str
    passed_by: str | None = None
    summary: str | None = field(default=None, repr=False)
    shadow: bool = False


def turn_offered(asked: Asked, state: Conversation, policy: Policy, now: datetime) -> TurnOffered:
    """The bot is asked. Nobody watches whether a bot on trial answers."""
    named = [event_id(message.message_id, "received") for message in asked.messages]
    turn = turn_id(named or [asked.cause], asked.bot, asked.epoch)
    watched = policy.bot_reply_within and not asked.shadow
    return TurnOffered(
        id=turn,
        correlation=turn,
        bot=asked.bot,
        epoch=asked.epoch,
        reason=asked.reason,
        rule=asked.rule,
        deadline=now + policy.turn_deadline,
        reply_by=now + policy.bot_reply_within if watched else None,
        window_until=_window(asked, state),
        passed_by=asked.passed_by,
        summary=asked.summary,
        shadow=asked.shadow or None,
        turn="",
        messages=tuple(_with_quote(message, state) for message in asked.messages),
        recent=_before(asked, state),
        contact=ContactFacts(name=asked.contact.name, username=asked.contact.username),
        **about(state, asked.cause, now),
    )


def asked_message(event: Event, message_id: str, state: Conversation) -> TurnMessage:
    """A customer's message as a bot is shown it, with what it quotes."""
    content = getattr(event, "content")  # noqa: B009 # whichever event has one
    return TurnMessage(
        message_id=message_id,
        author="customer",
        time=event.time,
        content=content,
        quotes=_quoted(content.model_extra or {}, state),
    )


def _with_quote(message: TurnMessage, state: Conversation) -> TurnMessage:
    """One of the last few messages is kept without what it quotes."""
    if message.quotes is not None:
        return message
    return message.model_copy(update={"quotes": _quoted(message.content.model_extra or {}, state)})


def _quoted(said: dict[str, object], state: Conversation) -> Quoted | None:
    match said.get("context"):
        case {"id": str() as quoted}:
            known = (m for m in (*state.recent, *state.pending) if m.message_id == quoted)
            found = next(known, None)
            if found is None:
                return Quoted(message_id=quoted)
            return Quoted(message_id=quoted, author=found.author, content=found.content)
        case _:
            return None


def _before(asked: Asked, state: Conversation) -> tuple[TurnMessage, ...]:
    """The last few messages but those that are asked about."""
    asked_about = {message.message_id for message in asked.messages}
    return tuple(m for m in state.recent if m.message_id not in asked_about)


def _window(asked: Asked, state: Conversation) -> datetime | None:
    ends = [message.time + SERVICE_WINDOW for message in asked.messages]
    return max([*ends, *([state.window_until] if state.window_until else [])], default=None)
