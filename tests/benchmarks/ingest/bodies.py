"""Webhook bodies in the proportions in which Meta sends them to a number that is busy. Seeded."""

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saath_ingest.signature import sign

PAYLOADS = Path(__file__).parents[2] / "contract" / "payloads"

# An answered message is one webhook in, and three statuses of the answer; some answers are typed on
# the phone, which makes an echo of them.
MIX = {
    "messages__text__1": 20,
    "messages__image__1": 4,
    "messages__audio_voice__1": 2,
    "messages__status_sent__1": 22,
    "messages__status_delivered__1": 22,
    "messages__status_read__1": 18,
    "smb_message_echoes__text__1": 10,
    "smb_message_echoes__image__1": 2,
}
# How many updates a body holds, and how often.
UPDATES = {1: 6, 2: 3, 3: 1}
NUMBERS, CONTACTS = 8, 300

_ITEMS = ("messages", "statuses", "message_echoes")
_CONTACT = ("from", "to", "recipient_id", "wa_id")


@dataclass(frozen=True, slots=True)
class Body:
    """One body as it is posted, its signature, and how many updates are in it."""

    content: bytes
    signature: str
    updates: int


def bodies(
    count: int, secret: str, seed: int = 1, written_at: int | None = None
) -> tuple[Body, ...]:
    """Make *count* bodies, each with message ids of its own, of the samples' time if not of another."""
    chance = random.Random(seed)
    shapes = {name: _change(name, written_at) for name in MIX}
    # Another seed's customers are others: whom a person answers there is no bot's here.
    contacts = range(16505550000 + seed * CONTACTS, 16505550000 + (seed + 1) * CONTACTS)
    return tuple(_body(chance, shapes, secret, contacts) for _ in range(count))


def _change(name: str, written_at: int | None) -> dict[str, Any]:
    body = json.loads((PAYLOADS / f"{name}.json").read_text(encoding="utf-8"))
    change: dict[str, Any] = body["entry"][0]["changes"][0]
    for part in _parts(change["value"]):
        if written_at is not None and "timestamp" in part:
            part["timestamp"] = f"{written_at}"
    return change


def _body(
    chance: random.Random, shapes: dict[str, dict[str, Any]], secret: str, contacts: range
) -> Body:
    number = chance.randrange(NUMBERS)
    updates = chance.choices([*UPDATES], [*UPDATES.values()])[0]
    names = chance.choices([*MIX], [*MIX.values()], k=updates)
    changes = [_with_ids(shapes[name], number, chance, contacts) for name in names]
    entry = {"id": f"{102290129340398 + number}", "changes": changes}
    data = {"object": "whatsapp_business_account", "entry": [entry]}
    content = json.dumps(data, separators=(",", ":")).encode()
    return Body(content, sign(content, secret), updates)


def _with_ids(
    shape: dict[str, Any], number: int, chance: random.Random, contacts: range
) -> dict[str, Any]:
    change = copy.deepcopy(shape)
    contact = f"{chance.choice(contacts)}"
    change["value"]["metadata"]["phone_number_id"] = f"{106540352242922 + number}"
    business = change["value"]["metadata"]["display_phone_number"]
    for part in _parts(change["value"]):
        part |= {name: contact for name in _CONTACT if part.get(name, business) != business}
        if "id" in part:
            part["id"] = (
                f"wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI{chance.randbytes(10).hex().upper()}AA=="
            )
    return change


def _parts(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in (*_ITEMS, "contacts"):
        yield from value.get(name, ())
