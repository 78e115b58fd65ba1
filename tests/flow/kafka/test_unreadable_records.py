"""What a broker takes blocks no reader: neither what aiokafka fails on, nor what any client compresses."""

import asyncio
from typing import Any

import pytest
from tests.flow.handmade import GZIP, ZSTD, Damage, Made, trail, use_attributes, write_batch
from tests.flow.kafka.scene import DLQ, Counting, Scene, numbered, task_of
from tests.flow.kafka.test_tables import Watched, put, recorded, until_bots

from saath.errors import PoisonRecord
from saath.kafka.client import producer
from saath.kafka.group import GroupReader
from saath.kafka.partition_reader import PartitionReader
from saath.kafka.records import Record
from saath.kafka.unpacking import UNPACKED_BYTES_MAX
from saath.topics import INBOUND, NUMBERS, OUTBOUND

NOT_UTF8 = b"\xff\xfeid"
AS_JAVA_READS_IT = "��id"


class RefusingEmpty(Counting):
    """Refuses what says nothing, as all of our services do."""

    def handle(self, record: Record, now: Any) -> Any:
        if not record.value:
            raise PoisonRecord("no ce_type header")
        return super().handle(record, now)


async def write(scene: Scene, *records: Made, topic: Any = INBOUND, **more: Any) -> None:
    await write_batch(scene.kafka, scene.name(topic), 0, records, **more)


async def read_all(scene: Scene, count: int) -> list[Record]:
    found: list[Record] = []
    async with PartitionReader(scene.kafka, "tests", scene.topics.prefix, 0) as reader:
        await reader.seek({OUTBOUND: 0})
        async with asyncio.timeout(60):
            while len(found) < count:
                found += await reader.fetch(max_records=1)
    return found


async def test_a_header_name_that_is_not_utf8_is_read_as_java_reads_it_and_its_batch_is_whole(
    scene: Scene,
) -> None:
    await write(scene, Made(b"1"), Made(b"2", NOT_UTF8), Made(b"3"), topic=OUTBOUND)
    await scene.write(b"4", topic=OUTBOUND)

    found = await read_all(scene, 4)

    assert [(r.offset, r.key, r.value, r.headers) for r in found] == [
        (0, b"n", b"1", (("plain", b"1"),)),
        (1, b"n", b"2", ((AS_JAVA_READS_IT, b"1"),)),
        (2, b"n", b"3", (("plain", b"1"),)),
        (3, b"n", b"4", ()),
    ]


async def test_the_partition_loop_goes_past_it_and_handles_each_record_once(scene: Scene) -> None:
    await write(scene, Made(b"1"), Made(b"2", NOT_UTF8), Made(b"3"))
    await write(scene, Made(b"4", NOT_UTF8))
    await scene.write(b"5")

    async with task_of(scene.member()(asyncio.Event())):
        counted = await scene.wait_for_counted(b"5")

    assert counted == numbered(b"1", b"2", b"3", b"4", b"5")


async def test_a_bots_reader_goes_past_it(scene: Scene) -> None:
    await write(scene, Made(b"1", NOT_UTF8), Made(b"2"))
    found: list[bytes | None] = []

    async with (
        GroupReader(scene.kafka, scene.topics, "tests", INBOUND, scene.group) as reader,
        asyncio.timeout(30),
    ):
        while len(found) < 2:
            found += [record.value for record in await reader.read(1)]

    assert found == [b"1", b"2"]


async def test_a_table_goes_past_what_nothing_can_be_read_of(scene: Scene) -> None:
    await write(scene, Made(b"1"), topic=NUMBERS, compression_type=GZIP, damage=trail)
    await put(scene, "2", recorded("2", "orders"))
    table = Watched(scene)

    async with task_of(table(asyncio.Event())):
        await until_bots(table, {"2": "orders"})

    assert len(table.too_early) == 2


@pytest.mark.parametrize(
    ("compression_type", "damage"), [(0, use_attributes), (GZIP, None)], ids=["attributes", "gzip"]
)
async def test_what_java_reads_is_read(
    scene: Scene, compression_type: int, damage: Damage | None
) -> None:
    made = [Made(b"1"), Made(b"2")]
    await write(scene, *made, topic=OUTBOUND, compression_type=compression_type, damage=damage)
    await scene.write(b"3", topic=OUTBOUND)

    found = await read_all(scene, 3)

    assert [(record.offset, record.value) for record in found] == [(0, b"1"), (1, b"2"), (2, b"3")]


async def test_a_batch_of_which_nothing_can_be_read_is_dead_lettered_record_by_record(
    scene: Scene,
) -> None:
    await write(scene, Made(b"1"), Made(b"2"), compression_type=GZIP, damage=trail)
    await scene.write(b"3")

    async with task_of(scene.member(scene.processor(RefusingEmpty))(asyncio.Event())):
        counted = await scene.wait_for_counted(b"3")

    letters = [(letter.value, dict(letter.headers)) for letter in await scene.read(DLQ)]
    assert counted == numbered(b"3")
    assert [
        (value, said["saath_unreadable"], said["dlq_topic"], said["dlq_offset"])
        for value, said in letters
    ] == [
        (b"", b"nothing can be read of it: BadGzipFile", b"inbound.v1", b"0"),
        (b"", b"nothing can be read of it: BadGzipFile", b"inbound.v1", b"1"),
    ]


@pytest.mark.parametrize("codec", ["gzip", "snappy", "lz4", "zstd"])
async def test_whatever_a_client_compresses_with_is_read(scene: Scene, codec: str) -> None:
    values = [b"%d" % i * 200 for i in range(3)]
    await scene.write(*values, topic=OUTBOUND, compression_type=codec)

    found = await read_all(scene, 3)

    assert [record.value for record in found] == values


async def test_a_batch_that_would_fill_the_memory_is_one_dead_letter_and_the_loop_goes_past_it(
    scene: Scene,
) -> None:
    halves = [Made(bytes(UNPACKED_BYTES_MAX // 2))] * 2
    await scene.write(b"1")
    await write(scene, *halves, compression_type=ZSTD)
    await scene.write(b"4")

    async with task_of(scene.member(scene.processor(RefusingEmpty))(asyncio.Event())):
        counted = await scene.wait_for_counted(b"4")

    letters = [(letter.value, dict(letter.headers)) for letter in await scene.read(DLQ)]
    reason = f"2 records that unpack to more than {UNPACKED_BYTES_MAX} bytes".encode()
    assert counted == numbered(b"1", b"4")
    assert [(value, said["saath_unreadable"], said["dlq_offset"]) for value, said in letters] == [
        (b"", reason, b"2")
    ]


async def test_an_aborted_batch_that_would_fill_the_memory_is_seen_by_nobody(scene: Scene) -> None:
    large = bytes(UNPACKED_BYTES_MAX + 1)
    client = producer(
        scene.kafka,
        "tests",
        transactional_id="tests",
        compression_type="zstd",
        max_request_size=2 * len(large),
    )
    await client.start()
    await client.begin_transaction()
    await (await client.send(scene.name(OUTBOUND), large, partition=0))
    await client.abort_transaction()
    await client.stop()
    await scene.write(b"3", topic=OUTBOUND)

    found = await read_all(scene, 1)

    assert [record.value for record in found] == [b"3"]
