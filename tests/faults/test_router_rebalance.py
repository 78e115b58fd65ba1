"""Routers come and go: started, asked to end, killed, also while partitions are being handed over."""

import asyncio
import random
import signal
from pathlib import Path

import pytest
from tests.faults.routers import Scene, routing

from saath.settings import KafkaSettings, TopicSettings

pytestmark = pytest.mark.fault

ROUNDS = 4
# In the middle of a hand-over, which takes a second or two; one that was killed is missed for longer.
HASTE_SECONDS_MAX = 1.0


async def test_nothing_is_lost_or_doubled_while_two_and_three_routers_come_and_go(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    chance = random.Random(22)
    async with routing(kafka, topics, tmp_path, "router", "router-2", seed=21) as scene:
        async with scene.flowing():
            for _ in range(ROUNDS):
                scene.stack.start("router-3")
                await asyncio.sleep(chance.uniform(0, HASTE_SECONDS_MAX))
                await come_and_go(scene, chance)
                await scene.all_move_on()
            await scene.stack.wait_until_ready("router", "router-2")
            await scene.is_shared_by("router", "router-2")
        broken = await scene.broken()

    assert broken == []


async def come_and_go(scene: Scene, chance: random.Random) -> None:
    """All three leave, one after the other, one of them killed; two come again at once."""
    names = ["router", "router-2", "router-3"]
    chance.shuffle(names)
    killed = chance.choice(names)
    for name in names:
        if name == killed:
            await asyncio.to_thread(scene.stack.kill, name)
        else:
            # One that is only just started does not listen yet, and has nothing to end.
            assert await scene.stack.stop(name) in (0, -signal.SIGTERM)
        if name != "router-3":
            scene.stack.start(name)
        await asyncio.sleep(chance.uniform(0, HASTE_SECONDS_MAX))
