"""A number's life through ingest and sync, on a real broker, with the sandbox as Meta."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from tests.flow.test_sync import Api, read, sync_and_ingest

from saath.events import (
    HeartbeatAtRisk,
    HeartbeatLost,
    NumberRecorded,
    NumberStateChanged,
)
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import NUMBER_EVENTS, NUMBERS
from saath_sandbox.client import Sandbox
from saath_sandbox.views import RegisteredNumber

PATIENCE_SECONDS = 60
# What takes hours and days takes a second here.
QUICK = {
    "SAATH_SYNC__PROBE_EVERY_HOURS": str(1 / 3600),
    "SAATH_SYNC__PROBE_AGAIN_MINUTES": str(1 / 60),
    "SAATH_SYNC__PROBE_GRACE_MINUTES": "0",
    "SAATH_SYNC__PROBES_PER_HOUR": "36000",
}
SECOND_IN_DAYS = 1 / 86_400


async def connected(meta: Sandbox, api: Api) -> RegisteredNumber:
    number = await meta.register_number(subscribed=False, history={"messages": 0})
    status, _ = await api.connect(number, await meta.issue_code(number.waba_id))
    assert status == 200
    return number


async def in_state(api: Api, number: RegisteredNumber, state: str) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if (await api.look(number))["state"] == state:
                return
            await asyncio.sleep(0.1)


async def states(kafka: KafkaSettings, topics: TopicSettings) -> list[str]:
    events = await read(kafka, topics, NUMBER_EVENTS)
    return [event.state for event in events if isinstance(event, NumberStateChanged)]


def template_paused(account: str) -> dict[str, Any]:
    """What Meta posts when it pauses a template."""
    value = {
        "event": "PAUSED",
        "message_template_id": 1689556908129833,
        "message_template_name": "summer_sale",
        "message_template_language": "en-US",
        "reason": "NONE",
    }
    change = {"field": "message_template_status_update", "value": value}
    entry = {"id": account, "time": int(time.time()), "changes": [change]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


async def test_what_meta_says_of_an_account_reaches_its_number_and_the_probe_confirms_its_return(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sync_and_ingest(kafka, topics, tmp_path, **QUICK) as (_, meta, api):
        number = await connected(meta, api)
        await meta.account_update("ACCOUNT_OFFBOARDED", number=number.phone_number_id)
        await in_state(api, number, "offboarded")
        await meta.account_update("ACCOUNT_RECONNECTED", number=number.phone_number_id)
        await in_state(api, number, "active")
        assert await meta.raw(template_paused(number.waba_id)) == 200
        await meta.account_update("PARTNER_REMOVED", number=number.phone_number_id)
        await in_state(api, number, "disconnected")
        rows = [e for e in await read(kafka, topics, NUMBERS) if isinstance(e, NumberRecorded)]
        told = await states(kafka, topics)

    assert told == ["active", "offboarded", "active", "disconnected"]
    assert rows[-1].state == "disconnected"
    assert [(t.name, t.language, t.state) for t in rows[-1].templates] == [
        ("summer_sale", "en_US", "paused")
    ]


async def test_a_disconnection_that_nobody_tells_of_is_found(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sync_and_ingest(kafka, topics, tmp_path, **QUICK) as (_, meta, api):
        number = await connected(meta, api)
        await meta.account_update("PARTNER_REMOVED", number=number.phone_number_id, told=False)
        await in_state(api, number, "disconnected")


async def test_a_restriction_holds_until_its_time(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sync_and_ingest(kafka, topics, tmp_path) as (_, meta, api):
        number = await connected(meta, api)
        until = int(time.time()) + 4
        info = [{"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": until}]
        await meta.account_update(
            "ACCOUNT_RESTRICTION",
            number=number.phone_number_id,
            objects={"restriction_info": info},
        )
        await in_state(api, number, "restricted")
        await in_state(api, number, "active")
        events = await read(kafka, topics, NUMBER_EVENTS)

    (held,) = [e for e in events if isinstance(e, NumberStateChanged) and e.state == "restricted"]
    assert [restriction.kind for restriction in held.restrictions] == ["business_initiated"]


@pytest.mark.parametrize("sign", ["echo", "person"])
async def test_a_silent_app_is_told_of_once_and_a_sign_of_life_begins_anew(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path, sign: str
) -> None:
    # Inbound is looked at once in 5 s, and Meta dates by the second: less would be late signs.
    settings = {
        "SAATH_SYNC__HEARTBEAT_AT_RISK_DAYS": str(7 * SECOND_IN_DAYS),
        "SAATH_SYNC__HEARTBEAT_LOST_DAYS": str(9 * SECOND_IN_DAYS),
    }

    async def told(count: int) -> list[str]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                events = await read(kafka, topics, NUMBER_EVENTS)
                found = [
                    type(e).__name__
                    for e in events
                    if isinstance(e, HeartbeatAtRisk | HeartbeatLost)
                ]
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.3)

    async with sync_and_ingest(kafka, topics, tmp_path, **settings) as (_, meta, api):
        number = await connected(meta, api)
        first = await told(2)
        if sign == "echo":
            await meta.person_answers(number.phone_number_id, "16505551234", "We are here")
        else:
            await api.opened(number)
        second = await told(4)

    assert (first, second) == (
        ["HeartbeatAtRisk", "HeartbeatLost"],
        ["HeartbeatAtRisk", "HeartbeatLost"] * 2,
    )
