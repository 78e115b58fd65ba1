"""
Sync is killed with -9 in the middle of each call of an onboarding, on a real broker, the sandbox as Meta.

``before``: the intent is not stored yet. ``stall``: it is, and Meta has taken nothing. ``hang``: Meta has
taken it, and the answer is not stored. ``after``: it is, and nothing follows from it yet.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.flow import seamed_sync
from tests.flow.test_sync import SETTINGS as QUICK
from tests.flow.test_sync import said

from saath.settings import KafkaSettings, TopicSettings
from saath_demo.stack import Stack, run_stack
from saath_sandbox.client import Sandbox
from saath_sandbox.views import RegisteredNumber
from saath_sync.onboarding import ANSWER_WITHIN

CALLS = ("exchange", "facts", "subscribe", "contacts", "history")
HELD = [(call, kind) for call in CALLS for kind in ("stall", "hang")]
SEAMED = [(call, kind) for call in ("contacts", "history") for kind in ("before", "after")]
ALONE = [
    ("facts", "stall"),
    ("facts", "hang"),
    ("subscribe", "stall"),
    ("subscribe", "hang"),
    *SEAMED,
]
SETTINGS = QUICK | {
    "SAATH_KAFKA__SESSION_TIMEOUT_MS": "6000", "SAATH_GRAPH__TIMEOUT_SECONDS": "50",
}  # fmt: skip


class Onboarding:
    """The onboardings of several numbers at once, as the back end of a page asks for them."""

    def __init__(self, http: aiohttp.ClientSession, base: str, meta: Sandbox) -> None:
        self.http, self.base, self.meta = http, base, meta

    async def connect(self, number: RegisteredNumber) -> int:
        code = await self.meta.issue_code(number.waba_id)
        body = {
            "code": code,
            "waba_id": number.waba_id,
            "phone_number_id": number.phone_number_id,
        }
        try:
            async with self.http.post(f"{self.base}/numbers", json=body) as response:
                return response.status
        except aiohttp.ClientError:
            return 0

    async def resume(self, number: RegisteredNumber) -> int:
        url = f"{self.base}/numbers/{number.phone_number_id}/resume"
        async with self.http.post(url) as response:
            return response.status

    async def look(self, number: RegisteredNumber) -> dict[str, Any]:
        url = f"{self.base}/numbers/{number.phone_number_id}"
        async with self.http.get(url) as response:
            found: dict[str, Any] = await response.json()
            return found

    async def once(self, number: RegisteredNumber) -> list[int]:
        """How often Meta saw each of the two requests that it takes once."""
        calls = await self.meta.calls(number.phone_number_id)
        return [calls.count("contacts"), calls.count("history")]

    async def held(self, call: str, node: str, times: int) -> None:
        """Wait until Meta holds the answer."""
        async with asyncio.timeout(30):
            while (await self.meta.calls(node)).count(call) < times:  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.05)


def ended(view: dict[str, Any]) -> tuple[Any, ...]:
    return view["state"], view["policy"], [(s["step"], s["state"]) for s in view["steps"]]


def left(view: dict[str, Any]) -> list[str]:
    """The steps that are not done."""
    return [s["step"] for s in view["steps"] if s["state"] != "done"]


@dataclass
class Scene:
    """All numbers, each at its point, before sync is killed and after."""

    stack: Stack
    meta: Sandbox
    onboarding: Onboarding
    numbers: dict[tuple[str, str], RegisteredNumber] = field(default_factory=dict)

    async def register(self) -> None:
        for at, point in enumerate([("none", ""), *HELD, *SEAMED]):
            self.numbers[point] = await self.meta.register_number(
                phone_number_id=str(7000 + at), subscribed=False, history={"messages": 0}
            )

    def seams(self) -> dict[str, str]:
        """Where each number is that stands still by itself; they are numbered as registered."""
        names = [f"{kind}:{call}" for call, kind in SEAMED]
        first = 7001 + len(HELD)
        return {point: str(first + at) for at, point in enumerate(names)}

    async def connect_until_all_stand_still(self) -> list[asyncio.Task[int]]:
        for call, kind in HELD[2:]:
            await self.meta.faults(
                answers=[{"kind": kind, "call": call, "number": self.node(call, kind)}]
            )
        going = [*HELD[2:], *SEAMED]
        asking = [asyncio.create_task(self.onboarding.connect(self.numbers[p])) for p in going]
        for call, kind in HELD[2:]:
            await self.onboarding.held(call, self.node(call, kind), 1)
        for point, number in self.seams().items():
            await said(self.stack.log_path("sync"), f"{seamed_sync.HELD} {point}:{number}")
        # A code's exchange names no number, so these come last, when nobody else exchanges one.
        for kind in ("stall", "hang"):
            await self.meta.faults(answers=[{"kind": kind, "call": "exchange"}])
            asking.append(
                asyncio.create_task(self.onboarding.connect(self.numbers["exchange", kind]))
            )
            await self.onboarding.held("exchange", "", 1 + len(asking))
        return asking

    def node(self, call: str, kind: str) -> str:
        number = self.numbers[call, kind]
        return number.waba_id if call == "subscribe" else number.phone_number_id

    async def views(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {point: await self.onboarding.look(number) for point, number in self.numbers.items()}

    async def gone_on(self) -> dict[tuple[str, str], dict[str, Any]]:
        """What there is once sync has gone on with all that it may."""
        async with asyncio.timeout(60):
            while True:
                views = await self.views()
                waiting = [*ALONE, ("contacts", "stall"), ("contacts", "hang")]
                if not any({"facts", "subscribe", "history"} & {*left(views[p])} for p in waiting):
                    return views
                await asyncio.sleep(0.2)

    async def once(self) -> dict[tuple[str, str], list[int]]:
        return {point: await self.onboarding.once(number) for point, number in self.numbers.items()}


@asynccontextmanager
async def scene(kafka: KafkaSettings, topics: TopicSettings, folder: Path) -> AsyncIterator[Scene]:
    async with run_stack(kafka, topics, folder, overrides=SETTINGS, services=("ingest",)) as (
        stack,
        meta,
    ):
        headers = {"Authorization": f"Bearer {stack.secrets.api_token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            yield Scene(stack, meta, Onboarding(http, stack.ports.url("sync"), meta))


@pytest.mark.fault
async def test_killed_at_each_call_sync_goes_on_where_nothing_can_be_asked_twice_and_resume_does_the_rest(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with scene(kafka, topics, tmp_path) as here:
        await here.register()
        seams = " ".join(f"{point}:{number}" for point, number in here.seams().items())
        seamed_sync.start(here.stack, SYNC_SEAMS=seams)
        await here.stack.wait_until_ready("sync")
        assert await here.onboarding.connect(here.numbers["none", ""]) == 200

        asking = await here.connect_until_all_stand_still()
        here.stack.kill("sync")
        assert set(await asyncio.gather(*asking)) == {0}
        # By its clock, whatever was asked before it was killed will not be answered any more.
        ahead = ANSWER_WITHIN.total_seconds() + 1
        seamed_sync.start(here.stack, SYNC_AHEAD_SECONDS=str(ahead))
        await here.stack.wait_until_ready("sync")
        alone, asked_alone = await here.gone_on(), await here.once()

        for point in HELD:
            if point not in ALONE:
                again = (
                    here.onboarding.connect if point[0] == "exchange" else here.onboarding.resume
                )
                assert await again(here.numbers[point]) == 200
        views, asked = await here.views(), await here.once()

    whole = ended(views["none", ""])
    assert max(max(times) for times in asked_alone.values()) == 1
    assert {point: ended(alone[point]) for point in ALONE} == dict.fromkeys(ALONE, whole)
    unknown = [
        ("contacts", "stall"),
        ("contacts", "hang"),
        ("history", "stall"),
        ("history", "hang"),
    ]
    assert {point: left(alone[point]) for point in unknown} == {p: [p[0]] for p in unknown}
    assert {point: ended(view) for point, view in views.items()} == dict.fromkeys(views, whole)
    # A person said so once, of the request whose answer never came; of no other was it asked again.
    told = {"contacts": [2, 1], "history": [1, 2]}
    assert asked == {p: told[p[0]] if p in unknown else [1, 1] for p in here.numbers}
