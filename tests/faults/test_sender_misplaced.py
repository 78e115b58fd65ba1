"""A client whose default hash is not Java's writes requests where their numbers are not."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp
from confluent_kafka import Producer
from tests.faults.sender_traffic import UTILITY, templated
from tests.faults.senders import Scene, sending
from tests.reading import read_all

from saath.identity import parse_callback
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import OUTBOUND_BULK, partition_for
from saath_sandbox.views import Arrival

REQUESTS = 25  # of each number


def write_with_librdkafka(scene: Scene, requests: Sequence[dict[str, Any]]) -> None:
    """Each under its number, as a tool does that knows nothing of Java's murmur2."""
    producer = Producer({"bootstrap.servers": scene.settings.kafka.bootstrap_servers})
    topic = OUTBOUND_BULK.full_name(scene.settings.topics.prefix)
    for request in requests:
        producer.produce(topic, json.dumps(request).encode(), key=request["number"].encode())
    assert producer.flush(20) == 0


async def forwarded(scene: Scene) -> int:
    """How many the sender says it has moved."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{scene.stack.url('sender')}/metrics") as answer,
    ):
        lines = (await answer.text()).splitlines()
    [said] = [line for line in lines if line.startswith("saath_requests_forwarded_total ")]
    return int(float(said.split()[1]))


def requests_in(arrivals: Sequence[Arrival], number: str) -> list[str]:
    """Which requests of *number* arrived, in that order."""
    found = [parse_callback(arrival.callback) for arrival in arrivals if arrival.number == number]
    return [callback.request for callback in found if callback]


async def test_what_librdkafka_puts_into_a_wrong_partition_is_moved_in_order_and_sent_once(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sending(kafka, topics, tmp_path, "sender", seed=131, customers=1) as scene:
        letters, count = scene.letters, topics.partitions
        requests = [
            letters.worded_by_a_tool(chat, [templated()], **UTILITY)
            for _ in range(REQUESTS)
            for chat in letters.chats
        ]
        await asyncio.to_thread(write_with_librdkafka, scene, requests)
        written = await read_all(scene.settings, OUTBOUND_BULK)
        broken = await scene.broken()
        moved, arrivals = await forwarded(scene), await scene.arrivals()

    misplaced = [r for r in written if partition_for((r.key or b"").decode(), count) != r.partition]
    arrived = {number: requests_in(arrivals, number) for number in letters.numbers}
    assert broken == []
    assert arrived == {
        number: [r["id"] for r in requests if r["number"] == number] for number in letters.numbers
    }
    assert moved == len(misplaced) > 0
