"""One log, one order, one turn a message: the router is killed while messages flow."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from tests.faults.conftest import Start
from tests.faults.judge import Evidence, judge
from tests.faults.people import Customer, Town, by_conversation, facts_of, said_in, settle_down
from tests.faults.routers import SESSIONS, by_partition, events_of, routing
from tests.running import Running, kill

from saath.client import Commander
from saath.codec import decode
from saath.events import Event, OwnerChanged, TurnOffered
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import CONVERSATIONS, HANDOFFS, INBOUND, OUTCOMES, OWNERS, TURNS, dlq_topic
from saath_router.conversation import SEEN_MAX

pytestmark = pytest.mark.fault

KILLS = 8
Events = dict[str, list[Event]]  # by conversation

# A turn for each message, at once, so that it can be said beforehand which there must be.
OVERRIDES = SESSIONS | {
    "SAATH_ROUTER__ANSWERS": "everyone",
    "SAATH_ROUTER__QUIET_SECONDS": "0",
    "SAATH_ROUTER__ECHO_WAIT_SECONDS": "0",
}


@pytest.fixture
async def run(start: Start) -> AsyncIterator[Running]:
    async with start(services=("ingest", "router"), overrides=OVERRIDES) as run:
        yield run


@asynccontextmanager
async def lively_town(run: Running, seed: int) -> AsyncIterator[tuple[Town, Commander]]:
    async with aiohttp.ClientSession() as http, Commander(settings=run.settings) as commander:
        partitions = run.settings.topics.partitions
        yield await settle_down(run.meta, http, seed, partitions), commander


async def assert_all_is_well(run: Running, town: Town) -> None:
    """Every fact once, in order; every turn that was deserved, once; epochs that only rise."""
    log = by_conversation(run.watch.events(Event))
    turns = by_conversation(run.watch.events(Event, TURNS))
    assert facts_of(run.watch.events(Event)) == town.told.facts
    assert sorted(map(said_in, log.values())) == sorted(town.told.said.values())
    assert log == by_conversation(
        [decode(r.headers, r.value) for r in await run.committed(CONVERSATIONS)]
    )
    assert offered_in_towns_words(town, log, turns) == town.told.for_bots()
    assert await run.committed(dlq_topic("router")) == []
    assert judge(await evidence(run)) == []


async def evidence(run: Running) -> Evidence:
    """The same once more for the judge, who looks at owners and watermarks too."""
    return Evidence(
        inputs=[events_of(await run.committed(topic)) for topic in (INBOUND, OUTCOMES)],
        log=run.watch.events(Event),
        log_again=events_of(await run.committed(CONVERSATIONS)),
        turns=run.watch.events(Event, TURNS),
        handoffs=run.watch.events(Event, HANDOFFS),
        owners=by_partition(await run.committed(OWNERS)),
    )


def offered_in_towns_words(town: Town, log: Events, turns: Events) -> dict[Customer, list[str]]:
    """By customer, what bots were asked to answer: a second look, which owes nothing to the log."""
    found: dict[Customer, list[str]] = {}
    for customer in town.told.for_bots():
        said = town.told.said[customer]
        [conversation] = [name for name, events in log.items() if said_in(events) == said]
        found[customer] = offered_for(turns[conversation])
    return found


def offered_for(turns: list[Event]) -> list[str]:
    """The messages that bots were asked to answer, one for each time they were."""
    return [turn.causation or "" for turn in turns if isinstance(turn, TurnOffered)]


async def test_facts_turns_and_epochs_survive_a_router_that_is_killed_again_and_again(
    run: Running,
) -> None:
    chance = random.Random(4)
    async with lively_town(run, seed=3) as (town, commander):
        # A router that went back to the beginning would remember only half of these.
        await town.has_chatted(town.customers[0], 2 * SEEN_MAX)
        async with town.living(commander):
            for kills in range(KILLS):
                # Most of the time in the middle of its work, now and then before it has begun.
                if kills % 3 != 2:
                    await run.stack.wait_until_ready("router")
                    await town.next_rush()
                await asyncio.sleep(chance.uniform(0, 0.2))
                await kill(run.stack, "router")
            await run.stack.wait_until_ready("router")

    await run.settled()
    await assert_all_is_well(run, town)


async def test_copies_and_disorder_change_nothing_while_a_router_is_killed_again_and_again(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    chance = random.Random(42)
    async with routing(kafka, topics, tmp_path, "router", seed=41) as scene:
        async with scene.flowing():
            for _ in range(KILLS // 2):
                await asyncio.sleep(chance.uniform(0, 0.2))
                await kill(scene.stack, "router")
                await scene.all_move_on()
        broken = await scene.broken()

    assert broken == []


async def test_a_person_who_answered_while_the_router_was_down_keeps_the_conversation(
    run: Running,
) -> None:
    number = (await run.meta.register_number()).phone_number_id
    now = int(time.time())
    await asyncio.to_thread(run.stack.kill, "router")
    await run.meta.customer_writes(number, "Hello?", phone="16505551234", timestamp=now - 5)
    await run.meta.person_answers(number, "16505551234", "I'll take this", timestamp=now - 3)
    run.stack.start("router")
    await run.settled()

    assert [change.owner for change in run.watch.events(OwnerChanged)] == ["bot", "human"]
