"""
The load, a process of its own: ``python -m tests.benchmarks.ingest.load '{…}'`` prints a result.

Closed loop: so many connections, each posting again as soon as it has its answer: the highest rate.
Open loop: bodies are posted at instants drawn beforehand, whatever the service does, and each answer
is timed from the instant its request was due. A service that stalls is charged for everything that
should have come meanwhile (no coordinated omission), and so is a load that is late.
"""

import asyncio
import gc
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field

import uvloop
from tests.benchmarks.ingest.bodies import Body, bodies
from tests.benchmarks.ingest.wire import Connection, connect, request

# More than can be waiting while the service keeps up; beyond it a request waits, and that is counted.
OPEN_CONNECTIONS = 128


@dataclass(frozen=True, slots=True)
class Load:
    """What to do. Without ``updates_per_second`` the loop is closed."""

    ports: list[int]
    secret: str
    seconds: float
    warm_up_seconds: float
    concurrency: int = 32
    updates_per_second: float | None = None
    bodies: int = 4000
    seed: int = 1
    written_at: int | None = None


@dataclass(slots=True)
class Tally:
    """What was seen in one stretch of time: one latency for each body that was answered."""

    seconds: float = 0.0
    updates: int = 0
    refused: int = 0
    latencies_ms: list[float] = field(default_factory=list)

    def note(self, status: int, updates: int, latency_seconds: float) -> None:
        """Count one answer."""
        self.latencies_ms.append(latency_seconds * 1000)
        if status == 200:
            self.updates += updates
        else:
            self.refused += 1


@dataclass(frozen=True, slots=True)
class Result:
    """The warm-up, and what counts."""

    warm_up: Tally
    measured: Tally


async def closed(load: Load, wires: Iterator[tuple[bytes, int]]) -> Result:
    """Post as fast as answers come, over a fixed number of connections."""
    result = Result(Tally(load.warm_up_seconds), Tally(load.seconds))
    started = time.perf_counter()
    measure_from = started + load.warm_up_seconds
    ends = measure_from + load.seconds

    async def keep_posting(connection: Connection) -> None:
        while (posted := time.perf_counter()) < ends:
            wire, updates = next(wires)
            status = await connection.post(wire)
            answered = time.perf_counter()
            if answered < ends:
                tally = result.measured if answered >= measure_from else result.warm_up
                tally.note(status, updates, answered - posted)

    connections = await connect(load.ports, load.concurrency)
    await asyncio.gather(*map(keep_posting, connections))
    for connection in connections:
        connection.close()
    return result


async def opened(
    load: Load,
    wires: Iterator[tuple[bytes, int]],
    told: Callable[[bytes, float], None] = lambda wire, due: None,
) -> Result:
    """
    Post at instants drawn beforehand: a Poisson process, as many senders make together.

    *told* hears of each, and when it was due by ``time.perf_counter``.
    """
    result = Result(Tally(load.warm_up_seconds), Tally(load.seconds))
    connections = await connect(load.ports, OPEN_CONNECTIONS)
    idle = asyncio.Queue[Connection]()
    for connection in connections:
        idle.put_nowait(connection)

    async def post(due: float, tally: Tally) -> None:
        connection, (wire, updates) = await idle.get(), next(wires)
        told(wire, due)
        status = await connection.post(wire)
        tally.note(status, updates, time.perf_counter() - due)
        idle.put_nowait(connection)

    started = time.perf_counter() + 0.1
    async with asyncio.TaskGroup() as posting:
        for offset in _instants(load):
            due = started + offset
            if (ahead := due - time.perf_counter()) > 0:
                await asyncio.sleep(ahead)
            tally = result.warm_up if offset < load.warm_up_seconds else result.measured
            posting.create_task(post(due, tally))
    for connection in connections:
        connection.close()
    return result


def _instants(load: Load) -> Iterator[float]:
    """When bodies are due, so that their updates make up the rate."""
    chance, at = random.Random(load.seed), 0.0
    posted = made(load)
    bodies_per_second = (
        (load.updates_per_second or 0) * len(posted) / sum(b.updates for b in posted)
    )
    while (at := at + chance.expovariate(bodies_per_second)) < load.warm_up_seconds + load.seconds:
        yield at


def made(load: Load) -> tuple[Body, ...]:
    """The bodies of *load*, always the same."""
    return bodies(load.bodies, load.secret, load.seed, load.written_at)


def main() -> None:
    """Run one load and print its result as JSON."""
    load = Load(**json.loads(sys.argv[1]))
    wires = itertools.cycle([(request(body), body.updates) for body in made(load)])
    # What is collected here in the middle would be put down to the service.
    gc.collect()
    gc.disable()
    run = opened if load.updates_per_second else closed
    result = uvloop.run(run(load, wires))
    print(json.dumps(asdict(result)))


if __name__ == "__main__":
    main()
