"""
The turn token: proof that the router asked this bot, in this conversation, at this epoch.

A Kafka record proves no author. The router signs, the sender checks; a bot hands the token back as
it got it. Keys rotate: the first signs, all of them verify.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from itsdangerous import BadSignature, URLSafeSerializer
from itsdangerous.encoding import base64_encode

from saath.errors import TokenRefused

VERSION = "t1."


@dataclass(frozen=True, slots=True)
class TurnToken:
    """
    What the token says. ``deadline`` is in whole unix seconds.

    What answers a ``shadow`` is told and never sent: its bot is on trial.
    """

    turn: str
    number: str
    conversation: str
    epoch: int
    bot: str
    deadline: int
    shadow: bool = False

    def expired(self, now: datetime) -> bool:
        """True from the deadline on."""
        return now.astimezone(UTC).timestamp() >= self.deadline


class TurnTokens:
    """Signs and reads turn tokens with one set of keys, newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or not all(keys):
            raise ValueError("at least one turn key is needed, and none may be empty")
        # itsdangerous signs with the last key and verifies with all of them.
        self._serializer = URLSafeSerializer(
            [*reversed(keys)], salt="saath.turn", signer_kwargs={"digest_method": hashlib.sha256}
        )
        self._signer = self._serializer.make_signer("saath.turn")

    def sign(self, token: TurnToken) -> str:
        """Write *token* as text."""
        *said, shadow = (getattr(token, part) for part in TurnToken.__slots__)
        # Whoever reads six values only is not kept from reading what is sent.
        said = [*said, True] if shadow else said
        # As ``dumps`` does, which derives the key anew for each, and compresses it by a sixth for as much
        # time again.
        payload = base64_encode(json.dumps(said, separators=(",", ":")))
        return VERSION + self._signer.sign(payload).decode()

    def read(self, text: str) -> TurnToken:
        """
        Read a token and check its signature; whether it has expired is the caller's question.

        Raises:
            TokenRefused: forged, of another installation, or no token at all.
        """
        if not text.startswith(VERSION):
            raise TokenRefused("not a turn token")
        try:
            return TurnToken(*self._serializer.loads(text.removeprefix(VERSION)))
        except (BadSignature, TypeError, ValueError):
            raise TokenRefused("the turn token's signature does not verify") from None
