"""Whatever ingest is sent, nothing of it is in what it says: not in its output, not in its metrics."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.flow.ingest_process import SECRET, TOKEN, WEBHOOK, Ingest, running_ingest

from saath.settings import KafkaSettings, TopicSettings
from saath_ingest.signature import sign

PHONE, BUSINESS, NUMBER, ACCOUNT = "4917655501234", "15550783881", "106540352242922", "102290129340"
# Each of them could be found in a log line, a traceback, a label, or an error of a library.
MARKS = (
    PHONE,
    BUSINESS,
    "Sheena-the-customer",
    "words-of-a-message",
    "US.markeduserid",
    "wamid.marked",
    "field-marked",
    "key-marked",
    "token-marked",
    "challenge-marked",
    "path-marked",
    "header-marked",
    SECRET,
    TOKEN,
)
NOWHERE = KafkaSettings(bootstrap_servers="127.0.0.1:1")


def marked(field: str = "messages", **value: Any) -> bytes:
    """A body that is full of marks."""
    message = {
        "from": PHONE,
        "from_user_id": "US.markeduserid",
        "id": "wamid.marked",
        "timestamp": "words-of-a-message",
        "type": "text",
        "text": {"body": "words-of-a-message"},
        "key-marked": [PHONE],
    }
    content = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": BUSINESS, "phone_number_id": NUMBER},
        "contacts": [{"wa_id": PHONE, "profile": {"name": "Sheena-the-customer"}}],
        "messages": [message, "words-of-a-message", {"from": PHONE}],
        "statuses": [{"id": "wamid.marked", "status": "words-of-a-message", "recipient_id": PHONE}],
        **value,
    }
    change = {"field": field, "value": content}
    data = {
        "object": "whatsapp_business_account",
        "entry": [{"id": ACCOUNT, "changes": [change]}],
    }
    return json.dumps(data).encode()


async def everything(ingest: Ingest) -> list[int]:
    """Send what is right, wrong and absurd, all of it marked; the answers' statuses."""
    odd = marked("field-marked", **{"key-marked": {"x": PHONE}})
    huge = marked(padding="words-of-a-message" * 20_000)
    lone = marked().replace(b"words", b"\\ud83d words")
    answers: list[httpx.Response] = [
        *[await ingest.post(body) for body in (marked(), odd, huge, lone)],
        await ingest.post(marked()[:-9]),
        await ingest.post(b"[" * 50_000 + b'"words-of-a-message"'),
        await ingest.post(marked(), secret="token-marked"),
        await ingest.http.post(
            WEBHOOK, content=marked(), headers={"X-Hub-Signature-256": "sha256=header-marked"}
        ),
        await ingest.http.post(f"{WEBHOOK}/path-marked", content=marked()),
        await ingest.http.put(f"{WEBHOOK}?x=path-marked", content=marked()),
    ]
    for token in ("token-marked", TOKEN):
        query = {"hub.mode": "subscribe", "hub.challenge": "challenge-marked"}
        query["hub.verify_token"] = token
        answers.append(await ingest.http.get(WEBHOOK, params=query))
    await _hang_up(ingest)
    return [answer.status_code for answer in answers]


async def _hang_up(ingest: Ingest) -> None:
    """Begin a body and leave."""
    headers = {"Content-Length": "100000", "X-Hub-Signature-256": sign(marked(), SECRET)}
    url = f"{ingest.http.base_url}{WEBHOOK}".replace("//webhooks", "/webhooks")

    async def begun() -> Any:
        yield marked()
        raise ConnectionAbortedError

    async with httpx.AsyncClient() as other:
        with pytest.raises(ConnectionAbortedError):
            await other.post(url, content=begun(), headers=headers)


@pytest.mark.parametrize("log_level", ["INFO", "DEBUG"])
async def test_nothing_of_a_body_a_query_or_a_header_is_in_output_or_metrics(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path, log_level: str
) -> None:
    async with running_ingest(
        kafka, topics, tmp_path, LOG_LEVEL=log_level, record_bytes_max="200000"
    ) as ingest:
        await ingest.until_ready()

        statuses = await everything(ingest)
        metrics = (await ingest.http.get("/metrics")).text

    output = ingest.log_path.read_text(encoding="utf-8")
    assert statuses == [200] * 6 + [401, 401, 404, 405, 403, 200]
    assert [mark for mark in MARKS if mark in output] == []
    assert [mark for mark in (*MARKS, NUMBER, ACCOUNT) if mark in metrics] == []
    assert output.count('"webhook.accepted"') == 4
    assert output.count('"webhook.set_aside"') == 2


async def test_nor_while_kafka_is_away(tmp_path: Path) -> None:
    async with running_ingest(NOWHERE, TopicSettings(), tmp_path, LOG_LEVEL="DEBUG") as ingest:
        await ingest.until_problem("no Kafka broker answers")

        statuses = await everything(ingest)
        metrics = (await ingest.http.get("/metrics")).text

    output = ingest.log_path.read_text(encoding="utf-8")
    assert statuses[:6] == [503] * 6
    assert [mark for mark in MARKS if mark in output or mark in metrics] == []
