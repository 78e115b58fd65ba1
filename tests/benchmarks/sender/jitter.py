"""
How much jitter on the way the cap survives: ``python -m tests.benchmarks.sender --only jitter``.

Once without any machine (the pace, a timer that is 0.2 to 2 ms late, and chance), and once through the
sandbox, which writes down what it sees, on a machine that adds jitter of its own.
"""

import asyncio
import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.processes import Bench
from tests.benchmarks.sender.rate import CAP, sender
from tests.benchmarks.sender.traffic import campaign, connected, publisher_at
from tests.flow.sandbox_process import sandbox

from saath_sender.pace import Pace

JITTERS_MS = (0, 5, 10, 20, 50, 100)
MARGINS_MS = (10, 20, 50, 100)
LATE_SECONDS = (0.0002, 0.002)
TOKEN = "a-token-for-benchmarks"


@dataclass(frozen=True, slots=True)
class Seen:
    """Of the sliding seconds that begin with an arrival: how many, how many too full, and the fullest."""

    windows: int
    over: int
    most: int
    rate: float

    def __str__(self) -> str:
        """For a cell of a table."""
        share = f"{100 * self.over / max(1, self.windows):.1f} %"
        return f"{share}, {self.most}"


def seen(arrivals: Sequence[Sequence[float]]) -> Seen:
    """What the arrivals of some numbers say; half-open seconds, as the sandbox counts."""
    over = windows = most = 0
    rates = []
    for times in (sorted(found) for found in arrivals):
        counts = [bisect_left(times, at + 1.0) - i for i, at in enumerate(times)]
        windows += len(counts)
        over += sum(count > CAP for count in counts)
        most = max([most, *counts])
        if len(times) > 1:
            rates.append((len(times) - 1) / (times[-1] - times[0]))
    return Seen(windows, over, most, sum(rates) / max(1, len(rates)))


def simulated(margin: float, jitter: float, seconds: float = 2000) -> Seen:
    """The pace alone, with work for all of it."""
    chance, pace, now, left = random.Random(1), Pace(CAP, margin), 0.0, list[float]()
    while now < seconds:
        now = max(now, pace.next_at(now)) + chance.uniform(*LATE_SECONDS)
        pace.leave(pace.reserve(now), now)
        left.append(now)
    return seen([[at + chance.uniform(0, jitter) for at in left]])


async def witnessed(
    at: Bench, margin: float, jitters: Sequence[float], numbers: int, seconds: float
) -> list[Seen]:
    """The sender on a real broker, one jitter after the other, as the sandbox saw it."""
    flags = ("--system-token", TOKEN, "--no-service-window", "--no-pair-limit", "--cap", "1000")
    async with sandbox(*flags) as meta, publisher_at(at) as publisher:
        await meta.control.faults(statuses=False)
        names = [(await meta.control.register_number()).phone_number_id for _ in range(numbers)]
        await connected(publisher, names)
        await campaign(publisher, names, int((seconds + 3) * len(jitters) * CAP), "camp")
        with sender(at, meta.control.url, SAATH_SENDER__CAP_MARGIN_SECONDS=f"{margin}"):
            await meta.control.wait_for_messages(names[-1], 2 * CAP, timeout=60)
            edges = []
            for jitter in jitters:
                await meta.control.faults(way_jitter_seconds=jitter)
                await asyncio.sleep(1 + jitter)
                began = asyncio.get_running_loop().time()
                await asyncio.sleep(seconds)
                edges.append((began, asyncio.get_running_loop().time()))
        arrivals = {
            name: [a.arrival_monotonic for a in await meta.control.messages(name)] for name in names
        }
    return [
        seen([[at for at in times if began <= at < ended] for times in arrivals.values()])
        for began, ended in edges
    ]


def table(rows: Sequence[tuple[float, Sequence[Seen]]]) -> str:
    """Margins down, jitters across: share of seconds over the cap, and the fullest one."""
    head = "  margin  " + "".join(f"{jitter:>13} ms" for jitter in JITTERS_MS) + "   rate at 0"
    lines = [
        f"  {margin:>4g} ms  "
        + "".join(f"{cell!s:>16}" for cell in cells)
        + f"   {cells[0].rate / CAP:.1%}"
        for margin, cells in rows
    ]
    return "\n".join([head, *lines])
