"""What a campaign must know of a conversation: who had it, and what the customer wants. Pure."""

from datetime import UTC, datetime, timedelta

from saath.events import (
    ContactPreferenceChanged,
    Event,
    MessageFailed,
    MessageRejected,
    OwnerChanged,
)
from saath_router.conversation import Conversation

# Meta's words for: this customer wants none (until they say otherwise), and: they have had enough for now.
STOPPED, HAD_ENOUGH = 131050, 131049
RESTS_FOR = timedelta(hours=24)
_NEVER = datetime.min.replace(tzinfo=UTC)
SAID = {"stop": True, "resume": False, "signup": False}

Changes = dict[str, object]


def said_of_marketing(state: Conversation, event: Event) -> Changes:
    """
    What *event* says of marketing; nothing where something newer is known.

    An opt-out counts however late it comes: it can only keep something back.
    """
    match event:
        case ContactPreferenceChanged(category=category, value=value) if (
            category.startswith("marketing") and value in SAID
        ):
            return _wished(state, event.time, stopped=SAID[value])
        case MessageFailed(errors=problems):
            codes = {problem.code for problem in problems}
        case MessageRejected(error=problem):
            codes = {problem.code}
        case _:
            return {}
    changes: Changes = _wished(state, event.time, stopped=True) if STOPPED in codes else {}
    if HAD_ENOUGH in codes:
        changes["marketing_rests_until"] = _latest(
            state.marketing_rests_until, event.time + RESTS_FOR
        )
    return changes


def person_left_at(state: Conversation, event: OwnerChanged) -> datetime | None:
    """
    When a person last ceased to have the conversation, as of *event*.

    A lease may have been over for days before somebody else gets it; the app's greeting was no person.
    """
    holds = state.owner == "human" and bool(state.epoch)
    if not holds or event.owner == "human" or event.rule == "greeting_known":
        return state.person_left_at
    until = state.lease_until or event.time
    return _latest(state.person_left_at, min(until, event.time))


def together(older: Conversation, younger: Conversation, now: datetime) -> Changes:
    """What holds where two conversations are one contact's."""
    both = (older, younger)
    left = [state.person_left_at for state in both]
    # A lease that runs is a person's still, and the joined one is theirs.
    left += [s.lease_until for s in both if s.owner == "human" and s.lease_until]
    rests = [state.marketing_rests_until for state in both]
    latest = max(both, key=lambda s: (s.marketing_said_at or _NEVER, bool(s.marketing_stopped)))
    return {
        "person_left_at": _latest(*(at for at in left if at and at <= now)),
        "marketing_stopped": latest.marketing_stopped,
        "marketing_said_at": latest.marketing_said_at,
        "marketing_rests_until": _latest(*rests),
    }


def _wished(state: Conversation, at: datetime, *, stopped: bool) -> Changes:
    """The customer's last word counts, whenever it comes; of two in one second, the stop."""
    known = state.marketing_said_at
    if known and (at < known or (at == known and state.marketing_stopped)):
        return {}
    return {"marketing_stopped": stopped, "marketing_said_at": at}


def _latest(*moments: datetime | None) -> datetime | None:
    return max(filter(None, moments), default=None)
