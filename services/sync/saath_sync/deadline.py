"""
The 24 hours in which Meta takes the two one-time requests. Pure.

Watched only while something is still to be won: a request that Meta took, or refused for good, is over.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from saath_sync import onboarding
from saath_sync.ledger import HISTORY_WITHIN, DeadlineTold, Ledger, Step

# How long before the end it is told.
WARN_BEFORE = (timedelta(hours=12), timedelta(hours=4), timedelta(hours=1))


def ends_at(ledger: Ledger) -> datetime | None:
    """When Meta takes them no longer; ``None`` where it is not known to have begun."""
    exchange = ledger.steps.get("exchange")
    if exchange is None or not onboarding.is_done(ledger, "exchange"):
        return None
    if exchange.answered_at is None:
        return None
    return exchange.answered_at + HISTORY_WITHIN


def open_steps(ledger: Ledger) -> tuple[Step, ...]:
    """The one-time requests that Meta has not taken and has not refused for good."""
    return tuple(
        step
        for step in onboarding.wanted(ledger)
        if step in onboarding.ONE_TIME and onboarding.may_still_be_taken(ledger.steps.get(step))
    )


def next_due(ledger: Ledger, before: Sequence[timedelta] = WARN_BEFORE) -> datetime | None:
    """When it is to be spoken of next."""
    end = ends_at(ledger)
    if end is None or not open_steps(ledger):
        return None
    return min(_untold(ledger, end, before), default=None)


def told_until(
    ledger: Ledger, until: datetime, before: Sequence[timedelta] = WARN_BEFORE
) -> DeadlineTold | None:
    """
    What has been told once everything due by *until* is; ``None`` where nothing is.

    Several that are due at once are told as one, the last of them.
    """
    end = ends_at(ledger)
    if end is None or not open_steps(ledger):
        return None
    due = [moment for moment in _untold(ledger, end, before) if moment <= until]
    return DeadlineTold(of=end, until=max(due)) if due else None


def _untold(ledger: Ledger, end: datetime, before: Sequence[timedelta]) -> list[datetime]:
    """
    When it is spoken of from now on.

    By the moments that were told, not by how many they were: the setting may be another by now.
    """
    told = ledger.deadline
    moments = (*(end - early for early in before), end)
    if told is None or told.of != end or told.until is None:
        return [*moments]
    return [moment for moment in moments if moment > told.until]
