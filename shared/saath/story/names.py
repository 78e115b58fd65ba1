"""Ids as they may be shown. Pure."""

MARK = "wamid."
# Room for 10 bytes of what Meta drew by lot; the customer's number stands before it.
TAIL = 14


def shortened(name: str) -> str:
    """
    *name* without the customer in it.

    Meta's message ids, and what we call by them, hold the customer's phone number in base64. The end
    of one is enough to tell it from others, and to ask for it by.
    """
    if not name.startswith(MARK):
        return name
    message, colon, what = name.partition(":")
    drawn = message.removeprefix(MARK)
    return name if len(drawn) <= TAIL else f"{MARK}…{drawn[-TAIL:]}{colon}{what}"


def is_meant(asked: str, name: str) -> bool:
    """True where *asked* is *name*, or what ``shortened`` made of it."""
    if "…" not in asked:
        return asked == name
    before, _, after = asked.partition("…")
    return len(after) >= TAIL and name.startswith(before) and name.endswith(after)


def needle(asked: str) -> str:
    """The part of *asked* that stands, letter by letter, wherever it is spoken of."""
    after = asked.partition("…")[2] if "…" in asked else asked
    # An event is called by its message, and other events name the message alone.
    return after.partition(":")[0] if asked.startswith(MARK) else after
