"""Subscribers on a real broker: typed, committed only, at least once, in order."""

import asyncio
from datetime import UTC, datetime

from tests.flow.bot_scene import NUMBER, PATIENCE, Scene

from saath import Subscriber
from saath.events import (
    Contact,
    Content,
    MessageReceived,
    OwnerChanged,
)
from saath.kafka.records import output
from saath.kafka.transactions import TransactionalWriter
from saath.topics import (
    CONVERSATIONS,
    partition_for,
)


def received(id: str, conversation: str = "c_1") -> MessageReceived:  # noqa: A002
    return MessageReceived(
        id=id, time=datetime.now(UTC), number=NUMBER, conversation=conversation, message_id=id,
        contact=Contact(phone="4915112345"), content=Content.of_text("Hello"),
    )  # fmt: skip


async def take(events: Subscriber, count: int) -> list[str]:
    async with asyncio.timeout(PATIENCE):
        return [(await anext(events)).id for _ in range(count)]


async def test_a_subscriber_gets_the_types_it_asked_for_and_passes_over_the_unknown(
    scene: Scene,
) -> None:
    change = OwnerChanged(
        id="o_1", time=datetime.now(UTC), number=NUMBER, conversation="c_1", owner="human",
        previous="bot", epoch=2, reason="answered from the phone",
    )  # fmt: skip
    await scene.publisher.publish(CONVERSATIONS, received("m_1"), change)
    unknown = [("ce_type", b"io.saath.message.imagined.v9")]
    where = partition_for("c_1", 4)
    await (await scene.publisher.send_raw(CONVERSATIONS, "x_1", where, b"{}", unknown))
    await scene.publisher.publish(CONVERSATIONS, received("m_2"))

    async with Subscriber("crm", MessageReceived, settings=scene.settings) as events:
        ids = await take(events, 2)

    assert ids == ["m_1", "m_2"]


async def test_a_subscriber_goes_on_after_what_it_finished_and_repeats_what_it_did_not(
    scene: Scene,
) -> None:
    await scene.publisher.publish(CONVERSATIONS, *(received(f"m_{i}") for i in range(5)))

    async with Subscriber("crm", settings=scene.settings) as events:
        before = await take(events, 3)  # m_2 was given, and nobody asked for the next
    async with Subscriber("crm", settings=scene.settings) as events:
        after = await take(events, 3)

    assert (before, after) == (["m_0", "m_1", "m_2"], ["m_2", "m_3", "m_4"])


async def test_a_subscriber_without_a_group_reads_from_now_on_unless_told_otherwise(
    scene: Scene,
) -> None:
    await scene.publisher.publish(CONVERSATIONS, received("old"))

    async with (
        Subscriber(None, settings=scene.settings) as from_now,
        Subscriber(None, settings=scene.settings, from_beginning=True) as from_beginning,
    ):
        await scene.publisher.publish(CONVERSATIONS, received("new"))
        seen = (await take(from_now, 1), await take(from_beginning, 2))

    assert seen == (["new"], ["old", "new"])


async def test_a_subscriber_never_sees_what_was_not_committed(scene: Scene) -> None:
    settings = scene.settings
    writer = TransactionalWriter(settings.kafka, "tests", settings.topics.prefix, "router", 0)

    async with writer:
        await writer._producer.begin_transaction()
        await (await writer._send(output(CONVERSATIONS, received("never"), 4)))
        await writer._producer.abort_transaction()
        await writer.write([output(CONVERSATIONS, received("said"), 4)])
    async with Subscriber(None, settings=settings, from_beginning=True) as events:
        ids = await take(events, 1)

    assert ids == ["said"]
