"""A sender that was frozen, and wakes when another has its numbers, sends nothing any more."""

import asyncio
from pathlib import Path

import pytest
from tests.faults.senders import sending
from tests.running import freeze, thaw

from saath.settings import KafkaSettings, TopicSettings

pytestmark = pytest.mark.fault


async def test_senders_that_sleep_through_their_sessions_lose_and_double_nothing(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sending(kafka, topics, tmp_path, "sender", "sender-2", seed=81) as scene:
        async with scene.flowing():
            for frozen in ("sender", "sender-2"):
                await scene.all_move_on()
                freeze(scene.stack, frozen)
                await scene.all_move_on()
                thaw(scene.stack, frozen)
            await scene.all_move_on()
        broken = await scene.broken()

    assert broken == []


async def test_a_sender_frozen_with_a_message_at_the_door_does_not_let_it_out_when_it_wakes(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sending(kafka, topics, tmp_path, seed=82) as scene:
        async with scene.flowing():
            scene.start_seamed("sender", "door", "stop", 20)
            await scene.frozen("sender")
            await scene.start("sender-2")
            await scene.all_move_on()
        await scene.settle()
        before = len(await scene.arrivals())
        thaw(scene.stack, "sender")
        await scene.stack.wait_until_ready("sender")
        await asyncio.sleep(2.0)
        after = len(await scene.arrivals())
        broken = await scene.broken()

    assert (after - before, broken) == (0, [])
