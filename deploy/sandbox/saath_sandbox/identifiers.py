"""Names that look like Meta's. All chance comes from the `Random` given."""

import base64
import itertools
import random
from typing import Literal

# The bytes around the address and the token in a real wamid (domain facts, 2.11).
_FROM_BUSINESS, _FROM_CUSTOMER = 0x11, 0x12


class Identifiers:
    """Makes identifiers, each once."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        # A history is made up in a thread: `next` of this is one step, `+= 1` would be two.
        self._made = itertools.count(1)

    def wamid(self, address: str, sender: Literal["business", "customer"]) -> str:
        """A message id: base64 over the customer's address, the direction and a token."""
        token = self._hex(10) + self._count()
        mark = _FROM_BUSINESS
        if sender == "customer":
            token, mark = "3A" + token, _FROM_CUSTOMER
        body = (
            bytes((0x1C, 0x18, len(address)))
            + address.encode()
            + bytes((0x15, 0x02, 0x00, mark, 0x18, len(token)))
            + token.encode()
            + b"\x00"
        )
        return "wamid." + base64.b64encode(body).decode()

    def code(self) -> str:
        """The code that Embedded Signup hands to the page that opened it."""
        return "AQ" + self._hex(40) + self._count()

    def token(self) -> str:
        """A business token."""
        return "EAA" + self._hex(60) + self._count()

    def request(self) -> str:
        """A `request_id`, or the id of a conversation: 32 hex digits."""
        return (self._hex(24) + self._count()).lower()

    def number(self) -> str:
        """A phone number id or WABA id: 15 digits."""
        return f"{self._chance.randrange(10**6, 10**7)}{next(self._made):08d}"

    def trace(self) -> str:
        """An `fbtrace_id`."""
        return "A" + base64.urlsafe_b64encode(self._chance.randbytes(17)).decode().rstrip("=")

    def _count(self) -> str:
        # Chance alone would nearly do; a witness should not say "nearly".
        return f"{next(self._made):08X}"

    def _hex(self, digits: int) -> str:
        return f"{self._chance.getrandbits(4 * digits):0{digits}X}"
