"""
What Meta counts comes as statuses, sync counts it on ``costs.v1``, and ``saath costs`` prints the same: on a
real broker, with the sandbox as Meta, sync killed on the way.
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
from tests.flow import seamed_sync
from tests.flow.shell import Desk
from tests.flow.test_sync import Api, read

from saath.events import CostsRecorded
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import COSTS
from saath_demo.stack import Stack, run_stack
from saath_sandbox.client import Sandbox
from saath_sandbox.views import RegisteredNumber

QUICKLY = {"SAATH_KAFKA__SESSION_TIMEOUT_MS": "6000"}
ANA, BEN, INDIA = "4915100000001", "4915100000002", "919876500001"
NEWS = {"type": "template", "template": {"name": "marketing_news", "language": {"code": "en"}}}
TEXT = {"type": "text", "text": {"body": "Hello"}}
PATIENCE_SECONDS = 30
Line = tuple[str, str | None, str | None, str | None]
FIRST: Counter[Line] = Counter(
    {
        ("paid", "regular", "marketing", "+49"): 1,
        ("free", "free_customer_service", "service", "+49"): 1,
    }
)
EXPECTED: Counter[Line] = Counter(
    {
        ("paid", "regular", "marketing", "+49"): 2,
        ("paid", "regular", "marketing", "+91"): 1,
        ("free", "free_customer_service", "service", "+49"): 2,
    }
)
# What failed before Meta had named a price is on no day.
BESIDES = {"app_messages": 1, "failed": 0, "waiting": 0}


Told = tuple[Counter[Line], dict[str, int]]


async def send(stack: Stack, number: RegisteredNumber, to: str, content: dict[str, Any]) -> None:
    url = f"{stack.ports.url('sandbox')}/v25.0/{number.phone_number_id}/messages"
    headers = {"Authorization": f"Bearer {number.access_token}"}
    body = {"messaging_product": "whatsapp", "to": to, **content}
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, json=body, headers=headers) as answer,
    ):
        assert answer.status == 200, await answer.text()


async def start_sync(stack: Stack) -> None:
    seamed_sync.start(stack, SYNC_COSTS_EVERY_SECONDS="0.5")
    await stack.wait_until_ready("sync")


async def connected(stack: Stack, meta: Sandbox) -> RegisteredNumber:
    number = await meta.register_number(subscribed=False, history={"messages": 0})
    headers = {"Authorization": f"Bearer {stack.secrets.api_token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        api = Api(http, stack.ports.url("sync"))
        status, _ = await api.connect(number, await meta.issue_code(number.waba_id))
    assert status == 200
    return number


async def first_half(stack: Stack, meta: Sandbox, number: RegisteredNumber) -> None:
    await meta.customer_writes(number.phone_number_id, "Hello?", phone=ANA)
    await send(stack, number, ANA, TEXT)
    await send(stack, number, ANA, NEWS)
    await meta.faults(fail_statuses_times=1)
    await send(stack, number, BEN, NEWS)
    await meta.wait_until_settled(30)


async def second_half(stack: Stack, meta: Sandbox, number: RegisteredNumber) -> None:
    await send(stack, number, BEN, NEWS)
    await send(stack, number, INDIA, NEWS)
    await send(stack, number, ANA, TEXT)
    await meta.person_answers(number.phone_number_id, ANA, "From the phone.")
    await meta.wait_until_settled(30)


async def recorded(kafka: KafkaSettings, topics: TopicSettings) -> Told:
    """What costs.v1 says last, of all days together: a test may run at midnight."""
    last = {
        (event.number, event.day): event
        for event in await read(kafka, topics, COSTS)
        if isinstance(event, CostsRecorded)
    }
    lines: Counter[Line] = Counter()
    for line in [line for event in last.values() for line in event.lines]:
        lines[line.charge, line.type, line.category, line.market] += line.messages
    return lines, {name: sum(getattr(e, name) for e in last.values()) for name in BESIDES}


def printed(kafka: KafkaSettings, topics: TopicSettings) -> Told:
    """The same as ``saath costs`` prints it."""
    told = json.loads(Desk(kafka, topics).saath("costs", "--json").stdout)
    lines: Counter[Line] = Counter()
    for item in told["items"]:
        lines[item["charge"], item["type"], item["category"], item["market"]] += item["messages"]
    return lines, {name: told[name] for name in BESIDES}


async def until_it_is(wanted: Told, look: Callable[[], Awaitable[Told]]) -> Told:
    """Look until it is as *wanted*, or has not become so in time; what was seen last."""
    found = await look()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while found != wanted:
                await asyncio.sleep(0.3)
                found = await look()
    return found


async def test_what_meta_counted_is_on_costs_once_and_is_what_the_command_prints(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with run_stack(
        kafka, topics, tmp_path, overrides=QUICKLY, services=("ingest", "router")
    ) as (stack, meta):
        await start_sync(stack)
        number = await connected(stack, meta)
        await meta.faults(duplicates=0.5, reorder=True)
        await first_half(stack, meta, number)
        before = await until_it_is(
            (FIRST, BESIDES | {"app_messages": 0}), lambda: recorded(kafka, topics)
        )
        stack.kill("sync")
        await start_sync(stack)
        await second_half(stack, meta, number)

        by_sync = await until_it_is((EXPECTED, BESIDES), lambda: recorded(kafka, topics))
        by_command = await until_it_is(
            (EXPECTED, BESIDES), lambda: asyncio.to_thread(printed, kafka, topics)
        )
        # All of it was said; nothing that Meta repeats may move it any more.
        await meta.wait_until_settled(30)
        events = [e for e in await read(kafka, topics, COSTS) if isinstance(e, CostsRecorded)]
        text = await asyncio.to_thread(lambda: Desk(kafka, topics).saath("costs").stdout)

    assert before[0] == FIRST
    assert (by_sync, by_command) == ((EXPECTED, BESIDES),) * 2
    assert {event.number for event in events} == {number.phone_number_id}
    assert max(sum(line.messages for line in event.lines) for event in events) <= EXPECTED.total()
    assert "marketing" in text
