"""Who answers. Pure: no clock, no Kafka, no logging."""

from datetime import datetime
from typing import Any

from saath.events import (
    Command,
    ContactFacts,
    Event,
    HandoffRequested,
    HandoffWithdrawn,
    LeaseRenewed,
    MessageAccepted,
    MessageBackfilled,
    MessageEchoed,
    MessageReceived,
    MessageRefused,
    MessageRejected,
    OutcomeEvent,
    OwnerChanged,
    StatusEvent,
    ThenHandoff,
    TurnClosed,
    TurnMessage,
    TurnOffered,
    TurnWithdrawn,
)
from saath.identity import digest_id, event_id, turn_id
from saath_router.conversation import Conversation, rank_of
from saath_router.policy import Policy

Decision = tuple[Event, ...]

# Nobody waits for an answer to these, and writing one of them from the phone is no answer either.
SILENT_TYPES = frozenset({"reaction", "system", "request_welcome"})


def decide(event: Event, state: Conversation, policy: Policy, now: datetime) -> Decision:
    """
    The facts that follow from *event*, it first; none where it is known already.

    History is logged and never acts: the customer is not waiting. So is a fact older than what the
    conversation remembers, because nobody can tell any more whether it has acted before.
    """
    if state.has_seen(event.id):
        return ()

    event = event.model_copy(update={"conversation": state.id})
    match event:
        case MessageBackfilled():
            return () if _seen_live(state, event.message_id) else (event,)
        case StatusEvent():
            return () if _goes_back(state, event) else (event,)
        case MessageEchoed() if event.message_id in state.statuses:
            # Our own send, shown to us by the app. Taking it for a person's would silence the bot.
            return ()
        case _ if state.forgotten_before and event.time < state.forgotten_before:
            return (event,)
        case MessageReceived():
            return (event, *_answer(event, state, policy, now))
        case MessageEchoed():
            return (event, *_echo(event, state, policy, now))
        case OutcomeEvent():
            return (event, *_outcome(event, state, policy, now))
        case _:
            return (event,)


def command(asked: Command, state: Conversation, policy: Policy, now: datetime) -> Decision:
    """The facts that follow from a person's command; none where it has been carried out before."""
    if any(state.has_seen(_id(kind, state, asked.id)) for kind in ("owner", "lease")):
        return ()
    who = f" by {asked.by}" if asked.by else ""
    if asked.command == "take over":
        return take_over(state, f"taken over{who}", asked.id, now, now + policy.human_hold)
    if state.owner == "bot":
        return ()
    return (_to_bot(state, f"released{who}", asked.id, now), *_no_handoff(state, asked.id, now))


def take_over(
    state: Conversation, reason: str, cause: str, now: datetime, lease_until: datetime
) -> Decision:
    """A person answers from now on: bots' open turns are withdrawn, and nobody is called any more."""
    return (
        *_to_human(state, reason, cause, now, lease_until),
        *_no_handoff(state, cause, now),
    )


def _seen_live(state: Conversation, message_id: str) -> bool:
    live = (event_id(message_id, "received"), event_id(message_id, "echoed"))
    return message_id in state.statuses or any(state.has_seen(known) for known in live)


def _goes_back(state: Conversation, event: StatusEvent) -> bool:
    return rank_of(event) <= state.statuses.get(event.message_id, -1)


def _answer(event: MessageReceived, state: Conversation, policy: Policy, now: datetime) -> Decision:
    """
    Who answers a customer's message.

    Whoever answered from the phone keeps the conversation until the phone has been quiet for the
    lease; then, and otherwise, the bot answers.
    """
    if policy.answers == "nobody" or event.content.type in SILENT_TYPES or _in_group(event):
        return ()

    if state.owner != "bot" and (state.lease_until is None or now < state.lease_until):
        return ()

    if now - event.time > policy.turn_age_max:
        reason = "the message was old when it was read"
        return (_handoff(state, reason, None, event.id, now),)

    if state.owner != "bot" or not state.epoch:
        reason = "phone went quiet" if state.epoch else "first message"
        taken = _to_bot(state, reason, event.id, now)
        return (taken, _turn(event, state, policy, now, taken.epoch, reason))

    return (_turn(event, state, policy, now, state.epoch, "default"),)


def _turn(
    event: MessageReceived,
    state: Conversation,
    policy: Policy,
    now: datetime,
    epoch: int,
    reason: str,
) -> TurnOffered:
    message = TurnMessage(
        message_id=event.message_id, author="customer", time=event.time, content=event.content
    )
    contact = event.contact
    turn = turn_id([event.id], policy.bot, epoch)
    return TurnOffered(
        id=turn,
        correlation=turn,
        bot=policy.bot,
        epoch=epoch,
        reason=reason,
        deadline=now + policy.turn_deadline,
        turn="",
        messages=(message,),
        recent=state.recent,
        contact=ContactFacts(
            name=contact.name or state.contact.name,
            username=contact.username or state.contact.username,
        ),
        **_about(state, event.id, now),
    )


