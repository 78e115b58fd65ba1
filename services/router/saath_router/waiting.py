"""Who waits for whom: the customer for an answer, and we for the bot that was asked. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from saath.events import (
    ConversationUnattended,
    Event,
    HandoffRequested,
    MessageAccepted,
    MessageEchoed,
    MessageReceived,
    MessageRevoked,
    Model,
    OutcomeEvent,
    OwnerChanged,
    TurnClosed,
    TurnOffered,
)
from saath_router.recent import Recent, is_later, unanswered, without
from saath_router.texts import is_said_to_one

# Of a hundred messages that nobody answers, the oldest are what counts.
WATCHED_MAX = 64


class Watch(Model):
    """A bot was asked at ``since`` and must have said something by ``due``."""

    since: AwareDatetime
    due: AwareDatetime


def watched_after(watched: Mapping[str, Watch], event: Event) -> dict[str, Watch]:
    """The turns to which the bot has said nothing, after *event*."""
    match event:
        case OwnerChanged() | ConversationUnattended(rule="bot_silent"):
            return {}
        case MessageAccepted() if is_by_a_person(event):
            return {}  # also where nobody is held: the customer has their answer
        case MessageEchoed() if is_a_persons(event):
            return {turn: watch for turn, watch in watched.items() if watch.since > event.time}
        case TurnOffered(reply_by=datetime() as due) if len(watched) < WATCHED_MAX:
            return {**watched, event.id: Watch(since=event.time, due=due)}
        case OutcomeEvent(turn_id=str() as turn) if turn in watched and event.is_answer:
            if isinstance(event, TurnClosed) and event.working_seconds:
                longer = event.time + timedelta(seconds=event.working_seconds)
                watch = Watch(since=watched[turn].since, due=max(longer, watched[turn].due))
                return {**watched, turn: watch}
            # Whoever answers the later of two messages has read the earlier.
            turns = list(watched)
            return {later: watched[later] for later in turns[turns.index(turn) + 1 :]}
        case _:
            return dict(watched)


def is_by_a_person(event: OutcomeEvent) -> bool:
    """True for words that a person wrote in a tool; a reaction says nothing, as in the app."""
    return event.by == "person" and (event.content is None or is_said_to_one(event.content))


def is_a_persons(event: MessageEchoed) -> bool:
    """True for words to the customer that a person wrote in the app."""
    said_to_us = event.automatic or event.standby or event.rule == "release_word"
    return not said_to_us and is_said_to_one(event.content)


def waiting_after(since: datetime | None, recent: Recent, event: Event) -> datetime | None:
    """Since when a customer waits, after *event*; *recent* is what was written before it."""
    match event:
        case MessageReceived() if is_said_to_one(event.content):
            # Meta's webhooks come in any order: what was answered before we read it waits no more.
            answers = (m for m in recent if m.author in ("person", "bot"))
            later = (m for m in answers if is_later(m, event.time))
            if any(is_said_to_one(answer.content) for answer in later):
                return since
            return min(since, event.time) if since else event.time
        case MessageEchoed(rule="release_word"):
            return since  # that is said to us, and answers nobody
        case MessageEchoed() if since and not event.automatic and is_said_to_one(event.content):
            # Meta's times are whole seconds, so the same second counts as after.
            return None if event.time >= since.replace(microsecond=0) else since
        case MessageRevoked(by="customer", original_message_id=str() as gone) if since:
            taken_back = any(m.message_id == gone and m.time == since for m in recent)
            left = (m.time for m in unanswered(without(recent, gone)))
            return min(left, default=None) if taken_back else since
        case MessageAccepted() if event.by == "bot" or is_by_a_person(event):
            return None
        case OutcomeEvent() if getattr(event, "then", None) == "done":
            return None  # a read mark that failed is one of these
        case HandoffRequested():
            return since or event.time
        case _:
            return since
