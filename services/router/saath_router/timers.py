"""What the clock alone does to a conversation. Pure: the time is given, and read up to."""

from datetime import datetime

from saath.events import ConversationUnattended
from saath.identity import digest_id
from saath_router.conversation import Conversation
from saath_router.decide import Decision, call, to_human
from saath_router.policy import Policy


def due_at(state: Conversation, policy: Policy) -> datetime | None:
    """When time alone changes something; ``None`` for never."""
    dues = (_bot_due(state), _person_due(state, policy))
    return min((due for due in dues if due), default=None)


def fire(state: Conversation, policy: Policy, until: datetime, now: datetime) -> Decision:
    """
    The facts of whatever is due at *until*; none where nothing is.

    A bot that said nothing loses the conversation to whoever is called, for a short while. A person
    who says nothing keeps it: that a customer waits is said once, and who acts on it is not our choice.
    """
    bot_due, person_due = _bot_due(state), _person_due(state, policy)
    if bot_due and bot_due <= until:
        return _silent_bot(state, policy, now)
    if person_due and person_due <= until:
        return (_unattended(state, person_due),)
    return ()


def _bot_due(state: Conversation) -> datetime | None:
    return min((watch.due for watch in state.watched.values()), default=None)


def _person_due(state: Conversation, policy: Policy) -> datetime | None:
    if state.owner != "human" or state.waiting_since is None or state.unattended:
        return None
    if not policy.human_reply_within:
        return None
    since = max(state.waiting_since, state.owner_since or state.waiting_since)
    return since + policy.human_reply_within


def _silent_bot(state: Conversation, policy: Policy, now: datetime) -> Decision:
    """
    Somebody else is called.

    The ownership counts from when the bot was asked: what a person wrote since then and is read
    later is no late echo, but the answer.
    """
    turn, watch = min(state.watched.items(), key=lambda item: item[1].due)
    reason, until = "the bot did not answer", now + policy.silent_bot_hold
    taken = to_human(state, reason, turn, watch.since, now, until)
    return (*taken, *call(state, reason, turn, now))


def _unattended(state: Conversation, due: datetime) -> ConversationUnattended:
    since = state.waiting_since or due
    name = digest_id("unattended_", state.id, str(state.epoch), since.isoformat())
    return ConversationUnattended(
        id=name,
        time=due,
        number=state.number,
        conversation=state.id,
        epoch=state.epoch,
        waiting_since=since,
    )
