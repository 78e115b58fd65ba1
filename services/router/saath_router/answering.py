"""Who answers a customer's message. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from saath.events import Event, MessageReceived, OwnerChanged, Routed, TurnMessage
from saath.identity import event_id
from saath_router.conversation import Conversation, merged
from saath_router.facts import Rule, call, unattended
from saath_router.ownership import (
    Decision,
    before_last_change,
    from_meta,
    other_bot,
    to_human,
    to_meta,
)
from saath_router.policy import Policy, bot_for, hold_until
from saath_router.recent import unanswered
from saath_router.rules import facts_of, first_match
from saath_router.texts import is_said_to_one
from saath_router.turns import Asked, asked_message, turn_offered
from saath_router.waiting import waiting_after

# A customer who goes on typing is answered all the same: after so many quiet times, or messages.
QUIET_TIMES_MAX = 5
PENDING_MAX = 20

REASONS: dict[Rule, str] = {
    "first_message": "first message",
    "lease_over": "phone went quiet",
    "bot_holds": "default",
    "another_bot": "another bot is meant for this",
    "meta_let_go": "Meta's agent let go",
    "shadow": "on trial",
}


@dataclass(frozen=True, slots=True)
class Around:
    """
    What is known beside the conversation.

    ``known_contact``: in the phone's address book, or in its history. ``history_pending``: it may still
    come, so that nobody can say who is new. ``silent_bots`` have fallen silent altogether.
    """

    may_act: bool = True
    known_contact: bool = False
    history_pending: bool = False
    silent_bots: frozenset[str] = frozenset()


def answer(
    event: MessageReceived, state: Conversation, policy: Policy, now: datetime, around: Around
) -> Decision:
    """
    The message, with who answers it written on it, and what follows.

    Whoever answered from the phone keeps the conversation until the phone has been quiet for the
    lease; then, and otherwise, the bot answers, unless a rule of the number wants a person.
    """
    silence = _nobody(event, policy, around)
    if silence:
        return (_routed(event, state, "nobody", silence),)
    if event.standby and not before_last_change(event, state):
        taken = to_meta(state, "meta_took", "Meta's agent answers", event.id, event.time, now)
        epoch = _epoch_after(taken, state)
        return (_routed(event, state, "meta", "meta_holds", epoch), *taken)
    if event.standby and waiting_after(None, state.recent, event) is None:
        # Meta's agent has let go since; what it had answered by then, no bot is asked to answer again.
        return (_routed(event, state, "nobody", "meta_holds"),)
    if policy.answers == "shadow":
        return _soon(event, state, policy, now, "shadow")
    if state.owner == "human" and _holds(state, now):
        return (_routed(event, state, "human", "human_holds"),)
    if state.owner == "meta":
        return _after_meta(event, state, policy, now, around)
    return _unless_a_rule(event, state, policy, now)


def ask(
    messages: tuple[TurnMessage, ...],
    state: Conversation,
    policy: Policy,
    now: datetime,
    cause: str,
    *,
    bot: str,
    rule: Rule | None = None,
) -> Decision:
    """The bot is asked to answer *messages*; what it must own for that, it gets first."""
    found = rule or _why(state, bot)
    reason = REASONS.get(found, found.replace("_", " "))
    if found == "shadow":
        asked = Asked(bot, state.epoch, messages, state.contact, found, reason, cause, shadow=True)
        return (turn_offered(asked, state, policy, now),)
    gained: Decision = ()
    epoch = state.epoch
    if state.owner != "bot" or not state.epoch or state.bot not in (None, bot):
        happened = messages[-1].time if messages else now
        taken, gained = other_bot(state, bot, found, reason, cause, happened, now)
        epoch = taken.epoch
    asked = Asked(bot, epoch, messages, state.contact, found, reason, cause)
    return (*gained, turn_offered(asked, state, policy, now))


def ask_whoever_waits(
    state: Conversation,
    policy: Policy,
    now: datetime,
    cause: str,
    around: Around,
    *,
    epoch: int,
    bot: str,
    rule: Rule,
    but_for: str | None = None,
) -> Decision:
    """
    The bot that has just got the conversation is asked what nobody has answered yet, if it is new.

    What is too old for that is said to be waiting. The text that *but_for* is the key of was no answer.
    """
    # What is kept to be asked later is kept whole, and longer than the last few messages are.
    waits = {m.message_id: m for m in (*unanswered(state.recent, but_for), *state.pending)}
    waiting = tuple(sorted(waits.values(), key=lambda message: message.time))
    if policy.answers in ("nobody", "shadow") or _not_for_bots(policy, around):
        return ()
    if not waiting or now - waiting[-1].time > policy.turn_age_max:
        owned = state.model_copy(update={"epoch": epoch})
        since = state.waiting_since
        return (unattended(owned, "old_message", since, now, cause),) if since else ()
    reason = REASONS.get(rule, rule.replace("_", " "))
    asked = Asked(bot, epoch, waiting, state.contact, rule, reason, cause)
    return (turn_offered(asked, state, policy, now),)


def pending_asked(state: Conversation, policy: Policy, now: datetime) -> Decision:
    """
    Nothing more was written, and no person has answered meanwhile: the bot is asked.

    On trial where the policy is another since, and somebody else has the conversation.
    """
    cause = event_id(state.pending[-1].message_id, "received")
    if policy.answers == "nobody":
        # So it was decided while they waited.
        return (unattended(state, "answers_nobody", state.pending[0].time, now, cause),)
    bot = _bot(state, policy, state.pending_bot)
    else_held = state.owner == "meta" or (state.owner == "human" and _holds(state, now))
    on_trial = else_held or policy.answers == "shadow"
    shadow: Rule | None = "shadow" if on_trial else None
    return ask(state.pending, state, policy, now, cause, bot=bot, rule=shadow)


def _nobody(event: MessageReceived, policy: Policy, around: Around) -> Rule | None:
    """Why nobody is asked to answer; ``None`` where somebody is."""
    if policy.answers == "nobody":
        return "answers_nobody"
    if not is_said_to_one(event.content):
        return "needs_no_answer"
    return _not_for_bots(policy, around)


def _not_for_bots(policy: Policy, around: Around) -> Rule | None:
    """Why bots do not answer this customer, whatever they wrote."""
    if policy.answers == "new_contacts" and around.history_pending:
        return "history_pending"
    if policy.answers == "new_contacts" and around.known_contact:
        return "known_contact"
    return None


def _holds(state: Conversation, now: datetime) -> bool:
    return state.lease_until is None or now < state.lease_until


def _after_meta(
    event: MessageReceived, state: Conversation, policy: Policy, now: datetime, around: Around
) -> Decision:
    """Meta gives us messages in this way only where its agent does not answer; a late one says nothing."""
    if before_last_change(event, state):
        return (_routed(event, state, "meta", "meta_holds"),)
    let_go = from_meta(state, event, policy, now)
    changed = next(fact for fact in let_go if isinstance(fact, OwnerChanged))
    after = state.model_copy(
        update={
            "owner": changed.owner,
            "epoch": changed.epoch,
            "owner_since": changed.time,
            "bot": changed.bot or state.bot,
        }
    )
    routed, *following = answer(event, after, policy, now, around)
    return (routed, *let_go, *following)


def _unless_a_rule(
    event: MessageReceived, state: Conversation, policy: Policy, now: datetime
) -> Decision:
    rule = first_match(policy.handoff, facts_of(event), policy.hours)
    if rule is not None:
        reason, until = f"rule {rule.name}", hold_until(policy, now)
        handed = to_human(state, "handoff_rule", reason, event.id, event.time, now, until)
        called = call(state, "handoff_rule", reason, event.id, now)
        epoch = _epoch_after(handed, state)
        return (_routed(event, state, "human", "handoff_rule", epoch), *handed, *called)
    age = now - event.time
    if age > policy.turn_age_max:
        reason = "the message was old when it was read"
        waits = unattended(state, "old_message", event.time, now, event.id)
        called = call(state, "old_message", reason, event.id, now)
        routed = _routed(event, state, "nobody", "old_message")
        if waiting_after(None, state.recent, event) is None:
            return (routed,)  # it was answered before it was read
        said: Decision = () if state.unattended else (waits,)
        return (routed, *said, *called)
    return _soon(event, state, policy, now, None)


def _soon(
    event: MessageReceived, state: Conversation, policy: Policy, now: datetime, rule: Rule | None
) -> Decision:
    """The bot is asked at once, or when it is clear that nothing more, and no echo, is coming."""
    message = asked_message(event, event.message_id, state)
    bot = _bot(state, policy, bot_for(policy, facts_of(event)))
    wait = _wait(event, state, policy, now)
    if wait and len(state.pending) < PENDING_MAX - 1:
        why, ask_at = wait
        return (_routed(event, state, "bot", why, bot=bot, ask_at=ask_at),)
    known = state.model_copy(update={"contact": merged(state.contact, event.contact)})
    asked = ask((*state.pending, message), known, policy, now, event.id, bot=bot, rule=rule)
    turn = asked[-1]
    epoch = getattr(turn, "epoch", state.epoch)
    found: Rule = rule or _why(state, bot)
    return (_routed(event, state, "bot", found, epoch, bot=bot), *asked)


def _wait(
    event: MessageReceived, state: Conversation, policy: Policy, now: datetime
) -> tuple[Rule, datetime] | None:
    if policy.echo_wait and now - event.time > policy.echo_wait_after:
        return "waits_for_echoes", max(now + policy.echo_wait, state.pending_due or now)
    if policy.quiet:
        latest = (state.pending_since or now) + QUIET_TIMES_MAX * policy.quiet
        # What waits for echoes already does so to its end.
        return "waits_for_more", max(min(now + policy.quiet, latest), state.pending_due or now)
    if state.pending_due:
        return "waits_for_more", state.pending_due
    return None


def _bot(state: Conversation, policy: Policy, meant: str | None) -> str:
    """Who is asked: the one it was passed on to, the one that is meant for this, or the number's."""
    return state.passed_to or meant or policy.bot


def _why(state: Conversation, bot: str) -> Rule:
    if not state.epoch:
        return "first_message"
    if state.owner == "human":
        return "lease_over"
    return "bot_holds" if state.bot in (None, bot) else "another_bot"


def _epoch_after(decision: Decision, state: Conversation) -> int:
    return next((fact.epoch for fact in decision if isinstance(fact, OwnerChanged)), state.epoch)


def _routed(
    event: MessageReceived,
    state: Conversation,
    to: Literal["bot", "human", "meta", "nobody"],
    rule: Rule,
    epoch: int | None = None,
    *,
    bot: str | None = None,
    ask_at: datetime | None = None,
) -> MessageReceived:
    routed = Routed(
        to=to, rule=rule, epoch=state.epoch if epoch is None else epoch, bot=bot, ask_at=ask_at
    )
    return event.model_copy(update={"routed": routed})


def routed_by(decision: tuple[Event, ...]) -> tuple[str, str] | None:
    """Who answers the message that *decision* is about, and by which rule; ``None`` for no message."""
    match decision:
        case (MessageReceived(routed=Routed() as routed), *_):
            return routed.to, routed.rule
        case _:
            return None
