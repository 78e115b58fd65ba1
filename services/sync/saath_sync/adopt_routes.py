"""HTTP: numbers that were connected elsewhere, and their history from whoever has it. No rules."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse
from pydantic import ConfigDict, Field

from saath.settings import HeaderToken
from saath_sync.adopt import Adoption
from saath_sync.front import (
    DIGITS,
    Front,
    Number,
    PlaceBody,
    TooLarge,
    UnknownNumber,
    body_in_openapi,
    body_of,
    service_of,
)
from saath_sync.own_history import LINES_MAX, Chunk, read_lines
from saath_sync.view import shown

# So much of a file is in memory at a time, and in one transaction.
HISTORY_BYTES_MAX = 1024 * 1024


class AdoptBody(PlaceBody):
    """A number that works already, and the token it works with, where it has one of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    phone_number_id: str = Field(pattern=DIGITS)
    waba_id: str = Field(pattern=DIGITS)
    token: HeaderToken | None = Field(default=None, min_length=1, max_length=4096)
    bot: str | None = Field(default=None, min_length=1, max_length=100)
    cap_per_second: int | None = Field(default=None, ge=1, le=1000)


def adopt_routes(front: Front) -> APIRouter:
    """What adoption needs."""
    router = APIRouter()

    @router.post("/numbers/adopt", openapi_extra=body_in_openapi(AdoptBody))
    async def adopt(request: Request) -> JSONResponse:
        """Take over a number that is connected elsewhere; what Meta takes only once is not asked."""
        service = service_of(front, request)
        body = AdoptBody.model_validate_json(await body_of(request))
        bot = body.bot or front.policy.bot
        cap = body.cap_per_second or front.cap_per_second
        wish = Adoption(body.phone_number_id, body.waba_id, body.token, bot, cap, body.place())
        ledger = await service.adopter.adopt(wish)
        return JSONResponse(shown(ledger, front.now()))

    @router.post("/numbers/{number}/history")
    async def give_history(
        request: Request,
        number: Number,
        chunk: Annotated[int, Query(ge=1, le=1_000_000)],
        first_line: Annotated[int, Query(ge=1)] = 1,
        last: bool = False,
    ) -> JSONResponse:
        """Take some lines of an adopted number's own history; those that cannot be are named."""
        service = service_of(front, request)
        if service.connector.numbers.ledger(number) is None:
            raise UnknownNumber(f"the number {number} was never connected here")
        lines = (await body_of(request, HISTORY_BYTES_MAX)).splitlines()
        if len(lines) > LINES_MAX:
            raise TooLarge(f"at most {LINES_MAX} lines are taken at once; nothing was done")
        messages, refused = read_lines(lines, number, chunk, first_line, front.now())
        await service.adopter.give_history(number, Chunk(chunk, last, tuple(messages)))
        problems = [{"line": one.line, "problem": one.reason} for one in refused]
        return JSONResponse({"taken": len(messages), "refused": problems})

    return router
