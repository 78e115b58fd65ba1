"""What each event says, as a sentence for people. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from saath.events import (
    CallReported,
    CommandRefused,
    ContactIdentityChanged,
    ContactPreferenceChanged,
    Content,
    ConversationMerged,
    ConversationUnattended,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    HistoryCompleted,
    HistoryMediaReceived,
    LeaseRenewed,
    MessageAccepted,
    MessageBackfilled,
    MessageDropped,
    MessageEchoed,
    MessageEdited,
    MessageExpired,
    MessageFailed,
    MessageLeftInDoubt,
    MessagePriced,
    MessageReadMarked,
    MessageReceived,
    MessageRefused,
    MessageRejected,
    MessageRevoked,
    MessageShadowed,
    MessageSuperseded,
    MessageUnavailable,
    OutcomeEvent,
    OwnerChanged,
    Problem,
    StatusEvent,
    ThreadControlChanged,
    TurnClosed,
    TurnOffered,
    TurnWithdrawn,
    WindowClosed,
    WindowClosing,
    WindowOpened,
    short_name,
)
from saath.story.written import price

WHO = {"bot": "the bot", "human": "a person", "meta": "Meta's own agent"}
_STATUSES = {
    "sent": "left Meta",
    "delivered": "was delivered to the customer's phone",
    "read": "was read by the customer",
    "played": "was played by the customer",
}
_KINDS = {"audio": "a voice message", "contacts": "a contact card", "interactive": "a choice"}
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Speech:
    """How times are said, and whether people's own words are."""

    zone: tzinfo
    texts: bool = False

    def time(self, moment: datetime, near: datetime) -> str:
        """*moment* as the clock on the wall says it; with its day where *near* is another."""
        here = moment.astimezone(self.zone)
        same_day = here.date() == near.astimezone(self.zone).date()
        return here.strftime("%H:%M:%S" if same_day else "%-d %b %H:%M")

    def what(self, event: Event) -> str:
        """What happened, in a sentence."""
        said = (
            _message(event)
            or _status(event)
            or _outcome(event)
            or _ownership(event, lambda moment: self.time(moment, event.time))
            or _turn(event, lambda moment: self.time(moment, event.time))
            or _other(event)
        )
        return said or f"{short_name(event.type)} was logged."

    def words(self, event: Event) -> str | None:
        """What a person or a bot wrote, where it may be shown."""
        if not self.texts:
            return None
        content = getattr(event, "content", None)
        text = content.text if isinstance(content, Content) else None
        return text or getattr(event, "summary", None)


def span(lasted: timedelta) -> str:
    """How long something took: ``412 ms``, ``1.6 s``, ``4 min 12 s``, ``3 h 5 min``, ``2 d 3 h``."""
    ms = max(0, round(lasted.total_seconds() * 1000))
    seconds = ms // 1000
    if seconds == 0:
        return f"{ms} ms"
    if seconds < _MINUTE:
        return f"{ms / 1000:.2f}".rstrip("0").rstrip(".") + " s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
    return f"{seconds // _DAY} d {seconds % _DAY // _HOUR} h"


def bot_named(bot: str | None) -> str:
    """A bot as it is spoken of."""
    return f"the bot {bot}" if bot else "the bot"


def capital(sentence: str) -> str:
    """*sentence*, beginning as sentences do."""
    return sentence[:1].upper() + sentence[1:]


def _kind(content: Content | None) -> str:
    """What was written: ``wrote`` for words, else what was sent."""
    kind = content.type if content else "unknown"
    if kind == "text":
        return "wrote"
    named = _KINDS.get(kind) or f"{'an' if kind[:1] in 'aeiou' else 'a'} {kind.replace('_', ' ')}"
    return f"sent {named}"


def _message(event: Event) -> str | None:
    match event:
        case MessageReceived():
            return f"The customer {_kind(event.content)}."
        case MessageUnavailable():
            return "The customer wrote what Meta could not show us (131060)."
        case MessageEchoed(standby=True):
            return f"Meta's own agent {_kind(event.content)}."
        case MessageEchoed(automatic=True):
            return "The app wrote its own greeting or away text."
        case MessageEchoed(automatic=False):
            return f"A person {_kind(event.content)} from the phone."
        case MessageEchoed():
            return f"The phone {_kind(event.content)}: a person, or the app's own greeting."
        case MessageEdited():
            return f"The {event.by} changed a message."
        case MessageRevoked():
            return f"The {event.by} deleted a message."
        case MessageBackfilled(author="customer"):
            return "A message of the customer came with the phone's history."
        case MessageBackfilled():
            return "A message of the business came with the phone's history."
        case HistoryMediaReceived():
            return "The media of a message came with the phone's history."
        case _:
            return None


