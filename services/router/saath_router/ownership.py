"""Who has a conversation, and when somebody else gets it. Pure."""

from datetime import datetime

from saath.events import Event, OwnerChanged
from saath_router.conversation import Conversation
from saath_router.facts import (
    Rule,
    lease_renewed,
    no_call,
    owner_changed,
    to_bot,
    turns_withdrawn,
)
from saath_router.policy import Policy, hold_until

Decision = tuple[Event, ...]

# Somebody said that the bot answers from now on. What a person wrote before that is late; what they
# wrote before a customer's message, which gave the bot the conversation by itself, holds all the same.
SAID = frozenset({"released", "released_to", "release_word", "greeting_known", "meta_let_go"})


def person_wrote(
    event: Event, rule: Rule, reason: str, state: Conversation, policy: Policy, now: datetime
) -> Decision:
    """Whoever wrote keeps the conversation from when it was written; nothing where that is late."""
    lease_until = hold_until(policy, event.time)
    if is_late(event, state) or lease_until <= now:
        return ()
    return take_over(state, rule, reason, event.id, event.time, now, lease_until)


def is_late(event: Event, state: Conversation) -> bool:
    """True for what was written before the last change of owner, and so takes nothing over again."""
    return before_last_change(event, state) and (state.owner != "bot" or state.owner_rule in SAID)


def before_last_change(event: Event, state: Conversation) -> bool:
    """
    True for what happened before the last change of owner, and so says nothing of now.

    Meta's times are whole seconds, so the same second counts as after.
    """
    return bool(state.owner_since and event.time < state.owner_since.replace(microsecond=0))


def take_over(
    state: Conversation,
    rule: Rule,
    reason: str,
    cause: str,
    happened: datetime,
    now: datetime,
    lease_until: datetime,
) -> Decision:
    """A person answers from now on: bots' open turns are withdrawn, and nobody is called any more."""
    taken = to_human(state, rule, reason, cause, happened, now, lease_until)
    return (*taken, *no_call(state, cause, now))


def to_human(
    state: Conversation,
    rule: Rule,
    reason: str,
    cause: str,
    happened: datetime,
    now: datetime,
    lease_until: datetime,
    closing: str | None = None,
) -> Decision:
    """The lease begins, or is renewed; every open turn but the one just *closing* is withdrawn."""
    if state.owner == "human" and state.epoch:
        return lease_renewed(state, cause, now, lease_until)
    changed = owner_changed(state, "human", rule, reason, cause, happened, now, lease_until)
    return (changed, *turns_withdrawn(state, reason, cause, now, but=closing))


def to_meta(
    state: Conversation, rule: Rule, reason: str, cause: str, happened: datetime, now: datetime
) -> Decision:
    """Meta's own agent answers from now on."""
    if state.owner == "meta":
        return ()
    changed = owner_changed(state, "meta", rule, reason, cause, happened, now)
    return (changed, *turns_withdrawn(state, reason, cause, now), *no_call(state, cause, now))


def from_meta(state: Conversation, event: Event, policy: Policy, now: datetime) -> Decision:
    """Meta's own agent has let go: whoever had it before has it again, a person while the lease runs."""
    reason = "Meta's agent let go"
    if state.lease_until and now < state.lease_until:
        until = state.lease_until
        return to_human(state, "meta_let_go", reason, event.id, event.time, now, until)
    bot = state.bot or policy.bot
    return (to_bot(state, bot, "meta_let_go", reason, event.id, event.time, now),)


def other_bot(
    state: Conversation,
    bot: str,
    rule: Rule,
    reason: str,
    cause: str,
    happened: datetime,
    now: datetime,
    closing: str | None = None,
) -> tuple[OwnerChanged, Decision]:
    """*bot* answers from now on; whatever was open of another's is withdrawn."""
    taken = to_bot(state, bot, rule, reason, cause, happened, now)
    withdrawn = turns_withdrawn(state, reason, cause, now, but=closing)
    # Who is called because a bot's words were not sent, is called whichever bot is asked next.
    called_off = no_call(state, cause, now) if state.owner != "bot" else ()
    return taken, (taken, *withdrawn, *called_off)
