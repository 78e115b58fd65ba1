"""``saath topics apply`` on a real broker: made once, corrected, and never repartitioned."""

import asyncio
import os
import subprocess
import sys
import uuid

import pytest
from aiokafka.admin import NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from saath.errors import Misconfigured
from saath.kafka.client import admin
from saath.kafka.layout import Applied, apply, read_layout
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import ACCOUNTS, INBOUND, TOPICS, TURNS


@pytest.fixture
def fresh() -> TopicSettings:
    """Topics that nobody has made yet."""
    return TopicSettings(prefix=f"t{uuid.uuid4().hex[:8]}.", partitions=2, replication_factor=1)


def names(settings: TopicSettings) -> tuple[str, ...]:
    return tuple(topic.full_name(settings.prefix) for topic in TOPICS)


async def test_topics_are_made_once_and_then_left_alone(
    kafka: KafkaSettings, fresh: TopicSettings
) -> None:
    first = await apply(kafka, fresh, "tests")
    second = await apply(kafka, fresh, "tests")

    assert first == Applied(created=names(fresh), altered=(), unchanged=())
    assert second == Applied(created=(), altered=(), unchanged=tuple(sorted(names(fresh))))


async def test_a_topic_whose_settings_were_changed_by_hand_is_set_right(
    kafka: KafkaSettings, fresh: TopicSettings
) -> None:
    await apply(kafka, fresh, "tests")
    name = TURNS.full_name(fresh.prefix)
    await _set_by_hand(kafka, name, {"retention.ms": "1000"})

    assert await _altered(kafka, fresh, until=(name,)) == (name,)
    assert await _altered(kafka, fresh, until=()) == ()


async def _altered(
    kafka: KafkaSettings, settings: TopicSettings, until: tuple[str, ...]
) -> tuple[str, ...]:
    """What ``apply`` corrected, when the broker has heard of the change before: it lags a little."""
    altered = None
    for _ in range(50):
        altered = (await apply(kafka, settings, "tests")).altered
        if altered == until:
            break
        await asyncio.sleep(0.1)
    assert altered is not None
    return altered


async def _set_by_hand(kafka: KafkaSettings, topic: str, values: dict[str, str]) -> None:
    client = admin(kafka, "tests")
    await client.start()
    try:
        await client.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, configs=values)]
        )
    finally:
        await client.close()


async def test_another_partition_count_is_refused_and_nothing_is_changed(
    kafka: KafkaSettings, fresh: TopicSettings
) -> None:
    await apply(kafka, fresh, "tests")

    with pytest.raises(Misconfigured, match="cannot be changed afterwards"):
        await apply(kafka, fresh.model_copy(update={"partitions": 3}), "tests")

    assert {*(await read_layout(kafka, fresh, "tests")).partitions.values()} == {2}


async def test_a_service_without_its_topics_says_what_to_run(
    kafka: KafkaSettings, fresh: TopicSettings
) -> None:
    with pytest.raises(Misconfigured, match="run `saath topics apply`"):
        await read_layout(kafka, fresh, "tests")


async def test_contacts_of_a_number_must_lie_where_its_other_topics_do(
    kafka: KafkaSettings, fresh: TopicSettings
) -> None:
    await apply(kafka, fresh, "tests")
    client = admin(kafka, "tests")
    await client.start()
    try:
        name = ACCOUNTS.full_name(fresh.prefix)
        await client.create_partitions({name: NewPartitions(total_count=3)})
        while len((await client.describe_topics([name]))[0]["partitions"]) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    finally:
        await client.close()

    with pytest.raises(
        Misconfigured, match=r"differ in their partition count: .*'accounts\.v1': 3"
    ):
        await read_layout(kafka, fresh, "tests")


def saath(kafka: KafkaSettings, settings: TopicSettings, *arguments: str) -> tuple[int, str, str]:
    """Run the command line as a person would."""
    environ = {
        **os.environ,
        "SAATH_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "SAATH_TOPICS__PREFIX": settings.prefix,
        "SAATH_TOPICS__REPLICATION_FACTOR": "1",
    }
    ended = subprocess.run(
        [sys.executable, "-c", "from saath.cli import main; main()", *arguments],
        env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout, ended.stderr


def test_the_command_line_makes_the_topics_and_refuses_another_partition_count(
    kafka: KafkaSettings, fresh: TopicSettings
) -> None:
    first = saath(kafka, fresh, "topics", "apply", "--partitions", "2")
    again = saath(kafka, fresh, "topics", "apply", "--partitions", "2")
    other = saath(kafka, fresh, "topics", "apply", "--partitions", "3")

    assert (first[0], first[1].count("created"), first[2]) == (0, len(TOPICS), "")
    assert (again[0], again[1].count("unchanged"), again[2]) == (0, len(TOPICS), "")
    inbound = INBOUND.full_name(fresh.prefix)
    assert (other[0], other[1]) == (2, "")
    assert other[2].startswith(f"saath: {inbound} has 2 partitions, not 3. A partition count ")


def test_the_command_line_says_where_it_looked_for_a_broker(fresh: TopicSettings) -> None:
    nowhere = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    sentence = (
        "no Kafka broker answers at 127.0.0.1:1 (SAATH_KAFKA__BOOTSTRAP_SERVERS), "
        "or it does not let us in (check SAATH_KAFKA__SECURITY_PROTOCOL=PLAINTEXT)"
    )

    assert saath(nowhere, fresh, "topics", "apply") == (
        1,
        "",
        f"saath: {sentence}: KafkaConnectionError\n",
    )