def _status(event: Event) -> str | None:
    match event:
        case MessageFailed():
            return f"The message was not delivered: {_problems(event.errors)}."
        case StatusEvent():
            return f"The message {_STATUSES[short_name(event.type).split('.')[1]]}."
        case MessagePriced():
            billable = {True: ", billed", False: ", free", None: ""}[event.pricing.billable]
            again = "now counts" if event.differs else "counts"
            return f"Meta {again} the message as: {price(event.pricing) or 'unknown'}{billable}."
        case _:
            return None


def _outcome(event: Event) -> str | None:
    if not isinstance(event, OutcomeEvent):
        return None
    part = f" ({event.index + 1} of {event.total})" if event.total > 1 else ""
    named = f" {event.bot}" if event.bot else ""
    author = {"bot": f"bot{named}", "person": "person with a tool", "campaign": "campaign"}[
        event.by
    ]
    message = f"the message of the {author}{part}"
    match event:
        case MessageAccepted():
            said = f"Meta took {message}."
        case MessageReadMarked():
            shown = " and showed that somebody types" if event.typing else ""
            said = f"the {author} marked the customer's message as read{shown}."
        case MessageSuperseded():
            said = f"{message} was NOT sent: somebody else answers."
        case MessageShadowed():
            said = f"{message} was NOT sent: the bot answers on trial."
        case MessageExpired():
            said = f"{message} was NOT sent: its time had passed."
        case MessageRefused():
            where = f" (at {event.pointer})" if event.pointer else ""
            said = f"{message} was NOT sent: {event.reason}{where}."
        case MessageRejected():
            said = f"Meta refused {message}: {_problems((event.error,))}."
        case MessageLeftInDoubt():
            said = f"It is unknown whether {message} was sent: {event.reason}."
        case MessageDropped():
            said = f"{message} stays in doubt and is not sent again: {event.reason}."
        case TurnClosed():
            said = _closed(event)
        case _:
            return None
    return capital(said)


def _closed(event: TurnClosed) -> str:
    who = bot_named(event.bot)
    if event.working_seconds:
        return f"{who} asked for {event.working_seconds} s more."
    if event.then in (None, "done"):
        return f"{who} said that nothing needs an answer."
    return f"{who} gave the conversation away without a word."


def _ownership(event: Event, time: Callable[[datetime], str]) -> str | None:
    match event:
        case OwnerChanged():
            owner = bot_named(event.bot) if event.owner == "bot" else WHO[event.owner]
            until = f", until {time(event.lease_until)}" if event.lease_until else ""
            before = f" (before: {WHO[event.previous]})" if event.previous != event.owner else ""
            return f"From now on {owner} answers{until}{before}."
        case LeaseRenewed():
            return f"The person keeps the conversation until {time(event.lease_until)}."
        case ConversationUnattended():
            waits = time(event.waiting_since)
            return f"The customer has waited since {waits}, and nobody answered: it was reported."
        case ConversationMerged() if event.conversation == event.into:
            return f"{event.merged} was joined with this conversation: they are one customer's."
        case ConversationMerged():
            return f"The conversation was joined with {event.into}: they are one customer's."
        case WindowOpened():
            return f"Anything may be sent to the customer until {time(event.until)}."
        case WindowClosing():
            return f"The service window closes at {time(event.until)}."
        case WindowClosed():
            return "The service window is closed: only templates may be sent."
        case _:
            return None


def _turn(event: Event, time: Callable[[datetime], str]) -> str | None:
    match event:
        case TurnOffered():
            count = len(event.messages)
            several = f" {count} messages" if count > 1 else ""
            until = f" until {time(event.reply_by or event.deadline)}"
            trial = ", on trial: its answer is not sent" if event.shadow else ""
            passed = f", passed on by {event.passed_by}" if event.passed_by else ""
            asked = capital(bot_named(event.bot))
            return f"{asked} was asked to answer{several}{until}{passed}{trial}."
        case TurnWithdrawn():
            return f"{capital(bot_named(event.bot or None))} is asked no more."
        case HandoffRequested():
            by = f" by {bot_named(event.by)}" if event.by else ""
            return f"A person was called{by}."
        case HandoffWithdrawn():
            return "Nobody is called any more."
        case _:
            return None


def _other(event: Event) -> str | None:
    match event:
        case CommandRefused():
            return f"A command was refused: {event.reason}."
        case ThreadControlChanged(holder="meta"):
            return "Meta gave the customer to its own agent."
        case ThreadControlChanged():
            return "Meta gave the customer back to us."
        case CallReported():
            return f"A call was reported{f': {event.event}' if event.event else ''}."
        case ContactPreferenceChanged():
            return f"The customer chose: {event.value} {event.category.replace('_', ' ')}."
        case ContactIdentityChanged():
            return "The customer is known by another id from now on."
        case HistoryCompleted():
            return f"All of the phone's history is in: {event.messages} messages."
        case _:
            return None


def _problems(errors: tuple[Problem, ...]) -> str:
    said = (f"{e.title or 'an error'}{f' ({e.code})' if e.code else ''}" for e in errors)
    return "; ".join(said) or "Meta did not say why"
