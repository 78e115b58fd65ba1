"""How many examples the state machines get: a few, always the same, in `make test`; more when asked."""

import os

from hypothesis import HealthCheck, settings

# What `make test` may take. MACHINE_CASES asks for more of them, and for others every time.
CASES_DEFAULT = 200
_asked = os.environ.get("MACHINE_CASES", "")
CASES = int(_asked or CASES_DEFAULT)


def budget(share: float, steps: int) -> settings:
    """This share of the cases, each of so many *steps*."""
    return settings(
        max_examples=max(20, int(CASES * share)),
        stateful_step_count=steps,
        deadline=None,
        derandomize=not _asked,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )
