"""The facts that follow from others, written out. Pure. Their ids are deterministic."""

from datetime import datetime
from typing import Any, Literal

from saath.events import (
    ConversationUnattended,
    HandoffRequested,
    HandoffWithdrawn,
    LeaseRenewed,
    OwnerChanged,
    TurnWithdrawn,
)
from saath.identity import digest_id
from saath_router.conversation import Conversation

# Why something was decided, in one of a few words: a label of a metric, and what `saath why` explains.
Rule = Literal[
    # Who answers a customer's message.
    "answers_nobody", "needs_no_answer", "history_pending", "known_contact", "shadow",
    "human_holds", "meta_holds", "old_message", "waits_for_echoes", "waits_for_more",
    "first_message", "lease_over", "meta_let_go", "bot_holds", "another_bot", "handoff_rule",
    # What follows from an echo.
    "echo", "automatic", "release_word", "late", "no_message", "greeting_known",
    # What follows from a send, a command, a clock, thread control, or from two being one.
    "person_sent", "bot_handed_over", "bot_passed_on", "not_sent",
    "taken_over", "released", "released_to", "bot_silent", "person_late", "meta_took", "merged",
    # Of a fact that may not act.
    "history", "too_old", "redriven", "unreadable",
]  # fmt: skip

# These give the conversation to a person: why, they must be told, though they were called before.
CALLS_ANEW: frozenset[Rule] = frozenset({"handoff_rule", "bot_handed_over", "bot_silent"})


def owner_changed(
    state: Conversation,
    owner: Literal["human", "meta"],
    rule: Rule,
    reason: str,
    cause: str,
    happened: datetime,
    now: datetime,
    lease_until: datetime | None = None,
) -> OwnerChanged:
    """
    A person, or Meta's own agent, answers from when the cause *happened*.

    The id names the rule too: of one cause there may be two, as where two conversations are joined by
    the very message that a person takes over with.
    """
    return OwnerChanged(
        id=follow_id("owner", state, cause, rule),
        owner=owner,
        previous=state.owner,
        epoch=state.next_epoch(now),
        reason=reason,
        rule=rule,
        lease_until=lease_until,
        **about(state, cause, since(state, happened, now)),
    )


def to_bot(
    state: Conversation,
    bot: str,
    rule: Rule,
    reason: str,
    cause: str,
    happened: datetime,
    now: datetime,
) -> OwnerChanged:
    """*bot* answers from when the cause *happened*."""
    return OwnerChanged(
        id=follow_id("owner", state, cause, rule),
        owner="bot",
        previous=state.owner,
        epoch=state.next_epoch(now),
        reason=reason,
        rule=rule,
        bot=bot,
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


def lease_renewed(
    state: Conversation, cause: str, now: datetime, lease_until: datetime
) -> tuple[LeaseRenewed, ...]:
    """The person keeps the conversation; nothing where that is no longer than before."""
    if state.lease_until and lease_until <= state.lease_until:
        # Echoes come in any order; an older one must not make the lease shorter.
        return ()
    renewed = LeaseRenewed(
        id=follow_id("lease", state, cause),
        epoch=state.epoch,
        lease_until=lease_until,
        **about(state, cause, now),
    )
    return (renewed,)


def turns_withdrawn(
    state: Conversation, reason: str, cause: str, now: datetime, but: str | None = None
) -> tuple[TurnWithdrawn, ...]:
    """Every open turn *but* that one is nobody's any more."""
    return tuple(
        TurnWithdrawn(
            id=digest_id("withdrawn_", turn, cause),
            turn_id=turn,
            bot=state.bot or "",
            reason=reason,
            **about(state, cause, now),
        )
        for turn in state.turns
        if turn != but
    )


def call(
    state: Conversation,
    rule: Rule,
    reason: str,
    cause: str,
    now: datetime,
    *,
    summary: str | None = None,
    by: str | None = None,
) -> tuple[HandoffRequested, ...]:
    """A person is wanted, unless one is called already: one call, not one a message."""
    if state.handoff_open and rule not in CALLS_ANEW:
        return ()
    called = HandoffRequested(
        id=follow_id("handoff", state, cause),
        reason=reason,
        rule=rule,
        summary=summary,
        by=by,
        **about(state, cause, now),
    )
    return (called,)


def no_call(state: Conversation, cause: str, now: datetime) -> tuple[HandoffWithdrawn, ...]:
    """Nobody is called any more."""
    if not state.handoff_open:
        return ()
    withdrawn = HandoffWithdrawn(
        id=follow_id("handoff_over", state, cause), reason="answered", **about(state, cause, now)
    )
    return (withdrawn,)


def unattended(
    state: Conversation, rule: Rule, since: datetime, now: datetime, cause: str | None = None
) -> ConversationUnattended:
    """A customer waits, and nobody is asked to answer."""
    return ConversationUnattended(
        id=digest_id("unattended_", state.id, str(state.epoch), since.isoformat(), cause or ""),
        time=now,
        number=state.number,
        conversation=state.id,
        causation=cause,
        epoch=state.epoch,
        waiting_since=since,
        rule=rule,
    )


def follow_id(kind: str, state: Conversation, cause: str, *more: str) -> str:
    """
    Deterministic: what follows from a fact has the same id however often it is decided.

    *more* tells two of a kind that follow from one fact: a message may show that Meta's agent let go,
    and ask for a person.
    """
    return digest_id(f"{kind}_", state.id, cause, *more)


def about(state: Conversation, cause: str, now: datetime) -> dict[str, Any]:
    """What every following fact says: whose it is, when, and from what it follows."""
    return {"time": now, "number": state.number, "conversation": state.id, "causation": cause}
