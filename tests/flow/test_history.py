"""Pasts of every kind, through ingest, sync and the router: the log equals the undisturbed one."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from tests.pasts import SyncApi, Talks, log_of, told, wanted
from tests.running import Running, eventually, running

from saath.codec import decode
from saath.events import Event, HistoryIncomplete, HistoryMediaReceived, MessageEchoed
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import CONVERSATIONS, NUMBER_EVENTS
from saath_sandbox.views import OldMessage

SETTINGS = {
    "SAATH_SYNC__HISTORY_QUIET_SECONDS": "1.5",
    "SAATH_SYNC__CHUNK_PATIENCE_SECONDS": "4",
    "SAATH_SYNC__BACKFILL_PER_SECOND": "2000",
}
CHUNK = 17
PAST = {"contacts": 6, "messages": 160, "media": 24, "chunk_messages": CHUNK, "shuffle": "all"}
KINDS: dict[str, dict[str, object]] = {
    "shuffled": {},
    "duplicated": {"duplicates": 0.5},
    "media before": {"media_order": "before", "media": 100},
    "media after": {"media_order": "after", "media": 100, "interval_seconds": 0.05},
    "edited and deleted": {"edits": 12, "revokes": 9},
    "groups among it": {"groups": 15},
    "chunks missing": {"missing": 2},
}
GREETING = "Thank you for writing, we answer from nine to six."


@pytest.fixture
async def run(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> AsyncIterator[Running]:
    services = ("ingest", "sync", "router")
    async with running(kafka, topics, tmp_path, services=services, overrides=SETTINGS) as run:
        yield run


def without_lost(past: list[OldMessage], missing: int) -> list[OldMessage]:
    """The past without the chunks that never came: the first of its longest phase."""
    phases = [message.phase for message in past]
    longest = max(set(phases), key=phases.count)
    lost = [message for message in past if message.phase == longest][: missing * CHUNK]
    return [message for message in past if message not in lost]


async def test_whatever_comes_and_however_the_log_equals_the_undisturbed_one(run: Running) -> None:
    async with aiohttp.ClientSession() as http:
        api = SyncApi(http, run)
        numbers = {
            kind: await run.meta.register_number(subscribed=False, history=PAST | more)
            for kind, more in KINDS.items()
        }
        await asyncio.gather(*(api.connect(number) for number in numbers.values()))
        views = {kind: await api.wait_for(number, "complete") for kind, number in numbers.items()}

        for kind, number in numbers.items():
            missing = int(str(KINDS[kind].get("missing", 0)))
            past = without_lost(await run.meta.history(number.phone_number_id), missing)
            talks = wanted(past)
            log = await log_of(run, number, sum(map(len, talks.values())))
            if kind == "media after":
                count = sum(message.media_follows for message in past)
                log = await media_too(run, log, count, number.phone_number_id)
            found = told(log)
            if missing:  # its other phases did not wait for what never came
                found, talks = by_time(found), by_time(talks)
            assert found == talks, kind

    problems = {
        kind: view["problem"] or history_of(view)["problem"] for kind, view in views.items()
    }
    lost = "chunks of the history never came (phase 1: 1, 2)"
    assert problems == dict.fromkeys(KINDS, None) | {"chunks missing": lost}
    assert history_of(views["groups among it"])["messages_of_groups"] == 15
    incomplete = await incomplete_numbers(run)
    assert incomplete == [numbers["chunks missing"].phone_number_id]


def by_time(talks: Talks) -> Talks:
    return {
        customer: sorted(talk, key=lambda one: (one.second, one.name))
        for customer, talk in talks.items()
    }


def history_of(view: dict[str, object]) -> dict[str, object]:
    found = view["history"]
    assert isinstance(found, dict)
    return found


async def media_too(run: Running, log: list[Event], count: int, number: str) -> list[Event]:
    """The log once all media is in it, in its message's place or after it."""

    async def there() -> bool:
        nonlocal log
        log = [e for e in await all_events(run) if e.number == number]
        late = {e.message_id for e in log if isinstance(e, HistoryMediaReceived)}
        images = {one.name for talk in told(log).values() for one in talk if one.type == "image"}
        return len(late | images) >= count

    await eventually(there, "the media is not in the log")
    return log


async def all_events(run: Running) -> list[Event]:
    return [decode(r.headers, r.value) for r in await run.committed(CONVERSATIONS)]


async def incomplete_numbers(run: Running) -> list[str | None]:
    events = [decode(r.headers, r.value) for r in await run.committed(NUMBER_EVENTS)]
    return [event.number for event in events if isinstance(event, HistoryIncomplete)]


async def test_what_is_not_whole_is_held_until_an_operator_says_replay(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    held = SETTINGS | {
        "SAATH_SYNC__INCOMPLETE_HISTORY": "hold",
        "SAATH_SYNC__CHUNK_PATIENCE_SECONDS": "2",
    }
    async with (
        running(kafka, topics, tmp_path, services=("ingest", "sync"), overrides=held) as run,
        aiohttp.ClientSession() as http,
    ):
        api = SyncApi(http, run)
        past = PAST | {"missing": 1, "days": 1}
        number = await run.meta.register_number(subscribed=False, history=past)
        await api.connect(number)

        async def told_of() -> bool:
            return await incomplete_numbers(run) == [number.phone_number_id]

        await eventually(told_of, "nobody is told that the history is incomplete")
        before = await api.replayed(number)
        status, _ = await api.call(f"/numbers/{number.phone_number_id}/history/replay")
        await api.wait_for(number, "complete")
        after = await api.replayed(number)
        again, refused = await api.call(f"/numbers/{number.phone_number_id}/history/replay")

    assert (before, status, after) == (0, 200, 160 - CHUNK)
    assert (again, refused["error"]) == (409, "nothing of its history waits to be replayed")


async def test_a_greeting_that_the_history_shows_is_no_persons_answer_and_one_it_does_not_is(
    run: Running,
) -> None:
    found: dict[bool, tuple[str | None, bool | None]] = {}
    async with aiohttp.ClientSession() as http:
        api = SyncApi(http, run)
        for seen in (True, False):
            past = {"contacts": 5, "messages": 40, "greeting": GREETING if seen else None}
            number = await run.meta.register_number(
                subscribed=False, history=past, greeting=GREETING, greeting_after_seconds=0.5
            )
            await api.connect(number)
            await api.wait_for(number, "complete")
            talks = wanted(await run.meta.history(number.phone_number_id))
            await log_of(run, number, sum(map(len, talks.values())))

            await run.meta.customer_writes(number.phone_number_id, "Hello?", phone="16505550199")
            echoes = await run.watch.wait_for(MessageEchoed, count=len(found) + 1)
            found[seen] = echoes[-1].content.text, echoes[-1].automatic

    assert found == {True: (GREETING, True), False: (GREETING, False)}
