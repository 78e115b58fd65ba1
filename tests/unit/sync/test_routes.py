"""HTTP in, status codes out, without a socket, Kafka or Meta."""

from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr
from tests.unit.sync.samples import ACCOUNT, NOW, NUMBER, chunk
from tests.unit.sync.stage import Meta, Stage

from saath.codec import decode
from saath.events import NumberPolicy, NumberRecorded
from saath.http import Health
from saath.topics import NUMBERS
from saath_sync.decide import decide
from saath_sync.front import Front, Service
from saath_sync.onboarding import PhoneNumber, Refused, Unknown
from saath_sync.routes import application

TOKEN = "the-token-of-the-onboarding-page"
ASKED = {"code": "a-secret-code", "waba_id": ACCOUNT, "phone_number_id": NUMBER}


def front(service: Service | None) -> Front:
    health = Health({"kafka": lambda: None if service else "not connected yet"})
    return Front(SecretStr(TOKEN), NumberPolicy(answers="nobody"), health, lambda: NOW, service)


def client(service: Service | None, token: str | None = TOKEN) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=application(front(service)))
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(transport=transport, base_url="http://sync", headers=headers)


@pytest.fixture
def stage() -> Stage:
    return Stage()


@pytest.fixture
async def service(stage: Stage) -> AsyncIterator[Service]:
    async with stage.pod() as connector:
        yield Service(connector, lambda _: SecretStr("token"))


async def test_a_number_is_connected_and_shown_with_each_step(service: Service) -> None:
    async with client(service) as http:
        connected = await http.post("/numbers", json=ASKED)
        looked_at = await http.get(f"/numbers/{NUMBER}")

    assert (connected.status_code, looked_at.json()) == (200, connected.json())
    shown = connected.json()
    assert [step["state"] for step in shown["steps"]] == ["done"] * 5
    assert (shown["state"], shown["policy"]) == ("active", {"answers": "nobody"})


@pytest.mark.parametrize("token", [None, "another-token", f"{TOKEN}x"])
async def test_nobody_connects_a_number_without_the_token(
    service: Service, stage: Stage, token: str | None
) -> None:
    async with client(service, token) as http:
        answer = await http.post("/numbers", json=ASKED)

    assert (answer.status_code, stage.meta.asked) == (401, [])


async def test_a_wrong_body_is_pointed_at_and_its_code_not_repeated(service: Service) -> None:
    async with client(service) as http:
        answer = await http.post("/numbers", json={**ASKED, "waba_id": "a-secret-code"})

    assert (answer.status_code, answer.json()["problems"][0]["pointer"]) == (422, "/waba_id")
    assert "a-secret-code" not in answer.text


@pytest.mark.parametrize(
    ("meta", "body", "status"),
    [
        (Meta(answers={"exchange": [Refused(100, "expired")]}), ASKED, 400),
        (Meta(answers={"exchange": [Unknown("no answer")]}), ASKED, 502),
        (
            Meta(numbers=(PhoneNumber("1", None, True), PhoneNumber("2", None, True))),
            {"code": "c", "waba_id": ACCOUNT},
            409,
        ),
    ],
)
async def test_what_went_wrong_is_said_with_what_to_do(
    stage: Stage, meta: Meta, body: dict[str, str], status: int
) -> None:
    stage.meta = meta
    async with stage.pod() as connector, client(Service(connector, lambda _: None)) as http:
        answer = await http.post("/numbers", json=body)

    assert (answer.status_code, sorted(answer.json())) == (status, ["error", "what_to_do"])


async def test_a_pod_that_does_not_own_the_number_says_so_and_spends_no_code(
    stage: Stage,
) -> None:
    async with stage.pod() as connector:
        service = Service(connector, lambda _: None)
    async with client(service) as http:
        named = await http.post("/numbers", json=ASKED)
        unnamed = await http.post("/numbers", json={"code": "c", "waba_id": ACCOUNT})

    assert [(a.status_code, a.headers["Retry-After"]) for a in (named, unnamed)] == [(503, "5")] * 2
    assert stage.meta.asked == []


async def test_before_kafka_is_there_nothing_is_done_and_the_service_is_not_ready() -> None:
    async with client(None) as http:
        answers = [await http.post("/numbers", json=ASKED), await http.get("/readyz")]
        live = await http.get("/livez")

    assert [answer.status_code for answer in (*answers, live)] == [503, 503, 200]


async def test_an_unknown_number_is_not_found_and_one_without_a_token_not_resumed(
    service: Service,
) -> None:
    tokenless = Service(service.connector, lambda _: None)
    async with client(tokenless) as http:
        unknown = await http.get("/numbers/1")
        await http.post("/numbers", json=ASKED)
        resumed = await http.post(f"/numbers/{NUMBER}/resume")

    assert (unknown.status_code, resumed.status_code) == (404, 409)


ADOPT = {"phone_number_id": NUMBER, "waba_id": ACCOUNT, "token": "a-secret-token"}
LINE = b'{"id":"wamid.1","time":1793523600,"author":"customer","phone":"16505551234","text":"Hi"}'


