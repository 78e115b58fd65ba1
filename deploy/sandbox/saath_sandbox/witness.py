"""What the sandbox saw: the half of the control API that only reads, and waits."""

import asyncio
import dataclasses

import aiohttp
from aiohttp import web

from saath_sandbox.arrivals import ACCEPTED, Arrivals
from saath_sandbox.control import refused
from saath_sandbox.delivery import Delivery
from saath_sandbox.later import Later
from saath_sandbox.numbers import World
from saath_sandbox.views import Arrival, Verified

WAIT_MAX_SECONDS = 600.0
# Each look at the records costs; a load test must not be slowed by who waits for its end.
LOOK_EVERY_SECONDS = 0.01
MESSAGES_IN_ONE_ANSWER = 10_000


class Witness:
    """The endpoints under /control/ that change nothing."""

    def __init__(
        self,
        world: World,
        arrivals: Arrivals,
        delivery: Delivery,
        later: Later,
        http: aiohttp.ClientSession,
    ) -> None:
        self._world = world
        self._arrivals = arrivals
        self._delivery = delivery
        self._later = later
        self._http = http

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [
            web.get("/control/messages", self.messages),
            web.get("/control/calls", self.calls),
            web.get("/control/report", self.report),
            web.get("/control/deliveries", self.deliveries),
            web.get("/control/history", self.history),
            web.get("/control/wait", self.wait),
            web.get("/control/settled", self.settled),
            web.post("/control/verify", self.verify),
        ]

    async def messages(self, request: web.Request) -> web.Response:
        """What arrived after `since`, oldest first."""
        views = self._views(request)
        listed = [view.model_dump(exclude_none=False) for view in views]
        return web.json_response({"messages": listed, "next": self._arrivals.next_seq() - 1})

    async def calls(self, request: web.Request) -> web.Response:
        """What was asked of a number or an account besides sends, oldest first, refused ones too."""
        node = request.query.get("node")
        listed = [call for call, of in self._world.calls if node in (None, of)]
        return web.json_response({"calls": listed})

    async def report(self, request: web.Request) -> web.Response:
        """One number's account, or everyone's."""
        number = request.query.get("number")
        if number:
            return web.json_response(self._arrivals.report(number).model_dump())
        reports = {name: self._arrivals.report(name).model_dump() for name in self._world.numbers}
        return web.json_response({"numbers": reports})

    async def deliveries(self, _: web.Request) -> web.Response:
        """The webhooks' counters."""
        return web.json_response(self._delivery.view(len(self._later)).model_dump())

    async def history(self, request: web.Request) -> web.Response:
        """The history that was made up for a number: what a replay is to be held against."""
        number = self._world.numbers.get(request.query.get("number", ""))
        if number is None:
            raise refused("which number? register it first")
        listed = [dataclasses.asdict(message) for message in number.old_messages]
        return web.json_response({"messages": listed})

    async def wait(self, request: web.Request) -> web.Response:
        """Hold the answer until enough messages were accepted, or the time is over."""
        wanted = int(request.query.get("messages_min", "1"))
        loop = asyncio.get_running_loop()
        ends = loop.time() + _timeout(request)
        while True:
            views = [
                view
                for view in self._views(request)
                if view.outcome == ACCEPTED and view.type != "read"
            ]
            left = ends - loop.time()
            if len(views) >= wanted or left <= 0:
                listed = [view.model_dump() for view in views]
                return web.json_response({"met": len(views) >= wanted, "messages": listed})
            await self._arrivals.wait_for_change(left)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def settled(self, request: web.Request) -> web.Response:
        """Hold the answer until every webhook is answered 200 and none is to come."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + _timeout(request)
        while self._waiting() and loop.time() < ends:  # noqa: ASYNC110 - nobody signals a sum of two
            await asyncio.sleep(LOOK_EVERY_SECONDS)
        view = self._delivery.view(len(self._later)).model_dump()
        return web.json_response({"met": not self._waiting(), "deliveries": view})

    async def verify(self, _: web.Request) -> web.Response:
        """Challenge the webhook as Meta does when its address is saved."""
        challenge = "1158201444"
        asked = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": self._world.settings.verify_token,
        }
        try:
            async with self._http.get(self._delivery.url or "", params=asked) as answer:
                text = await answer.text()
                ok = answer.status == 200 and text == challenge
                view = Verified(ok=ok, status=answer.status, body=text[:500])
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            view = Verified(ok=False, status=None, body=f"{type(error).__name__}: {error}"[:500])
        return web.json_response(view.model_dump())

    def _waiting(self) -> int:
        return self._delivery.pending + len(self._later)

    def _views(self, request: web.Request) -> list[Arrival]:
        query = request.query
        records = self._arrivals.records(
            query.get("number"), int(query.get("since", "0")), query.get("to")
        )
        with_request = query.get("request") == "true"
        chosen = [record for record, _ in zip(records, range(MESSAGES_IN_ONE_ANSWER), strict=False)]
        return [record.view(with_request) for record in chosen]


def _timeout(request: web.Request) -> float:
    return min(float(request.query.get("timeout", "10")), WAIT_MAX_SECONDS)
