"""What a client that compresses can write is larger than anything we may write. It blocks nothing."""

import asyncio

from tests.flow.kafka.scene import DLQ, Scene, numbered, task_of

from saath.kafka.client import producer
from saath.topics import INBOUND


async def test_a_record_too_large_even_for_the_dead_letter_topic_does_not_block_its_partition(
    scene: Scene,
) -> None:
    client = producer(
        scene.kafka, "tests", compression_type="gzip", max_request_size=8 * 1024 * 1024
    )
    await client.start()
    await client.send_and_wait(scene.name(INBOUND), b"x" * 5_000_000, partition=0)
    await client.stop()
    await scene.write(b"2")

    async with task_of(scene.member()(asyncio.Event())):
        counted = await scene.wait_for_counted(b"2")

    [letter] = await scene.read(DLQ)
    said = dict(letter.headers)
    assert counted == numbered(b"2")
    assert (letter.value, said["dlq_offset"], said["dlq_left_out_bytes"]) == (
        b"",
        b"0",
        b"5000000",
    )
