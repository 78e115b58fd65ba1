"""A token never reaches a log or a traceback, however a POST with it fails."""

import asyncio
import io
import json
import logging
import sys
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog
from pydantic import SecretStr
from tests.unit.sender.test_post import Slot

from saath.graph import GraphClient, GraphSettings
from saath.log import configure, places
from saath_sender.credentials import Credentials
from saath_sender.decide import GO
from saath_sender.post import post

SECRET = "EAAG-a-token-that-nobody-may-see"
# What aiohttp has an exception of its own for, and most of those hold the request with its headers.
ANSWERS = {
    "cut": b"",
    "no HTTP": b"220 smtp ready\r\n\r\n",
    "a bad header": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}",
    "a bad encoding": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
    "a line too long": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
}


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[GraphClient]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, GraphClient(GraphSettings(base_url=f"http://127.0.0.1:{port}")) as graph:
        yield graph


def rendered(error: BaseException) -> str:
    """As Python prints it, all that it grew from too, and as our log does."""
    info = (type(error), error, error.__traceback__)
    chain = [error, error.__cause__, error.__context__]
    said = [traceback.format_exc(), json.dumps(places(info))]
    said += [json.dumps(places((type(e), e, e.__traceback__))) for e in chain if e]
    structlog.get_logger().error("send.failed", exc_info=info)
    logging.getLogger("aiohttp").error("failed", exc_info=info)
    return "".join(said)


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_no_failing_post_tells_its_token(
    answer: bytes,
    style: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    structlog.reset_defaults()
    configure("test", "DEBUG", style)  # type: ignore[arg-type] # one of the two
    said = []
    async with answering(answer) as graph:
        try:
            await graph.post("1/messages", SecretStr(SECRET), {"to": "+1"})
        except Exception as error:
            said.append(rendered(error))
        result, _ = await post(graph, "1", SecretStr(SECRET), Slot(GO).body())
        said.append(repr(result))
    structlog.reset_defaults()

    everything = "".join(said) + out.getvalue() + caplog.text
    assert "GraphUnreachable" in everything
    assert SECRET not in everything


@pytest.mark.parametrize("bad", [f"{SECRET}\nX-Evil: 1", f"{SECRET}ü", "", "a b"])
def test_a_token_that_fits_no_header_is_none(bad: str) -> None:
    """Sent, it would raise in the client, and stop the sender for every number."""
    assert Credentials(SecretStr(bad), {}, None).token("1") is None


def test_a_token_with_a_line_end_behind_it_is_the_token() -> None:
    assert Credentials(SecretStr(f"{SECRET}\n"), {}, None).token("1") == SecretStr(SECRET)
