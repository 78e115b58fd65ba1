"""aiokafka's clients, made from our settings. The defaults that differ from aiokafka's say why."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from saath.errors import Misconfigured
from saath.kafka.tolerant import TolerantConsumer
from saath.settings import KafkaSettings

# Meta's bodies may be 3 MB; one update of it is far smaller, but a history message can be long.
MAX_REQUEST_BYTES = 2 * 1024 * 1024
CLOSE_TIMEOUT_SECONDS = 5.0


def connection(kafka: KafkaSettings, client_id: str) -> dict[str, Any]:
    """
    The arguments all of aiokafka's clients share.

    Raises:
        Misconfigured: a certificate file is missing or unreadable.
    """
    arguments: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "client_id": client_id,
        "security_protocol": kafka.security_protocol,
        "request_timeout_ms": kafka.request_timeout_ms,
    }
    if kafka.security_protocol.endswith("SSL"):
        arguments["ssl_context"] = ssl_context(kafka)
    if kafka.security_protocol.startswith("SASL"):
        password = kafka.sasl_password
        arguments |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": password.get_secret_value() if password else None,
        }
    return arguments


def ssl_context(kafka: KafkaSettings) -> ssl.SSLContext:
    """
    TLS from PEM files, as Strimzi writes them.

    Raises:
        Misconfigured: a file is missing or unreadable.
    """
    try:
        context = ssl.create_default_context(cafile=kafka.ssl_cafile)
        context.check_hostname = kafka.ssl_check_hostname
        if kafka.ssl_certfile:
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"the TLS files of SAATH_KAFKA__SSL_CAFILE, __SSL_CERTFILE, __SSL_KEYFILE: {error}"
        ) from error
    return context


def producer(kafka: KafkaSettings, client_id: str, **overrides: Any) -> AIOKafkaProducer:
    """An idempotent producer that waits for all in-sync replicas. Start it before use."""
    arguments = {
        "acks": "all",
        "enable_idempotence": True,
        "max_request_size": MAX_REQUEST_BYTES,
        # 4,000 updates to one partition took 310 ms with the default of 16 KiB and 70 ms with this.
        "max_batch_size": 512 * 1024,
    }
    return AIOKafkaProducer(**connection(kafka, client_id), **(arguments | overrides))


def consumer(kafka: KafkaSettings, client_id: str, **overrides: Any) -> AIOKafkaConsumer:
    """A consumer that sees committed records only, commits nothing by itself, and is stopped by none."""
    arguments = {
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "isolation_level": "read_committed",
        "max_partition_fetch_bytes": 4 * 1024 * 1024,
    }
    return TolerantConsumer(**connection(kafka, client_id), **(arguments | overrides))


@asynccontextmanager
async def reading(
    kafka: KafkaSettings, client_id: str, **overrides: Any
) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer, closed again within a bounded time, however it goes."""
    reader = consumer(kafka, client_id, **overrides)
    try:
        await reader.start()
        yield reader
    finally:
        await close(reader)


async def close(reader: AIOKafkaConsumer) -> None:
    """
    Stop a consumer within a bounded time, whatever comes of it.

    Without a broker, taking leave of it has no end. And aiokafka cancels a fetch that is waiting to try
    again, and lets that cancellation out of ``stop``: it would end our own task, without a word.
    """
    task = asyncio.current_task()
    asked = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            await reader.stop()
    except asyncio.CancelledError:
        if task and task.cancelling() > asked:
            raise
        # It broke off before it had closed its sockets.
        await reader._client.close()  # noqa: SLF001 # not offered
    except (TimeoutError, KafkaError):
        return


async def start_writing(writer: AIOKafkaProducer) -> None:
    """Start a producer. One that does not start still holds sockets, and is closed again."""
    try:
        await writer.start()
    except BaseException:
        await writer.stop()
        raise


async def stop_writing(writer: AIOKafkaProducer) -> None:
    """
    Stop a producer within a bounded time.

    An idempotent one never gives a record up: without a broker its flush would have no end. What is
    not acknowledged, or committed, by then never will be.
    """
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
            await writer.stop()
    except TimeoutError:
        await writer.client.close()


def admin(kafka: KafkaSettings, client_id: str) -> AIOKafkaAdminClient:
    """An admin client. Start it before use."""
    return AIOKafkaAdminClient(**connection(kafka, client_id))
