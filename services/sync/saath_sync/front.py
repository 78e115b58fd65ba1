"""What all of sync's routes share: who may call, how a body is read, and how a refusal is said."""

import asyncio
import hmac
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from starlette.requests import ClientDisconnect

from saath.errors import SaathError
from saath.events import NumberPolicy
from saath.http import Health
from saath.kafka.inbox import NotCommitted, NotOwner
from saath_sync.adopt import Adopter
from saath_sync.connect import Connector
from saath_sync.connect_failed import ConnectFailed
from saath_sync.description import Place
from saath_sync.eligibility import NotEligible, NotSupported, Verdict
from saath_sync.onboarding import StepRefused, Token
from saath_sync.view import shown
from saath_sync.zones import checked

log = structlog.get_logger()

RETRY_AFTER_SECONDS = "5"
# A code has some hundred characters.
BODY_BYTES_MAX = 64 * 1024
DIGITS = r"^[0-9]{1,32}$"

EVERYBODY = NotSupported(frozenset(), "nobody")

Number = Annotated[str, Path(pattern=DIGITS)]


class PlaceBody(BaseModel):
    """Where the number is, for who knows it; without it, its dialling code tells what it can."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    country: str | None = Field(default=None, pattern=r"^[A-Za-z]{2}$")
    timezone: Annotated[str, AfterValidator(checked)] | None = None

    def place(self) -> Place:
        """As it is kept."""
        return Place(self.country.upper() if self.country else None, self.timezone)


@dataclass(frozen=True, slots=True)
class Service:
    """What can be done once Kafka is there."""

    connector: Connector
    token_of: Callable[[str], Token | None]

    @property
    def adopter(self) -> Adopter:
        """Who takes over numbers that were connected elsewhere."""
        return Adopter(self.connector, self.token_of)


@dataclass(slots=True)
class Front:
    """What the routes need. ``service`` is ``None`` as long as Kafka is not there."""

    api_token: SecretStr
    policy: NumberPolicy
    health: Health
    now: Callable[[], datetime]
    service: Service | None = None
    not_supported: NotSupported = EVERYBODY
    expose_openapi: bool = False
    cap_per_second: int = 20
    # Who watches a number is sent home then.
    stopping: asyncio.Event = field(default_factory=asyncio.Event)


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


def service_of(front: Front, request: Request) -> Service:
    """
    What whoever sends *request* may use.

    Raises:
        Unauthorised: it is not the one who has the token.
        NotReady: Kafka is not there yet.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    wanted = front.api_token.get_secret_value().strip().encode()  # files end their lines
    right = hmac.compare_digest(given.strip().encode(), wanted)
    if scheme.lower() != "bearer" or not right:
        raise Unauthorised("send Authorization: Bearer and the token of SAATH_SYNC__API_TOKEN")
    if front.service is None:
        raise NotReady("Kafka is not there yet; nothing was done")
    return front.service


def body_in_openapi(model: type[BaseModel]) -> dict[str, Any]:
    """A body that is read by hand, as OpenAPI describes it."""
    content = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


async def body_of(request: Request, bytes_max: int = BODY_BYTES_MAX) -> bytes:
    """
    The body, read here because FastAPI would read one of any size before it asks who sends it.

    Raises:
        TooLarge: it has more than *bytes_max*.
        HungUp: it did not come to its end.
    """
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > bytes_max:
                raise TooLarge(f"a body has at most {bytes_max} bytes here; nothing was done")
    except ClientDisconnect:
        raise HungUp("the sender hung up before the body's end; nothing was done") from None
    return bytes(body)


async def refused(front: Front, error: Exception) -> Response:
    """What went wrong, in a sentence, with the status that says what to do about it."""
    status, headers = _status(error), dict[str, str]()
    if status == 503:
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    body: dict[str, object] = {"error": str(error)}
    if isinstance(error, ConnectFailed):
        body["what_to_do"] = error.what_to_do
        if error.ledger:
            body["number"] = shown(error.ledger, front.now())
    if isinstance(error, NotEligible):
        body |= verdict_shown(error.verdict)
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
        case HungUp() | NotEligible():
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


def verdict_shown(verdict: Verdict) -> dict[str, object]:
    """A verdict as people and tools are shown it."""
    eligible = "no" if verdict.obstacles else "unknown" if verdict.unknown else "yes"
    judge = "Embedded Signup is the judge: go on, it says what it does not take."
    return {
        "eligible": eligible,
        "obstacles": [asdict(obstacle) for obstacle in verdict.obstacles],
        "unknown": list(verdict.unknown),
        **({"note": judge} if eligible == "unknown" else {}),
    }


async def misread(_: Request, error: Exception) -> Response:
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
