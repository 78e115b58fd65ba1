"""Who answers. Pure: no clock, no Kafka, no logging."""

from datetime import datetime

from saath.events import (
    Event,
    MessageBackfilled,
    MessageEchoed,
    MessageEdited,
    MessageReceived,
    MessageRevoked,
    OutcomeEvent,
    Routed,
    StatusEvent,
    ThreadControlChanged,
)
from saath.identity import event_id
from saath_router.answering import Around, answer, ask_whoever_waits
from saath_router.commanding import release
from saath_router.conversation import REMEMBERED_FOR, Conversation, rank_of
from saath_router.facts import Rule
from saath_router.outcomes import outcome
from saath_router.ownership import (
    Decision,
    before_last_change,
    from_meta,
    is_late,
    person_wrote,
    to_meta,
)
from saath_router.policy import Policy
from saath_router.prices import priced
from saath_router.recent import person_wrote_after
from saath_router.texts import is_said_to_one, normalised
from saath_router.windows import opened, refused

NOTHING_ELSE = Around()


def decide(
    event: Event,
    state: Conversation,
    policy: Policy,
    now: datetime,
    around: Around = NOTHING_ELSE,
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
        case MessageEdited() | MessageRevoked() if _of_history_and_seen_live(state, event):
            return ()
        case StatusEvent():
            return _status(event, state)
        case MessageEchoed() if state.is_ours(event.message_id):
            # Our own send, shown to us by the app. Taking it for a person's would silence the bot.
            return ()
        case _ if not (around.may_act and acts(event, state, now)):
            return (_not_acting(event, state, around),)
        case MessageReceived():
            event, *following = answer(event, state, policy, now, around)
            assert isinstance(event, MessageReceived)  # noqa: S101 # answer() gives it back first
            return (event, *opened(event, state, now), *following)
        case MessageEchoed():
            return _echo(event, state, policy, now, around)
        case OutcomeEvent() if not event.shadow:
            return (event, *outcome(event, state, policy, now))
        case ThreadControlChanged():
            return (event, *_thread(event, state, policy, now, around))
        case _:
            return (event,)


def acts(event: Event, state: Conversation, now: datetime) -> bool:
    """False for history, and for what is so old that it may have acted before."""
    forgotten = now - event.time > REMEMBERED_FOR or state.may_have_forgotten(event.time)
    return event.origin != "history" and not forgotten


def _seen_live(state: Conversation, message_id: str) -> bool:
    live = (event_id(message_id, "received"), event_id(message_id, "echoed"))
    return state.is_ours(message_id) or any(state.has_seen(known) for known in live)


def _of_history_and_seen_live(state: Conversation, event: MessageEdited | MessageRevoked) -> bool:
    what = "edited" if isinstance(event, MessageEdited) else "revoked"
    return event.origin == "history" and state.has_seen(event_id(event.message_id, what))


def _status(event: StatusEvent, state: Conversation) -> Decision:
    """
    A status is logged where the message got further by it.

    A price is logged whatever status it comes with: Meta says it with ``sent`` or ``delivered``, and
    either may be overtaken.
    """
    further = rank_of(event) > state.rank(event.message_id)
    facts = (event, *refused(event, state)) if further else ()
    return (*facts, *priced(event, state))


def _not_acting(event: Event, state: Conversation, around: Around) -> Event:
    """*event*, saying why nothing follows from it, where something might have."""
    rule: Rule = "too_old" if around.may_act else "redriven"
    match event:
        case MessageReceived():
            routed = Routed(to="nobody", rule=rule, epoch=state.epoch)
            return event.model_copy(update={"routed": routed})
        case MessageEchoed():
            return event.model_copy(update={"rule": rule})
        case _:
            return event


def _echo(
    event: MessageEchoed, state: Conversation, policy: Policy, now: datetime, around: Around
) -> Decision:
    """Somebody wrote from the phone: a person, unless it was judged to be the app itself."""
    rule, following = _echoed(event, state, policy, now, around)
    return (event.model_copy(update={"rule": rule}), *following)


def _echoed(
    event: MessageEchoed, state: Conversation, policy: Policy, now: datetime, around: Around
) -> tuple[Rule, Decision]:
    if event.standby:
        if before_last_change(event, state):
            return "late", ()
        reason = "Meta's agent answered"
        return "meta_took", to_meta(state, "meta_took", reason, event.id, event.time, now)
    if event.automatic:
        return "automatic", ()
    if not is_said_to_one(event.content):
        return "no_message", ()
    if policy.release_word and normalised(event.content.text or "") == policy.release_word:
        return _release_word(event, state, policy, now, around)
    taken = person_wrote(event, "echo", "answered from the phone", state, policy, now)
    holds = taken or (state.owner == "human" and not is_late(event, state))
    return ("echo" if holds else "late"), taken


def _release_word(
    event: MessageEchoed, state: Conversation, policy: Policy, now: datetime, around: Around
) -> tuple[Rule, Decision]:
    if before_last_change(event, state) or person_wrote_after(state.recent, event.time):
        return "late", ()
    reason = "released from the phone"
    return "release_word", release(
        state, policy, reason, event.id, event.time, now, around, rule="release_word"
    )


def _thread(
    event: ThreadControlChanged, state: Conversation, policy: Policy, now: datetime, around: Around
) -> Decision:
    """Meta's own agent has it, or has let go of it; what is older than the last change is late."""
    if before_last_change(event, state):
        return ()
    if event.holder == "meta":
        reason = "Meta's agent answers"
        return to_meta(state, "meta_took", reason, event.id, event.time, now)
    if state.owner != "meta":
        return ()
    let_go = from_meta(state, event, policy, now)
    changed = let_go[0]
    if getattr(changed, "owner", None) != "bot":
        return let_go
    bot, epoch = getattr(changed, "bot", None), getattr(changed, "epoch", 0)
    asked = ask_whoever_waits(
        state, policy, now, event.id, around, epoch=epoch, bot=bot or policy.bot, rule="meta_let_go"
    )
    return (*let_go, *asked)
