"""A customer who waits is never forgotten: who is owed an answer, and what must be true meanwhile."""

from dataclasses import dataclass

from tests.unit.router.machine.checks import Step

from saath.events import (
    MessageLeftInDoubt,
    MessageReceived,
    MessageRevoked,
    MessageSuperseded,
    TurnOffered,
)
from saath_router.conversation import Conversation
from saath_router.policy import Policy
from saath_router.texts import is_said_to_one

# What a message says that nobody is to answer. ``old_message`` is not among them: a person is called.
NOBODY = frozenset(
    {
        "answers_nobody",
        "needs_no_answer",
        "known_contact",
        "history_pending",
        "shadow",
        "too_old",
        "redriven",
    }
)


@dataclass
class Owed:
    """
    Whether somebody owes the customer an answer, by the log alone.

    From a message that was routed to a bot, to a person, or that was old, until the state says that
    nobody waits. Left out, because it is for somebody else to settle: what the customer took back, what
    is in doubt (a later outcome settles it), and what was superseded (whoever superseded it answers).
    """

    answer: bool = False

    def goes_on(self, step: Step) -> None:
        """What *step* changes, and then what must hold."""
        for fact in step.facts:
            if isinstance(fact, MessageReceived) and fact.routed and fact.routed.rule not in NOBODY:
                if not answered_before_it_was_read(fact, step.before):
                    self.answer = True
            elif isinstance(fact, MessageRevoked | MessageLeftInDoubt | MessageSuperseded):
                self.answer = False
            elif isinstance(fact, TurnOffered) and fact.shadow:
                self.answer = False  # who is asked on trial answers nobody
        if step.after.waiting_since is None or step.after.owner == "meta":
            self.answer = False
        if self.answer:
            assert is_seen_to(step.after, step.policy), "a customer waits, and nobody sees to it"


def answered_before_it_was_read(message: MessageReceived, before: Conversation) -> bool:
    answers = (m for m in before.recent if m.author in ("person", "bot"))
    return any(m.time > message.time and is_said_to_one(m.content) for m in answers)


def is_seen_to(state: Conversation, policy: Policy) -> bool:
    """
    Somebody is asked in time, somebody is called, or it was said that nobody is.

    A bot is asked: it is watched, or will be asked at a time. A person: they are called, or it will be
    said of them at a time. Or the policy says that nobody is asked, or that
    nobody watches a bot, or a person.
    """
    if policy.answers in ("nobody", "shadow"):
        return True
    if state.handoff_open or state.unattended or state.pending:
        return True
    if state.owner == "bot":
        return bool(state.watched) or not policy.bot_reply_within
    return state.owner == "human"  # `unattended` is due, or was turned off
