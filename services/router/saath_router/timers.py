"""What the clock alone does to a conversation. Pure: the time is given, and read up to."""

from datetime import datetime

from saath.identity import digest_id
from saath_router import windows
from saath_router.answering import Around, pending_asked
from saath_router.conversation import Conversation
from saath_router.decide import NOTHING_ELSE
from saath_router.facts import call, unattended
from saath_router.hours import open_until
from saath_router.ownership import Decision, to_human
from saath_router.policy import Policy


def due_at(state: Conversation, policy: Policy) -> datetime | None:
    """When time alone changes something; ``None`` for never."""
    dues = (_bot_due(state), _person_due(state, policy), windows.due_at(state, policy))
    return min([due for due in (*dues, state.pending_due) if due], default=None)


def timing_of(policy: Policy) -> str:
    """All of *policy* that ``due_at`` goes by, in a few characters."""
    hours = policy.hours.model_dump_json() if policy.hours else ""
    times = (policy.human_reply_within, policy.window_closing)
    return digest_id("", *(str(time.total_seconds()) for time in times), hours)


def fire(
    state: Conversation,
    policy: Policy,
    until: datetime,
    now: datetime,
    around: Around = NOTHING_ELSE,
) -> Decision:
    """
    The facts of what is due first, at *until* or before; none where nothing is.

    A bot that said nothing loses the conversation to whoever is called, for a short while. A person
    who says nothing keeps it: that a customer waits is said once, and who acts on it is not our choice.
    """
    due = due_at(state, policy)
    if due is None or due > until:
        return ()
    if due == state.pending_due:
        return pending_asked(state, policy, now)
    if due == _bot_due(state):
        return _silent_bot(state, policy, now, around)
    if due == _person_due(state, policy):
        return (unattended(state, "person_late", state.waiting_since or due, due),)
    return windows.fire(state, due)


def _bot_due(state: Conversation) -> datetime | None:
    return min([watch.due for watch in state.watched.values()], default=None)


def _person_due(state: Conversation, policy: Policy) -> datetime | None:
    """The clock for a person runs in opening hours only."""
    if state.owner != "human" or state.waiting_since is None or state.unattended:
        return None
    if not policy.human_reply_within:
        return None
    since = max(state.waiting_since, state.owner_since or state.waiting_since)
    return open_until(policy.hours, since, policy.human_reply_within.total_seconds())


def _silent_bot(state: Conversation, policy: Policy, now: datetime, around: Around) -> Decision:
    """
    Somebody else is called; of a bot that has fallen silent altogether it is only said who waits.

    The ownership counts from when the bot was asked: what a person wrote since then and is read
    later is no late echo, but the answer.
    """
    turn, watch = min(state.watched.items(), key=lambda item: item[1].due)
    if state.bot in around.silent_bots:
        since = state.waiting_since or watch.since
        return (unattended(state, "bot_silent", since, now, turn),)
    reason, until = "the bot did not answer", now + policy.silent_bot_hold
    taken = to_human(state, "bot_silent", reason, turn, watch.since, now, until)
    return (*taken, *call(state, "bot_silent", reason, turn, now))
