"""What stands on the broker: refused with a sentence where it cannot be worked with."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
from aiokafka.admin import NewTopic
from tests.conftest import PARTITIONS

from saath.errors import Misconfigured, RetryLater
from saath.kafka.client import admin
from saath.kafka.layout import apply, read_layout, wait_for_layout
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import BACKFILL, OUTBOUND, TOPICS


@pytest.fixture
def nowhere() -> Iterator[KafkaSettings]:
    """An address that is taken by somebody who does not listen."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        yield KafkaSettings(bootstrap_servers=f"127.0.0.1:{silent.getsockname()[1]}")


async def resize(kafka: KafkaSettings, name: str, partitions: int) -> None:
    """Remove a topic; make it again if it is to have partitions. Back when the broker knows it."""
    client = admin(kafka, "tests")
    await client.start()

    async def until(there: bool) -> None:
        while (name in await client.list_topics()) is not there:  # noqa: ASYNC110 # a broker
            await asyncio.sleep(0.05)

    try:
        async with asyncio.timeout(60):
            await client.delete_topics([name])
            await until(False)
            if partitions:
                await client.create_topics([NewTopic(name, partitions, 1)])
                await until(True)
    finally:
        await client.close()


async def test_the_layout_says_how_many_partitions_each_topic_has(
    kafka: KafkaSettings, topics: TopicSettings
) -> None:
    layout = await read_layout(kafka, topics, "tests")

    assert layout.partitions == {topic.name: PARTITIONS for topic in TOPICS}


async def test_a_missing_topic_is_named_with_the_cure(
    kafka: KafkaSettings, topics: TopicSettings
) -> None:
    await resize(kafka, OUTBOUND.full_name(topics.prefix), 0)

    with pytest.raises(Misconfigured) as refused:
        await read_layout(kafka, topics, "tests")

    assert str(refused.value) == (
        f"topic {topics.prefix}outbound.v1 is not there (1 missing): run `saath topics apply`"
    )


async def test_number_topics_of_different_counts_are_refused_by_name(
    kafka: KafkaSettings, topics: TopicSettings
) -> None:
    await resize(kafka, BACKFILL.full_name(topics.prefix), PARTITIONS + 1)

    with pytest.raises(Misconfigured, match=r"'inbound.v1': 4.*'backfill.v1': 5"):
        await read_layout(kafka, topics, "tests")


async def test_applying_again_changes_nothing(kafka: KafkaSettings, topics: TopicSettings) -> None:
    applied = await apply(kafka, topics, "tests")

    assert (applied.created, applied.altered, len(applied.unchanged)) == ((), (), len(TOPICS))


async def test_another_partition_count_is_refused_with_the_reason(
    kafka: KafkaSettings, topics: TopicSettings
) -> None:
    asked = topics.model_copy(update={"partitions": PARTITIONS * 2})

    with pytest.raises(Misconfigured, match="cannot be changed afterwards") as refused:
        await apply(kafka, asked, "tests")

    assert f"SAATH_TOPICS__PARTITIONS={PARTITIONS}" in str(refused.value)


async def test_a_broker_that_is_not_there_is_a_sentence(nowhere: KafkaSettings) -> None:

    with pytest.raises(RetryLater) as refused:
        await read_layout(nowhere, TopicSettings(), "tests")

    assert str(refused.value) == (
        f"no Kafka broker answers at {nowhere.bootstrap_servers} "
        "(SAATH_KAFKA__BOOTSTRAP_SERVERS), or it does not let us in "
        "(check SAATH_KAFKA__SECURITY_PROTOCOL=PLAINTEXT): KafkaConnectionError"
    )


async def test_waiting_for_a_broker_tells_of_it_and_ends_when_asked(nowhere: KafkaSettings) -> None:
    stopping, told = asyncio.Event(), []

    def on_retry(sentence: str) -> None:
        told.append(sentence)
        stopping.set()

    layout = await wait_for_layout(nowhere, TopicSettings(), "tests", stopping, on_retry)

    assert (layout, len(told)) == (None, 1)
