"""The facts that follow from others, written out. Pure. Their ids are deterministic."""

from datetime import datetime
from typing import Any

from saath.events import (
    Contact,
    ContactFacts,
    HandoffRequested,
    OwnerChanged,
    TurnMessage,
    TurnOffered,
    TurnWithdrawn,
)
from saath.identity import digest_id, event_id, turn_id
from saath_router.conversation import Conversation
from saath_router.policy import Policy


def turn_offered(
    messages: tuple[TurnMessage, ...],
    contact: Contact,
    state: Conversation,
    policy: Policy,
    now: datetime,
    epoch: int,
    reason: str,
    cause: str,
) -> TurnOffered:
    """The bot is asked to answer *messages*."""
    asked = [event_id(message.message_id, "received") for message in messages]
    turn = turn_id(asked, policy.bot, epoch)
    return TurnOffered(
        id=turn,
        correlation=turn,
        bot=policy.bot,
        epoch=epoch,
        reason=reason,
        deadline=now + policy.turn_deadline,
        reply_by=now + policy.bot_reply_within if policy.bot_reply_within else None,
        turn="",
        messages=messages,
        recent=state.recent,
        contact=ContactFacts(name=contact.name, username=contact.username),
        **about(state, cause, now),
    )


def to_bot(
    state: Conversation, reason: str, cause: str, happened: datetime, now: datetime
) -> OwnerChanged:
    """The bot answers from when the cause *happened*."""
    return OwnerChanged(
        id=follow_id("owner", state, cause),
        owner="bot",
        previous=state.owner,
        epoch=state.next_epoch(now),
        reason=reason,
        **about(state, cause, since(state, happened, now)),
    )


def since(state: Conversation, happened: datetime, now: datetime) -> datetime:
    """
    From when an ownership counts: its cause's own time, not when it was read.

    A person's words written after the cause must count as after it, also where the router read both
    much later; with the time of reading they would be taken for late ones and the bot would go on.
    """
    known = min(happened, now)
    return max(known, state.owner_since) if state.owner_since else known


def turn_withdrawn(
    state: Conversation, turn: str, reason: str, cause: str, now: datetime
) -> TurnWithdrawn:
    """An open turn is nobody's any more."""
    return TurnWithdrawn(
        id=digest_id("withdrawn_", turn, cause),
        turn_id=turn,
        bot=state.bot or "",
        reason=reason,
        **about(state, cause, now),
    )


def handoff_requested(
    state: Conversation,
    reason: str,
    summary: str | None,
    cause: str,
    now: datetime,
    by: str | None = None,
) -> HandoffRequested:
    """A person is wanted."""
    return HandoffRequested(
        id=follow_id("handoff", state, cause),
        reason=reason,
        summary=summary,
        by=by,
        **about(state, cause, now),
    )


def follow_id(kind: str, state: Conversation, cause: str) -> str:
    """Deterministic: what follows from a fact has the same id however often it is decided."""
    return digest_id(f"{kind}_", state.id, cause)


def about(state: Conversation, cause: str, now: datetime) -> dict[str, Any]:
    """What every following fact says: whose it is, when, and from what it follows."""
    return {"time": now, "number": state.number, "conversation": state.id, "causation": cause}
