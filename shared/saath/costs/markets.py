"""
In which market a customer is, as far as their address says. Pure.

Calling codes are those of ITU-T E.164: none is the beginning of another. Several countries share 1 and 7;
a table of rates may name longer beginnings (``+1876``).
"""

from saath.events import Contact

_ONE = frozenset("17")
# fmt: off
_TWO = frozenset((
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
))
# fmt: on


def market_of(contact: Contact) -> str | None:
    """``+49`` by the phone number; else ``DE`` by the user id's country; ``None`` where both are withheld."""
    if contact.phone:
        return f"+{calling_code(contact.phone.lstrip('+'))}"
    return country(contact.user_id)


def calling_code(phone: str) -> str:
    """The calling code that *phone*, in digits, begins with."""
    if phone[:1] in _ONE:
        return phone[:1]
    return phone[:2] if phone[:2] in _TWO else phone[:3]


def country(user_id: str | None) -> str | None:
    """The country a business-scoped user id names in front: ``DE.1234…``."""
    name, dot, _ = (user_id or "").partition(".")
    return name.upper() if dot and len(name) == 2 and name.isascii() and name.isalpha() else None
