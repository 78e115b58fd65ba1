"""HTTP: numbers are connected and looked at here. No rules: ``onboarding`` and ``connect`` have them."""

from typing import Literal

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import Field, SecretStr, ValidationError

from saath.errors import SaathError
from saath.events import Answers, NumberPolicy
from saath.probe_routes import probe_routes
from saath_sync.adopt_routes import adopt_routes
from saath_sync.connect import Wish
from saath_sync.eligibility import Candidate, NotEligible, judged
from saath_sync.facts import AppOpened, ReplayAsked
from saath_sync.front import (
    DIGITS,
    Front,
    NoToken,
    Number,
    PlaceBody,
    UnknownNumber,
    body_in_openapi,
    body_of,
    misread,
    refused,
    service_of,
    verdict_shown,
)
from saath_sync.view import shown
from saath_sync.watch_routes import watch_routes


class CandidateBody(PlaceBody):
    """What may be said of a number before it is connected; what is not said is not judged."""

    phone: str | None = Field(default=None, pattern=r"^\+?[0-9 ()./-]{5,40}$")
    app_version: str | None = Field(default=None, max_length=40)
    app: Literal["business", "consumer"] | None = None

    def candidate(self) -> Candidate:
        """As it is judged."""
        return Candidate(self.phone, self.country, self.app_version, self.app)


class ConnectBody(CandidateBody):
    """What the onboarding page sends when the business has finished Embedded Signup."""

    code: SecretStr = Field(min_length=1, max_length=4096)
    waba_id: str = Field(pattern=DIGITS)
    phone_number_id: str | None = Field(default=None, pattern=DIGITS)
    answers: Answers | None = None
    bot: str | None = Field(default=None, min_length=1, max_length=100)
    history: bool = True
    cap_per_second: int | None = Field(default=None, ge=1, le=1000)


def application(front: Front) -> FastAPI:
    """The web application: onboarding for the one who has the token, and the operators' three."""
    where = "/openapi.json" if front.expose_openapi else None
    app = FastAPI(title="saath-sync", docs_url=None, redoc_url=None, openapi_url=where)
    app.include_router(adopt_routes(front))
    app.include_router(_numbers(front))
    app.include_router(_by_people(front))
    app.include_router(watch_routes(front))
    app.include_router(probe_routes(front.health))

    async def say_why(_: Request, error: Exception) -> Response:
        return await refused(front, error)

    app.add_exception_handler(SaathError, say_why)
    app.add_exception_handler(RequestValidationError, misread)
    app.add_exception_handler(ValidationError, misread)
    return app


def _numbers(front: Front) -> APIRouter:
    router = APIRouter()

    @router.post("/numbers", openapi_extra=body_in_openapi(ConnectBody))
    async def connect(request: Request) -> JSONResponse:
        service = service_of(front, request)
        body = ConnectBody.model_validate_json(await body_of(request))
        verdict = judged(body.candidate(), front.not_supported)
        if verdict.obstacles:
            raise NotEligible(verdict)
        ledger = await service.connector.connect(_wish(body, front))
        return JSONResponse(shown(ledger, front.now()))

    @router.post("/numbers/check", openapi_extra=body_in_openapi(CandidateBody))
    async def check(request: Request) -> JSONResponse:
        """Say what stands in a number's way before anybody goes through Embedded Signup."""
        service_of(front, request)
        body = CandidateBody.model_validate_json(await body_of(request))
        return JSONResponse(verdict_shown(judged(body.candidate(), front.not_supported)))

    @router.get("/numbers/{number}")
    async def look(request: Request, number: Number) -> JSONResponse:
        ledger = service_of(front, request).connector.numbers.ledger(number)
        if ledger is None:
            raise UnknownNumber(f"the number {number} was never connected here")
        return JSONResponse(shown(ledger, front.now()))

    @router.post("/numbers/{number}/resume")
    async def resume(request: Request, number: Number) -> JSONResponse:
        service = service_of(front, request)
        if service.connector.numbers.ledger(number) is None:
            raise UnknownNumber(f"the number {number} was never connected here")
        token = service.token_of(number)
        if token is None:
            raise NoToken("no usable token is stored for it: connect it with a new code")
        ledger = await service.connector.resume(number, token)
        return JSONResponse(shown(ledger, front.now()))

    return router


def _by_people(front: Front) -> APIRouter:
    """What only a person can say of a number."""
    router = APIRouter()

    @router.post("/numbers/{number}/opened")
    async def opened(request: Request, number: Number) -> JSONResponse:
        """A person says that the app was opened on the phone: the API cannot see it."""
        return await said(request, AppOpened(number))

    @router.post("/numbers/{number}/history/replay")
    async def replay(request: Request, number: Number) -> JSONResponse:
        """Replay what has come of a number's history as it is, without waiting for what is missing."""
        return await said(request, ReplayAsked(number))

    async def said(request: Request, fact: AppOpened | ReplayAsked) -> JSONResponse:
        numbers = service_of(front, request).connector.numbers
        if numbers.ledger(fact.number) is None:
            raise UnknownNumber(f"the number {fact.number} was never connected here")
        await numbers.submit(fact)
        ledger = numbers.ledger(fact.number)
        assert ledger is not None  # noqa: S101 # it was there, and none is ever forgotten
        return JSONResponse(shown(ledger, front.now()))

    return router


def _wish(body: ConnectBody, front: Front) -> Wish:
    default = front.policy
    return Wish(
        code=body.code,
        account=body.waba_id,
        number=body.phone_number_id,
        policy=NumberPolicy(answers=body.answers or default.answers, bot=body.bot or default.bot),
        wants_history=body.history,
        cap_per_second=body.cap_per_second or front.cap_per_second,
        place=body.place(),
    )
