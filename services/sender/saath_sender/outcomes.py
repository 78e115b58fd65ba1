"""What became of a message, as the events that say so. Pure. Ids are deterministic."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from saath.events import (
    MessageAccepted,
    MessageDropped,
    MessageExpired,
    MessageLeftInDoubt,
    MessageReadMarked,
    MessageRefused,
    MessageRejected,
    MessageShadowed,
    MessageSuperseded,
    OutcomeEvent,
    Problem,
    Then,
    TurnClosed,
)
from saath.identity import digest_id
from saath.tokens import TurnToken
from saath_sender.kinds.read import mark_of
from saath_sender.ledger import Name, Origin
from saath_sender.requests import SENDERS, Refusal, Request, Source


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a request, in a conversation if one is known."""

    request: Request
    index: int
    conversation: str | None

    @property
    def last(self) -> bool:
        """True for the message that ``then`` follows."""
        return self.index + 1 >= self.request.total


def accepted(message: Message, message_id: str, address: str | None, now: datetime) -> OutcomeEvent:
    """Meta took it. ``address`` is where it went."""
    then = message.request.then if message.last else None
    facts = _facts(message, "accepted", now)
    facts["to"] = address or facts["to"]
    return MessageAccepted(**facts, message_id=message_id, then=then)


def read_marked(message: Message, now: datetime) -> OutcomeEvent:
    """Meta has marked the customer's message as read."""
    request = message.request
    mark = mark_of(request.contents[message.index])
    return MessageReadMarked(
        **_facts(message, "read_marked", now),
        message_id=mark.message_id,
        typing=mark.typing or None,
        then=request.then if message.last else None,
    )


def superseded(message: Message, reason: str, now: datetime) -> OutcomeEvent:
    """Somebody else answers."""
    return MessageSuperseded(**_facts(message, "superseded", now), reason=reason)


def shadowed(message: Message, now: datetime) -> OutcomeEvent:
    """Its bot is on trial."""
    return MessageShadowed(**_facts(message, "shadowed", now))


def expired(message: Message, now: datetime) -> OutcomeEvent:
    """Its time had passed."""
    return MessageExpired(**_facts(message, "expired", now))


def refused(message: Message, reason: str, pointer: str | None, now: datetime) -> OutcomeEvent:
    """It cannot be sent as written."""
    return MessageRefused(**_facts(message, "refused", now), reason=reason, pointer=pointer)


def rejected(message: Message, problem: Problem, now: datetime) -> OutcomeEvent:
    """Meta said no."""
    then = _after_a_mark(message)
    return MessageRejected(**_facts(message, "rejected", now), error=problem, then=then)


def in_doubt(message: Message, reason: str, attempt: int, now: datetime) -> OutcomeEvent:
    """Nobody knows."""
    return MessageLeftInDoubt(**_facts(message, f"in_doubt:{attempt}", now), reason=reason)


def dropped(message: Message, reason: str, now: datetime) -> OutcomeEvent:
    """Nobody knows, and it is not sent again."""
    then = _after_a_mark(message)
    return MessageDropped(**_facts(message, "dropped", now), reason=reason, then=then)


def closed(message: Message, now: datetime) -> OutcomeEvent:
    """A turn answered without words."""
    request = message.request
    return TurnClosed(
        **_facts(message, "closed", now),
        then=request.then,
        working_seconds=request.working_seconds,
    )


def unread(refusal: Refusal, source: Source, index: int, now: datetime) -> OutcomeEvent | None:
    """A request that could not even be read; ``None`` when it names no number to tell it to."""
    if refusal.number is None:
        return None
    name = refusal.request or digest_id("unread_", source.topic, str(source.offset))
    token = refusal.token
    return MessageRefused(
        id=digest_id("out_", refusal.number, name, str(index), "refused", str(source.offset)),
        time=now,
        number=refusal.number,
        conversation=token.conversation if token else None,
        correlation=token.turn if token else None,
        request=name,
        index=index,
        total=refusal.total,
        by=source.by,
        bot=token.bot if token else None,
        turn_id=token.turn if token else None,
        epoch=token.epoch if token else None,
        shadow=_on_trial(token),
        content=refusal.contents[index] if refusal.contents else None,
        reason=refusal.reason,
        pointer=refusal.pointer,
    )


def gone(name: Name, origin: Origin, begun: bool, now: datetime) -> OutcomeEvent:
    """
    Retention took its record, and of the rest of it nobody knows. *begun*: it may have been sent.

    ``total`` is as many as are known.
    """
    kind = "dropped" if begun else "expired"
    facts: dict[str, Any] = {
        "id": digest_id("out_", name.number, name.request, str(name.index), kind),
        "time": now,
        "number": name.number,
        "causation": name.request,
        "request": name.request,
        "index": name.index,
        "total": name.index + 1,
        "by": SENDERS[origin.topic],
    }
    if begun:
        return MessageDropped(**facts, reason="in doubt, and its request is no more in the topic")
    return MessageExpired(**facts)


def _facts(message: Message, kind: str, now: datetime) -> dict[str, Any]:
    request, token = message.request, message.request.token
    content = request.contents[message.index] if request.contents else None
    return {
        "id": digest_id("out_", request.number, request.id, str(message.index), kind),
        "time": now,
        "number": request.number,
        "conversation": message.conversation,
        "correlation": token.turn if token else None,
        "causation": request.id,
        "request": request.id,
        "index": message.index,
        "total": request.total,
        "by": request.by,
        "bot": token.bot if token else None,
        "turn_id": token.turn if token else None,
        "epoch": token.epoch if token else None,
        "shadow": _on_trial(token),
        "granted_to": request.granted_to,
        "content": content,
        # Without a turn the conversation may be unknown here; by the address the router knows it.
        "to": (request.to or "").partition(":")[2] or None,
    }


def _after_a_mark(message: Message) -> Then | None:
    """What was to follow a read mark that failed: a handoff that was asked for is not lost with it."""
    request = message.request
    return request.then if message.last and request.is_mark(message.index) else None


def _on_trial(token: TurnToken | None) -> bool | None:
    return True if token and token.shadow else None
