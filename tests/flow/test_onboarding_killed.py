"""
Sync is killed with -9 in the middle of each call of an onboarding, on a real broker, the sandbox as Meta.

``stall``: the intent is stored, and Meta has taken nothing. ``hang``: Meta has taken it, and the answer is
not stored. Whatever lies between is one of these two of the call before or after.
"""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.flow.test_sync import sync_and_ingest

from saath.settings import KafkaSettings, TopicSettings
from saath_sandbox.client import Sandbox
from saath_sandbox.views import RegisteredNumber
from saath_sync.onboarding import ANSWER_WITHIN

CALLS = ("exchange", "facts", "subscribe", "contacts", "history")
POINTS = [(call, kind) for call in CALLS for kind in ("stall", "hang")]
SETTINGS = {"SAATH_KAFKA__SESSION_TIMEOUT_MS": "6000", "SAATH_GRAPH__TIMEOUT_SECONDS": "50"}


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


@pytest.mark.fault
async def test_killed_at_each_call_nothing_is_asked_twice_and_resume_ends_as_if_undisturbed(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sync_and_ingest(kafka, topics, tmp_path, **SETTINGS) as (stack, meta, _):
        headers = {"Authorization": f"Bearer {stack.secrets.api_token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            onboarding = Onboarding(http, stack.ports.url("sync"), meta)
            numbers = {
                point: await meta.register_number(subscribed=False, history={"messages": 0})
                for point in [("none", ""), *POINTS]
            }
            undisturbed = numbers["none", ""]
            assert await onboarding.connect(undisturbed) == 200
            for call, kind in POINTS[2:]:
                number = numbers[call, kind]
                node = number.waba_id if call == "subscribe" else number.phone_number_id
                await meta.faults(answers=[{"kind": kind, "call": call, "number": node}])
            asking = [asyncio.create_task(onboarding.connect(numbers[p])) for p in POINTS[2:]]
            for point in POINTS[2:]:
                number = numbers[point]
                node = number.waba_id if point[0] == "subscribe" else number.phone_number_id
                await onboarding.held(point[0], node, 1)
            # A code's exchange names no number, so these come last, when nobody else exchanges one.
            for kind in ("stall", "hang"):
                await meta.faults(answers=[{"kind": kind, "call": "exchange"}])
                asking.append(asyncio.create_task(onboarding.connect(numbers["exchange", kind])))
                await onboarding.held("exchange", "", 1 + len(asking))
            stack.kill("sync")
            assert set(await asyncio.gather(*asking)) == {0}
            stack.start("sync")
            await stack.wait_until_ready("sync")
            killed = list(POINTS)

            # What was asked a moment ago may still be answered, for all that a new owner knows.
            early = {p: await onboarding.resume(numbers[p]) for p in POINTS[4:]}
            assert early == {(c, k): 409 if c == "subscribe" else 200 for c, k in POINTS[4:]}
            await asyncio.sleep(ANSWER_WITHIN.total_seconds() + 1)
            for point in killed:
                assert max(await onboarding.once(numbers[point])) <= 1

            for call, kind in killed:
                number = numbers[call, kind]
                again = onboarding.connect if call == "exchange" else onboarding.resume
                assert await again(number) == 200
            views = {point: await onboarding.look(numbers[point]) for point in numbers}
            asked = {point: await onboarding.once(numbers[point]) for point in numbers}

    whole = ended(views["none", ""])
    assert {point: ended(view) for point, view in views.items()} == dict.fromkeys(views, whole)
    # A person said so once, of the request whose answer never came; of no other was it asked again.
    told = {"contacts": [2, 1], "history": [1, 2]}
    assert asked == {point: told.get(point[0], [1, 1]) for point in numbers}
