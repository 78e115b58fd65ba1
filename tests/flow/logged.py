"""Messages on the event log, put down as the router does."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tests.flow.shell import PARTITIONS, Desk

from saath.events import Contact, Content, Event, MessageReceived
from saath.identity import event_id
from saath.kafka.records import Output, output
from saath.kafka.transactions import TransactionalWriter
from saath.topics import CONVERSATIONS

NUMBER, OTHER = "100000000000001", "100000000000002"


def message(n: int, conversation: str, number: str = NUMBER) -> MessageReceived:
    name = f"wamid.{n}"
    return MessageReceived(
        id=event_id(name, "received"), time=datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=n),
        number=number, conversation=conversation, message_id=name,
        contact=Contact(phone="4915100000001"), content=Content.of_text(f"words {n}"),
    )  # fmt: skip


def log_of(desk: Desk, events: Sequence[Event], *more: Output) -> None:
    """Put *events* on the log as the router does: in transactions, one of them given up."""

    async def write() -> None:
        made = [output(CONVERSATIONS, event, PARTITIONS) for event in events]
        async with TransactionalWriter(
            desk.kafka, "tests", desk.topics.prefix, "tests", 0
        ) as writer:
            for start in range(0, len(made), 100):
                await writer.write(made[start : start + 100])
            if more:
                await writer.write(more)

    asyncio.run(write())
