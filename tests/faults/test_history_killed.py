"""A history is replayed while sync and the router are killed: the log equals the undisturbed one."""

import asyncio
import random

import aiohttp
import pytest
from tests.faults.conftest import Start
from tests.faults.routers import SESSIONS
from tests.pasts import SyncApi, log_of, told, wanted
from tests.running import Running, eventually, kill

from saath.codec import decode
from saath.events import MessageBackfilled
from saath.topics import BACKFILL, dlq_topic

pytestmark = pytest.mark.fault

ROUNDS, MESSAGES = 3, 600
PAST = {
    "contacts": 7,
    "messages": MESSAGES,
    "media": 40,
    "edits": 10,
    "revokes": 10,
    "chunk_messages": 23,
    "shuffle": "all",
    "duplicates": 0.2,
    "interval_seconds": 0.01,
}
# Slow enough that every kill comes in the middle of it.
OVERRIDES = SESSIONS | {
    "SAATH_SYNC__HISTORY_QUIET_SECONDS": "1",
    "SAATH_SYNC__CHUNK_PATIENCE_SECONDS": "4",
    "SAATH_SYNC__BACKFILL_PER_SECOND": "40",
}


async def test_a_replay_is_the_same_although_sync_and_router_are_killed_again_and_again(
    start: Start,
) -> None:
    services = ("ingest", "sync", "router")
    async with (
        start(services=services, overrides=OVERRIDES) as run,
        aiohttp.ClientSession() as http,
    ):
        api = SyncApi(http, run)
        number = await run.meta.register_number(subscribed=False, history=PAST)
        await api.connect(number)
        await killed_again_and_again(run, random.Random(7))
        await api.wait_for(number, "complete")
        talks = wanted(await run.meta.history(number.phone_number_id))
        log = await log_of(run, number, sum(map(len, talks.values())))
        handed_on = [decode(r.headers, r.value).id for r in await run.committed(BACKFILL)]
        dead = [await run.committed(dlq_topic(name)) for name in ("sync", "router")]

    assert told(log) == talks
    assert len({event.id for event in log}) == len(log)
    assert len(set(handed_on)) == len(handed_on)
    assert dead == [[], []]


async def killed_again_and_again(run: Running, chance: random.Random) -> None:
    """Sync while the chunks arrive; then, whenever the log has grown, the router and sync in their work."""
    await asyncio.sleep(chance.uniform(0, 0.4))
    await kill(run.stack, "sync")
    for _ in range(ROUNDS):
        before = len(run.watch.events(MessageBackfilled))

        async def grown(before: int = before) -> bool:
            seen = len(run.watch.events(MessageBackfilled))
            return seen > before or seen >= MESSAGES

        await eventually(grown, "the log does not grow any more")
        for name in ("router", "sync"):
            await asyncio.sleep(chance.uniform(0, 0.4))
            await kill(run.stack, name)
