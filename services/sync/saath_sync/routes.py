"""HTTP: numbers are connected and looked at here. No rules: ``onboarding`` and ``connect`` have them."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from starlette.requests import ClientDisconnect

from saath.errors import SaathError
from saath.events import Answers, NumberPolicy
from saath.http import Health
from saath.kafka.inbox import NotCommitted, NotOwner
from saath.probe_routes import probe_routes
from saath_sync.connect import ConnectFailed, Connector, Wish
from saath_sync.facts import AppOpened
from saath_sync.onboarding import StepRefused, Token
from saath_sync.view import shown

log = structlog.get_logger()

RETRY_AFTER_SECONDS = "5"
# A code has some hundred characters.
BODY_BYTES_MAX = 64 * 1024
DIGITS = r"^\d{1,32}$"

Number = Annotated[str, Path(pattern=DIGITS)]


class ConnectBody(BaseModel):
    """What the onboarding page sends when the business has finished Embedded Signup."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    code: SecretStr = Field(min_length=1, max_length=4096)
    waba_id: str = Field(pattern=DIGITS)
    phone_number_id: str | None = Field(default=None, pattern=DIGITS)
    answers: Answers | None = None
    bot: str | None = Field(default=None, min_length=1, max_length=100)
    history: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """What can be done once Kafka is there."""

    connector: Connector
    token_of: Callable[[str], Token | None]


@dataclass(slots=True)
class Front:
    """What the routes need. ``service`` is ``None`` as long as Kafka is not there."""

    api_token: SecretStr
    policy: NumberPolicy
    health: Health
    now: Callable[[], datetime]
    service: Service | None = None


class Unauthorised(SaathError):
    """No bearer token, or not ours."""


class NotReady(SaathError):
    """Kafka is not there yet."""


class UnknownNumber(SaathError):
    """No such number."""


class TooLarge(SaathError):
    """More than anybody needs to connect a number."""


class HungUp(SaathError):
    """The body did not come to its end."""


class NoToken(SaathError):
    """No token is stored that we could use."""


def application(front: Front) -> FastAPI:
    """The web application: onboarding for the one who has the token, and the operators' three."""
    app = FastAPI(title="saath-sync", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(_numbers(front))
    app.include_router(probe_routes(front.health))
    app.add_exception_handler(SaathError, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(ValidationError, _misread)
    return app


def _numbers(front: Front) -> APIRouter:
    router = APIRouter()

    @router.post("/numbers")
    async def connect(request: Request) -> JSONResponse:
        # FastAPI would read a body of any size to its end before it asks who sends it.
        service = _service(front, request)
        body = ConnectBody.model_validate_json(await _read(request))
        ledger = await service.connector.connect(_wish(body, front.policy))
        return JSONResponse(shown(ledger, front.now()))

    @router.get("/numbers/{number}")
    async def look(request: Request, number: Number) -> JSONResponse:
        ledger = _service(front, request).connector.numbers.ledger(number)
        if ledger is None:
            raise UnknownNumber(f"the number {number} was never connected here")
        return JSONResponse(shown(ledger, front.now()))

    @router.post("/numbers/{number}/resume")
    async def resume(request: Request, number: Number) -> JSONResponse:
        service = _service(front, request)
        if service.connector.numbers.ledger(number) is None:
            raise UnknownNumber(f"the number {number} was never connected here")
        token = service.token_of(number)
        if token is None:
            raise NoToken("no usable token is stored for it: connect it with a new code")
        ledger = await service.connector.resume(number, token)
        return JSONResponse(shown(ledger, front.now()))

    @router.post("/numbers/{number}/opened")
    async def opened(request: Request, number: Number) -> JSONResponse:
        """A person says that the app was opened on the phone: the API cannot see it."""
        numbers = _service(front, request).connector.numbers
        if numbers.ledger(number) is None:
            raise UnknownNumber(f"the number {number} was never connected here")
        await numbers.submit(AppOpened(number))
        ledger = numbers.ledger(number)
        assert ledger is not None  # noqa: S101 # it was there, and none is ever forgotten
        return JSONResponse(shown(ledger, front.now()))

    return router


def _service(front: Front, request: Request) -> Service:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    wanted = front.api_token.get_secret_value().encode()
    right = hmac.compare_digest(given.strip().encode(), wanted)
    if scheme.lower() != "bearer" or not right:
        raise Unauthorised("send Authorization: Bearer and the token of SAATH_SYNC__API_TOKEN")
    if front.service is None:
        raise NotReady("Kafka is not there yet; nothing was done")
    return front.service


async def _read(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > BODY_BYTES_MAX:
                raise TooLarge(f"a body has at most {BODY_BYTES_MAX} bytes here; nothing was done")
    except ClientDisconnect:
        raise HungUp("the sender hung up before the body's end; nothing was done") from None
    return bytes(body)


def _wish(body: ConnectBody, default: NumberPolicy) -> Wish:
    return Wish(
        code=body.code,
        account=body.waba_id,
        number=body.phone_number_id,
        policy=NumberPolicy(answers=body.answers or default.answers, bot=body.bot or default.bot),
        wants_history=body.history,
    )


async def _refused(_: Request, error: Exception) -> Response:
    """What went wrong, in a sentence, with the status that says what to do about it."""
    status, headers = _status(error), dict[str, str]()
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body = {"error": str(error)}
    if isinstance(error, ConnectFailed):
        body["what_to_do"] = error.what_to_do
    log.warning("request.refused", status=status, kind=type(error).__name__)
    return JSONResponse(body, status, headers=headers)


def _status(error: Exception) -> int:
    match error:
        case Unauthorised():
            return 401
        case UnknownNumber():
            return 404
        case TooLarge():
            return 413
        case HungUp():
            return 400
        case StepRefused() | NoToken():
            return 409
        case ConnectFailed(choose=True):
            return 409
        case ConnectFailed(by_meta=by_meta):
            return 400 if by_meta else 502
        case NotReady() | NotOwner() | NotCommitted():
            return 503
        case _:
            return 500


async def _misread(_: Request, error: Exception) -> Response:
    """Say where the body is wrong, without repeating what was in it: a code is a secret."""
    match error:
        case RequestValidationError():  # of the path: its places begin with a word for that
            found = [(item["loc"][1:], item["msg"]) for item in error.errors()]
        case ValidationError():
            found = [(item["loc"], item["msg"]) for item in error.errors(include_input=False)]
        case _:
            raise TypeError(error)
    problems = [
        {"pointer": "/" + "/".join(map(str, place)), "problem": problem} for place, problem in found
    ]
    return JSONResponse({"error": "the request cannot be read", "problems": problems}, 422)
