"""
One POST to the Graph API that looks once more before its bytes leave.

aiohttp keeps the headers back until the body's first write, so what is raised there puts no byte on
the wire. Between the last look and the socket there is no await.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload
from pydantic import SecretStr
from pydantic_core import to_json

from saath.graph import GraphClient, GraphUnreachable
from saath_sender.clock import read_clock
from saath_sender.decide import Decision, Go
from saath_sender.results import InDoubt, Result, classify

# A slot at 20 a second is no further away than this. What must wait longer looks up as often.
AT_THE_DOOR_SECONDS = 0.05


class Withheld(Exception):
    """The last look said no; nothing has left."""


class Unsent(Exception):
    """Meta could not be reached; nothing has left."""


class GuardedBody(BytesPayload):
    """
    A body that waits for its slot, asks, and only then writes itself.

    *wait* says how long the slot is still away, which may be an hour where Meta says so; *over* says why
    it need not wait any more. *look* is the last look, and *leave* stamps the slot.
    """

    def __init__(
        self,
        message: dict[str, Any],
        wait: Callable[[], float],
        over: Callable[[], Decision | None],
        look: Callable[[], Decision],
        leave: Callable[[], None],
    ) -> None:
        super().__init__(to_json(message), content_type="application/json")
        self._wait, self._over, self._look, self._leave = wait, over, look, leave
        self.left_at: float | None = None
        self.decision: Decision | None = None

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Called by aiohttp when a connection is ready."""
        while (seconds := self._wait()) > 0:
            self.decision = self._over()
            if self.decision is not None:
                raise Withheld
            await asyncio.sleep(min(seconds, AT_THE_DOOR_SECONDS))
        self.decision = self._look()
        if not isinstance(self.decision, Go):
            raise Withheld
        self._leave()
        self.left_at = read_clock().boot
        await writer.write(self._value)


async def post(
    graph: GraphClient, number: str, token: SecretStr, body: GuardedBody
) -> tuple[Result, float]:
    """
    Send one message; return what became of it and the seconds it took.

    Raises:
        Withheld: the last look said no.
        Unsent: no connection.
    """
    try:
        answer = await graph.post(f"{number}/messages", token, body)
    except GraphUnreachable as error:
        if body.left_at is not None:
            result: Result = InDoubt(f"no answer: {error}")
        elif body.decision is not None:
            raise Withheld from None
        else:
            raise Unsent(str(error)) from None
    else:
        result = classify(answer.status, answer.body, answer.retry_after_seconds)
    return result, read_clock().boot - (body.left_at or 0.0)
