"""The first format of a conversation in the changelog: JSON, ids as texts. Read, never written. Pure."""

from typing import Any

from pydantic_core import from_json

from saath_router.conversation import Conversation
from saath_router.memory import HASH_BYTES, SECOND_BYTES, SECOND_MAX, UNNAMED


def from_first_format(value: bytes) -> Conversation:
    """The conversation that was written so."""
    said: dict[str, Any] = from_json(value)
    seen = sorted(said.get("seen", {}).items(), key=lambda entry: entry[1])
    said["seen"] = b"".join(_second(second) + _hash(known) for known, second in seen)
    ranks = said.get("statuses", {}).items()
    # Whether a message's statuses name their conversation was not kept then.
    said["statuses"] = b"".join(_hash(known) + bytes([rank | UNNAMED]) for known, rank in ranks)
    for name in ("ours", "seen_history"):
        said[name] = b"".join(map(_hash, said.get(name, ())))
    return Conversation.model_validate(said)


def newest_second(state: Conversation) -> int:
    """When the last fact that is remembered happened: about when it was written."""
    start = len(state.seen) - SECOND_BYTES - HASH_BYTES
    return int.from_bytes(state.seen[start : start + SECOND_BYTES], "big") if start >= 0 else 0


def _second(second: int) -> bytes:
    return int(max(0, min(second, SECOND_MAX))).to_bytes(SECOND_BYTES, "big")


def _hash(text: str) -> bytes:
    return bytes.fromhex(text)
