"""Ingest and sync as processes, on a real broker, with the sandbox as Meta: numbers and their history."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiokafka import TopicPartition
from tests.reading import ends

from saath.codec import decode
from saath.events import Event, HistoryMediaReceived, MessageBackfilled, NumberRecorded
from saath.kafka.ranges import read_range
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import BACKFILL, NUMBERS, Topic
from saath_demo.stack import Stack, run_stack
from saath_local import spawn
from saath_sandbox.client import Sandbox
from saath_sandbox.views import OldMessage, RegisteredNumber

SETTINGS = {
    "SAATH_SYNC__HISTORY_QUIET_SECONDS": "1.5",
    "SAATH_SYNC__CHUNK_PATIENCE_SECONDS": "3",
    "SAATH_SYNC__BACKFILL_PER_SECOND": "2000",
}
HISTORY = {"contacts": 6, "messages": 300, "media": 12, "chunk_messages": 17, "shuffle": "all"}


class Api:
    """Sync's HTTP, as the onboarding page's back end calls it."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http, self._base = http, base

    async def connect(self, number: RegisteredNumber, code: str) -> tuple[int, dict[str, Any]]:
        body = {"code": code, "waba_id": number.waba_id, "answers": "everyone", "bot": "orders"}
        async with self._http.post(f"{self._base}/numbers", json=body) as response:
            return response.status, await response.json()

    async def look(self, number: RegisteredNumber) -> dict[str, Any]:
        url = f"{self._base}/numbers/{number.phone_number_id}"
        async with self._http.get(url) as response:
            found: dict[str, Any] = await response.json()
            return found

    async def opened(self, number: RegisteredNumber) -> None:
        url = f"{self._base}/numbers/{number.phone_number_id}/opened"
        async with self._http.post(url) as response:
            assert response.status == 200

    async def wait_for_history(self, number: RegisteredNumber, state: str) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while True:
                found = await self.look(number)
                if found.get("history_sync") == state:
                    return found
                await asyncio.sleep(0.1)

    async def wait_until_replaying(self, number: RegisteredNumber, messages: int) -> None:
        async with asyncio.timeout(30):
            while True:
                history = (await self.look(number)).get("history") or {}
                if history.get("messages_replayed", 0) >= messages:
                    return
                await asyncio.sleep(0.02)


