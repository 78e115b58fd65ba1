"""Whoever connects numbers: through sync's HTTP, and through ``saath number`` on the same live process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from tests.flow.test_sync import sync_and_ingest
from typer.testing import CliRunner

from saath.cli.app import app
from saath.settings import KafkaSettings, TopicSettings
from saath_demo.stack import Stack
from saath_sandbox.client import Sandbox
from saath_sandbox.views import RegisteredNumber


@dataclass(frozen=True, slots=True)
class Desk:
    """One sync process, and both ways to reach it over its socket."""

    stack: Stack
    meta: Sandbox
    http: aiohttp.ClientSession

    async def register(self, **spec: Any) -> RegisteredNumber:
        """A number that nobody has connected yet."""
        return await self.meta.register_number(subscribed=False, **spec)

    async def post(self, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
        """What sync answers, and with what status."""
        async with self.http.post(f"{self.stack.ports.url('sync')}{path}", json=body) as answer:
            return answer.status, await answer.json()

    async def look(self, number: RegisteredNumber) -> dict[str, Any]:
        """The number as sync shows it, or what is said in its place."""
        url = f"{self.stack.ports.url('sync')}/numbers/{number.phone_number_id}"
        async with self.http.get(url) as answer:
            found: dict[str, Any] = await answer.json()
            return found

    async def saath(self, *arguments: str, stdin: str = "", **more: str) -> tuple[int, str]:
        """``saath number …``: its exit status, and all that it says."""
        environment = {
            "SAATH_CLI__SYNC_URL": self.stack.ports.url("sync"),
            "SAATH_SYNC__API_TOKEN": self.stack.secrets.api_token,
            "SAATH_KAFKA__BOOTSTRAP_SERVERS": self.stack.kafka.bootstrap_servers,
            "SAATH_TOPICS__PREFIX": self.stack.topics.prefix,
        }
        result = await asyncio.to_thread(
            lambda: CliRunner().invoke(
                app, ["number", *arguments], input=stdin, env=environment | more
            )
        )
        return result.exit_code, result.output


@asynccontextmanager
async def desk(
    kafka: KafkaSettings, topics: TopicSettings, folder: Path, **settings: str
) -> AsyncIterator[Desk]:
    """Ingest and sync as processes, the sandbox as Meta."""
    async with sync_and_ingest(kafka, topics, folder, **settings) as (stack, meta, _):
        headers = {"Authorization": f"Bearer {stack.secrets.api_token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            yield Desk(stack, meta, http)
