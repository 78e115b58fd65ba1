"""Which conversations may leave memory. Pure."""

from datetime import datetime, timedelta

from saath_router.conversation import REMEMBERED_FOR, Conversation

# A customer who has waited so long for a person has found another way, and begins anew.
WAITED_MAX = timedelta(days=30)
# As long as anything can be delivered again, its id must be known.
UNUSED_FOR = REMEMBERED_FOR
# So long after a person had it a campaign may be told to keep away; the sender's setting ends here.
FELT_FOR = timedelta(days=7)


def is_idle(state: Conversation, now: datetime) -> bool:
    """
    True where nothing is lost with *state* that anything is decided by.

    Nobody is asked, called or holds it, its window has closed and that was said, and whoever waits has
    been reported. Who wants no marketing is known for as long as they want none, for nothing else would
    keep the next campaign from them. It was not written for ``UNUSED_FOR``, which is the caller's to know.
    """
    if state.marketing_stopped:
        return False
    felt_until = state.lease_until and state.lease_until + FELT_FOR
    until = (felt_until, state.window_until, *state.turns.values())
    if any(moment is not None and moment > now for moment in until):
        return False
    # Nobody would call it off, when somebody answers at last, and the next call would be a second one.
    if state.handoff_open:
        return False
    # What time has yet to say would never be said.
    if state.watched or state.pending or state.window or state.owner == "meta":
        return False
    waits = state.waiting_since is not None and not state.unattended
    return not (waits and state.waiting_since and now - state.waiting_since < WAITED_MAX)
