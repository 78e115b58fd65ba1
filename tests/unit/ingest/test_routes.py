"""HTTP in, status codes out, without a socket and without Kafka."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Sequence

import httpx
import pytest
import structlog
from fastapi import FastAPI
from tests.unit.ingest.bodies import RECEIVED_AT, body, change, text
from tests.unit.ingest.test_outbox import nested

from saath.errors import RetryLater
from saath.http import Health
from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath.topics import TOPICS
from saath_ingest.in_flight import InFlight
from saath_ingest.routes import PATH, Intake, add_routes
from saath_ingest.settings import IngestSection
from saath_ingest.signature import sign

LIMIT = 200_000
SECTION = IngestSection.model_validate(
    {
        "app_secrets": "secret",
        "verify_tokens": "token",
        "body_limit_bytes": LIMIT,
        "in_flight_bytes_max": LIMIT,
    }
)
ONE = json.dumps(body(change("messages", messages=[text()]))).encode()


class Outlet:
    """Remembers what it was given, or is not there."""

    def __init__(self) -> None:
        self.taken: list[Output] = []
        self.problem: str | None = None

    @property
    def layout(self) -> Layout:
        if self.problem == "not reached":
            raise RetryLater(self.problem)
        return Layout({topic.name: 24 for topic in TOPICS})

    async def publish(self, outputs: Sequence[Output], *, timeout_seconds: float) -> None:
        if self.problem:
            raise RetryLater(self.problem)
        self.taken += outputs


@pytest.fixture
def outlet() -> Outlet:
    return Outlet()


@pytest.fixture
def in_flight() -> InFlight:
    return InFlight(LIMIT)


@pytest.fixture
async def client(outlet: Outlet, in_flight: InFlight) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    intake = Intake(SECTION, SECTION.secrets, outlet, in_flight, lambda: RECEIVED_AT)
    add_routes(app, intake, Health({"kafka": lambda: outlet.problem}))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as found:
        yield found


async def post(client: httpx.AsyncClient, content: bytes, **headers: str) -> httpx.Response:
    signature = {"X-Hub-Signature-256": sign(content, "secret")}
    return await client.post(PATH, content=content, headers=signature | headers)


async def test_a_signed_webhook_is_answered_200_after_its_events_are_published(
    client: httpx.AsyncClient, outlet: Outlet
) -> None:
    response = await post(client, ONE)

    assert (response.status_code, response.content) == (200, b"")
    assert [dict(record.headers)["ce_id"] for record in outlet.taken] == [b"wamid.A:received"]


async def test_each_webhook_begins_a_trace_that_all_its_events_carry(
    client: httpx.AsyncClient, outlet: Outlet
) -> None:
    two = json.dumps(body(change("messages", messages=[text("wamid.A"), text("wamid.B")]))).encode()

    await post(client, two)
    await post(client, ONE)

    first, second, third = (dict(record.headers)["ce_traceparent"] for record in outlet.taken)
    assert (first == second, first[:35] == third[:35], len(first)) == (True, False, 55)


@pytest.mark.parametrize("problem", ["not reached", "not acknowledged"])
async def test_what_kafka_does_not_take_is_answered_503_and_meta_sends_it_again(
    client: httpx.AsyncClient, outlet: Outlet, in_flight: InFlight, problem: str
) -> None:
    outlet.problem = problem

    response = await post(client, ONE)

    assert (response.status_code, response.headers["retry-after"], response.text) == (
        503,
        "2",
        problem,
    )
    assert (outlet.taken, in_flight.bytes) == ([], 0)


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (ONE, {"X-Hub-Signature-256": "sha256=" + "0" * 64}, 401),
        (ONE, {"X-Hub-Signature-256": ""}, 401),
        (b"not JSON", {"X-Hub-Signature-256": "sha256=" + "0" * 64}, 401),
        (b"x" * (LIMIT + 1), {}, 413),
    ],
)
async def test_bad_input_is_refused_and_nothing_is_published(
    client: httpx.AsyncClient,
    outlet: Outlet,
    in_flight: InFlight,
    content: bytes,
    headers: dict[str, str],
    status: int,
) -> None:
    response = await post(client, content, **headers)

    assert (response.status_code, outlet.taken, in_flight.bytes) == (status, [], 0)


async def test_a_body_that_does_not_say_its_length_is_still_held_to_the_limit(
    client: httpx.AsyncClient, in_flight: InFlight
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * (LIMIT // 4)

    response = await client.post(PATH, content=chunks())

    assert (response.status_code, in_flight.bytes) == (413, 0)


async def test_a_body_that_says_it_is_enormous_is_not_read_at_all(
    client: httpx.AsyncClient,
) -> None:
    async def never() -> AsyncIterator[bytes]:
        yield b"x"
        raise AssertionError("it was read")

    response = await client.post(PATH, content=never(), headers={"Content-Length": f"{10**12}"})

    assert response.status_code == 413


async def test_a_body_that_does_not_come_to_its_end_in_time_is_refused(
    outlet: Outlet, in_flight: InFlight
) -> None:
    async def begun() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.get_running_loop().create_future()

    app, hurried = FastAPI(), SECTION.model_copy(update={"body_timeout_seconds": 1e-6})
    intake = Intake(hurried, SECTION.secrets, outlet, in_flight, lambda: RECEIVED_AT)
    add_routes(app, intake, Health({}))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://ingest"
    ) as client:
        response = await client.post(PATH, content=begun())

    assert (response.status_code, response.text, in_flight.bytes) == (
        408,
        "the body did not arrive in time",
        0,
    )


async def test_json_that_is_no_webhook_is_taken_unrecognised(
    client: httpx.AsyncClient, outlet: Outlet
) -> None:
    response = await post(client, b'{"hello": 1}')

    [record] = outlet.taken
    assert (response.status_code, record.topic.name, record.key) == (200, "accounts.v1", b"unknown")


async def test_too_much_at_once_is_answered_503_before_it_is_in_memory(
    client: httpx.AsyncClient, in_flight: InFlight
) -> None:
    others = in_flight.share()
    others.admit(LIMIT - 100)

    busy = await post(client, ONE)
    others.release()
    idle = await post(client, ONE)

    assert (busy.status_code, busy.headers["retry-after"], idle.status_code) == (503, "2", 200)


async def test_a_large_body_is_read_as_a_small_one_is(
    client: httpx.AsyncClient, outlet: Outlet
) -> None:
    items = [text(f"wamid.{index}") for index in range(1000)]

    response = await post(client, json.dumps(body(change("messages", messages=items))).encode())

    assert response.status_code == 200
    assert ids(outlet.taken) == [f"wamid.{index}:received" for index in range(1000)]


@pytest.mark.parametrize(
    ("query", "status", "answer"),
    [
        ("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=token", 200, "1158201444"),
        (
            "hub.mode=subscribe&hub.challenge=1&hub.verify_token=guess",
            403,
            "the verify token is not ours",
        ),
        ("", 403, "the verify token is not ours"),
    ],
)
async def test_the_challenge_is_answered_bare(
    client: httpx.AsyncClient, query: str, status: int, answer: str
) -> None:
    response = await client.get(f"{PATH}?{query}")

    assert (response.status_code, response.text) == (status, answer)
    assert response.headers["content-type"].startswith("text/plain")


async def test_ready_says_what_is_missing(client: httpx.AsyncClient, outlet: Outlet) -> None:
    ready = await client.get("/readyz")
    outlet.problem = "no Kafka broker answers"
    not_ready = await client.get("/readyz")
    live = await client.get("/livez")

    assert [(r.status_code, r.json()) for r in (ready, not_ready, live)] == [
        (200, {"ready": True, "problems": {}}),
        (503, {"ready": False, "problems": {"kafka": "no Kafka broker answers"}}),
        (200, {"live": True}),
    ]


async def test_changes_are_counted_by_known_field_and_outcome(client: httpx.AsyncClient) -> None:
    before = await counted(client)
    await post(
        client, json.dumps(body(change("messages", messages=[text()]), change("x" * 99))).encode()
    )
    await post(client, b"[]")
    after = await counted(client)

    assert {
        key: after[key] - before.get(key, 0.0) for key in after if after[key] != before.get(key)
    } == {
        ("messages", "accepted"): 1.0,
        ("other", "unrecognised"): 2.0,
    }


async def test_a_body_that_was_set_aside_is_counted_and_said_so(client: httpx.AsyncClient) -> None:
    name = 'saath_records_dead_lettered_total{error_type="SetAside",topic="ingest.dlq.v1"}'
    deep = json.dumps(body(change("account_update", deep=nested(300)))).encode()
    before = await sample(client, name)

    with structlog.testing.capture_logs() as said:
        response = await post(client, deep)

    assert (response.status_code, [line["set_aside"] for line in said]) == (200, [True])
    assert await sample(client, name) - before == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not JSON", "the body is not JSON"),
        (b"", "the body is not JSON"),
        (b"[" * 150_000, "the body is nested deeper than can be read"),
    ],
)
async def test_what_nobody_can_read_is_kept_as_it_came_and_answered_200(
    client: httpx.AsyncClient, outlet: Outlet, content: bytes, reason: str
) -> None:
    response = await post(client, content)

    [record] = outlet.taken
    headers = dict(record.headers)
    assert (response.status_code, record.topic.name, record.key, record.value) == (
        200,
        "ingest.dlq.v1",
        b"unknown",
        content,
    )
    assert headers == {
        "dlq_reason": reason.encode(),
        "dlq_part": b"1",
        "dlq_parts": b"1",
        "dlq_sha256": hashlib.sha256(content).hexdigest().encode(),
        "dlq_failed_at": RECEIVED_AT.isoformat().encode(),
    }


async def test_what_nobody_can_read_is_counted_and_said_in_one_line_without_what_it_says(
    client: httpx.AsyncClient,
) -> None:
    name = 'saath_records_dead_lettered_total{error_type="Undecodable",topic="ingest.dlq.v1"}'
    before = await sample(client, name)

    with structlog.testing.capture_logs() as said:
        await post(client, b"words of a message")

    [line] = said
    assert (line["event"], line["outcome"], line["reason"], line["set_aside"]) == (
        "webhook.set_aside",
        "undecodable",
        "the body is not JSON",
        True,
    )
    assert "words" not in repr(line)
    assert await sample(client, name) - before == 1


@pytest.mark.parametrize("problem", ["not reached", "not acknowledged"])
async def test_what_nobody_can_read_is_not_acknowledged_before_it_is_kept(
    client: httpx.AsyncClient, outlet: Outlet, in_flight: InFlight, problem: str
) -> None:
    outlet.problem = problem

    response = await post(client, b"not JSON")

    assert (response.status_code, response.text, in_flight.bytes) == (503, problem, 0)


async def test_a_defect_is_500_and_still_counted_and_said_in_one_line(
    client: httpx.AsyncClient, outlet: Outlet, in_flight: InFlight, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = 'saath_webhook_duration_seconds_count{outcome="failed"}'
    monkeypatch.setattr(outlet, "publish", None)
    before = await sample(client, name)

    with structlog.testing.capture_logs() as said, pytest.raises(TypeError):
        await post(client, ONE)

    assert [(line["event"], line["status"]) for line in said] == [("webhook.failed", 500)]
    assert (await sample(client, name) - before, in_flight.bytes) == (1, 0)


async def sample(client: httpx.AsyncClient, name: str) -> float:
    """One sample, as a scraper sees it; 0 while there is none."""
    lines = (await client.get("/metrics")).text.splitlines()
    return next((float(line.split()[-1]) for line in lines if line.startswith(f"{name} ")), 0.0)


async def counted(client: httpx.AsyncClient) -> dict[tuple[str, str], float]:
    """The counter of changes, as a scraper sees it."""
    lines = (await client.get("/metrics")).text.splitlines()
    found = [line.split() for line in lines if line.startswith("saath_webhook_changes_total{")]
    return {(name.split('"')[1], name.split('"')[3]): float(value) for name, value in found}


def ids(outputs: Iterable[Output]) -> list[str]:
    return [dict(output.headers)["ce_id"].decode() for output in outputs]