def _echo(event: MessageEchoed, state: Conversation, policy: Policy, now: datetime) -> Decision:
    """
    A person wrote from the phone.

    A late echo takes nothing over: one written before the last change of owner, or so long ago that
    its lease is over. Meta's times are whole seconds, so the same second counts as after.
    """
    if event.content.type in SILENT_TYPES or _in_group(event):
        return ()
    lease_until = event.time + policy.human_hold
    since = state.owner_since
    if lease_until <= now or (since and event.time < since.replace(microsecond=0)):
        return ()
    return take_over(state, "answered from the phone", event.id, now, lease_until)


def _outcome(event: OutcomeEvent, state: Conversation, policy: Policy, now: datetime) -> Decision:
    """What follows from a send: a person's words take over; a bot's last words may hand over."""
    match event:
        case MessageAccepted(by="person"):
            lease_until = now + policy.human_hold
            return take_over(state, "answered from a tool", event.id, now, lease_until)
        case MessageAccepted(then=ThenHandoff() as then) | TurnClosed(then=ThenHandoff() as then):
            if state.owner != "bot" or event.epoch != state.epoch:
                return ()
            wish = then.handoff
            return (
                *_to_human(
                    state, wish.reason, event.id, now, now + policy.human_hold, event.turn_id
                ),
                _handoff(state, wish.reason, wish.summary, event.id, now, event.bot),
            )
        case MessageRejected() | MessageRefused() if event.turn_id:
            # The customer waits for words that will not come; a log line helps nobody.
            return (_handoff(state, "the bot's answer was not sent", None, event.id, now),)
        case _:
            return ()


def _to_human(
    state: Conversation,
    reason: str,
    cause: str,
    now: datetime,
    lease_until: datetime,
    closing: str | None = None,
) -> Decision:
    """The lease begins, or is renewed; every open turn but the one just *closing* is withdrawn."""
    about = _about(state, cause, now)
    if state.owner == "human" and state.epoch:
        renewed = LeaseRenewed(
            id=_id("lease", state, cause), epoch=state.epoch, lease_until=lease_until, **about
        )
        return (renewed,)
    changed = OwnerChanged(
        id=_id("owner", state, cause),
        owner="human",
        previous=state.owner,
        epoch=state.next_epoch(now),
        reason=reason,
        lease_until=lease_until,
        **about,
    )
    open_turns = (turn for turn in state.turns if turn != closing)
    return (changed, *(_withdrawn(state, turn, reason, cause, now) for turn in open_turns))


def _to_bot(state: Conversation, reason: str, cause: str, now: datetime) -> OwnerChanged:
    return OwnerChanged(
        id=_id("owner", state, cause),
        owner="bot",
        previous=state.owner,
        epoch=state.next_epoch(now),
        reason=reason,
        **_about(state, cause, now),
    )


def _id(kind: str, state: Conversation, cause: str) -> str:
    """Deterministic: what follows from a fact has the same id however often it is decided."""
    return digest_id(f"{kind}_", state.id, cause)


def _about(state: Conversation, cause: str, now: datetime) -> dict[str, Any]:
    return {"time": now, "number": state.number, "conversation": state.id, "causation": cause}


def _withdrawn(
    state: Conversation, turn: str, reason: str, cause: str, now: datetime
) -> TurnWithdrawn:
    return TurnWithdrawn(
        id=digest_id("withdrawn_", turn, cause),
        turn_id=turn,
        bot=state.bot or "",
        reason=reason,
        **_about(state, cause, now),
    )


def _handoff(
    state: Conversation,
    reason: str,
    summary: str | None,
    cause: str,
    now: datetime,
    by: str | None = None,
) -> HandoffRequested:
    return HandoffRequested(
        id=_id("handoff", state, cause),
        reason=reason,
        summary=summary,
        by=by,
        **_about(state, cause, now),
    )


def _no_handoff(state: Conversation, cause: str, now: datetime) -> Decision:
    if not state.handoff_open:
        return ()
    withdrawn = HandoffWithdrawn(
        id=_id("handoff_over", state, cause), reason="answered", **_about(state, cause, now)
    )
    return (withdrawn,)


def _in_group(event: MessageReceived | MessageEchoed) -> bool:
    return "group_id" in (event.content.model_extra or {})
