"""
A number that Meta has slowed (130429), as it stands in the sender's changelog. Pure.

The next owner goes on as slowly: at full speed it would be told so again, and be slower for longer.
"""

import json
from dataclasses import asdict, dataclass

from saath_sender.pace import RECOVERS_IN_SECONDS

PREFIX = "slowed/"


@dataclass(frozen=True, slots=True)
class Slowed:
    """
    At *at* the number was left this *share* of its cap, and it sends nothing before *until*.

    Times are unix seconds.
    """

    at: float
    share: float
    until: float

    def over(self, now: float) -> bool:
        """True once the number has all of its cap again."""
        return now >= max(self.until, self.at + (1 - self.share) * RECOVERS_IN_SECONDS)


def slowed_key(number: str) -> str:
    """The key of its record."""
    return f"{PREFIX}{number}"


def parse_slowed_key(key: str) -> str | None:
    """The number of such a key; ``None`` where it is another kind of record."""
    return key.removeprefix(PREFIX) if key.startswith(PREFIX) else None


def encode_slowed(slowed: Slowed) -> bytes:
    """A record of it."""
    return json.dumps(asdict(slowed), separators=(",", ":")).encode()


def decode_slowed(value: bytes) -> Slowed:
    """Read one back."""
    return Slowed(**json.loads(value))
