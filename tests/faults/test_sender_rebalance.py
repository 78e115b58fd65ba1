"""Senders come and go every few seconds, one, two and three of them, while there is more to send."""

import asyncio
import random
import signal
from pathlib import Path

import pytest
from tests.faults.senders import SHORT_LANES, sending

from saath.settings import KafkaSettings, TopicSettings

pytestmark = pytest.mark.fault

NAMES = ("sender", "sender-2", "sender-3")
ROUNDS = 6
BACKLOG = 2  # requests to each customer


async def test_everything_is_sent_once_and_under_the_cap_while_senders_join_and_leave(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    chance = random.Random(62)
    rules = SHORT_LANES
    async with sending(kafka, topics, tmp_path, "sender", seed=61, rules=rules) as scene:
        # The cap is kept by whoever has more to send than it allows.
        await scene.letters.backlog(BACKLOG)
        async with scene.flowing():
            for _ in range(ROUNDS):
                await scene.all_move_on(1)
                running = [name for name in NAMES if name in scene.stack.processes]
                joining = [name for name in NAMES if name not in running]
                if joining and (len(running) == 1 or chance.random() < 0.5):
                    scene.stack.start(chance.choice(joining))
                else:
                    await scene.stop(chance.choice(running))
                await asyncio.sleep(chance.uniform(0.5, 2.5))
        broken = await scene.broken()

    # One that is only just started does not listen yet, and has nothing to end.
    assert (set(scene.exits) - {0, -signal.SIGTERM}, broken) == (set(), [])
