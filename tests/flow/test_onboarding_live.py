"""A number watched by server-sent events, and ``saath number`` by hand: over real sockets, to a live sync."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
from tests.flow.onboarding_desk import Desk, desk
from tests.flow.test_sync import HISTORY, backfilled

from saath.settings import KafkaSettings, TopicSettings
from saath_sandbox.views import RegisteredNumber

PATIENCE_SECONDS = 30
INDIAN = "919876543210"
DESCRIBED = [
    "It is connected.",
    "Customers see it as Lucky Shrub.",
    "Meta says: quality GREEN, throughput STANDARD, messaging limit TIER_250.",
    "It is in IN, Asia/Kolkata.",
]
LINES = [
    {"id": f"wamid.{at}", "time": 1793523600 + at, "author": "customer", "phone": "16505551234"}
    for at in (2, 0, 1)
]


async def events(answer: aiohttp.ClientResponse) -> list[tuple[str, dict[str, Any]]]:
    """All that is told until the stream's end."""
    found: list[tuple[str, dict[str, Any]]] = []
    async for line in answer.content:
        name, _, rest = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            found.append((rest, {}))
        elif name == "data":
            found[-1] = (found[-1][0], json.loads(rest))
    return found


def folded(told: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """The number as somebody knows it who has only been told."""
    view: dict[str, Any] = {}
    for name, data in told:
        match name:
            case "step":
                steps = [data if s["step"] == data["step"] else s for s in view["steps"]]
                view = {**view, "steps": steps}
            case _:
                view = {**view, **data}
    return view


async def watched(here: Desk, number: RegisteredNumber) -> aiohttp.ClientResponse:
    url = f"{here.stack.ports.url('sync')}/numbers/{number.phone_number_id}/events"
    return await here.http.get(url, timeout=aiohttp.ClientTimeout(PATIENCE_SECONDS))


async def until(here: Desk, number: RegisteredNumber, history: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            view = await here.look(number)
            if view.get("history_sync") == history:
                return view
            await asyncio.sleep(0.1)


async def replayed(kafka: KafkaSettings, topics: TopicSettings, count: int) -> list[str]:
    """What is on backfill, once there is so much: Kafka shows later what was committed last."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            found = [event.message_id for event in await backfilled(kafka, topics)]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.2)


async def test_whoever_watches_a_number_is_told_all_of_its_onboarding_until_sync_ends(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with desk(kafka, topics, tmp_path) as here:
        number = await here.register(history=HISTORY)
        names = {"waba_id": number.waba_id, "phone_number_id": number.phone_number_id}
        unknown = await watched(here, number)
        refused, _ = await here.post("/numbers", code="no-code-of-meta's", **names)
        stream = await watched(here, number)
        telling = asyncio.create_task(events(stream))

        code = await here.meta.issue_code(number.waba_id)
        connected, _ = await here.post("/numbers", code=code, **names)
        view = await until(here, number, "complete")
        ended = await here.stack.stop("sync")
        told = await asyncio.wait_for(telling, PATIENCE_SECONDS)

    assert (unknown.status, refused, connected, ended) == (404, 400, 200, 0)
    assert stream.headers["Content-Type"].startswith("text/event-stream")
    assert told[0][0] == "number"
    # Each event says what had changed by then; all of them together, what GET says.
    assert {name for name, _ in told} == {"number", "step", "history"}
    assert folded(told) == view
    steps = [json.dumps(data) for name, data in told if name == "step"]
    assert len(steps) == len({*steps})


async def test_numbers_are_connected_adopted_and_looked_at_by_hand(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with desk(kafka, topics, tmp_path) as here:
        new = await here.register(history={"messages": 0}, display_phone_number=INDIAN)
        old, listed = [await here.register(history={"messages": 0}) for _ in range(2)]
        code = await here.meta.issue_code(new.waba_id)
        bad = await here.saath("connect", "--waba", new.waba_id, "--number", "1", stdin="no-code")
        connected = await here.saath("connect", "--waba", new.waba_id, "--bot", "b", stdin=code)
        resumed = await here.saath("resume", new.phone_number_id)
        looked = await here.saath("steps", new.phone_number_id, "--json")

        described = await here.saath("show", new.phone_number_id)

        path = tmp_path / "history.jsonl"
        path.write_text("\n".join(json.dumps({**line, "text": "Hi"}) for line in [*LINES, {}]))
        where = ("adopt", old.phone_number_id, "--waba", old.waba_id)
        tokenless = await here.saath(*where)
        adopted = await here.saath(
            *where, "--history", str(path), SAATH_NUMBER_TOKEN=old.access_token
        )
        numbers = tmp_path / "numbers.csv"
        numbers.write_text(
            "phone_number_id,waba_id,token\n"
            f"{listed.phone_number_id},{listed.waba_id},{listed.access_token}\n"
            f"{listed.phone_number_id}9,{listed.waba_id},{listed.access_token}\n"
        )
        many = await here.saath("adopt", "--file", str(numbers))
        await until(here, old, "complete")
        told = await replayed(kafka, topics, len(LINES))
        states = [(await here.look(n))["state"] for n in (new, old, listed)]
        calls = {n.phone_number_id: await here.meta.calls(n.phone_number_id) for n in (new, old)}

    everything = [result[0] for result in (bad, connected, resumed, looked)]
    assert (everything, [tokenless[0], adopted[0], many[0]]) == ([1, 0, 0, 0], [1, 1, 1])
    # By then something of the history may have come.
    assert resumed[1].startswith(connected[1])
    assert json.loads(looked[1])["policy"]["bot"] == "b"
    assert [line.split(" (")[0] for line in connected[1].splitlines()] == [
        f"{new.phone_number_id}: active",
        *(f"  ✓ {step}" for step in ("exchange", "facts", "subscribe", "contacts", "history")),
    ]
    assert (described[0], described[1].splitlines()[2:6]) == (0, DESCRIBED)
    assert "there is no token to adopt it with" in tokenless[1]
    assert adopted[1].startswith(f"{old.phone_number_id}: active\n")
    # The fourth line says nothing of a message, and is named; it is the only reason for status 1.
    assert (f"{path}:4: " in adopted[1], "3 messages taken, 1 lines refused" in adopted[1]) == (
        True,
        True,
    )
    assert (many[1].splitlines()[0], many[1].splitlines()[-1]) == (
        f"✓ line 2: {listed.phone_number_id}",
        "1 adopted, 1 not",
    )
    assert (told, states) == ([f"wamid.{at}" for at in range(3)], ["active"] * 3)
    one_time = {n: [c for c in made if c in ("contacts", "history")] for n, made in calls.items()}
    assert one_time == {new.phone_number_id: ["contacts", "history"], old.phone_number_id: []}
