"""Sync as a process that replays a past, and beside it a loop that only copies: turn about."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aiokafka import TopicPartition
from tests.benchmarks.processes import Bench, Server, result_of
from tests.benchmarks.router.bare import Task, told
from tests.benchmarks.router.rate import Took
from tests.benchmarks.sync.past import write

from saath.kafka.client import consumer
from saath.topics import HANDOFFS, HISTORY, partition_for

KEY = "an-installation-key-for-benchmarks"
PATIENCE_SECONDS = 1800.0
LOOK_SECONDS = 0.1
SETTINGS = {
    "SAATH_INSTALLATION_KEY": KEY,
    "SAATH_CREDENTIALS__KEYS": "5t8T0ZqBhYwQyXvT3eYcU1nqk3Vb0mJm2wq7mWQ3x7E=",
    "SAATH_SYNC__APP_ID": "1",
    "SAATH_SYNC__APP_SECRET": "benchmark_app_secret",
    "SAATH_SYNC__API_TOKEN": "a-token-for-benchmarks",
    "SAATH_SYNC__HISTORY_QUIET_SECONDS": "2",
    # It is stopped while others run, and stays a member of its group all the same.
    "SAATH_KAFKA__SESSION_TIMEOUT_MS": "300000",
}
LIFTED = {"SAATH_SYNC__BACKFILL_PER_SECOND": "100000"}


@dataclass(frozen=True, slots=True)
class Round:
    """One past: replayed, and then copied."""

    sync: Took
    bare: Took


@contextmanager
def syncing(at: Bench, **settings: str) -> Iterator[Server]:
    """The service, as a process."""
    with at.service("sync", "saath_sync", SETTINGS | settings) as server:
        yield server


async def one_round(at: Bench, server: Server, number: str, count: int, seed: int) -> Round:
    """Write a past, have it replayed, and then copied by the loop while sync stands still."""
    start = await end_of(at, number)
    await write(at, number, count, seed)
    end = await end_of(at, number)
    sync = await replayed(at, server, number, count)
    with stopped(server):
        bare = await asyncio.to_thread(_bare, at, number, start, end)
    return Round(sync, bare)


async def replayed(at: Bench, server: Server, number: str, count: int) -> Took:
    """What the replay took, from its beginning, with the reading of the past, to its end."""
    log = at.folder / "sync.log"
    begun = await said(log, "replay.begun", number)
    cpu = server.cpu_seconds() or 0.0
    finished = await said(log, "replay.finished", number)
    cpu = (server.cpu_seconds() or 0.0) - cpu
    return Took(count, (finished - begun).total_seconds(), cpu)


async def said(log: Path, event: str, number: str) -> datetime:
    """When sync said so of a number."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        for line in (await asyncio.to_thread(log.read_text)).splitlines():
            with suppress(ValueError):
                found = json.loads(line)
                if found.get("event") == event and found.get("number") == number:
                    return datetime.fromisoformat(found["timestamp"])
        await asyncio.sleep(LOOK_SECONDS)
    raise TimeoutError(f"sync did not say {event}")


async def end_of(at: Bench, number: str) -> int:
    """Where the number's history ends."""
    name = HISTORY.full_name(at.topics.prefix)
    where = TopicPartition(name, partition_for(number, at.topics.partitions))
    async with consumer(at.kafka, "benchmark") as reader:
        return int((await reader.end_offsets([where]))[where])


def _bare(at: Bench, number: str, start: int, end: int) -> Took:
    copies, servers = HANDOFFS.full_name(at.topics.prefix), at.kafka.bootstrap_servers
    topic = HISTORY.full_name(at.topics.prefix)
    task = Task(servers, f"bare-{number}", topic, [start], [end], copies, copies, [])
    took = result_of("tests.benchmarks.router.bare", told(task))
    return Took(end - start, took["seconds"], took["cpu"])


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """Let it stand still meanwhile."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def scratch_mib(server: Server) -> float:
    """What it has on local disk in files without a name."""
    size = 0
    for link in Path(f"/proc/{server.pid}/fd").iterdir():
        with suppress(OSError):
            if "(deleted)" in str(link.readlink()):
                size += link.stat().st_size
    return size / 1024 / 1024
