"""The sandbox as a process, a webhook of our own, and a Graph client."""

import asyncio
import hashlib
import hmac
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from saath_sandbox.client import Sandbox
from saath_sandbox.views import RegisteredNumber

APP_ID, SECRET, TOKEN = "1000000000000001", "test_app_secret", "let-me-in"
PHONE = "16505551234"


@dataclass
class Receiver:
    """A webhook of our own: keeps the bytes, answers what it is told to answer."""

    url: str = ""
    answers: list[int] = field(default_factory=list)  # before it settles on 200
    posts: list[bytes] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)  # those of them answered 200
    wrongly_signed: int = 0

    async def post(self, request: web.Request) -> web.Response:
        body = await request.read()
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if request.headers.get("X-Hub-Signature-256") != f"sha256={digest}":
            self.wrongly_signed += 1
            return web.Response(status=401)
        self.posts.append(body)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.taken.append(body)
        return web.Response(status=status)

    async def get(self, request: web.Request) -> web.Response:
        if request.query["hub.verify_token"] != TOKEN:
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    def changes(self, name: str) -> list[dict[str, Any]]:
        """The values of every change of one field that was answered 200, in order of arrival."""
        return [
            change["value"]
            for body in self.taken
            for entry in json.loads(body)["entry"]
            for change in entry["changes"]
            if change["field"] == name
        ]

    def statuses(self) -> list[dict[str, Any]]:
        """Every status, in order of arrival."""
        return [item for value in self.changes("messages") for item in value.get("statuses", [])]


@dataclass
class Meta:
    """The sandbox, its receiver, and a Graph client."""

    control: Sandbox
    receiver: Receiver
    process: asyncio.subprocess.Process
    graph: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, token: str | None = None, **how: Any
    ) -> tuple[int, dict[str, Any]]:
        """A Graph call: status and answer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.control.url}/v25.0/{path}"
        async with self.graph.request(method, url, headers=headers, **how) as answer:
            content: dict[str, Any] = await answer.json(content_type=None)
            return answer.status, content

    async def send(
        self, number: RegisteredNumber, to: str = PHONE, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        """Send a text, or what *more* says."""
        text = {"type": "text", "text": {"body": "Hello"}}
        content = {"messaging_product": "whatsapp", "to": f"+{to}", **text, **more}
        path = f"{number.phone_number_id}/messages"
        return await self.call("POST", path, number.access_token, json=content)

    async def exchange(self, code: str) -> tuple[int, dict[str, Any]]:
        """Ask for a token."""
        asked = {"client_id": APP_ID, "client_secret": SECRET, "code": code}
        return await self.call("GET", "oauth/access_token", params=asked)

    async def sync(self, number: RegisteredNumber, what: str) -> tuple[int, dict[str, Any]]:
        """Ask for contacts or history."""
        content = {"messaging_product": "whatsapp", "sync_type": what}
        path = f"{number.phone_number_id}/smb_app_data"
        return await self.call("POST", path, number.access_token, json=content)


@asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[Receiver]:
    """The receiver on a port of its own."""
    app = web.Application()
    app.add_routes([web.post("/", receiver.post), web.get("/", receiver.get)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield receiver
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sandbox(*flags: str) -> AsyncIterator[Meta]:
    """The sandbox as a process, with a receiver."""
    async with listening(Receiver()) as receiver, aiohttp.ClientSession() as graph:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "saath_sandbox", "--app-secret", SECRET),
            *("--verify-token", TOKEN, "--webhook-url", receiver.url),
            *("--redelivery-first-seconds", "0.05", *flags),
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            ready = (await asyncio.wait_for(process.stdout.readline(), 60)).decode()
            assert ready.startswith("sandbox ready on http://127.0.0.1:")
            async with Sandbox(ready.split(" on ")[1].strip()) as control:
                yield Meta(control, receiver, process, graph)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


def code_of(answer: tuple[int, dict[str, Any]]) -> tuple[int, int]:
    """HTTP status and Meta's code."""
    return answer[0], answer[1]["error"]["code"]


async def eventually(holds: Callable[[], bool], timeout: float = 60.0) -> None:
    """Wait for something that another process brings about."""
    async with asyncio.timeout(timeout):
        while not holds():  # noqa: ASYNC110 - another process signals nothing
            await asyncio.sleep(0.01)


async def swallow(work: Awaitable[object]) -> None:
    """Wait for a call that is cut off."""
    try:
        await work
    except (aiohttp.ClientError, OSError):
        return
