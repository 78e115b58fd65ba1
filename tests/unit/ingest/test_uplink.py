"""The way to Kafka: what is said while it is not there, and what happens to what it was given."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from saath.errors import RetryLater
from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath.topics import INBOUND
from saath_ingest.in_flight import InFlight
from saath_ingest.uplink import Link, Uplink

RECORD = Output(INBOUND, 0, b"key", b"value")
SIZE = len(b"key") + len(b"value")
FOREVER = 3600.0


class Broker:
    """Stands in for Kafka: takes records and acknowledges them when told to."""

    def __init__(self) -> None:
        self.futures: list[asyncio.Future[Any]] = []
        self.answers = True
        self.refusal: Exception | None = None
        self.connections = 0

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Link]:
        self.connections += 1
        if self.refusal:
            raise self.refusal
        yield Link(self, Layout({INBOUND.name: 1}))

    async def send_output(self, output: Output) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.futures.append(future)
        return future

    async def reachable(self) -> bool:
        return self.answers


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def in_flight() -> InFlight:
    return InFlight(1000)


@asynccontextmanager
async def connected(broker: Broker, in_flight: InFlight, **more: float) -> AsyncIterator[Uplink]:
    times = {"retry_seconds": 0.0, "check_seconds": FOREVER} | more
    async with Uplink(broker.connect, in_flight, **times) as uplink:
        await until(lambda: uplink.problem() is None)
        yield uplink


async def until(done: Callable[[], object]) -> None:
    """Let the others run; no time passes."""
    for _ in range(1000):
        if done():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came about")


async def published(uplink: Uplink, *records: Output, seconds: float = FOREVER) -> str:
    """Whether it was published, in words."""
    try:
        await uplink.publish(records, timeout_seconds=seconds)
    except RetryLater as error:
        return str(error)
    return "published"


@pytest.mark.parametrize(("first", "last"), [(0, 1), (1, 0)])
async def test_publishing_ends_only_when_every_record_is_acknowledged(
    broker: Broker, in_flight: InFlight, first: int, last: int
) -> None:
    async with connected(broker, in_flight) as uplink:
        publishing = asyncio.create_task(published(uplink, RECORD, RECORD))
        await until(lambda: len(broker.futures) == 2)
        broker.futures[first].set_result(None)
        for _ in range(20):
            await asyncio.sleep(0)
        before = publishing.done()
        broker.futures[last].set_result(None)

        after = await publishing
        await until(lambda: in_flight.bytes == 0)

        assert (before, after) == (False, "published")


async def test_nothing_is_published_before_kafka_is_reached(
    broker: Broker, in_flight: InFlight
) -> None:
    broker.refusal = RetryLater("no Kafka broker answers at nowhere")
    async with Uplink(broker.connect, in_flight, retry_seconds=FOREVER) as uplink:
        await until(lambda: broker.connections)
        await until(lambda: uplink.problem() == "no Kafka broker answers at nowhere")

        assert await published(uplink, RECORD) == "no Kafka broker answers at nowhere"


async def test_it_tries_again_by_itself_until_kafka_is_there(
    broker: Broker, in_flight: InFlight
) -> None:
    broker.refusal = OSError("refused")
    async with Uplink(
        broker.connect, in_flight, retry_seconds=0.0, check_seconds=FOREVER
    ) as uplink:
        await until(lambda: broker.connections > 3)
        broker.refusal = None
        await until(lambda: uplink.problem() is None)

        assert uplink.layout.partitions == {INBOUND.name: 1}


async def test_what_is_not_acknowledged_in_time_stays_counted_until_it_is(
    broker: Broker, in_flight: InFlight
) -> None:
    async with connected(broker, in_flight) as uplink:
        said = await published(uplink, RECORD, seconds=0.0)
        late = in_flight.bytes
        for future in broker.futures:
            future.set_result(None)
        await until(lambda: in_flight.bytes == 0)

        assert (said, uplink.problem()) == (
            "Kafka did not acknowledge all of it within 0 seconds",
            None,
        )
        assert late == SIZE


async def test_a_record_refused_for_good_makes_a_new_connection(
    broker: Broker, in_flight: InFlight
) -> None:
    async with connected(broker, in_flight) as uplink:
        publishing = asyncio.create_task(published(uplink, RECORD, RECORD))
        await until(lambda: len(broker.futures) == 2)
        broker.futures[0].set_exception(ValueError("too large"))
        broker.futures[1].set_result(None)
        said = await publishing
        await until(lambda: broker.connections == 2 and uplink.problem() is None)

        assert (said, in_flight.bytes) == ("Kafka refused a record: ValueError", 0)


async def test_a_connection_given_up_lets_go_of_what_it_held(
    broker: Broker, in_flight: InFlight
) -> None:
    async with connected(broker, in_flight) as uplink:
        publishing = [asyncio.create_task(published(uplink, RECORD)) for _ in range(2)]
        await until(lambda: len(broker.futures) == 2)
        broker.futures[0].set_exception(ValueError())
        await until(lambda: all(task.done() for task in publishing))

        assert [await task for task in publishing] == [
            "Kafka refused a record: ValueError",
            "the connection to Kafka was given up",
        ]
        assert in_flight.bytes == 0


async def test_it_says_when_the_brokers_have_gone_and_when_they_are_back(
    broker: Broker, in_flight: InFlight
) -> None:
    async with connected(broker, in_flight, check_seconds=0.0) as uplink:
        broker.answers = False
        await until(lambda: uplink.problem() == "no Kafka broker answers any more")
        said = await published(uplink, RECORD)
        broker.answers = True
        await until(lambda: uplink.problem() is None)

        assert (said, broker.futures, broker.connections) == (
            "no Kafka broker answers any more",
            [],
            1,
        )
