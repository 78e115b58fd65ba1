"""What must hold of each thing that happens to a conversation, whatever came before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from saath.events import (
    ConversationUnattended,
    Event,
    LeaseRenewed,
    MessagePriced,
    MessageReceived,
    OwnerChanged,
    StatusEvent,
    TurnOffered,
    WindowClosed,
)
from saath_router.conversation import Conversation
from saath_router.ownership import SAID
from saath_router.policy import Policy

# By these a bot gets a conversation from a person whose lease still runs: somebody said so.
TAKES_FROM_A_PERSON = SAID | {"merged"}
# What history may change: what is known of the contact, and what keeps it from being logged twice.
OF_HISTORY = ("seen_history", "contact", "history_asked_at")


@dataclass(frozen=True)
class Step:
    """One thing that happened: what it was (``None`` for time, or a command), and what it led to."""

    event: Event | None
    before: Conversation
    facts: tuple[Event, ...]
    after: Conversation
    policy: Policy
    now: datetime


def epoch_never_falls(step: Step) -> None:
    assert step.after.epoch >= step.before.epoch
    changes = (step.after.owner, step.after.owner_since) != (
        step.before.owner,
        step.before.owner_since,
    )
    assert step.after.epoch > step.before.epoch or not changes


def history_is_inert(step: Step) -> None:
    if step.event is None or step.event.origin != "history":
        return
    assert len(step.facts) <= 1
    same = {name: getattr(step.before, name) for name in OF_HISTORY}
    assert step.after.model_copy(update=same) == step.before


def a_status_changes_no_owner(step: Step) -> None:
    if isinstance(step.event, StatusEvent):
        allowed = (StatusEvent, MessagePriced, WindowClosed)
        assert [fact for fact in step.facts if not isinstance(fact, allowed)] == []


def a_persons_lease_is_kept(step: Step) -> None:
    before = step.before
    held = before.lease_until is None or step.now < before.lease_until
    if before.owner != "human" or not held:
        return
    for fact in step.facts:
        if isinstance(fact, OwnerChanged) and fact.owner == "bot":
            assert fact.rule in TAKES_FROM_A_PERSON, f"{fact.rule} took it from a person"


def leases_only_grow(step: Step) -> None:
    for fact in step.facts:
        if isinstance(fact, LeaseRenewed):
            assert step.before.lease_until is None or fact.lease_until > step.before.lease_until


def nothing_is_open_while_no_bot_holds(step: Step) -> None:
    after = step.after
    if after.owner != "bot":
        assert (after.turns, after.watched) == ({}, {})


def what_is_pending_has_its_time(step: Step) -> None:
    after = step.after
    assert bool(after.pending) is (after.pending_due is not None)


def policy_says_who_is_asked(step: Step) -> None:
    if step.policy.answers in ("nobody", "shadow"):
        asked = [f for f in step.facts if isinstance(f, TurnOffered) and not f.shadow]
        assert asked == [], "a bot is asked whom nobody is to hear"


def each_message_says_who_answers_it(step: Step) -> None:
    """And what it says is so."""
    if not isinstance(step.event, MessageReceived) or not step.facts:
        return
    said = [fact for fact in step.facts if isinstance(fact, MessageReceived)]
    turns = [fact for fact in step.facts if isinstance(fact, TurnOffered)]
    assert len(said) == 1
    (message,) = said
    routed = message.routed
    assert routed
    asked_now = routed.to == "bot" and routed.ask_at is None
    assert bool(turns) is asked_now
    if turns:
        assert [m.message_id for m in turns[0].messages][-1] == message.message_id
        assert (turns[0].bot, turns[0].epoch) == (routed.bot, routed.epoch)
    elif routed.ask_at:
        assert step.after.pending[-1].message_id == message.message_id
        assert (step.after.pending_due, step.after.pending_bot) == (routed.ask_at, routed.bot)
    elif routed.to in ("human", "meta"):
        assert (step.after.owner, step.after.epoch) == (routed.to, routed.epoch)


def unattended_is_said_once(step: Step) -> None:
    """While the same customer waits for the same owner."""
    said = [fact for fact in step.facts if isinstance(fact, ConversationUnattended)]
    assert len(said) <= 1
    if said:
        assert not step.before.unattended or step.after.epoch != step.before.epoch
        # A bot that answered one of two messages may have left the other; and what waits for echoes
        # may have been answered meanwhile.
        left = ("bot_silent", "answers_nobody")
        assert step.after.waiting_since is not None or said[0].rule in left


CHECKS: tuple[Callable[[Step], None], ...] = (
    epoch_never_falls,
    history_is_inert,
    a_status_changes_no_owner,
    a_persons_lease_is_kept,
    leases_only_grow,
    nothing_is_open_while_no_bot_holds,
    what_is_pending_has_its_time,
    policy_says_who_is_asked,
    each_message_says_who_answers_it,
    unattended_is_said_once,
)


def check(step: Step) -> None:
    """All of them."""
    for holds in CHECKS:
        holds(step)
