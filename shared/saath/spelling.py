"""The right name beside a wrong one. Pure."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``; did you mean …?`` with the nearest of the *known* names; empty where none is near."""
    nearest = difflib.get_close_matches(name, [*known], n=1)
    return f"; did you mean {nearest[0]}?" if nearest else ""
