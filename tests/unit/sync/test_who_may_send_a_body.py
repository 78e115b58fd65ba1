"""What is read of a request before it is known who sends it: nothing."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr
from tests.unit.sync.samples import NOW, NUMBER
from tests.unit.sync.stage import Stage
from tests.unit.sync.test_routes import ASKED, TOKEN, client

from saath.events import NumberPolicy
from saath.http import Health
from saath_sync.front import BODY_BYTES_MAX, Front, Service
from saath_sync.routes import application

CHUNK = b"x" * 1024


class Body:
    """A body that counts how much of it was asked for."""

    def __init__(self, chunks: int) -> None:
        self.chunks, self.given = chunks, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.given < self.chunks:
            self.given += 1
            yield CHUNK


async def test_of_a_stranger_no_body_is_read() -> None:
    body = Body(chunks=10_000)
    async with Stage().pod() as connector, client(Service(connector, lambda _: None), None) as http:
        answer = await http.post("/numbers", content=body)

    assert (answer.status_code, body.given) == (401, 0)


async def test_a_body_over_the_limit_is_refused_before_its_end() -> None:
    body = Body(chunks=10_000)
    async with Stage().pod() as connector, client(Service(connector, lambda _: None)) as http:
        answer = await http.post("/numbers", content=body)

    assert (answer.status_code, answer.json()["error"]) == (
        413,
        f"a body has at most {BODY_BYTES_MAX} bytes here; nothing was done",
    )
    assert body.given < 100


async def test_what_is_not_json_is_pointed_at_and_not_repeated() -> None:
    async with Stage().pod() as connector, client(Service(connector, lambda _: None)) as http:
        answer = await http.post("/numbers", content=b'{"code": a-secret-code')

    assert (answer.status_code, "a-secret-code" in answer.text) == (422, False)
    assert answer.json()["problems"][0]["pointer"] == "/"


async def test_a_misspelt_key_is_pointed_at() -> None:
    async with Stage().pod() as connector, client(Service(connector, lambda _: None)) as http:
        answer = await http.post("/numbers", json={**ASKED, "anwsers": "everyone"})

    assert (answer.status_code, answer.json()["problems"][0]["pointer"]) == (422, "/anwsers")


async def test_a_token_that_was_read_from_a_file_may_end_with_a_line_end() -> None:
    front = Front(SecretStr(f"{TOKEN}\n"), NumberPolicy(), Health(), lambda: NOW)
    transport = httpx.ASGITransport(application(front))
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://sync", headers=headers
    ) as http:
        answer = await http.get("/numbers/1")

    assert answer.status_code == 503


@pytest.mark.parametrize(
    ("path", "changed", "pointer"),
    [
        ("/numbers", {"waba_id": "٣"}, "/waba_id"),
        ("/numbers/adopt", {"waba_id": "1", "token": "a\nb"}, "/token"),
        ("/numbers/adopt", {"waba_id": "1", "token": "€"}, "/token"),
    ],
)
async def test_what_meta_cannot_be_asked_with_is_pointed_at(
    path: str, changed: dict[str, str], pointer: str
) -> None:
    body = {**ASKED, **changed} if path == "/numbers" else {"phone_number_id": NUMBER, **changed}
    async with Stage().pod() as connector, client(Service(connector, lambda _: None)) as http:
        answer = await http.post(path, json=body)

    assert (answer.status_code, answer.json().get("problems", [{}])[0].get("pointer")) == (
        422,
        pointer,
    )


async def test_a_token_that_is_sent_as_a_password_lets_nobody_in() -> None:
    async with Stage().pod() as connector, client(Service(connector, lambda _: None)) as http:
        answer = await http.get("/numbers/1", headers={"Authorization": f"Basic {TOKEN}"})

    assert answer.status_code == 401
