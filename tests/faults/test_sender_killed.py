"""Senders are killed: whenever it happens to be, and at every step of a message's way."""

import asyncio
import random
from pathlib import Path

import pytest
from tests.faults.seamed_sender import EXIT_STATUS, STEPS
from tests.faults.senders import SHORT_LANES, sending
from tests.running import kill

from saath.settings import KafkaSettings, TopicSettings

pytestmark = pytest.mark.fault

KILLS = 5
# Of each step, so that something is under way in most partitions.
TIMES = 12


async def test_nothing_is_lost_or_doubled_when_senders_are_killed_again_and_again(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    chance = random.Random(72)
    names = ("sender", "sender-2")
    rules = SHORT_LANES
    async with sending(kafka, topics, tmp_path, *names, seed=71, rules=rules) as scene:
        await scene.letters.backlog(1)
        async with scene.flowing():
            for kills in range(KILLS):
                # Most of the time in the middle of its work, now and then before it has begun.
                if kills % 3 != 2:
                    await scene.all_move_on()
                await asyncio.sleep(chance.uniform(0, 0.5))
                await kill(scene.stack, chance.choice(names))
            await scene.all_move_on()
        broken = await scene.broken()

    assert broken == []


async def test_killed_at_any_step_of_a_message_it_neither_forgets_nor_repeats(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sending(kafka, topics, tmp_path, seed=73) as scene:
        ends = []
        async with scene.flowing():
            for step in STEPS:
                scene.start_seamed("sender", step, "exit", TIMES)
                ends.append(await scene.ended("sender"))
            await scene.start("sender")
        broken = await scene.broken()

    assert (ends, broken) == ([EXIT_STATUS] * len(STEPS), [])
