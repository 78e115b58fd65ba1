"""How many cases, and what became of them: printed at the end."""

import asyncio
import os
import resource
import sys
from collections import Counter
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings
from tests.fuzz.door import Door

# What `make test` may take; `make fuzz` asks for more, and for other cases every time.
CASES_DEFAULT = 1_000
# Most of it is Hypothesis and the bodies it makes; what one body costs is measured by itself.
MEGABYTES_MAX = 1_000
COUNTS = pytest.StashKey[list[str]]()

_asked = os.environ.get("FUZZ_CASES", "")
CASES = int(_asked or CASES_DEFAULT)


def budget(share: float) -> settings:
    """This share of the cases; the same ones every time unless a number was asked for."""
    return settings(
        max_examples=max(20, int(CASES * share)),
        deadline=None,
        derandomize=not _asked,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def most_megabytes() -> float:
    """The most memory that this process has had so far."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """One event loop for thousands of cases."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def door(pytestconfig: pytest.Config) -> Iterator[Door]:
    """The application; its log goes nowhere, its answers and its memory are counted."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("CRITICAL"))
    door, before = Door(), most_megabytes()
    yield door
    structlog.reset_defaults()
    grown = most_megabytes() - before
    lines = pytestconfig.stash.setdefault(COUNTS, [])
    lines.append(told(door.answered, door.outlet.taken, grown))
    assert grown < MEGABYTES_MAX


def told(answered: "Counter[int]", records: int, grown: float) -> str:
    by_status = ", ".join(f"{count} × {status}" for status, count in sorted(answered.items()))
    return (
        f"fuzz: {answered.total()} requests: {by_status}; {records} records; "
        f"{grown:.0f} MB more memory at most"
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the counts, also when everything passed."""
    for line in config.stash.get(COUNTS, []):
        terminalreporter.write_line(line)
