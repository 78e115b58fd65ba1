"""What is measured: real processes on a real broker, and what they cost the machine."""

import asyncio
import json
import os
import platform
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saath.kafka.layout import apply
from saath.settings import KafkaSettings, TopicSettings
from saath_local import spawn

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60.0


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
    def service(self, name: str, module: str, settings: Mapping[str, str]) -> Iterator[Server]:
        """Run one of the services with *settings*, until it is ready and then meanwhile."""
        port = free_port()
        common = {
            "SAATH_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "SAATH_TOPICS__PREFIX": self.topics.prefix,
            "SAATH_HTTP_PORT": f"{port}",
        }
        with self.process(name, module, port, {**common, **settings}) as server:
            yield server

    @contextmanager
    def process(
        self, name: str, module: str, port: int, environment: Mapping[str, str]
    ) -> Iterator[Server]:
        """Run *module*, which answers ``/readyz`` on *port*."""
        log_path = self.folder / f"{name}.log"
        command = [sys.executable, "-m", module]
        env = {**_clean(), **environment}
        with spawn(command, env=env, log_path=log_path, cwd=ROOT) as process:
            _wait_until_ready(port, log_path)
            yield Server(name, port, process.pid)


def bench(kafka: KafkaSettings, folder: Path, **topics: Any) -> Bench:
    """Make topics that no other run has."""
    prefix = f"bench-{secrets.token_hex(4)}."
    settings = TopicSettings(prefix=prefix, replication_factor=1, **topics)
    asyncio.run(apply(kafka, settings, "benchmark"))
    return Bench(kafka, settings, folder)


def result_of(module: str, task: Mapping[str, Any]) -> Any:
    """What *module* prints as JSON, in a process of its own, which shares nothing with us but the machine."""
    command = [sys.executable, "-m", module, json.dumps(task)]
    # A file, because an unbuffered Python drops what does not go into a pipe at once.
    with tempfile.TemporaryFile() as out:
        done = subprocess.run(
            command, cwd=ROOT, env=_clean(), stdout=out, stderr=subprocess.PIPE, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        out.seek(0)
        return json.loads(out.read())


def machine() -> str:
    """Where this is measured, and how busy it is."""
    python = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    return f"{python}, load average {os.getloadavg()[0]:.1f}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _clean() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("SAATH_")}


def _wait_until_ready(port: int, log_path: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"not ready:\n{log_path.read_text(errors='replace')[-2000:]}")
