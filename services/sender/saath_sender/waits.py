"""How long to wait before trying again. Pure: chance is an argument."""

# Longer than this a message waits for nothing that may be over any time.
WAIT_MAX_SECONDS = 60.0
DOUBLINGS_MAX = 20


def growing(first: float, tries: int, chance: float, most: float = WAIT_MAX_SECONDS) -> float:
    """
    *first* seconds, doubled for each try before this one, up to *most* (or *first*, if that is more).

    *chance*, from 0 to 1, adds up to a half: what failed together does not come again together.
    """
    grown = min(max(first, most), first * 2.0 ** min(tries, DOUBLINGS_MAX))
    return grown * (1 + chance / 2)
