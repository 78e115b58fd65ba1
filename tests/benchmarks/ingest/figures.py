"""Numbers to sentences. Pure."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.ingest.load import Result, Tally


@dataclass(frozen=True, slots=True)
class Round:
    """One closed loop against one server."""

    updates_per_second: float
    cpu_us_per_update: float | None
    refused: int
    latency: str


def summary(result: Result, cpu_seconds: float | None) -> Round:
    """What one closed loop showed."""
    measured, updates = result.measured, result.warm_up.updates + result.measured.updates
    cost = None if cpu_seconds is None or not updates else cpu_seconds / updates * 1e6
    rate = measured.updates / measured.seconds
    return Round(rate, cost, measured.refused + result.warm_up.refused, latency(measured))


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100).__int__() - 1)] if ranked else 0.0


def latency(tally: Tally) -> str:
    """The usual percentiles of one stretch of time."""
    parts = [f"p{p:g} {percentile(tally.latencies_ms, p):.1f}" for p in (50, 90, 99, 99.9)]
    return f"{', '.join(parts)}, max {max(tally.latencies_ms, default=0):.1f} ms"


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median, and between what it lay."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"
