"""Who answers. Pure: no clock, no Kafka, no logging."""

from datetime import datetime

from saath.events import (
    Command,
    Event,
    HandoffWithdrawn,
    LeaseRenewed,
    MessageAccepted,
    MessageBackfilled,
    MessageDropped,
    MessageEchoed,
    MessageExpired,
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
)
from saath.identity import event_id
from saath_router.conversation import REMEMBERED_FOR, Conversation, merged, rank_of
from saath_router.facts import (
    about,
    follow_id,
    handoff_requested,
    since,
    to_bot,
    turn_offered,
    turn_withdrawn,
)
from saath_router.policy import Policy
from saath_router.texts import is_said_to_one

Decision = tuple[Event, ...]


def decide(
    event: Event, state: Conversation, policy: Policy, now: datetime, *, may_act: bool = True
) -> Decision:
    """
    The facts that follow from *event*, it first; none where it is known already.

    History is logged and never acts: the customer is not waiting. So is a fact older than what is
    remembered, because nobody can tell any more whether it has acted before; and one that was redriven
    from a dead-letter topic, unless whoever did it said that it may act.
    """
    if state.has_seen(event.id):
        return ()

    event = event.model_copy(update={"conversation": state.id})
    match event:
        case MessageBackfilled() if _seen_live(state, event.message_id):
            return ()
        case StatusEvent() if rank_of(event) <= state.rank(event.message_id):
            return ()
        case MessageEchoed() if state.is_ours(event.message_id):
            # Our own send, shown to us by the app. Taking it for a person's would silence the bot.
            return ()
        case _ if not (may_act and acts(event, state, now)):
            return (event,)
        case MessageReceived():
            return (event, *_answer(event, state, policy, now))
        case MessageEchoed():
            return (event, *_echo(event, state, policy, now))
        case OutcomeEvent():
            return (event, *_outcome(event, state, policy, now))
        case _:
            return (event,)


def command(
    asked: Command, state: Conversation, policy: Policy, asked_at: datetime, now: datetime
) -> Decision:
    """The facts that follow from a person's command; none where it has been carried out before."""
    if state.has_seen(command_id(asked)):
        return ()
    who = f" by {asked.by}" if asked.by else ""
    if asked.command == "take over":
        until = asked_at + policy.human_hold
        return take_over(state, f"taken over{who}", asked.id, asked_at, now, until)
    called_off = _no_handoff(state, asked.id, now)
    if state.owner == "bot":
        return called_off
    return (to_bot(state, f"released{who}", asked.id, asked_at, now), *called_off)


def command_id(asked: Command) -> str:
    """What a command is remembered by, so that a tool may write it twice."""
    return f"command:{asked.id}"


def take_over(
    state: Conversation,
    reason: str,
    cause: str,
    happened: datetime,
    now: datetime,
    lease_until: datetime,
) -> Decision:
    """A person answers from now on: bots' open turns are withdrawn, and nobody is called any more."""
    return (
        *to_human(state, reason, cause, happened, now, lease_until),
        *_no_handoff(state, cause, now),
    )


def acts(event: Event, state: Conversation, now: datetime) -> bool:
    """False for history, and for what is so old that it may have acted before."""
    forgotten = now - event.time > REMEMBERED_FOR or state.may_have_forgotten(event.time)
    return event.origin != "history" and not forgotten


def _seen_live(state: Conversation, message_id: str) -> bool:
    live = (event_id(message_id, "received"), event_id(message_id, "echoed"))
    return state.is_ours(message_id) or any(state.has_seen(known) for known in live)


def _answer(event: MessageReceived, state: Conversation, policy: Policy, now: datetime) -> Decision:
    """
    Who answers a customer's message.

    Whoever answered from the phone keeps the conversation until the phone has been quiet for the
    lease; then, and otherwise, the bot answers.
    """
    if policy.answers == "nobody" or not is_said_to_one(event.content):
        return ()

    if state.owner != "bot" and (state.lease_until is None or now < state.lease_until):
        return ()

    if now - event.time > policy.turn_age_max:
        return call(state, "the message was old when it was read", event.id, now)

    if state.owner != "bot" or not state.epoch:
        reason = "phone went quiet" if state.epoch else "first message"
        taken = to_bot(state, reason, event.id, event.time, now)
        turn = _turn(event, state, policy, now, taken.epoch, reason)
        return (taken, *_no_handoff(state, event.id, now), turn)

    return (_turn(event, state, policy, now, state.epoch, "default"),)


