"""A number that is connected elsewhere, adopted with its own history, on a real broker."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
from tests.flow.test_sync import backfilled, sync_and_ingest

from saath.settings import KafkaSettings, TopicSettings

LINES = [
    {"id": f"wamid.{at}", "time": 1793523600 + at, "author": "customer", "phone": "16505551234"}
    for at in (3, 1, 4, 2, 0)
]


async def post(http: aiohttp.ClientSession, url: str, **body: Any) -> int:
    async with http.post(url, **body) as response:
        return response.status


async def test_an_adopted_numbers_own_history_is_replayed_in_time_order_each_message_once(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sync_and_ingest(kafka, topics, tmp_path) as (stack, meta, api):
        number = await meta.register_number(subscribed=False)
        base = f"{stack.ports.url('sync')}/numbers"
        headers = {"Authorization": f"Bearer {stack.secrets.api_token}"}
        wish = {
            "phone_number_id": number.phone_number_id,
            "waba_id": number.waba_id,
            "token": number.access_token,
        }
        async with aiohttp.ClientSession(headers=headers) as http:
            statuses = [await post(http, f"{base}/adopt", json=wish)]
            # It goes on with the token that it was adopted with, and nothing is left to ask.
            async with asyncio.timeout(30):
                resume = f"{base}/{number.phone_number_id}/resume"
                while await post(http, resume) != 200:  # noqa: ASYNC110 - a process
                    await asyncio.sleep(0.1)
            statuses.append(await post(http, f"{base}/adopt", json=wish))
            # The second chunk first, and the first one twice.
            for query, lines in (("2&last=true", LINES[3:]), ("1", LINES[:3]), ("1", LINES[:3])):
                text = "\n".join(json.dumps({**line, "text": "Hi"}) for line in lines)
                url = f"{base}/{number.phone_number_id}/history?chunk={query}"
                statuses.append(await post(http, url, data=text))
        view = await api.wait_for_history(number, "complete")
        events = await backfilled(kafka, topics)
        calls = await meta.calls(number.phone_number_id)
        of_account = await meta.calls(number.waba_id)
        log = stack.log_path("sync").read_text()

    assert statuses == [200] * 5
    assert [event.message_id for event in events] == [f"wamid.{at}" for at in range(5)]
    assert (view["state"], view["policy"]) == ("active", {"answers": "nobody"})
    # The probe asks the same as the step does; what is taken once was never asked.
    assert (set(calls), of_account) == ({"facts"}, ["phone_numbers", "subscribe"])
    assert number.access_token not in log
