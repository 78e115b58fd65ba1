"""The whole web application with its outlet in memory, called as a server calls it."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI

from saath.codec import decode
from saath.http import Health
from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath.topics import TOPICS
from saath_ingest.in_flight import InFlight
from saath_ingest.outbox import DEAD_LETTERS, size_of
from saath_ingest.routes import PATH, Intake, add_routes
from saath_ingest.settings import IngestSection
from saath_ingest.signature import sign

SECRET = "secret"
SECTION = IngestSection.model_validate({"app_secrets": SECRET, "verify_tokens": "token"})
Headers = list[tuple[bytes, bytes]]


@dataclass
class Outlet:
    """Takes every record that Kafka would take and that a reader can read."""

    layout: Layout = field(default_factory=lambda: Layout({topic.name: 24 for topic in TOPICS}))
    taken: int = 0
    last: Sequence[Output] = ()

    async def publish(self, outputs: Sequence[Output], *, timeout_seconds: float) -> None:
        for output in outputs:
            assert size_of(output) <= SECTION.record_bytes_max
            assert 0 <= output.partition < self.layout.of(output.topic)
            assert output.key
            if output.topic != DEAD_LETTERS:
                decode(output.headers, output.value)
        self.taken += len(outputs)
        self.last = outputs


@dataclass
class Door:
    """The application, and a count of what it has answered."""

    outlet: Outlet = field(default_factory=Outlet)
    in_flight: InFlight = field(default_factory=lambda: InFlight(SECTION.in_flight_bytes_max))
    answered: "Counter[int]" = field(default_factory=Counter)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        self.app = FastAPI()
        intake = Intake(
            SECTION, SECTION.secrets, self.outlet, self.in_flight, lambda: datetime.now(UTC)
        )
        add_routes(self.app, intake, Health())

    async def deliver(self, body: bytes) -> int:
        """A signed body, in one piece, as Meta sends it; the status it was answered."""
        signature = (b"x-hub-signature-256", sign(body, SECRET).encode())
        return await self.ask("POST", PATH, headers=[signature], chunks=[body])

    async def ask(
        self,
        method: str,
        path: str,
        *,
        query: bytes = b"",
        headers: Headers | None = None,
        chunks: Iterable[bytes] = (),
        hangs_up: bool = False,
    ) -> int:
        """Any request; the status it was answered. An exception inside is one here."""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(errors="surrogatepass"),
            "query_string": query,
            "headers": headers or [],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
        }
        pieces = [{"type": "http.request", "body": c, "more_body": True} for c in chunks]
        last = {"type": "http.disconnect"} if hangs_up else {"type": "http.request", "body": b""}
        arriving = iter([*pieces, last])
        said: list[int] = []

        async def receive() -> Any:
            return next(arriving, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                said.append(message["status"])

        async with asyncio.timeout(30):
            await self.app(scope, receive, send)
        [status] = said
        self.answered[status] += 1
        assert self.in_flight.bytes == 0
        return status
