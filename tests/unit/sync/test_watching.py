"""A number watched: everything first, then what changes; it ends when it must, and seats come back."""

import asyncio
import json
from itertools import islice
from typing import Any

import httpx
from pydantic import SecretStr
from tests.unit.sync.samples import NOW, NUMBER
from tests.unit.sync.stage import Stage
from tests.unit.sync.test_routes import ASKED, TOKEN, client, front

from saath.events import NumberPolicy
from saath_sync import watch_routes
from saath_sync.facts import ConnectAsked
from saath_sync.front import Service
from saath_sync.ledger import Ledger, StepRecord
from saath_sync.routes import application
from saath_sync.view import shown
from saath_sync.watch_routes import Seats, watched
from saath_sync.watching import told

BEFORE = Ledger(number=NUMBER)
FACTS = StepRecord(state="asked", asked_at=NOW)


def read(said: str) -> tuple[str, Any]:
    name, data = said.strip().split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def names(before: Ledger | None, ledger: Ledger) -> list[str]:
    first = shown(before, NOW) if before else None
    return [read(said)[0] for said in told(first, shown(ledger, NOW))]


def test_whoever_comes_is_told_the_whole_and_then_what_changed() -> None:
    asked = BEFORE.model_copy(update={"steps": {"facts": FACTS}})
    connected = asked.model_copy(update={"connected": True})
    declined = connected.model_copy(update={"declined": "no"})

    assert names(None, BEFORE) == ["number"]
    assert names(BEFORE, BEFORE) == []
    assert names(BEFORE, asked) == ["step"]
    assert names(asked, connected) == ["number"]
    assert names(connected, declined) == ["history", "number"]


async def test_a_step_is_told_when_it_changes_and_the_stream_ends_with_the_process() -> None:
    stage, stopping = Stage(), asyncio.Event()
    async with stage.pod() as connector:
        await connector.numbers.submit(_asked())
        stream = watched(connector.numbers, NUMBER, stage.clock.now, stopping)
        first = await anext(stream)
        handler = connector.numbers.handlers[0]
        handler.ledgers[NUMBER] = handler.ledgers[NUMBER].model_copy(
            update={"steps": {"facts": FACTS}}
        )
        second = await anext(stream)
        handler.ledgers[NUMBER] = handler.ledgers[NUMBER].model_copy(update={"steps": {}})
        stopping.set()
        rest = [read(said) async for said in stream]

    assert [read(first)[0], read(second)] == [
        "number",
        ("step", {"step": "facts", "state": "asked", "asked_at": NOW.isoformat()}),
    ]
    # What changed since it was looked at last is told before the end.
    last = ("step", {"step": "facts", "state": "not_asked"})
    assert rest == [last]


async def test_a_stream_ends_when_another_pod_has_the_number() -> None:
    stage = Stage()
    async with stage.pod() as connector:
        await connector.numbers.submit(_asked())
        stream = watched(connector.numbers, NUMBER, stage.clock.now, asyncio.Event())
        await anext(stream)

    assert [read(said) async for said in stream] == [("elsewhere", {"number": NUMBER})]


async def test_silence_is_broken_by_heartbeats(monkeypatch: Any) -> None:
    monkeypatch.setattr(watch_routes, "HEARTBEAT_SECONDS", 0.0)
    stage = Stage()
    async with stage.pod() as connector:
        await connector.numbers.submit(_asked())
        stream = watched(connector.numbers, NUMBER, stage.clock.now, asyncio.Event())

        said = [await anext(stream) for _ in range(2)]

    assert said[1].startswith(":")


async def test_who_may_watch_what_is_as_for_looking(monkeypatch: Any) -> None:
    stage = Stage()
    async with stage.pod() as connector:
        service = Service(connector, lambda _: SecretStr("token"))
        monkeypatch.setattr(watch_routes, "Seats", lambda: Seats(0))
        async with client(service) as http, client(service, "wrong") as stranger:
            await http.post("/numbers", json=ASKED)
            path = f"/numbers/{NUMBER}/events"
            found = [
                (await stranger.get(path)).status_code,
                (await http.get("/numbers/1/events")).status_code,
                (await http.get(path)).status_code,
            ]
    async with client(service) as http:
        found.append((await http.get(f"/numbers/{NUMBER}/events")).status_code)

    assert found == [401, 404, 503, 503]


async def test_of_those_who_come_at_once_as_many_watch_as_there_are_seats_and_they_come_back(
    monkeypatch: Any,
) -> None:
    stage, seats = Stage(), Seats(2)
    monkeypatch.setattr(watch_routes, "Seats", lambda: seats)
    async with stage.pod() as connector:
        facing = front(Service(connector, lambda _: SecretStr("token")))
        transport = httpx.ASGITransport(app=application(facing))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://sync", headers=headers) as http,
            asyncio.TaskGroup() as group,
        ):
            await http.post("/numbers", json=ASKED)
            path = f"/numbers/{NUMBER}/events"
            watching = [group.create_task(http.get(path)) for _ in range(5)]
            # The refused have their answer at once, the others when the stream ends.
            async with asyncio.timeout(10):
                refused = [await answer for answer in islice(asyncio.as_completed(watching), 3)]
            free = seats.free
            facing.stopping.set()

    answers = [task.result().status_code for task in watching]
    assert {answer.status_code for answer in refused} == {503}
    assert (sorted(answers), free, seats.free) == ([200, 200, 503, 503, 503], 0, 2)


async def test_a_stream_comes_over_http_as_server_sent_events() -> None:
    stage = Stage()
    async with stage.pod() as connector:
        facing = front(Service(connector, lambda _: SecretStr("token")))
        facing.stopping.set()
        transport = httpx.ASGITransport(app=application(facing))
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://sync", headers=headers
        ) as http:
            await http.post("/numbers", json=ASKED)
            answer = await http.get(f"/numbers/{NUMBER}/events")

    kind = answer.headers["content-type"].partition(";")[0]
    assert (answer.status_code, kind) == (200, "text/event-stream")


def _asked() -> Any:
    return ConnectAsked(NUMBER, "1", NumberPolicy(), wants_history=True)
