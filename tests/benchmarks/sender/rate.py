"""How many numbers at full cap one core carries: the sender, and then the bare loop, turn about."""

import asyncio
import json
import secrets
import threading
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from tests.benchmarks.processes import Bench, Server, free_port, result_of
from tests.benchmarks.sender.bare import Task, told
from tests.benchmarks.sender.traffic import TURN_KEY, connected, publisher_at, steady

from saath.topics import HANDOFFS, OUTBOUND_BULK

CAP = 20
# What waits of each number: more than is begun ahead of its slot, less than its lane holds.
AHEAD_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Took:
    """What so many sends took."""

    sent: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Sends a second."""
        return self.sent / self.seconds

    @property
    def cpu_us(self) -> float:
        """Processor time of a send."""
        return self.cpu_seconds / max(1, self.sent) * 1e6

    @property
    def core(self) -> float:
        """How much of a core it kept busy."""
        return self.cpu_seconds / self.seconds

    def beyond(self, standing: float) -> float:
        """Processor time of one more send, in µs, where so much of a core goes whatever is sent."""
        return (self.core - standing) / max(1.0, self.rate) * 1e6

    def numbers(self, standing: float = 0.0) -> float:
        """How many numbers at full cap one core would carry."""
        return (1 - standing) * 1e6 / self.beyond(standing) / CAP

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.rate:6.0f} sends/s; {self.cpu_us:5.0f} µs CPU each; {self.core:4.2f} of a core"
        )


@contextmanager
def meta(at: Bench) -> Iterator[Server]:
    """The stand-in, as a process."""
    port = free_port()
    module = "tests.benchmarks.sender.stand_in"
    with at.process("meta", module, port, {"PORT": f"{port}"}) as server:
        yield server


@contextmanager
def sender(at: Bench, graph: str, **settings: str) -> Iterator[Server]:
    """The service, as a process."""
    basis = {
        "SAATH_TURN_KEYS": TURN_KEY,
        "SAATH_GRAPH__BASE_URL": graph,
        "SAATH_GRAPH__ACCESS_TOKEN": "a-token-for-benchmarks",
    }
    name = f"sender-{secrets.token_hex(2)}"
    with at.service(name, "saath_sender", {**basis, **settings}) as server:
        yield server


def taken(server: Server) -> int:
    """How many messages the stand-in was sent so far."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=10) as answer:
        return int(json.load(answer)["taken"])


@contextmanager
def fed(at: Bench, numbers: Sequence[str], cap: int = CAP) -> Iterator[None]:
    """Meanwhile every number has something to send, and as much comes as leaves."""
    stopping = threading.Event()

    async def feed() -> None:
        async with publisher_at(at) as publisher:
            await connected(publisher, numbers, cap)
            await steady(publisher, numbers, AHEAD_SECONDS * cap, cap, stopping)

    with ThreadPoolExecutor(1) as pool:
        feeding = pool.submit(asyncio.run, feed())
        try:
            yield
        finally:
            stopping.set()
            feeding.result()


async def watched(server: Server, graph: Server, warm_up: float, seconds: float) -> Took:
    """What it sends once it is warm."""
    async with asyncio.timeout(120):
        while not await asyncio.to_thread(taken, graph):  # noqa: ASYNC110 # nobody rings
            await asyncio.sleep(0.1)
    await asyncio.sleep(warm_up)
    loop = asyncio.get_running_loop()
    began, cpu, sent = loop.time(), server.cpu_seconds() or 0.0, taken(graph)
    await asyncio.sleep(seconds)
    now = loop.time()
    return Took(taken(graph) - sent, now - began, (server.cpu_seconds() or 0.0) - cpu)


def bare(at: Bench, graph: Server, numbers: Sequence[str], warm_up: float, seconds: float) -> Took:
    """The same backlog, sent by the bare loop."""
    task = Task(
        at.kafka.bootstrap_servers,
        OUTBOUND_BULK.full_name(at.topics.prefix),
        at.topics.partitions,
        [*numbers],
        f"http://127.0.0.1:{graph.port}",
        HANDOFFS.full_name(at.topics.prefix),
        warm_up,
        seconds,
    )
    took = result_of("tests.benchmarks.sender.bare", told(task))
    return Took(int(took["sent"]), took["seconds"], took["cpu"])
