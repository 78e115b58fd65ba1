"""Conversations that nobody uses leave memory: looked for now and then, a few at a time. Pure."""

from datetime import datetime, timedelta

from saath_router.eviction import is_idle
from saath_router.store import DueOf, Store

# Not a conversation: the alarm at which they are looked for.
SWEEP = "~sweep"
SWEPT_EVERY = timedelta(hours=1)
# In one transaction. To see that one is still used takes a fraction of a microsecond, to let one go
# some fifty, and two tombstones.
LOOKED_AT_MAX = 1000


def sweep(store: Store, due_of: DueOf, until: datetime) -> datetime:
    """Let go of those that are idle, where everything up to *until* was read; when to go on."""
    for state in store.unused(until, LOOKED_AT_MAX):
        if is_idle(state, until) and due_of(state) is None:
            store.evict(state.id)
    return until + SWEPT_EVERY if store.looked_at_all else until
