"""
The grant: proof that somebody may ask for sends without a turn, on these numbers, of these classes.

Whoever runs Saath signs it (``saath grant``), the sender checks it; a request carries it as it was
given. Keys rotate as those of turns do, and are others: who may issue grants need not sign turns.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from itsdangerous import BadSignature, URLSafeSerializer

from saath.errors import TokenRefused

VERSION = "g1."
EVERY = "*"


@dataclass(frozen=True, slots=True)
class Grant:
    """
    What the grant says. ``until`` is in whole unix seconds; ``*`` stands for every number or class.

    ``who`` is a name to find them by. A bot's own words yield where another bot has the conversation.
    """

    who: str
    numbers: tuple[str, ...]
    classes: tuple[str, ...]
    until: int

    def covers_number(self, number: str) -> bool:
        """Whether it is good for this number."""
        return number in self.numbers or EVERY in self.numbers

    def covers_class(self, message_class: str) -> bool:
        """Whether it is good for messages of this class."""
        return message_class in self.classes or EVERY in self.classes


class Grants:
    """Signs and reads grants with one set of keys, newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or not all(keys):
            raise ValueError("at least one grant key is needed, and none may be empty")
        # itsdangerous signs with the last key and verifies with all of them.
        self._serializer = URLSafeSerializer(
            [*reversed(keys)], salt="saath.grant", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def sign(self, grant: Grant) -> str:
        """Write *grant* as text."""
        said = [grant.who, grant.numbers, grant.classes, grant.until]
        return VERSION + str(self._serializer.dumps(said))

    def read(self, text: str) -> Grant:
        """
        Read a grant and check its signature; what it is good for is the caller's question.

        Raises:
            TokenRefused: forged, of another installation, or no grant at all.
        """
        if not text.startswith(VERSION):
            raise TokenRefused("not a grant")
        try:
            who, numbers, classes, until = self._serializer.loads(text.removeprefix(VERSION))
            return Grant(str(who), tuple(numbers), tuple(classes), int(until))
        except (BadSignature, TypeError, ValueError):
            raise TokenRefused("the grant's signature does not verify") from None
