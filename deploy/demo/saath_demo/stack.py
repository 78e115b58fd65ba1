"""
The whole set-up on one machine: the stand-in for Meta and the four services, each a process.

Used by ``saath demo``, ``saath dev`` and the flow tests. Nothing of it outlives the process that
started it, however that ends.
"""

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from cryptography.fernet import Fernet

from saath.errors import SaathError
from saath.settings import KafkaSettings, TopicSettings
from saath_local import Process, spawn
from saath_sandbox.client import Sandbox

SERVICES = ("ingest", "router", "sender", "sync")
READY_SECONDS = 60.0
GRACE_SECONDS = 15.0


class StackFailed(SaathError):
    """A process did not become ready; the message shows the end of its log."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Throw-away secrets of one set-up."""

    app_secret: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    verify_token: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)
    api_token: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    turn_key: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    installation_key: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    credentials_key: str = field(default_factory=lambda: Fernet.generate_key().decode(), repr=False)
    app_id: str = "1000000000000001"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each process listens on 127.0.0.1."""

    sandbox: int
    ingest: int
    router: int
    sender: int
    sync: int

    def url(self, name: str) -> str:
        """The address of one of them."""
        return f"http://127.0.0.1:{getattr(self, name)}"


def free_ports() -> Ports:
    """Ports that nobody listens on right now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(5)]
    ports = Ports(*(s.getsockname()[1] for s in sockets))
    for taken in sockets:
        taken.close()
    return ports


class Stack:
    """Running processes by name, and how to reach them."""

    def __init__(
        self,
        kafka: KafkaSettings,
        topics: TopicSettings,
        folder: Path,
        ports: Ports,
        overrides: Mapping[str, str],
    ) -> None:
        self.kafka, self.topics, self.folder, self.ports = kafka, topics, folder, ports
        self.secrets = Secrets()
        self.processes: dict[str, Process] = {}
        self._overrides = dict(overrides)
        self._more_ports: dict[str, int] = {}

    def environment(self) -> dict[str, str]:
        """What all four services read: one ConfigMap, as on Kubernetes."""
        own = self.secrets
        return {
            "SAATH_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "SAATH_TOPICS__PREFIX": self.topics.prefix,
            "SAATH_TOPICS__PARTITIONS": str(self.topics.partitions),
            "SAATH_TOPICS__REPLICATION_FACTOR": str(self.topics.replication_factor),
            "SAATH_INSTALLATION_KEY": own.installation_key,
            "SAATH_TURN_KEYS": own.turn_key,
            "SAATH_CREDENTIALS__KEYS": own.credentials_key,
            "SAATH_GRAPH__BASE_URL": self.ports.url("sandbox"),
            "SAATH_INGEST__APP_SECRETS": own.app_secret,
            "SAATH_INGEST__VERIFY_TOKENS": own.verify_token,
            "SAATH_SYNC__APP_ID": own.app_id,
            "SAATH_SYNC__APP_SECRET": own.app_secret,
            "SAATH_SYNC__API_TOKEN": own.api_token,
            **self._overrides,
        }

    def log_path(self, name: str) -> Path:
        """Where a process's output goes."""
        return self.folder / f"{name}.log"

    def url(self, name: str) -> str:
        """The address of a process, running or not."""
        return f"http://127.0.0.1:{self._port(name)}"

    def start(self, name: str) -> None:
        """Start a service, or the sandbox, that is not running. ``router-2`` is one more router."""
        self.processes[name] = spawn(
            self._command(name),
            env={**_inherited(), **self.environment(), "SAATH_HTTP_PORT": self._port(name)},
            log_path=self.log_path(name),
            grace_seconds=GRACE_SECONDS,
        )

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        self.processes.pop(name).kill()

    async def stop(self, name: str) -> int:
        """Ask a process to end (SIGTERM); its exit status."""
        process = self.processes.pop(name)
        process.terminate()
        return await asyncio.to_thread(process.wait, GRACE_SECONDS + 5)

    async def wait_until_ready(self, *names: str) -> None:
        """
        Wait for ``/readyz`` of these services.

        Raises:
            StackFailed: one ended, or was not ready in time.
        """
        async with aiohttp.ClientSession() as http:
            await asyncio.gather(*(self._ready(http, name) for name in names))

    def close(self) -> None:
        """End every process, the services first."""
        names = sorted(self.processes, key=lambda name: name == "sandbox")
        ending = [self.processes.pop(name) for name in names]
        for process in ending:
            process.terminate()
        for process in ending:
            process.close()

    async def _ready(self, http: aiohttp.ClientSession, name: str) -> None:
        url, problem = f"{self.url(name)}/readyz", "no answer"
        try:
            async with asyncio.timeout(READY_SECONDS):
                while self.processes[name].poll() is None:
                    try:
                        async with http.get(url) as response:
                            if response.status == 200:
                                return
                            problem = await response.text()
                    except aiohttp.ClientError as error:
                        problem = type(error).__name__
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise StackFailed(f"{name} is not ready: {problem}\n{self._tail(name)}") from None
        raise StackFailed(f"{name} ended at its start\n{self._tail(name)}")

    def _tail(self, name: str) -> str:
        lines = self.log_path(name).read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:])

    def _port(self, name: str) -> str:
        if "-" not in name:
            return str(getattr(self.ports, name))
        if name not in self._more_ports:
            self._more_ports[name] = free_ports().sandbox
        return str(self._more_ports[name])

    def _command(self, name: str) -> list[str]:
        if name != "sandbox":
            return [sys.executable, "-m", f"saath_{name.partition('-')[0]}"]
        own = self.secrets
        return [
            sys.executable, "-m", "saath_sandbox",
            "--port", self._port("sandbox"),
            "--webhook-url", f"{self.ports.url('ingest')}/webhooks/whatsapp",
            "--app-id", own.app_id,
            "--app-secret", own.app_secret,
            "--verify-token", own.verify_token,
        ]  # fmt: skip


def _inherited() -> dict[str, str]:
    """Our own environment without settings of Saath: the set-up is given its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SAATH_")}


@asynccontextmanager
async def run_stack(
    kafka: KafkaSettings,
    topics: TopicSettings,
    folder: Path,
    *,
    ports: Ports | None = None,
    overrides: Mapping[str, str] | None = None,
    services: tuple[str, ...] = SERVICES,
) -> AsyncIterator[tuple[Stack, Sandbox]]:
    """
    Start the sandbox and *services* against a broker whose topics are there; yield when ready.

    Raises:
        StackFailed: a process did not become ready.
    """
    stack = Stack(kafka, topics, folder, ports or free_ports(), overrides or {})
    async with AsyncExitStack() as exits:
        exits.push_async_callback(asyncio.to_thread, stack.close)
        for name in ("sandbox", *services):
            stack.start(name)
        meta = await exits.enter_async_context(Sandbox(stack.ports.url("sandbox")))
        await meta.wait_until_ready()
        await stack.wait_until_ready(*services)
        yield stack, meta
