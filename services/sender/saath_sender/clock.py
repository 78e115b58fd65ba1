"""The two clocks: one that a frozen process or a sleeping machine cannot stop, and the wall's."""

import time
from datetime import UTC, datetime
from typing import NamedTuple

_BOOT = getattr(time, "CLOCK_BOOTTIME", None)


class Now(NamedTuple):
    """One moment: ``boot`` in seconds since the machine started, ``wall`` for what others wrote."""

    boot: float
    wall: datetime


def boot_seconds() -> float:
    """Seconds that also pass while the machine sleeps, where the system can tell."""
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


def read_clock() -> Now:
    """This moment."""
    return Now(boot_seconds(), datetime.now(UTC))
