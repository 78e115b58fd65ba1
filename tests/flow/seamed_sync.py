"""
A sync that stands still at a moment of some onboardings, and may live in the future. The product knows
nothing of it: only this process is patched.

``SYNC_SEAMS="before:contacts:17 after:history:18"``: with number 17 it never stores that contacts is about
to be asked, with 18 it goes no further once history's answer is stored. ``SYNC_AHEAD_SECONDS``: so far its
clock is ahead, so that nobody has to wait for what no longer comes. ``SYNC_COSTS_EVERY_SECONDS``: how often a
day's costs are said.
"""

import asyncio
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from saath_demo.stack import GRACE_SECONDS, Stack
from saath_local import spawn
from saath_sync import app, costs
from saath_sync.__main__ import main
from saath_sync.facts import Fact, StepAnswered, StepAsked
from saath_sync.numbers import Numbers

ROOT = Path(__file__).parents[2]
HELD = "seam.held"


def start(stack: Stack, **seam: str) -> None:
    """Start it in place of sync."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SAATH_")}
    port = stack.url("sync").rpartition(":")[2]
    stack.processes["sync"] = spawn(
        [sys.executable, "-m", __name__],
        env={**inherited, **stack.environment(), "SAATH_HTTP_PORT": port, **seam},
        log_path=stack.log_path("sync"),
        cwd=ROOT,
        grace_seconds=GRACE_SECONDS,
    )


def _patch(seams: set[str], ahead: timedelta) -> None:
    submit, utc_now = Numbers.submit, app.utc_now

    async def _stand_still_at(moment: str) -> None:
        if moment in seams:
            sys.stdout.write(f"{HELD} {moment}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()

    async def _submit(self: Numbers, fact: Fact) -> None:
        if isinstance(fact, StepAsked):
            await _stand_still_at(f"before:{fact.step}:{fact.number}")
        await submit(self, fact)
        if isinstance(fact, StepAnswered):
            await _stand_still_at(f"after:{fact.step}:{fact.number}")

    def _now() -> datetime:
        return utc_now() + ahead

    for owner, name, patched in ((Numbers, "submit", _submit), (app, "utc_now", _now)):
        setattr(owner, name, patched)


if __name__ == "__main__":
    _patch(
        set(os.environ.pop("SYNC_SEAMS", "").split()),
        timedelta(seconds=float(os.environ.pop("SYNC_AHEAD_SECONDS", "0"))),
    )
    costs.SAID_EVERY = timedelta(seconds=float(os.environ.pop("SYNC_COSTS_EVERY_SECONDS", "60")))
    main()