@asynccontextmanager
async def sync_and_ingest(
    kafka: KafkaSettings, topics: TopicSettings, folder: Path, **settings: str
) -> AsyncIterator[tuple[Stack, Sandbox, Api]]:
    async with run_stack(
        kafka, topics, folder, overrides=SETTINGS | settings, services=("ingest", "sync")
    ) as (stack, meta):
        headers = {"Authorization": f"Bearer {stack.secrets.api_token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            yield stack, meta, Api(http, stack.ports.url("sync"))


async def read(kafka: KafkaSettings, topics: TopicSettings, topic: Topic) -> list[Event]:
    """All that a read_committed subscriber sees."""
    events: list[Event] = []
    for partition in range(topics.partitions):
        where = TopicPartition(topic.full_name(topics.prefix), partition)
        end = (await ends(kafka, [where]))[where]
        records = read_range(kafka, "tests", topic, topics.prefix, partition, 0, end)
        events += [decode(record.headers, record.value) async for record in records]
    return events


async def backfilled(kafka: KafkaSettings, topics: TopicSettings) -> list[MessageBackfilled]:
    return [e for e in await read(kafka, topics, BACKFILL) if isinstance(e, MessageBackfilled)]


def in_time_order(messages: list[OldMessage]) -> list[tuple[int, str]]:
    return sorted((message.timestamp, message.wamid) for message in messages)


def told(events: list[MessageBackfilled]) -> list[tuple[int, str]]:
    return [(int(event.time.timestamp()), event.message_id) for event in events]


async def said(log: Path, word: str) -> None:
    async with asyncio.timeout(60):
        while True:
            if word in await asyncio.to_thread(log.read_text):
                return
            await asyncio.sleep(0.1)


async def test_onboarding_brings_the_whole_history_in_time_order_each_message_once(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sync_and_ingest(kafka, topics, tmp_path) as (_, meta, api):
        await meta.faults(duplicates=0.3)
        number = await meta.register_number(subscribed=False, history=HISTORY)

        status, connected = await api.connect(number, await meta.issue_code(number.waba_id))
        await api.wait_for_history(number, "complete")
        truth = await meta.history(number.phone_number_id)
        events = await backfilled(kafka, topics)
        numbers = await read(kafka, topics, NUMBERS)

    assert (status, [step["state"] for step in connected["steps"]]) == (200, ["done"] * 5)
    assert told(events) == in_time_order(truth)
    assert {event.origin for event in events} == {"history"}
    with_media = {event.message_id for event in events if event.content.type == "image"}
    assert with_media == {message.wamid for message in truth if message.media_follows}
    last = numbers[-1]
    assert isinstance(last, NumberRecorded)
    assert (last.state, last.history_sync, last.history_messages) == ("active", "complete", 300)
    assert (last.policy.answers, last.policy.bot) == ("everyone", "orders")


async def test_a_replay_goes_on_after_kill_9_where_it_stood(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    # A dead member is missed when its session ends; six seconds is the least a broker may be asked.
    slowly = {"SAATH_SYNC__BACKFILL_PER_SECOND": "60", "SAATH_KAFKA__SESSION_TIMEOUT_MS": "6000"}
    async with sync_and_ingest(kafka, topics, tmp_path, **slowly) as (stack, meta, api):
        number = await meta.register_number(subscribed=False, history=HISTORY)
        await api.connect(number, await meta.issue_code(number.waba_id))

        for messages in (60, 180):
            await api.wait_until_replaying(number, messages)
            stack.kill("sync")
            stack.start("sync")
            await stack.wait_until_ready("sync")
        found = await api.wait_for_history(number, "complete")
        truth = await meta.history(number.phone_number_id)
        events = await backfilled(kafka, topics)

    assert told(events) == in_time_order(truth)
    assert found["history"]["messages_replayed"] == 300


async def test_media_that_comes_after_the_replay_of_its_message_follows_it(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sync_and_ingest(kafka, topics, tmp_path) as (_, meta, api):
        number = await meta.register_number(subscribed=False, history={**HISTORY, "media": 100})
        await api.connect(number, await meta.issue_code(number.waba_id))
        await api.wait_for_history(number, "complete")
        truth = await meta.history(number.phone_number_id)
        old = next(m for m in truth if m.kind == "media" and not m.media_follows)

        status = await meta.raw(media_of(number, old))
        late = await late_media(kafka, topics)

    assert (status, [event.message_id for event in late]) == (200, [old.wamid])
    assert (late[0].content.type, late[0].contact.phone) == ("image", old.customer)


def media_of(number: RegisteredNumber, message: OldMessage) -> dict[str, Any]:
    """The media of an old message, in a webhook of its own."""
    names = {
        "display_phone_number": number.display_phone_number,
        "phone_number_id": number.phone_number_id,
    }
    item = {"from": message.sender, "id": message.wamid, "timestamp": str(message.timestamp)}
    image = {"type": "image", "image": {"id": "24230790383178626", "mime_type": "image/jpeg"}}
    value = {"messaging_product": "whatsapp", "metadata": names, "messages": [{**item, **image}]}
    entry = {"id": number.waba_id, "changes": [{"value": value, "field": "history"}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


async def late_media(kafka: KafkaSettings, topics: TopicSettings) -> list[HistoryMediaReceived]:
    """What is on backfill besides messages, once there is something."""
    async with asyncio.timeout(60):
        while True:
            events = await read(kafka, topics, BACKFILL)
            if found := [e for e in events if isinstance(e, HistoryMediaReceived)]:
                return found
            await asyncio.sleep(0.2)


async def test_a_business_that_keeps_its_history_is_connected_all_the_same(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sync_and_ingest(kafka, topics, tmp_path) as (stack, meta, api):
        number = await meta.register_number(subscribed=False, history="declined")

        await api.connect(number, await meta.issue_code(number.waba_id))
        found = await api.wait_for_history(number, "declined")
        events = await backfilled(kafka, topics)
        ended = await stack.stop("sync")

    assert ended == 0
    assert (found["state"], found["contacts_sync"], events) == ("active", "accepted", [])
    assert found["problem"] == "the business chose not to share its history"


async def test_an_expired_code_is_refused_and_a_spent_request_is_not_asked_again(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sync_and_ingest(kafka, topics, tmp_path) as (stack, meta, api):
        number = await meta.register_number(subscribed=False, history={"messages": 0})
        code = await meta.issue_code(number.waba_id)
        await meta.advance_clock(31)

        refused, problem = await api.connect(number, code)
        first = await api.connect(number, await meta.issue_code(number.waba_id))
        again = await api.connect(number, await meta.issue_code(number.waba_id))
        log = stack.log_path("sync").read_text()

    assert (refused, sorted(problem)) == (400, ["error", "what_to_do"])
    assert "This authorization code has expired." in problem["error"]
    assert (first[0], again[0]) == (200, 200)
    # The sandbox takes a new code for a new onboarding, so it would have taken them again.
    requests = [[step.get("request_id") for step in view["steps"]] for _, view in (first, again)]
    assert requests[0] == requests[1]
    assert code not in log
    assert stack.secrets.app_secret not in log


async def test_without_a_broker_sync_says_so_and_waits(tmp_path: Path) -> None:
    environment = {
        "PATH": "",
        "SAATH_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9",
        "SAATH_HTTP_PORT": "0",
        "SAATH_INSTALLATION_KEY": "0123456789abcdef",
        "SAATH_CREDENTIALS__KEYS": "5t8T0ZqBhYwQyXvT3eYcU1nqk3Vb0mJm2wq7mWQ3x7E=",
        "SAATH_SYNC__APP_ID": "1",
        "SAATH_SYNC__APP_SECRET": "secret",
        "SAATH_SYNC__API_TOKEN": "0123456789abcdef",
    }
    log = tmp_path / "sync.log"
    with spawn([sys.executable, "-m", "saath_sync"], env=environment, log_path=log) as process:
        await said(log, "kafka.unavailable")
        alive = process.poll()
        process.terminate()
        status = await asyncio.to_thread(process.wait, 15)

    assert (alive, status) == (None, 0)
    assert (
        "no Kafka broker answers at 127.0.0.1:9 (SAATH_KAFKA__BOOTSTRAP_SERVERS)" in log.read_text()
    )
