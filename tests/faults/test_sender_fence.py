"""The fence race: a person writes, and no bot's message that has not left yet leaves any more."""

import asyncio
import os
import random
from pathlib import Path

import pytest
from tests.faults.brokers import in_sync, leader_of, own_brokers, stop_in_order
from tests.faults.fence_race import Trial, race, told
from tests.faults.sender_judge import CALL_SECONDS, FENCE_SECONDS
from tests.faults.senders import sending
from tests.running import eventually

from saath.kafka.layout import apply
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import INBOUND

pytestmark = [pytest.mark.fault, pytest.mark.kafka]

TRIALS = int(os.environ.get("FENCE_TRIALS", "400"))
CUSTOMERS = 40
# Three numbers whose replies leave at once, and one whose replies queue.
CAPS = (1000, 1000, 1000, 20)
RULES = {"SAATH_SENDER__FENCE_SECONDS": str(FENCE_SECONDS)}


LATEST_SECONDS = FENCE_SECONDS + CALL_SECONDS


async def test_no_bot_speaks_once_a_persons_word_is_in_the_log(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    chance, trials = random.Random(122), list[Trial]()
    async with sending(
        kafka, topics, tmp_path, "sender", seed=121, caps=CAPS, customers=CUSTOMERS, rules=RULES
    ) as scene:
        while len(trials) < TRIALS:
            trials += await race(scene, scene.letters.chats, chance)
        broken = await scene.broken()

    print(told(trials))
    late = [trial for trial in trials if trial.leak_seconds > LATEST_SECONDS]
    assert (late, broken) == ([], [])


async def test_nor_while_the_leader_of_inbound_moves(tmp_path: Path) -> None:
    chance = random.Random(124)
    topics = TopicSettings(prefix="t.", partitions=4, replication_factor=3)
    async with own_brokers(3) as (kafka, cluster):
        await apply(kafka, topics, "tests")
        async with sending(
            kafka, topics, tmp_path, "sender", seed=123, caps=CAPS, customers=CUSTOMERS, rules=RULES
        ) as scene:
            trials: list[Trial] = []

            async def move() -> None:
                await asyncio.sleep(2.0)
                node = cluster.nodes[await leader_of(scene.settings, INBOUND.full_name("t.")) - 1]
                await asyncio.to_thread(stop_in_order, node)
                await asyncio.to_thread(node.start)

            for _ in range(2):
                moved, _none = await asyncio.gather(
                    race(scene, scene.letters.chats, chance), move()
                )
                trials += moved
                await eventually(lambda: in_sync(scene.settings), "a copy is behind")
            broken = await scene.broken()

    print(told(trials))
    # A leader that goes may have logged what the others got much later, and Meta's 200 waits for them.
    late = [trial for trial in trials if trial.acked_leak_seconds > LATEST_SECONDS]
    assert (late, broken) == ([], [])
