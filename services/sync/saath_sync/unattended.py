"""
What sync does of an onboarding that nobody walks through any more, because a crash ended it. Pure.

Only what cannot do harm: a call that was never begun, or one that may be made again. What Meta takes once
is not asked again while its answer is unknown, and what Meta refused is for a person to mend.
"""

from datetime import datetime

from saath_sync import deadline, onboarding
from saath_sync.ledger import Ledger, Step


def goes_on_with(ledger: Ledger, now: datetime) -> Step | None:
    """
    The step that sync asks by itself; ``None`` where there is none, or where it is a person's.

    An answer that came, whatever it was, was told to whoever asked: they decide. What was asked and
    never answered was told to nobody; what was asked in an onboarding before this one is not yet asked.
    """
    if ledger.life.state != "active":
        return None
    steps = ledger.steps.items()
    refused = [s for s, r in steps if r.state == "refused" and not onboarding.is_earlier(r)]
    step = onboarding.next_step(ledger, now, tried=refused)
    if step is None or (step in onboarding.ONE_TIME and _too_late(ledger, now)):
        return None
    record = ledger.steps.get(step)
    left = record is None or record.state == "asked" or onboarding.is_earlier(record)
    return step if left else None


def _too_late(ledger: Ledger, now: datetime) -> bool:
    ends = deadline.ends_at(ledger)
    return ends is not None and now >= ends
