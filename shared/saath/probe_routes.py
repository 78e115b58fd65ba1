"""Probes and metrics for a service that speaks FastAPI anyway; ``saath.http`` has them for the others."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from saath.http import Health


def probe_routes(health: Health) -> APIRouter:
    """``/livez``, ``/readyz`` and ``/metrics``, answered as every service answers them."""
    router = APIRouter()

    @router.get("/livez")
    async def live() -> Response:
        return JSONResponse({"live": True})

    @router.get("/readyz", responses={503: {"description": "Not ready, and what is missing"}})
    async def ready() -> Response:
        body, status = health.report()
        return JSONResponse(body, status)

    @router.get("/metrics", response_class=PlainTextResponse)
    async def scrape() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
