"""Large bodies and refused records: all of a body is durable before its 200, and in its order."""

import asyncio
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from tests.flow.ingest_process import Ingest, running_ingest
from tests.flow.test_ingest import on_topics
from tests.unit.ingest.bodies import body, change, text

from saath.kafka.client import admin
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import INBOUND

NUMBERS = ("100000000000001", "100000000000002", "100000000000003")
# A batch of ours fits, and one record of 700 kB does not.
LOWERED_BYTES, DEFAULT_BYTES = 600_000, 1_048_588


def about(number: str, *messages: dict[str, Any]) -> dict[str, Any]:
    """One change that tells a number of these messages."""
    metadata = {"display_phone_number": "15550783881", "phone_number_id": number}
    return change("messages", messages=[*messages], metadata=metadata)


def encoded(*changes: dict[str, Any]) -> bytes:
    return json.dumps(body(*changes)).encode()


def named(message_id: str, characters: int = 5) -> dict[str, Any]:
    return text(message_id, text={"body": "x" * characters})


def heard(ids: Iterable[str]) -> list[str]:
    """What whoever drops the second of two equal ids hears, in order."""
    return list(dict.fromkeys(ids))


async def by_number(kafka: KafkaSettings, topics: TopicSettings) -> dict[str, list[str]]:
    """The ids of each number's events on the topics, in their order."""
    found: dict[str, list[str]] = {}
    for records in (await on_topics(kafka, topics)).values():
        for number, event_id in records:
            found.setdefault(number, []).append(event_id.removesuffix(":received"))
    return found


async def limit(kafka: KafkaSettings, topics: TopicSettings, value: int) -> None:
    """Have the broker take records of so many bytes on ``inbound``, and wait until it does."""
    name = INBOUND.full_name(topics.prefix)
    resource = ConfigResource(
        ConfigResourceType.TOPIC, name, configs={"max.message.bytes": str(value)}
    )
    client = admin(kafka, "tests")
    await client.start()
    try:
        await client.alter_configs([resource])
        async with asyncio.timeout(60):
            while await _limit(client, name) != value:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    finally:
        await client.close()


async def _limit(client: Any, name: str) -> int:
    [described] = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    [(_, _, _, _, entries)] = described.resources
    return int(next(entry[1] for entry in entries if entry[0] == "max.message.bytes"))


async def test_three_megabytes_of_a_thousand_updates_are_all_durable_when_answered_200(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    ids = [f"wamid.{index}" for index in range(1000)]
    whole = encoded(
        *(about(NUMBERS[index % 3], named(name, 2800)) for index, name in enumerate(ids))
    )
    async with running_ingest(kafka, topics, tmp_path) as ingest:
        await ingest.until_ready()

        answer = await ingest.post(whole)

        assert (answer.status_code, len(whole) > 2_900_000) == (200, True)
        assert await by_number(kafka, topics) == {
            number: ids[index::3] for index, number in enumerate(NUMBERS)
        }


async def test_a_numbers_updates_keep_their_order_across_bodies_accepted_one_after_another(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    ids = [[f"wamid.{turn}.{index}" for index in range(7)] for turn in range(40)]
    async with running_ingest(kafka, topics, tmp_path) as ingest:
        await ingest.until_ready()

        for turn in ids:
            changes = [about(number, *map(named, turn)) for number in NUMBERS]
            assert (await ingest.post(encoded(*changes))).status_code == 200

        in_order = [name for turn in ids for name in turn]
        assert await by_number(kafka, topics) == dict.fromkeys(NUMBERS, in_order)


async def test_one_refused_record_makes_it_503_and_the_redelivery_changes_nothing_else(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    before, after = ([f"wamid.{part}{n}" for n in range(300)] for part in "ac")
    ids = [*before, "wamid.large", *after]
    # More than one batch before what is refused, so that a part of the body may be durable.
    whole = encoded(
        about(
            NUMBERS[0],
            *(named(name, 3000) for name in before),
            named("wamid.large", 700_000),
            *(named(name, 3000) for name in after),
        ),
        about(NUMBERS[1], named("wamid.else")),
    )
    await limit(kafka, topics, LOWERED_BYTES)
    async with running_ingest(kafka, topics, tmp_path) as ingest:
        await ingest.until_ready()

        refused = [(await deliver(ingest, whole)).status_code for _ in range(3)]
        durable = heard((await by_number(kafka, topics)).get(NUMBERS[0], []))
        await limit(kafka, topics, DEFAULT_BYTES)
        mended = (await deliver(ingest, whole)).status_code
        again = (await deliver(ingest, whole)).status_code

        found = await by_number(kafka, topics)
        assert (refused, mended, again) == ([503, 503, 503], 200, 200)
        # What was durable of the refused ones is a beginning: the redelivery goes on from it.
        assert durable == before
        assert {number: heard(names) for number, names in found.items()} == {
            NUMBERS[0]: ids,
            NUMBERS[1]: ["wamid.else"],
        }
        assert found[NUMBERS[0]][-len(ids) :] == ids


async def deliver(ingest: Ingest, whole: bytes) -> Any:
    """Deliver once ingest is ready: after a refusal it takes its producer anew."""
    await ingest.until_ready()
    return await ingest.post(whole)
