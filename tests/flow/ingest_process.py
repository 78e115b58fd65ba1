"""Ingest as a process, and Meta played by the test."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from saath.settings import KafkaSettings, TopicSettings
from saath_ingest.signature import sign
from saath_local import Process, spawn

SECRET, TOKEN = "test_app_secret", "let-me-in"
WEBHOOK = "/webhooks/whatsapp"


@dataclass(frozen=True, slots=True)
class Ingest:
    """A running ingest, its log, and a client that signs as Meta does."""

    process: Process
    log_path: Path
    http: httpx.AsyncClient

    async def post(self, body: bytes, secret: str = SECRET) -> httpx.Response:
        """Deliver a webhook."""
        return await self.http.post(
            WEBHOOK, content=body, headers={"X-Hub-Signature-256": sign(body, secret)}
        )

    async def readiness(self) -> tuple[int, dict[str, Any]]:
        """What ``/readyz`` says."""
        response = await self.http.get("/readyz")
        return response.status_code, response.json()["problems"]

    async def until_ready(self, seconds: float = 60) -> None:
        """Wait until it would take a webhook."""
        async with asyncio.timeout(seconds):
            while (await self.readiness())[0] != 200:  # noqa: ASYNC110 # another process rings no bell
                await asyncio.sleep(0.05)

    async def until_problem(self, part: str, seconds: float = 60) -> None:
        """Wait until ``/readyz`` says this about Kafka."""
        async with asyncio.timeout(seconds):
            while part not in (await self.readiness())[1].get("kafka", ""):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The log lines of one kind."""
        return [line for line in self.lines() if line["event"] == event]

    def lines(self) -> list[dict[str, Any]]:
        """All that was logged."""
        return [*map(json.loads, self.log_path.read_text(encoding="utf-8").splitlines())]


def environment(kafka: KafkaSettings, topics: TopicSettings, **ingest: str) -> dict[str, str]:
    """
    The environment of an ingest on a free port; nothing of the test's own reaches it.

    A name in capitals is a setting that all services have.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SAATH_")}
    return clean | {
        "SAATH_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "SAATH_TOPICS__PREFIX": topics.prefix,
        "SAATH_HTTP_PORT": "0",
        "SAATH_INGEST__APP_SECRETS": f"another_secret,{SECRET}",
        "SAATH_INGEST__VERIFY_TOKENS": TOKEN,
        **{
            f"SAATH_{name}" if name.isupper() else f"SAATH_INGEST__{name.upper()}": value
            for name, value in ingest.items()
        },
    }


@asynccontextmanager
async def running_ingest(
    kafka: KafkaSettings, topics: TopicSettings, folder: Path, **settings: str
) -> AsyncIterator[Ingest]:
    """Start ingest; it listens, and may not have reached Kafka yet."""
    log_path = folder / "ingest.log"
    command = [sys.executable, "-m", "saath_ingest"]
    environ = environment(kafka, topics, **settings)
    with spawn(command, env=environ, log_path=log_path) as process:
        port = await _port(log_path)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
            yield Ingest(process, log_path, http)


async def _port(log_path: Path) -> int:
    async with asyncio.timeout(60):
        while (port := _logged_port(log_path)) is None:  # noqa: ASYNC110 # a log rings no bell
            await asyncio.sleep(0.05)
    return port


def _logged_port(log_path: Path) -> int | None:
    for line in log_path.read_text(encoding="utf-8").splitlines() if log_path.exists() else ():
        if '"service.started"' in line:
            return int(json.loads(line)["port"])
    return None
