"""Numbers to sentences. Pure."""

from dataclasses import dataclass

from tests.benchmarks.figures import percentiles
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


def latency(tally: Tally) -> str:
    """The usual percentiles of one stretch of time."""
    return percentiles(tally.latencies_ms)
