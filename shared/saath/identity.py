"""Ids: deterministic where Meta gave one, pseudonymous where a person stands behind them. Pure."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from saath.events import Contact

_UUID7 = re.compile(
    r"([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)
CALLBACK_MAX = 512  # characters of biz_opaque_callback_data, since 2024-01-26


def event_id(message_id: str, what: str) -> str:
    """Name what happened to one of Meta's messages, the same however often it is delivered."""
    return f"{message_id}:{what}"


def digest_id(prefix: str, *parts: str) -> str:
    """A short deterministic id from *parts*, for facts that Meta gave no id of their own."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
    return f"{prefix}{digest[:32]}"


def identities(contact: Contact) -> tuple[str, ...]:
    """All that a contact is known by, the most lasting first: it names a new conversation."""
    found = []
    if contact.phone:
        found.append(f"phone:{contact.phone.lstrip('+')}")
    if contact.user_id:
        found.append(f"user:{contact.user_id}")
    return tuple(found)


def identity_of(address: str) -> str:
    """A request's ``to`` as an identity: ``CC.…`` is a business-scoped user id, else a phone number."""
    return f"user:{address}" if "." in address else f"phone:{address.lstrip('+')}"


def contact_at(address: str) -> Contact:
    """Whoever a request's ``to`` names, as a contact."""
    kind, _, value = identity_of(address).partition(":")
    return Contact(user_id=value) if kind == "user" else Contact(phone=value)


def conversation_id(key: bytes, number: str, identity: str) -> str:
    """
    Name a conversation so that the name says nothing of the customer.

    *key* is the installation's secret: without it nobody can try phone numbers against the id.
    """
    return "c_" + _keyed(key, "conversation", number, identity)


@lru_cache(maxsize=4096)  # whose a record is, is asked more than once, and customers write again
def alias_key(key: bytes, number: str, identity: str) -> str:
    """The key under which an identity's conversation is remembered."""
    return "a_" + _keyed(key, "alias", number, identity)


def key_fingerprint(key: bytes) -> str:
    """Tell one installation key from another without giving it away."""
    return _keyed(key, "fingerprint")


def _keyed(key: bytes, *parts: str) -> str:
    return hmac.new(key, "\x1f".join(parts).encode(), hashlib.sha256).hexdigest()[:32]


def turn_id(event_ids: Sequence[str], bot: str, epoch: int) -> str:
    """Name the turn that asks *bot*, at *epoch*, to answer these messages."""
    return digest_id("t_", *event_ids, bot, str(epoch))


def uuid7(unix_ms: int, random_bits: int) -> str:
    """A UUIDv7 (RFC 9562) of this millisecond with these 74 random bits. Python has none before 3.14."""
    rand_a, rand_b = (random_bits >> 62) & 0xFFF, random_bits & ((1 << 62) - 1)
    value = (unix_ms & ((1 << 48) - 1)) << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b
    text = f"{value:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def uuid7_seconds(text: str) -> float | None:
    """When a UUIDv7 was made, in unix seconds; ``None`` for any other text."""
    found = _UUID7.fullmatch(text)
    return int(found[1] + found[2], 16) / 1000 if found else None


@dataclass(frozen=True, slots=True)
class Callback:
    """
    What we hide in ``biz_opaque_callback_data``: whose message it is.

    A status carries it back, so a status that overtakes the Graph API's own answer routes itself.
    """

    request: str
    index: int
    conversation: str | None
    epoch: int | None

    def __str__(self) -> str:
        epoch = "" if self.epoch is None else str(self.epoch)
        return "|".join(("s1", self.request, str(self.index), self.conversation or "", epoch))


@lru_cache(maxsize=1024)  # the decision, the state and the place of a status each ask
def parse_callback(text: str | None) -> Callback | None:
    """Read callback data back; ``None`` where it is not ours."""
    match (text or "").split("|"):
        case ["s1", request, index, conversation, epoch] if _whole(index) and _whole(epoch or "0"):
            return Callback(
                request, int(index), conversation or None, int(epoch) if epoch else None
            )
        case _:
            return None


def _whole(text: str) -> bool:
    return text.isascii() and text.isdecimal()