async def test_a_number_is_adopted_and_its_history_taken_line_by_line(service: Service) -> None:
    async with client(service) as http:
        adopted = await http.post("/numbers/adopt", json=ADOPT)
        taken = await http.post(
            f"/numbers/{NUMBER}/history?chunk=1&first_line=7&last=true", content=LINE + b"\n{"
        )

    shown = adopted.json()
    assert (adopted.status_code, shown["state"], shown["adopted"]) == (200, "active", True)
    assert [step["step"] for step in shown["steps"]] == ["facts", "subscribe"]
    problem = {"line": 8, "problem": "it is not JSON"}
    assert taken.json() == {"taken": 1, "refused": [problem]}


async def test_a_refused_step_is_no_success_and_comes_with_what_is_known_of_the_number(
    stage: Stage,
) -> None:
    stage.meta = Meta(answers={"subscribe": [Refused(10, "Permission denied")]})
    async with stage.pod() as connector, client(Service(connector, lambda _: None)) as http:
        answer = await http.post("/numbers", json=ASKED)

    said = answer.json()
    assert (answer.status_code, said["number"]["state"]) == (400, "onboarding")
    assert said["error"] == "subscribe: Permission denied (Meta's error 10)"
    assert "whatsapp_business_management" in said["what_to_do"]


@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("chunk=0", LINE, 422),
        ("chunk=1", b"\n" * 2000, 413),
        ("chunk=1", b"x" * (1024 * 1024 + 1), 413),
    ],
)
async def test_more_history_than_is_taken_at_once_is_refused(
    service: Service, query: str, body: bytes, status: int
) -> None:
    async with client(service) as http:
        await http.post("/numbers/adopt", json=ADOPT)
        answer = await http.post(f"/numbers/{NUMBER}/history?{query}", content=body)

    assert answer.status_code == status


async def test_a_number_that_is_not_taken_is_refused_before_its_code_is_spent(
    service: Service, stage: Stage
) -> None:
    old = {"app_version": "2.24.16", "app": "business", "phone": "+4917012345678"}
    async with client(service) as http:
        checked = await http.post("/numbers/check", json=old)
        refused = await http.post("/numbers", json={**ASKED, **old})
        unknown = await http.post("/numbers/check", json={})

    said = refused.json()
    assert (refused.status_code, stage.meta.asked, stage.written) == (400, [], [])
    assert {k: said[k] for k in ("eligible", "obstacles", "unknown")} == checked.json()
    assert [o["what"] for o in said["obstacles"]] == ["app_version"]
    assert (unknown.json()["eligible"], "Embedded Signup" in unknown.json()["note"]) == (
        "unknown",
        True,
    )


async def test_a_cap_that_is_said_counts_above_the_setting(service: Service, stage: Stage) -> None:
    async with client(service) as http:
        usual = await http.post("/numbers", json=ASKED)
        less = await http.post("/numbers", json={**ASKED, "cap_per_second": 5})
        wrong = await http.post("/numbers", json={**ASKED, "cap_per_second": 1001})

    public = [decode(o.headers, o.value) for o in stage.written if o.topic is NUMBERS][-1]
    assert isinstance(public, NumberRecorded)
    caps = [answer.json()["cap_per_second"] for answer in (usual, less)]
    assert (caps, public.cap_per_second, wrong.status_code) == ([20, 5], 5, 422)


async def test_the_api_is_described_where_a_setting_says_so_and_nowhere_else() -> None:
    hidden, open_ = front(None), front(None)
    open_.expose_openapi = True
    found = []
    for facing in (hidden, open_):
        transport = httpx.ASGITransport(app=application(facing))
        async with httpx.AsyncClient(transport=transport, base_url="http://sync") as http:
            found.append(await http.get("/openapi.json"))

    assert [answer.status_code for answer in found] == [404, 200]
    body = found[1].json()["paths"]["/numbers/adopt"]["post"]["requestBody"]
    assert "waba_id" in body["content"]["application/json"]["schema"]["properties"]


async def test_a_replay_is_asked_for_by_whoever_has_the_token_and_refused_where_nothing_waits(
    service: Service,
) -> None:
    path = f"/numbers/{NUMBER}/history/replay"
    async with client(service) as http, client(service, "another-token") as stranger:
        unknown = await http.post(path)
        await http.post("/numbers", json=ASKED)
        nothing = await http.post(path)
        handler = service.connector.numbers.handlers[0]
        event = chunk(0, 2)
        handler.ledgers[NUMBER] = decide(event, handler.ledgers[NUMBER], 0, NOW)
        refused = await stranger.post(path)
        asked = await http.post(path)

    statuses = [answer.status_code for answer in (unknown, nothing, refused, asked)]
    assert statuses == [404, 409, 401, 200]
    history = handler.ledgers[NUMBER].history
    assert history is not None
    assert [phase.asked for phase in history.phases] == [True]
