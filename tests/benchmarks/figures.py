"""Numbers to sentences. Pure."""

import statistics
from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent do not exceed (nearest rank)."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * percent // 100).__int__() - 1)] if ranked else 0.0


def percentiles(latencies_ms: Sequence[float]) -> str:
    """The usual percentiles of one stretch of time."""
    parts = [f"p{p:g} {percentile(latencies_ms, p):.1f}" for p in (50, 90, 99, 99.9)]
    return f"{', '.join(parts)}, max {max(latencies_ms, default=0):.1f} ms"


def spread(values: Sequence[float], digits: int = 2) -> str:
    """The median, and between what it lay."""
    middle = statistics.median(values)
    return f"{middle:.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"
