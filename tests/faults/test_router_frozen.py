"""A router that was frozen, and wakes when another has its partitions, changes nothing any more."""

from pathlib import Path

import pytest
from tests.faults.routers import routing
from tests.running import freeze, thaw

from saath.settings import KafkaSettings, TopicSettings

pytestmark = pytest.mark.fault


async def test_a_router_that_slept_through_its_session_writes_nothing_and_comes_back(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with routing(kafka, topics, tmp_path, "router", "router-2", seed=11) as scene:
        async with scene.flowing():
            for frozen in ("router", "router-2"):
                await scene.is_shared_by("router", "router-2")
                await scene.all_move_on()
                freeze(scene.stack, frozen)
                await scene.all_move_on()
                thaw(scene.stack, frozen)
            await scene.is_shared_by("router", "router-2")
            scene.stack.kill("router-2")
            await scene.all_move_on()
        broken = await scene.broken()

    assert broken == []
