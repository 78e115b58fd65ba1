"""
How Saath 0.1 reads a conversation of its state. Frozen: what a later release writes must be read by it.

A copy, with nothing imported that could change with the code it stands against.
"""

import struct
import zlib
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

HEAD = struct.Struct(">B3sBQIB")


class Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", ser_json_bytes="base64", val_json_bytes="base64"
    )


class Contact(Model):
    phone: str | None = None
    user_id: str | None = None
    parent_user_id: str | None = None
    name: str | None = None
    username: str | None = None
    identity_key_hash: str | None = None


class Message(Model):
    message_id: str
    author: Literal["customer", "bot", "person", "campaign", "automatic"]
    time: AwareDatetime
    content: dict[str, Any]


class Watch(Model):
    since: AwareDatetime
    due: AwareDatetime


class Conversation(Model):
    number: str
    contact: Contact = Contact()
    owner: Literal["bot", "human", "meta"] = "bot"
    epoch: int = 0
    bot: str | None = None
    owner_since: AwareDatetime | None = None
    lease_until: AwareDatetime | None = None
    window_until: AwareDatetime | None = None
    held_with: str | None = None
    history_asked_at: AwareDatetime | None = None
    handoff_open: bool = False
    waiting_since: AwareDatetime | None = None
    unattended: bool = False
    turns: dict[str, AwareDatetime] = {}
    watched: dict[str, Watch] = {}
    recent: tuple[Message, ...] = ()
    statuses: bytes = b""
    ours: bytes = b""
    seen: bytes = b""
    seen_history: bytes = b""
    forgotten_before: AwareDatetime | None = None


def read(value: bytes, common: bytes) -> tuple[Conversation, datetime | None, list[bytes]]:
    """The conversation, when it is due, and the messages that are found by their id alone."""
    written_format, _, packed, due_us, _, count = HEAD.unpack_from(value)
    assert written_format == 2
    start = HEAD.size + 8 * count
    found = [value[at : at + 8] for at in range(HEAD.size, start, 8)]
    body = value[start:]
    if packed:
        body = zlib.decompressobj(-15, common).decompress(body)
    due = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
    due = datetime.fromtimestamp(due_us / 1_000_000, due.tzinfo)
    return Conversation.model_validate_json(body), due if due_us else None, found
