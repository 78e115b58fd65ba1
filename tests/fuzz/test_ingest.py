"""Whatever arrives at ingest's door: no 500, no exception, nothing kept in memory."""

import asyncio
import json
import tracemalloc
from typing import Any

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send
from tests.fuzz.bodies import RAW, Body, odd_bytes, odd_data
from tests.fuzz.conftest import budget
from tests.fuzz.door import SECRET, SECTION, Door

from saath_ingest.outbox import DEAD_LETTERS
from saath_ingest.routes import PATH
from saath_ingest.signature import sign

ANSWERS = {200, 400, 401, 403, 404, 405, 408, 413, 503}


def test_an_odd_body_of_metas_is_taken_whatever_is_odd_about_it(
    door: Door, loop: asyncio.Runner
) -> None:
    @budget(0.5)
    @given(odd_data())
    def case(body: Body) -> None:
        before = door.outlet.taken

        status = loop.run(door.deliver(body.raw))

        assert status == (200 if len(body.raw) <= SECTION.body_limit_bytes else 413)
        assert status == 413 or body.silent or door.outlet.taken > before

    case()


def test_bytes_that_are_no_json_are_kept_as_they_came_and_all_others_are_taken(
    door: Door, loop: asyncio.Runner
) -> None:
    @budget(0.3)
    @given(odd_bytes())
    def case(body: Body) -> None:
        status = loop.run(door.deliver(body.raw))

        kept = [record for record in door.outlet.last if record.topic == DEAD_LETTERS]
        whole = b"".join(record.value or b"" for record in kept)
        assert status == 200
        assert is_json(body.raw) or (whole == body.raw and kept == [*door.outlet.last])

    case()


def is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


@st.composite
def odd_requests(draw: st.DrawFn) -> dict[str, Any]:
    """A request that lies, stutters, hangs up, or is for somebody else."""
    body = draw(st.sampled_from(RAW))
    size = draw(st.integers(1, len(body)))
    signature = draw(
        st.sampled_from([sign(body, SECRET), sign(body, "else"), "sha256=", "", "sha1=00", "é"])
    )
    length = draw(st.sampled_from(["", "0", "-1", "x", "1e9", f"{10**15}", "9" * 5000, "²"]))
    headers = [(b"x-hub-signature-256", signature.encode("latin-1"))]
    if length:
        headers.append((b"content-length", length.encode("latin-1")))
    headers += draw(st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=3))
    return {
        "method": draw(st.sampled_from(["POST"] * 6 + ["GET", "PUT", "HEAD", "OPTIONS", "X"])),
        "path": draw(
            st.sampled_from([PATH] * 8 + ["/", PATH + "/x", "/webhooks//", "/\x00", "/é"])
        ),
        "query": draw(
            st.binary(max_size=30)
            | st.sampled_from(
                [
                    b"hub.mode=subscribe&hub.verify_token=token&hub.challenge=%ff%00%ed%a0%80",
                    b"hub.mode=subscribe&hub.verify_token=token",
                    b"hub.mode=subscribe&hub.verify_token=%c3%a9&hub.challenge=1",
                    b"&".join([b"hub.mode=subscribe"] * 2000),
                ]
            )
        ),
        "headers": headers,
        "chunks": [body[start : start + size] for start in range(0, len(body), size)],
        "hangs_up": draw(st.booleans()),
    }


def test_a_request_that_lies_or_hangs_up_gets_an_answer_of_ours(
    door: Door, loop: asyncio.Runner
) -> None:
    @budget(0.2)
    @given(odd_requests())
    def case(request: dict[str, Any]) -> None:
        assert loop.run(door.ask(**request)) in ANSWERS

    case()


@pytest.mark.parametrize(
    "address", ["GET /webhooks/whatsapp", "POST /webhooks/whatsapp", "GET /livez", "GET /readyz"]
)
def test_the_application_answers_as_its_own_schema_says(door: Door, address: str) -> None:
    method, path = address.split()
    schema = schemathesis.openapi.from_asgi("/openapi.json", Signing(door))

    @budget(0.03)
    @given(schema[path][method].as_strategy())
    def case(request: schemathesis.Case[Any]) -> None:
        response = request.call_and_validate()
        door.answered[response.status_code] += 1

    case()


class Signing:
    """The application, behind one who signs as Meta what comes without a signature."""

    def __init__(self, door: Door) -> None:
        self._app = door.app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        names = [name for name, _ in scope.get("headers", ())]
        if scope["type"] != "http" or b"x-hub-signature-256" in names:
            await self._app(scope, receive, send)
            return
        body, more = b"", True
        while more:
            piece = await receive()
            body, more = body + piece.get("body", b""), piece.get("more_body", False)
        signature = (b"x-hub-signature-256", sign(body, SECRET).encode())
        whole: list[Message] = [{"type": "http.request", "body": body}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        await self._app({**scope, "headers": [*scope["headers"], signature]}, again, send)


FOUR_MEGABYTES = 4 * 1024 * 1024 - 200
OF_MESSAGES = (
    b'{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages",'
    b'"value":{"metadata":{"phone_number_id":"12"},"messages":[%s]}}]}]}'
)
MESSAGE = b'{"from":"1650","id":"wamid.%d","timestamp":"1749416383","type":"x"}'
WORST = {
    "nothing, a million times": OF_MESSAGES % b",".join([b"{}"] * (FOUR_MEGABYTES // 3)),
    "ten thousand messages": OF_MESSAGES % b",".join(MESSAGE % n for n in range(10_000)),
    "one long text": OF_MESSAGES % (b'{"id":"' + b"x" * FOUR_MEGABYTES + b'"}'),
    "half emojis": OF_MESSAGES % (b'{"id":"' + b"\\ud83d" * (FOUR_MEGABYTES // 6) + b'"}'),
    "empty lists": b"[" + b",".join([b"[]"] * (FOUR_MEGABYTES // 3)) + b"]",
    "depth": b"[" * FOUR_MEGABYTES,
}


@pytest.mark.parametrize("name", WORST)
def test_the_worst_of_bodies_needs_less_than_a_quarter_of_a_gigabyte(
    door: Door, loop: asyncio.Runner, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tracemalloc.start()
    try:
        status = loop.run(door.deliver(WORST[name]))
        peak = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()

    print(f"{name}: {peak:.0f} MB at most, answered {status}")
    assert (status, peak < 250) == (200, True)


def test_nothing_of_hundreds_of_bodies_is_kept_in_memory(door: Door, loop: asyncio.Runner) -> None:
    async def all_bodies() -> None:
        for body in RAW:
            await door.deliver(body)

    loop.run(all_bodies())
    tracemalloc.start()
    try:
        loop.run(all_bodies())
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(4):
            loop.run(all_bodies())
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert kept < 200_000
