"""The composition: what the stand-in is made of, opened in order, closed in reverse."""

import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from saath_sandbox.arrivals import Arrivals
from saath_sandbox.clock import Clock
from saath_sandbox.control import Control
from saath_sandbox.delivery import Delivery
from saath_sandbox.faults import Faults
from saath_sandbox.graph import Graph
from saath_sandbox.later import Later
from saath_sandbox.numbers import World
from saath_sandbox.onboarding import Onboarding
from saath_sandbox.people import People
from saath_sandbox.sending import Sending
from saath_sandbox.settings import Settings
from saath_sandbox.witness import Witness

BODY_MAX_BYTES = 16 * 1024**2


@asynccontextmanager
async def sandbox(settings: Settings, clock: Clock) -> AsyncIterator[web.Application]:
    """Everything, ready to be served."""
    # Without a seed each run makes new ids: a second run against a broker that still
    # knows the first would see its messages as duplicates.
    seed = secrets.randbits(64) if settings.seed is None else settings.seed
    timeout = aiohttp.ClientTimeout(total=settings.webhook_timeout_seconds)
    async with aiohttp.ClientSession(timeout=timeout) as http:
        faults = Faults(settings, random.Random(f"{seed}:faults"))  # noqa: S311 - seeded on purpose
        delivery = Delivery(settings, faults, http)
        later = Later()
        world = World(settings, clock, seed)
        arrivals = Arrivals(settings.messages_kept)
        people = People(world, delivery, later, arrivals)
        sending = Sending(world, people, later, arrivals, faults)
        onboarding = Onboarding(world, people, later)

        async def reset(_: web.Request) -> web.Response:
            """Forget everything but the settings and the webhook's address."""
            later.forget()
            await delivery.forget()
            world.forget()
            arrivals.forget()
            faults.forget()
            return web.json_response({"done": True})

        app = web.Application(client_max_size=BODY_MAX_BYTES)
        app.add_routes(Graph(world, sending, onboarding, faults).routes())
        app.add_routes(Control(world, people, delivery, faults).routes())
        app.add_routes(Witness(world, arrivals, delivery, later, http).routes())
        app.add_routes([web.post("/control/reset", reset)])
        try:
            yield app
        finally:
            later.forget()
            await delivery.forget()
