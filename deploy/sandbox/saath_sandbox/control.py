"""The control API: what a test, a demo or a person may have happen. Changes only; see `witness`."""

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pydantic
from aiohttp import web

from saath_sandbox import wire
from saath_sandbox.asks import (
    AccountAsk,
    Ask,
    CodeAsk,
    ContactAsk,
    EchoAsk,
    FaultsAsk,
    InboundAsk,
    NumberAsk,
    RawAsk,
    TemplateAsk,
)
from saath_sandbox.delivery import Delivery
from saath_sandbox.faults import Faults
from saath_sandbox.numbers import Number, World
from saath_sandbox.people import People
from saath_sandbox.views import RegisteredNumber

A = TypeVar("A", bound=Ask)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """The endpoints under /control/ that change something."""

    def __init__(self, world: World, people: People, delivery: Delivery, faults: Faults) -> None:
        self._world = world
        self._people = people
        self._delivery = delivery
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        return [
            web.post("/control/numbers", self.numbers),
            web.post("/control/codes", self.codes),
            web.post("/control/inbound", self.inbound),
            web.post("/control/echo", self.echo),
            web.post("/control/contact", self.contact),
            web.post("/control/account_update", self.account_update),
            web.post("/control/templates", self.templates),
            web.post("/control/raw", self.raw),
            web.post("/control/faults", self.faults),
            web.post("/control/webhook", self.webhook),
            web.post("/control/clock", self.clock),
        ]

    async def numbers(self, request: web.Request) -> web.Response:
        """Register a business number."""
        number, token = self._world.register(await asked(request, NumberAsk))
        view = RegisteredNumber(
            phone_number_id=number.phone_number_id,
            display_phone_number=number.display_phone_number,
            waba_id=number.waba_id,
            access_token=token,
        )
        return web.json_response(view.model_dump())

    async def codes(self, request: web.Request) -> web.Response:
        """Finish Embedded Signup for a WABA."""
        ask = await asked(request, CodeAsk)
        return web.json_response({"code": self._world.issue_code(ask.waba_id)})

    async def inbound(self, request: web.Request) -> web.Response:
        """Let a customer write."""
        ask = await asked(request, InboundAsk)
        if not (ask.phone or ask.user_id):
            raise refused("a customer needs a phone, a user_id, or both")
        wamid = self._people.customer_writes(self._number(ask.number), ask)
        return web.json_response({"wamid": wamid})

    async def echo(self, request: web.Request) -> web.Response:
        """Let a person answer in the app."""
        ask = await asked(request, EchoAsk)
        wamid = self._people.person_answers(self._number(ask.number), ask)
        return web.json_response({"wamid": wamid})

    async def contact(self, request: web.Request) -> web.Response:
        """Let the business save a contact, or remove one."""
        ask = await asked(request, ContactAsk)
        self._people.contact_saved(self._number(ask.number), ask)
        return web.json_response({"done": True})

    async def account_update(self, request: web.Request) -> web.Response:
        """Let Meta tell of the account."""
        ask = await asked(request, AccountAsk)
        if ask.number:
            self._number(ask.number)
        elif not ask.waba_id:
            raise refused("an account_update needs a number or a waba_id")
        self._people.account_changed(ask)
        return web.json_response({"done": True})

    async def templates(self, request: web.Request) -> web.Response:
        """Approve a template in a category."""
        ask = await asked(request, TemplateAsk)
        self._world.templates[ask.name] = ask.category
        return web.json_response({"done": True})

    async def raw(self, request: web.Request) -> web.Response:
        """Post any body once; the status it got."""
        ask = await asked(request, RawAsk)
        body = ask.text.encode() if ask.text is not None else wire.encode(ask.body)
        signature: str | None = wire.sign(self._world.settings.app_secret, body)
        if ask.signature == "wrong":
            signature = wire.sign("not the secret", body)
        elif ask.signature == "missing":
            signature = None
        return web.json_response({"status": await self._delivery.post(body, signature)})

    async def faults(self, request: web.Request) -> web.Response:
        """Make something go wrong from now on; the state of all faults."""
        self._faults.ask(await asked(request, FaultsAsk))
        return web.json_response(self._faults.view())

    async def webhook(self, request: web.Request) -> web.Response:
        """Deliver to another address from now on, also what is waiting."""
        self._delivery.url = str((await content(request)).get("url") or "") or None
        return web.json_response({"url": self._delivery.url})

    async def clock(self, request: web.Request) -> web.Response:
        """Move the wall clock on (the cap's clock stays)."""
        clock = self._world.clock
        clock.ahead_seconds += float((await content(request)).get("advance_seconds", 0))
        return web.json_response({"unix": clock.unix(), "ahead_seconds": clock.ahead_seconds})

    def _number(self, phone_number_id: str) -> Number:
        number = self._world.numbers.get(phone_number_id)
        if number is None:
            raise refused(f"no number {phone_number_id!r}; register it at /control/numbers")
        return number


def refused(sentence: str) -> web.HTTPBadRequest:
    """A control request that makes no sense, and why."""
    return web.HTTPBadRequest(text=json.dumps({"error": sentence}), content_type="application/json")


async def content(request: web.Request) -> dict[str, Any]:
    """The request's JSON object."""
    try:
        value = json.loads(await request.read() or b"{}")
    except ValueError as error:
        raise refused(f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise refused("a JSON object is expected")
    return value


async def asked(request: web.Request, ask: type[A]) -> A:
    """The request as the thing asked for, or a sentence for each field that is wrong."""
    try:
        return ask.model_validate(await content(request))
    except pydantic.ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise refused("; ".join(wrong)) from None
