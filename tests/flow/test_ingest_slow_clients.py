"""Clients that take their time: their connection ends, and nobody else waits."""

import asyncio
from pathlib import Path

import pytest
from tests.flow.ingest_process import running_ingest

from saath.settings import KafkaSettings, TopicSettings

BODY = b'{"object":"whatsapp_business_account","entry":[]}'


@pytest.mark.parametrize(
    "sent",
    [b"", b"P", b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: us\r\nX-Slow: "],
    ids=["nothing", "one letter", "half the headers"],
)
async def test_whoever_does_not_finish_the_headers_is_hung_up_on(
    sent: bytes, kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with running_ingest(kafka, topics, tmp_path, headers_timeout_seconds="0.3") as ingest:
        url = ingest.http.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(sent)

        async with asyncio.timeout(60):
            answer = await reader.read()

        writer.close()
        assert answer == b""


async def test_a_connection_that_is_kept_is_not_hung_up_on_between_requests(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with running_ingest(kafka, topics, tmp_path, headers_timeout_seconds="0.3") as ingest:
        await ingest.until_ready()
        url = ingest.http.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        request = b"GET /livez HTTP/1.1\r\nHost: us\r\n\r\n"
        answers = []
        for _ in range(2):
            writer.write(request)
            answers.append((await reader.readuntil(b"\r\n"))[:12])
            await reader.readuntil(b"}")
            await asyncio.sleep(0.6)  # longer than a request's headers may take

        writer.close()
        assert answers == [b"HTTP/1.1 200", b"HTTP/1.1 200"]
