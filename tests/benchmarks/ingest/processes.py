"""What is measured: ingest and the bare loop as real processes."""

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from tests.benchmarks.ingest.load import Load, Result, Tally
from tests.benchmarks.processes import Bench, Server, free_port, result_of

from saath.topics import BACKFILL

SECRET = "benchmark_app_secret"
HOLD_SECONDS = 0.04


@contextmanager
def ingest(at: Bench, name: str = "ingest") -> Iterator[Server]:
    """Run the service, with its default settings."""
    settings = {"SAATH_INGEST__APP_SECRETS": SECRET, "SAATH_INGEST__VERIFY_TOKENS": "unused"}
    with at.service(name, "saath_ingest", settings) as server:
        yield server


@contextmanager
def bare(at: Bench) -> Iterator[Server]:
    """Run the bare loop, on a topic like ours that ingest does not write."""
    port = free_port()
    environment = {
        "BARE_SERVERS": at.kafka.bootstrap_servers,
        "BARE_TOPIC": BACKFILL.full_name(at.topics.prefix),
        "BARE_SECRET": SECRET,
        "BARE_PORT": f"{port}",
    }
    with at.process("bare", "tests.benchmarks.ingest.bare", port, environment) as server:
        yield server


def put_under(load: Load) -> Result:
    """Run *load* in a process of its own, so that it shares nothing with us but the machine."""
    result = result_of("tests.benchmarks.ingest.load", asdict(load))
    return Result(Tally(**result["warm_up"]), Tally(**result["measured"]))


@contextmanager
def held_to(share: float, servers: Sequence[Server]) -> Iterator[None]:
    """Let each of *servers* run for *share* of the time only, by stopping it in between."""
    ended = threading.Event()

    def hold(server: Server) -> None:
        while not ended.wait(share * HOLD_SECONDS):
            os.kill(server.pid, signal.SIGSTOP)
            ended.wait((1 - share) * HOLD_SECONDS)
            os.kill(server.pid, signal.SIGCONT)

    threads = [threading.Thread(target=hold, args=(server,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
