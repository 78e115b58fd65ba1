"""The Graph API, as much of it as Saath uses. Paths begin with a version: /v25.0/…"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from saath_sandbox import errors, validation
from saath_sandbox.asks import AnswerFault, Call
from saath_sandbox.clock import Clock
from saath_sandbox.errors import GraphError
from saath_sandbox.faults import Faults
from saath_sandbox.numbers import Number, World
from saath_sandbox.onboarding import Onboarding
from saath_sandbox.sending import Post, Reply, Sending

# A client that waits longer than this for an answer that never comes has no timeout at all.
HANG_SECONDS = 300.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Graph:
    """The endpoints. Rules live in `sending` and `onboarding`; here is only HTTP."""

    def __init__(
        self, world: World, sending: Sending, onboarding: Onboarding, faults: Faults
    ) -> None:
        self._world = world
        self._clock: Clock = world.clock
        self._sending = sending
        self._onboarding = onboarding
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        """What is served."""
        version = r"/{version:v\d+\.\d+}"
        return [
            web.post(version + "/{node}/messages", self.messages),
            web.get(
                version + "/oauth/access_token", self._in_metas_shape(self.access_token, "exchange")
            ),
            web.post(
                version + "/{node}/subscribed_apps",
                self._in_metas_shape(self.subscribe, "subscribe"),
            ),
            web.get(
                version + "/{node}/phone_numbers",
                self._in_metas_shape(self.phone_numbers, "phone_numbers"),
            ),
            web.post(
                version + "/{node}/smb_app_data", self._in_metas_shape(self.smb_app_data, "history")
            ),
            web.get(version + "/{node}", self._in_metas_shape(self.node, "facts")),
        ]

    async def messages(self, request: web.Request) -> web.StreamResponse:
        """POST /{PHONE_ID}/messages: the one that is measured."""
        if late := self._faults.way_seconds():
            await asyncio.sleep(late)  # it is on its way still
        arrived = self._clock.now()  # before anything else: this is the witness's figure
        body = await request.read()
        version = int(request.match_info["version"][1:].split(".")[0])
        node = request.match_info["node"]
        reply = self._sending.receive(Post(node, version, _token(request), body, arrived))
        delay = self._faults.answer_delay_seconds()
        if delay:
            await asyncio.sleep(delay)
        if reply.fault:
            return await _spoil(request, reply, reply.fault)
        return _json(reply.body, reply.http)

    async def access_token(self, request: web.Request) -> web.Response:
        """GET /oauth/access_token: a code becomes a token."""
        asked = request.query
        token = self._onboarding.exchange(
            asked.get("client_id", ""), asked.get("client_secret", ""), asked.get("code", "")
        )
        return _json({"access_token": token, "token_type": "bearer"})

    async def subscribe(self, request: web.Request) -> web.Response:
        """POST /{WABA_ID}/subscribed_apps: from now on its webhooks are delivered."""
        for number in self._waba(request):
            number.subscribed = True
        return _json({"success": True})

    async def phone_numbers(self, request: web.Request) -> web.Response:
        """GET /{WABA_ID}/phone_numbers."""
        numbers = [self._fields(number, request) for number in self._waba(request)]
        return _json({"data": numbers})

    async def smb_app_data(self, request: web.Request) -> web.Response:
        """POST /{PHONE_ID}/smb_app_data: contacts or history, once each."""
        number = self._number(request)
        content = validation.parse(await request.read())
        request_id = await self._onboarding.sync(number, str(content.get("sync_type")))
        return _json({"messaging_product": "whatsapp", "request_id": request_id})

    async def node(self, request: web.Request) -> web.Response:
        """GET /{PHONE_ID}?fields=…"""
        return _json(self._fields(self._number(request), request))

    def _in_metas_shape(self, handler: Handler, kind: Call) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            node, call = request.match_info.get("node", ""), kind
            if kind == "history" and b"smb_app_state_sync" in await request.read():
                call = "contacts"
            self._world.calls.append((call, node))
            fault = self._faults.take_answer(node, call)
            try:
                if fault is None:
                    return await handler(request)
                return await self._faulty(handler, request, fault)
            except GraphError as error:
                return _json(error.body(self._world.ids.trace()), error.http)

        return handle

    async def _faulty(
        self, handler: Handler, request: web.Request, fault: AnswerFault
    ) -> web.StreamResponse:
        """Accept or not, and answer wrongly or not at all, as the fault wants it."""
        if fault.kind == "error":
            known = errors.by_code(fault.code, fault.http)
            raise GraphError(
                known.http, known.code, fault.message or known.message, subcode=fault.subcode
            )
        if fault.kind in ("cut", "hang"):
            await handler(request)
        if fault.kind == "http":
            return web.Response(status=fault.http or 502, text="spoilt on request")
        if fault.kind in ("hang", "stall"):
            await asyncio.sleep(HANG_SECONDS)
        if request.transport is not None:
            request.transport.abort()
        return _json({})  # nobody is there to read it

    def _waba(self, request: web.Request) -> list[Number]:
        waba_id = request.match_info["node"]
        self._authorise(request, waba_id)
        numbers = [n for n in self._world.of_waba(waba_id) if n.state != "removed"]
        if not numbers:
            raise errors.not_visible(waba_id)
        return numbers

    def _number(self, request: web.Request) -> Number:
        number = self._world.numbers.get(request.match_info["node"])
        if number is None:
            raise errors.not_visible(request.match_info["node"])
        self._authorise(request, number.waba_id)
        if number.state == "removed":
            raise errors.not_visible(number.phone_number_id)
        return number

    def _authorise(self, request: web.Request, waba_id: str) -> None:
        token = _token(request)
        if token is None:
            raise errors.NO_TOKEN
        if not self._world.may(token, waba_id):
            raise errors.BAD_TOKEN

    def _fields(self, number: Number, request: web.Request) -> dict[str, Any]:
        known = _facts(number, self._world.settings.app_id)
        wanted = request.query.get("fields", "verified_name,display_phone_number,quality_rating")
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        for name in names:
            if name not in known:
                raise GraphError(
                    400,
                    100,
                    f"(#100) Tried accessing nonexisting field ({name}) on node type "
                    "(WhatsAppBusinessPhoneNumber)",
                )
        return {**{name: known[name] for name in names}, "id": number.phone_number_id}


def _facts(number: Number, app_id: str) -> dict[str, Any]:
    """Every field of a phone number that may be asked for."""
    connected = number.state == "connected"
    sendable = "AVAILABLE" if connected else "BLOCKED"
    entities = (
        ("PHONE_NUMBER", number.phone_number_id),
        ("WABA", number.waba_id),
        ("BUSINESS", "1" + number.waba_id),
        ("APP", app_id),
    )
    return {
        "id": number.phone_number_id,
        "is_on_biz_app": number.on_biz_app,
        "platform_type": "CLOUD_API" if connected else "NOT_APPLICABLE",
        "display_phone_number": number.display_phone_number,
        "verified_name": number.verified_name,
        "status": "CONNECTED" if connected else "DISCONNECTED",
        "quality_rating": "GREEN",
        "code_verification_status": "VERIFIED",
        "throughput": {"level": "STANDARD"},
        "whatsapp_business_manager_messaging_limit": "TIER_250",
        "webhook_configuration": {},
        "health_status": {
            "can_send_message": sendable,
            "entities": [
                {
                    "entity_type": kind,
                    "id": identity,
                    "can_send_message": sendable if kind == "PHONE_NUMBER" else "AVAILABLE",
                }
                for kind, identity in entities
            ],
        },
    }


async def _spoil(request: web.Request, reply: Reply, fault: AnswerFault) -> web.StreamResponse:
    """Answer as the fault wants it: wrongly, or not at all."""
    if fault.kind == "http":
        after = fault.retry_after_seconds
        headers = {} if after is None else {"Retry-After": str(after)}
        return web.Response(status=fault.http or 502, text="spoilt on request", headers=headers)
    if fault.kind == "hang":
        await asyncio.sleep(HANG_SECONDS)
    if request.transport is not None:
        request.transport.abort()
    return _json(reply.body, reply.http)  # nobody is there to read it


def _token(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.query.get("access_token")


def _json(body: dict[str, Any], status: int = 200) -> web.Response:
    return web.Response(
        body=json.dumps(body).encode(), status=status, content_type="application/json"
    )
