"""Probes and metrics: ``/livez``, ``/readyz``, ``/metrics`` on one port."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

log = structlog.get_logger()


@dataclass(slots=True)
class Health:
    """
    Why the service is not ready, by what is missing; ready when nothing is.

    A check is a name and a function that returns a sentence while something is missing.
    """

    checks: dict[str, Callable[[], str | None]] = field(default_factory=dict)

    def problems(self) -> dict[str, str]:
        """What stands in the way, in words; empty when ready."""
        found = {name: check() for name, check in self.checks.items()}
        return {name: problem for name, problem in found.items() if problem}

    def report(self) -> tuple[dict[str, Any], int]:
        """What ``/readyz`` answers: its body, and 200 or 503."""
        problems = self.problems()
        return {"ready": not problems, "problems": problems}, 503 if problems else 200

    def kafka_unavailable(self, problem: str) -> None:
        """Say why Kafka is not to be had: in the log, and to whoever asks whether we are ready."""
        log.warning("kafka.unavailable", problem=problem)
        self.checks["kafka"] = lambda: problem


def probe_app(health: Health) -> web.Application:
    """An aiohttp application with the three addresses every service has."""

    async def live(_: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def ready(_: web.Request) -> web.Response:
        body, status = health.report()
        return web.json_response(body, status=status)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes(
        [web.get("/livez", live), web.get("/readyz", ready), web.get("/metrics", metrics)]
    )
    return app
