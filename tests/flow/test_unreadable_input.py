"""Router and sender as processes, given what aiokafka cannot read and a broker takes all the same."""

import json
from pathlib import Path

from tests.conftest import PARTITIONS
from tests.flow.handmade import GZIP, Made, trail, write_batch
from tests.flow.sender_process import scene, worded
from tests.flow.test_router import (
    NUMBER,
    environment,
    next_record,
    received,
    router,
    watching,
)

from saath.events import MessageAccepted, TurnOffered
from saath.kafka.publisher import Publisher
from saath.kafka.records import Record
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import INBOUND, OUTBOUND, TURNS, dlq_topic, partition_for

PHONE = "16505550001"
NOT_UTF8 = b"\xff\xfeid"


def said(letter: Record) -> dict[str, bytes]:
    names = ("dlq_topic", "dlq_partition", "dlq_offset")
    return {name: value for name, value in letter.headers if name in names}


def stood(topic: str, partition: int, offset: int) -> dict[str, bytes]:
    return {
        "dlq_topic": topic.encode(),
        "dlq_partition": str(partition).encode(),
        "dlq_offset": str(offset).encode(),
    }


async def test_the_router_puts_it_aside_and_answers_the_next_message(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    partition = partition_for(NUMBER, PARTITIONS)
    with router(environment(kafka, topics), tmp_path):
        async with (
            Publisher(kafka, topics, "tests") as publisher,
            watching(kafka, topics, TURNS) as turns,
        ):
            name = INBOUND.full_name(topics.prefix)
            await write_batch(kafka, name, partition, [Made(b"{}", NOT_UTF8, NUMBER.encode())])
            await publisher.publish(INBOUND, received("wamid.1"))
            offered = await turns(TurnOffered)
            letter = await next_record(kafka, topics, dlq_topic("router"))

    assert isinstance(offered, TurnOffered)
    assert (letter.key, letter.value, said(letter)) == (
        NUMBER.encode(),
        b"{}",
        stood("inbound.v1", partition, 0),
    )


async def test_the_sender_sends_what_can_be_read_and_puts_the_rest_aside(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with scene(kafka, topics, tmp_path, "--no-service-window") as s:
        partition = partition_for(s.id, topics.partitions)
        name = OUTBOUND.full_name(topics.prefix)
        request = {"turn": s.turn(PHONE, turn="t_1"), "messages": [worded("Yes, in blue.")]}
        odd = Made(json.dumps(request).encode(), NOT_UTF8, s.id.encode())
        await s.owned(PHONE)
        await write_batch(
            kafka, name, partition, [Made(b"{}")], compression_type=GZIP, damage=trail
        )
        await write_batch(kafka, name, partition, [odd])
        s.start()
        await s.replied(PHONE, "And in red.", turn="t_2")

        outcomes = await s.wait_for_outcomes(2)
        letter = await next_record(kafka, topics, dlq_topic("sender"))

    accepted = [o.turn_id for o in outcomes if isinstance(o, MessageAccepted)]
    assert sorted(accepted, key=str) == ["t_1", "t_2"]
    assert (letter.value, said(letter)) == (b"", stood("outbound.v1", partition, 0))
