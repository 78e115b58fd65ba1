"""One partition's writer: who may write, and that all of a transaction is seen or nothing."""

import asyncio

import pytest
from aiokafka.errors import ProducerFenced
from tests.flow.kafka.scene import TOO_LARGE, Scene

from saath.errors import RetryLater
from saath.kafka.records import Output
from saath.kafka.transactions import Fenced, TransactionalWriter, Unwritable
from saath.settings import KafkaSettings
from saath.topics import HANDOFFS, TURNS, Topic

NOWHERE = Topic("nowhere.v1", "number", "number", "delete", None, "", "")


def out(value: bytes, topic: Topic = HANDOFFS) -> Output:
    return Output(topic, 0, b"key", value)


async def values(scene: Scene, topic: Topic = HANDOFFS) -> list[bytes | None]:
    return [record.value for record in await scene.read(topic)]


async def test_a_zombie_writes_nothing_that_anybody_can_see(scene: Scene) -> None:
    async with scene.writer() as zombie:
        await zombie.write([out(b"while it was the owner")])
        async with scene.writer() as owner:
            with pytest.raises(Fenced):
                await zombie.write([out(b"as a zombie"), out(b"as a zombie", TURNS)])
            await owner.write([out(b"by the new owner")])

    seen = (await values(scene), await values(scene, TURNS))
    assert seen == ([b"while it was the owner", b"by the new owner"], [])


async def test_a_zombie_in_the_middle_of_a_transaction_loses_all_of_it(scene: Scene) -> None:
    async def interrupted(zombie: TransactionalWriter) -> None:
        async with zombie._transaction():
            await (await zombie._send(out(b"before the new owner")))
            async with scene.writer() as owner:
                await owner.write([out(b"by the new owner")])
            await (await zombie._send(out(b"after the new owner", TURNS)))

    async with scene.writer() as zombie:
        with pytest.raises(ProducerFenced):
            await interrupted(zombie)

    seen = (await values(scene), await values(scene, TURNS))
    assert seen == ([b"by the new owner"], [])


async def test_a_send_that_fails_takes_its_whole_transaction_with_it(scene: Scene) -> None:
    async with scene.writer() as writer:
        with pytest.raises(Unwritable):
            await writer.write([out(b"first"), out(TOO_LARGE), out(b"last", TURNS)])
    async with scene.writer() as writer:
        await writer.write([out(b"the next writer goes on")])

    seen = (await values(scene), await values(scene, TURNS))
    assert seen == ([b"the next writer goes on"], [])


async def test_a_send_to_a_topic_that_is_gone_takes_its_whole_transaction_with_it(
    kafka: KafkaSettings, scene: Scene
) -> None:
    scene.kafka = kafka.model_copy(update={"request_timeout_ms": 1000})
    async with scene.writer() as writer:
        with pytest.raises(RetryLater):
            await writer.write([out(b"first"), out(b"second", NOWHERE)])

    assert await values(scene) == []


async def test_who_died_in_an_open_transaction_holds_nobody_up(scene: Scene) -> None:
    dead = scene.writer()
    await dead.__aenter__()
    await dead._producer.begin_transaction()
    await (await dead._send(out(b"never committed")))

    # The broker itself would end it after ten seconds only.
    async with asyncio.timeout(8), scene.writer() as owner:
        await owner.write([out(b"by the next owner")])
        seen = await scene.wait_for(b"by the next owner")

    await dead._producer.client.close()
    assert seen == [b"by the next owner"]