def _turn(
    event: MessageReceived,
    state: Conversation,
    policy: Policy,
    now: datetime,
    epoch: int,
    reason: str,
) -> TurnOffered:
    asked = TurnMessage(
        message_id=event.message_id, author="customer", time=event.time, content=event.content
    )
    contact = merged(state.contact, event.contact)
    return turn_offered((asked,), contact, state, policy, now, epoch, reason, event.id)


def _echo(event: MessageEchoed, state: Conversation, policy: Policy, now: datetime) -> Decision:
    """Somebody wrote from the phone: a person, unless it was judged to be the app itself."""
    if event.automatic or not is_said_to_one(event.content):
        return ()
    return _person_wrote(event, "answered from the phone", state, policy, now)


def _person_wrote(
    event: Event, reason: str, state: Conversation, policy: Policy, now: datetime
) -> Decision:
    """
    Whoever wrote keeps the conversation from when it was written.

    What comes late takes nothing over: what was written before the last change of owner, or so long
    ago that its lease is over. Meta's times are whole seconds, so the same second counts as after.
    """
    lease_until = event.time + policy.human_hold
    changed = state.owner_since
    if lease_until <= now or (changed and event.time < changed.replace(microsecond=0)):
        return ()
    return take_over(state, reason, event.id, event.time, now, lease_until)


def _outcome(event: OutcomeEvent, state: Conversation, policy: Policy, now: datetime) -> Decision:
    """What follows from a send: a person's words take over; a bot's last words may hand over."""
    if isinstance(event, MessageAccepted) and event.by == "person":
        return _person_wrote(event, "answered from a tool", state, policy, now)
    if event.turn_id is None or state.owner != "bot" or event.epoch not in (None, state.epoch):
        return ()
    match event:
        case MessageAccepted(then=ThenHandoff() as then) | TurnClosed(then=ThenHandoff() as then):
            wish, until = then.handoff, now + policy.human_hold
            handed = to_human(state, wish.reason, event.id, event.time, now, until, event.turn_id)
            called = handoff_requested(state, wish.reason, wish.summary, event.id, now, event.bot)
            return (*handed, called)
        case MessageRejected() | MessageRefused() | MessageExpired() | MessageDropped():
            # The customer waits for words that will not come; a log line helps nobody.
            return call(state, "the bot's answer was not sent", event.id, now)
        case _:
            return ()


def to_human(
    state: Conversation,
    reason: str,
    cause: str,
    happened: datetime,
    now: datetime,
    lease_until: datetime,
    closing: str | None = None,
) -> Decision:
    """The lease begins, or is renewed; every open turn but the one just *closing* is withdrawn."""
    if state.owner == "human" and state.epoch:
        return _renewed(state, cause, now, lease_until)
    changed = OwnerChanged(
        id=follow_id("owner", state, cause),
        owner="human",
        previous=state.owner,
        epoch=state.next_epoch(now),
        reason=reason,
        lease_until=lease_until,
        **about(state, cause, since(state, happened, now)),
    )
    open_turns = (turn for turn in state.turns if turn != closing)
    return (changed, *(turn_withdrawn(state, turn, reason, cause, now) for turn in open_turns))


def _renewed(state: Conversation, cause: str, now: datetime, lease_until: datetime) -> Decision:
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


def call(state: Conversation, reason: str, cause: str, now: datetime) -> Decision:
    """A person is wanted, unless one is called already: one call, not one a message."""
    return () if state.handoff_open else (handoff_requested(state, reason, None, cause, now),)


def _no_handoff(state: Conversation, cause: str, now: datetime) -> Decision:
    if not state.handoff_open:
        return ()
    withdrawn = HandoffWithdrawn(
        id=follow_id("handoff_over", state, cause), reason="answered", **about(state, cause, now)
    )
    return (withdrawn,)
