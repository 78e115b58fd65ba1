"""What is measured: ingest and the bare loop as real processes, and what they cost the machine."""

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.benchmarks.ingest.load import Load, Result, Tally

from saath.kafka.layout import apply
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import BACKFILL
from saath_local import spawn

ROOT = Path(__file__).parents[3]
SECRET = "benchmark_app_secret"
READY_SECONDS = 30.0
HOLD_SECONDS = 0.04


@dataclass(frozen=True, slots=True)
class Server:
    """A running process that takes webhooks."""

    name: str
    port: int
    pid: int

    def cpu_seconds(self) -> float | None:
        """The processor time it has used so far, where the system says so."""
        stat = Path(f"/proc/{self.pid}/stat")
        if not stat.exists():
            return None
        ticks = stat.read_text(encoding="utf-8").rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> tuple[float, float] | None:
        """Its resident memory now, and the most it ever was."""
        status = Path(f"/proc/{self.pid}/status")
        if not status.exists():
            return None
        lines = (line.split() for line in status.read_text(encoding="utf-8").splitlines())
        kib = {line[0]: int(line[1]) for line in lines if line[0] in ("VmRSS:", "VmHWM:")}
        return kib["VmRSS:"] / 1024, kib["VmHWM:"] / 1024


@dataclass(frozen=True, slots=True)
class Bench:
    """A broker, topics on it, and a folder for logs."""

    kafka: KafkaSettings
    topics: TopicSettings
    folder: Path

    @contextmanager
    def ingest(self, name: str = "ingest") -> Iterator[Server]:
        """Run the service, with its default settings."""
        port = _free_port()
        environment = {
            "SAATH_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "SAATH_TOPICS__PREFIX": self.topics.prefix,
            "SAATH_HTTP_PORT": f"{port}",
            "SAATH_INGEST__APP_SECRETS": SECRET,
            "SAATH_INGEST__VERIFY_TOKENS": "unused",
        }
        with self._running(name, "saath_ingest", port, environment) as server:
            yield server

    @contextmanager
    def bare(self) -> Iterator[Server]:
        """Run the bare loop, on a topic like ours that ingest does not write."""
        port = _free_port()
        environment = {
            "BARE_SERVERS": self.kafka.bootstrap_servers,
            "BARE_TOPIC": BACKFILL.full_name(self.topics.prefix),
            "BARE_SECRET": SECRET,
            "BARE_PORT": f"{port}",
        }
        with self._running("bare", "tests.benchmarks.ingest.bare", port, environment) as server:
            yield server

    @contextmanager
    def _running(
        self, name: str, module: str, port: int, environment: dict[str, str]
    ) -> Iterator[Server]:
        clean = {key: value for key, value in os.environ.items() if not key.startswith("SAATH_")}
        log_path = self.folder / f"{name}.log"
        command = [sys.executable, "-m", module]
        with spawn(command, env=clean | environment, log_path=log_path, cwd=ROOT) as process:
            _wait_until_ready(port, log_path)
            yield Server(name, port, process.pid)


def bench(kafka: KafkaSettings, folder: Path) -> Bench:
    """Make topics that no other run has."""
    prefix = f"bench-{secrets.token_hex(4)}."
    topics = TopicSettings(prefix=prefix, replication_factor=1)
    asyncio.run(apply(kafka, topics, "benchmark"))
    return Bench(kafka, topics, folder)


def put_under(load: Load) -> Result:
    """Run *load* in a process of its own, so that it shares nothing with us but the machine."""
    command = [sys.executable, "-m", "tests.benchmarks.ingest.load", json.dumps(asdict(load))]
    # A file, because an unbuffered Python drops what does not go into a pipe at once.
    with tempfile.TemporaryFile() as out:
        done = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        out.seek(0)
        result = json.loads(out.read())
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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _wait_until_ready(port: int, log_path: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"not ready:\n{log_path.read_text(errors='replace')[-2000:]}")
