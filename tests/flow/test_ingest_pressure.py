"""Ingest as a process under pressure: too much at once, Kafka that hangs, and the order to stop."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.flow.ingest_process import Ingest, running_ingest
from tests.flow.test_ingest import TEXT, on_topics, with_messages
from tests.flow.test_ingest_batches import NUMBERS, about, encoded, named
from tests.made import make_topics

from saath.settings import KafkaSettings, TopicSettings
from saath_local import Cluster, ClusterSpec, run_cluster

# Six of them fill the megabyte that the tests allow: each counts as a body, and as its records.
LARGE = encoded(about(NUMBERS[0], named("wamid.L", 120_000)))
MEGABYTE = "1000000"


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker of this file's own, because it is frozen now and then."""

    cluster: Cluster
    kafka: KafkaSettings
    topics: TopicSettings

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes what is sent to it, and answers nothing."""
        pid = self.cluster.nodes[0].pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @asynccontextmanager
    async def ingest(self, folder: Path, **settings: str) -> AsyncIterator[Ingest]:
        async with running_ingest(self.kafka, self.topics, folder, **settings) as ingest:
            await ingest.until_ready()
            # The first record to a partition waits for more than the later ones.
            assert (await ingest.post(TEXT)).status_code == 200
            yield ingest

    async def ids(self) -> set[str]:
        return {name for found in (await on_topics(self.kafka, self.topics)).values()
                for _, name in found}  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with run_cluster(ClusterSpec()) as cluster:
        yield cluster


@pytest.fixture
def broker(cluster: Cluster, tmp_path: Path) -> Broker:
    kafka = KafkaSettings(bootstrap_servers=cluster.bootstrap_servers)
    prefix = f"{tmp_path.name}.".replace("_", "-").lower()
    topics = TopicSettings(prefix=prefix, partitions=2, replication_factor=1)
    make_topics(kafka, topics)
    return Broker(cluster, kafka, topics)


async def in_flight(ingest: Ingest) -> float:
    """What the gauge says."""
    for line in (await ingest.http.get("/metrics")).text.splitlines():
        if line.startswith("saath_webhook_in_flight_bytes "):
            return float(line.split()[1])
    raise AssertionError("the gauge is missing")


async def until_held(ingest: Ingest, at_least: float, at_most: float = float("inf")) -> None:
    async with asyncio.timeout(60):
        while not at_least <= await in_flight(ingest) <= at_most:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def resident_bytes(ingest: Ingest) -> int:
    """The process's memory, where the system tells."""
    told = Path(f"/proc/{ingest.process.pid}/statm")
    pages = int(told.read_text().split()[1]) if told.exists() else 0
    return pages * os.sysconf("SC_PAGE_SIZE")


async def test_what_is_too_much_at_once_is_503_at_once_and_taken_when_there_is_room(
    broker: Broker, tmp_path: Path
) -> None:
    limits = {"body_limit_bytes": MEGABYTE, "in_flight_bytes_max": MEGABYTE}
    async with broker.ingest(tmp_path, **limits) as ingest:
        with broker.frozen():
            waiting = [asyncio.create_task(ingest.post(LARGE)) for _ in range(6)]
            await until_held(ingest, at_least=900_000)
            before, started = resident_bytes(ingest), time.monotonic()
            refused = await asyncio.gather(*(ingest.post(LARGE) for _ in range(60)))
            seconds, grown = time.monotonic() - started, resident_bytes(ingest) - before
        taken = [answer.status_code for answer in await asyncio.gather(*waiting)]
        await until_held(ingest, at_least=0, at_most=0)
        afterwards = (await ingest.post(LARGE)).status_code

    print(f"60 refused in {seconds:.2f} s, {grown / 1e6:.1f} MB more memory")
    assert {(a.status_code, a.headers["retry-after"], a.text) for a in refused} == {
        (503, "2", "too much is in flight")
    }
    assert {200} >= set(taken) - {503}
    assert 200 in taken
    assert afterwards == 200
    assert len(ingest.logged("webhook.postponed")) == 60 + taken.count(503)
    assert (seconds < 30, grown < 20_000_000) == (True, True)


async def test_when_told_to_stop_it_takes_no_more_finishes_what_it_took_and_leaves_with_0(
    broker: Broker, tmp_path: Path
) -> None:
    async with broker.ingest(tmp_path) as ingest:
        with broker.frozen():
            accepted = asyncio.create_task(ingest.post(with_messages(3)))
            await until_held(ingest, at_least=1)
            ingest.process.terminate()
            await until_closed(ingest)
        answer = await accepted
        status = await asyncio.to_thread(ingest.process.wait, 60)

    assert (answer.status_code, status) == (200, 0)
    assert await broker.ids() >= {f"wamid.{index}:received" for index in range(3)}


@pytest.mark.parametrize("produce_timeout_seconds", ["1", "60"])
async def test_when_told_to_stop_without_kafka_it_leaves_with_0_within_its_grace(
    broker: Broker, tmp_path: Path, produce_timeout_seconds: str
) -> None:
    async with broker.ingest(
        tmp_path, SHUTDOWN_GRACE_SECONDS="8", produce_timeout_seconds=produce_timeout_seconds
    ) as ingest:
        with broker.frozen():
            asked = asyncio.create_task(ingest.post(with_messages(3)))
            await until_held(ingest, at_least=1)
            started = time.monotonic()
            ingest.process.terminate()
            status = await asyncio.to_thread(ingest.process.wait, 60)
            seconds = time.monotonic() - started
        answer = await asked
        told = [line["status"] for line in ingest.logged("webhook.postponed")]
        errors = [line for line in ingest.lines() if line["level"] == "error"]

    assert (answer.status_code, answer.headers["retry-after"], told) == (503, "2", [503])
    assert (status, seconds < 40) == (0, True), seconds
    assert [line["event"][:6] for line in errors] in ([], ["Cancel"])


async def until_closed(ingest: Ingest) -> None:
    """Wait until nobody can connect any more."""
    url = ingest.http.base_url
    async with asyncio.timeout(60):
        while connects(url.host, url.port or 0):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def connects(host: str, port: int) -> bool:
    with socket.socket() as found:
        return found.connect_ex((host, port)) == 0
