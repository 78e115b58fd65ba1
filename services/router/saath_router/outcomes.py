"""What follows from a send: a person's words take over, a bot's last words may hand over. Pure."""

from datetime import datetime

from saath.events import (
    MessageAccepted,
    MessageDropped,
    MessageExpired,
    MessageLeftInDoubt,
    MessageRefused,
    MessageRejected,
    OutcomeEvent,
    ThenHandoff,
    ThenPass,
    TurnClosed,
)
from saath_router.conversation import Conversation
from saath_router.facts import call
from saath_router.ownership import Decision, other_bot, person_wrote, to_human
from saath_router.policy import Policy, hold_until
from saath_router.recent import Recent
from saath_router.turns import Asked, turn_offered
from saath_router.waiting import is_by_a_person
from saath_router.windows import refused

# Two bots that each think the other meant would pass a customer to and fro for ever.
PASSES_MAX = 5


def outcome(event: OutcomeEvent, state: Conversation, policy: Policy, now: datetime) -> Decision:
    """What follows from what became of a request."""
    if isinstance(event, MessageAccepted | MessageLeftInDoubt) and is_by_a_person(event):
        # Also where nobody may ever know whether it arrived: a bot would talk over it.
        return person_wrote(event, "person_sent", "answered from a tool", state, policy, now)
    closed = refused(event, state)
    if event.turn_id is None or state.owner != "bot" or event.epoch not in (None, state.epoch):
        return closed
    match event:
        case _ if then := getattr(event, "then", None):
            return (*closed, *_then(event, then, state, policy, now))
        case _ if not event.is_answer:
            return closed  # words may still come, and are waited for as before
        case MessageRejected() | MessageRefused() | MessageExpired() | MessageDropped():
            # The customer waits for words that will not come; a log line helps nobody.
            reason = "the bot's answer was not sent"
            return (*closed, *call(state, "not_sent", reason, event.id, now))
        case _:
            return closed


def _then(
    event: OutcomeEvent, then: object, state: Conversation, policy: Policy, now: datetime
) -> Decision:
    match then:
        case ThenHandoff(handoff=wish):
            until = hold_until(policy, now)
            handed = to_human(
                state, "bot_handed_over", wish.reason, event.id, event.time, now, until,
                event.turn_id,
            )  # fmt: skip
            called = call(
                state, "bot_handed_over", wish.reason, event.id, now,
                summary=wish.summary, by=event.bot,
            )  # fmt: skip
            return (*handed, *called)
        case ThenPass(pass_to=wish) if wish.bot != event.bot:
            return _passed(event, wish.bot, wish.summary, state, policy, now)
        case ThenPass() if isinstance(event, TurnClosed):
            # Without a word, and to itself: nobody would ever answer.
            reason = f"{event.bot} passed it on to itself"
            return call(state, "bot_passed_on", reason, event.id, now)
        case _:
            return ()


def _passed(
    event: OutcomeEvent,
    bot: str,
    summary: str | None,
    state: Conversation,
    policy: Policy,
    now: datetime,
) -> Decision:
    """Another bot has the conversation, and is asked what the customer wrote last, if bots are."""
    if state.passes >= PASSES_MAX:
        reason, until = "bots pass it on and on", hold_until(policy, now)
        handed = to_human(
            state, "bot_handed_over", reason, event.id, event.time, now, until, event.turn_id
        )
        return (*handed, *call(state, "bot_handed_over", reason, event.id, now, by=event.bot))
    reason = f"passed on by {event.bot}"
    taken, gained = other_bot(
        state, bot, "bot_passed_on", reason, event.id, event.time, now, event.turn_id
    )
    if policy.answers in ("nobody", "shadow"):
        return gained
    asked = Asked(
        bot, taken.epoch, _last_words(state.recent), state.contact, "bot_passed_on", reason,
        event.id, passed_by=event.bot, summary=summary,
    )  # fmt: skip
    return (*gained, turn_offered(asked, state, policy, now))


def _last_words(recent: Recent) -> Recent:
    """What the customer wrote last, whoever has said something since."""
    words: Recent = ()
    for message in recent:
        if message.author != "customer":
            continue
        follows = words and recent.index(message) == recent.index(words[-1]) + 1
        words = (*words, message) if follows else (message,)
    return words
