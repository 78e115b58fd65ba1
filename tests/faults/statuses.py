"""Ingest played by hand: what Meta's webhooks say of our messages goes to inbound, in its order."""

import asyncio
import json
from typing import Any

from tests.faults.clerk import Post, now
from tests.flow.sandbox_process import Receiver

from saath.events import Contact, MessageFailed, MessageSent, Problem
from saath.identity import event_id
from saath.topics import INBOUND

LOOK_SECONDS = 0.05


async def relay(receiver: Receiver, post: Post) -> None:
    """Carry them over for ever."""
    done = 0
    while True:
        bodies = receiver.taken[done:]
        done += len(bodies)
        await post.events(INBOUND, *(event for body in bodies for event in statuses_in(body)))
        await asyncio.sleep(LOOK_SECONDS)


def statuses_in(body: bytes) -> list[MessageSent | MessageFailed]:
    """What a webhook's body says of messages of ours: that they are sent, or are not."""
    return [
        _status(value["metadata"]["phone_number_id"], status)
        for entry in json.loads(body)["entry"]
        for value in (change["value"] for change in entry["changes"])
        for status in value.get("statuses", ())
        if status["status"] in ("sent", "failed")
    ]


def _status(number: str, status: dict[str, Any]) -> MessageSent | MessageFailed:
    facts = {
        "id": event_id(status["id"], status["status"]),
        "time": now(),
        "number": number,
        "message_id": status["id"],
        "contact": Contact(phone=status.get("recipient_id")),
        "callback": status.get("biz_opaque_callback_data"),
    }
    if status["status"] == "failed":
        return MessageFailed(**facts, error=Problem(code=131026))
    return MessageSent(**facts)
