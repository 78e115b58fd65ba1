"""The router as a process on a real broker."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from tests.conftest import PARTITIONS

from saath.codec import decode
from saath.events import (
    Contact,
    Content,
    Event,
    MessageEchoed,
    MessageReceived,
    OwnerChanged,
    OwnershipRecorded,
    TurnOffered,
    TurnWithdrawn,
)
from saath.identity import conversation_id, event_id
from saath.kafka.group import GroupReader
from saath.kafka.publisher import Publisher
from saath.kafka.records import Record
from saath.settings import KafkaSettings, TopicSettings
from saath.tokens import TurnToken, TurnTokens
from saath.topics import (
    CONVERSATIONS,
    INBOUND,
    OWNERS,
    TURNS,
    Topic,
    dlq_topic,
    partition_for,
    state_topic,
)
from saath_local import Process, spawn
from saath_router.conversation import Conversation
from saath_router.written import write

NUMBER = "100000000000001"
CUSTOMER = Contact(phone="4915100000001", name="Ana")
KEY = "an-installation-key-for-tests"
TURN_KEYS = "the-newest-turn-key,an-older-one"
PATIENCE_SECONDS = 60.0
STATE = state_topic("router")


def environment(kafka: KafkaSettings, topics: TopicSettings, **more: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SAATH_")}
    return clean | {
        "SAATH_KAFKA__BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "SAATH_TOPICS__PREFIX": topics.prefix,
        "SAATH_HTTP_PORT": "0",
        "SAATH_INSTALLATION_KEY": KEY,
        "SAATH_TURN_KEYS": TURN_KEYS,
        "SAATH_ROUTER__ANSWERS": "everyone",
        "SAATH_ROUTER__BOT": "orders",
        **more,
    }


@contextmanager
def router(environ: dict[str, str], folder: Path) -> Iterator[Process]:
    command = [sys.executable, "-m", "saath_router"]
    with spawn(command, env=environ, log_path=folder / "router.log") as process:
        yield process


def received(message: str, text: str = "Is it there in blue?") -> MessageReceived:
    return MessageReceived(
        id=event_id(message, "received"),
        time=datetime.now(UTC),
        number=NUMBER,
        message_id=message,
        contact=CUSTOMER,
        content=Content.of_text(text),
    )


def echoed(message: str) -> MessageEchoed:
    return MessageEchoed(
        id=event_id(message, "echoed"),
        time=datetime.now(UTC) + timedelta(seconds=1),
        number=NUMBER,
        message_id=message,
        contact=CUSTOMER,
        content=Content.of_text("Yes, it is."),
    )


@asynccontextmanager
async def watching(
    kafka: KafkaSettings, topics: TopicSettings, topic: Topic
) -> AsyncIterator[Callable[[type[Event]], "asyncio.Future[Event]"]]:
    """A ``read_committed`` reader of *topic*: ask it for the next event of a type."""
    async with GroupReader(kafka, topics, "tests", topic, None) as reader:

        async def next_of(wanted: type[Event]) -> Event:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    for record in await reader.read(1):
                        event = decode(record.headers, record.value)
                        if isinstance(event, wanted):
                            return event

        yield lambda wanted: asyncio.ensure_future(next_of(wanted))


async def next_record(kafka: KafkaSettings, topics: TopicSettings, topic: Topic) -> Record:
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        GroupReader(kafka, topics, "tests", topic, None) as reader,
    ):
        while True:
            for record in await reader.read(1):
                return record


async def test_a_message_becomes_a_turn_and_an_echo_withdraws_it(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    with router(environment(kafka, topics), tmp_path):
        async with (
            Publisher(kafka, topics, "tests") as publisher,
            watching(kafka, topics, TURNS) as turns,
            watching(kafka, topics, CONVERSATIONS) as log,
            watching(kafka, topics, OWNERS) as owners,
        ):
            await publisher.publish(INBOUND, received("wamid.1"))
            offered = await turns(TurnOffered)
            given = await owners(OwnershipRecorded)
            await publisher.publish(INBOUND, echoed("wamid.2"), received("wamid.1"))
            withdrawn = await turns(TurnWithdrawn)
            taken = await owners(OwnershipRecorded)
            changes = [await log(OwnerChanged), await log(OwnerChanged)]

    assert isinstance(offered, TurnOffered)
    assert isinstance(withdrawn, TurnWithdrawn)
    assert TurnTokens(TURN_KEYS.split(",")).read(offered.turn) == TurnToken(
        turn=offered.id,
        number=NUMBER,
        conversation=offered.conversation or "",
        epoch=offered.epoch,
        bot="orders",
        deadline=int(offered.deadline.timestamp()),
    )
    assert withdrawn.turn_id == offered.id
    assert [facts(owner) for owner in (given, taken)] == [
        ("bot", offered.epoch),
        ("human", facts(changes[1])[1]),
    ]
    assert [facts(change)[0] for change in changes] == ["bot", "human"]


def facts(event: Event) -> tuple[str, int]:
    assert isinstance(event, OwnerChanged | OwnershipRecorded)
    return event.owner, event.epoch


async def test_a_poison_record_is_put_aside_and_the_next_message_is_answered(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    partition = partition_for(NUMBER, PARTITIONS)
    headers = [("ce_type", b"io.saath.message.received.v1")]
    with router(environment(kafka, topics), tmp_path):
        async with (
            Publisher(kafka, topics, "tests") as publisher,
            watching(kafka, topics, TURNS) as turns,
        ):
            await (await publisher.send_raw(INBOUND, NUMBER, partition, b'{"id": 7}', headers))
            await publisher.publish(INBOUND, received("wamid.1"))
            offered = await turns(TurnOffered)
            dead = await next_record(kafka, topics, dlq_topic("router"))

    assert isinstance(offered, TurnOffered)
    assert (dead.key, dead.value, dead.partition) == (NUMBER.encode(), b'{"id": 7}', partition)
    assert dict(dead.headers)["dlq_reason"].startswith(b"io.saath.message.received.v1: /")
    assert dict(dead.headers)["ce_type"] == b"io.saath.message.received.v1"


async def test_a_router_that_was_killed_goes_on_where_it_was(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    environ = environment(kafka, topics)
    async with (
        Publisher(kafka, topics, "tests") as publisher,
        watching(kafka, topics, TURNS) as turns,
    ):
        with router(environ, tmp_path) as process:
            await publisher.publish(INBOUND, received("wamid.1"))
            first = await turns(TurnOffered)
            process.kill()
        await publisher.publish(INBOUND, received("wamid.1"), received("wamid.2"))
        with router(environ, tmp_path):
            second = await turns(TurnOffered)

    assert isinstance(first, TurnOffered)
    assert isinstance(second, TurnOffered)
    assert [message.message_id for message in second.messages] == ["wamid.2"]
    assert (second.conversation, second.epoch) == (first.conversation, first.epoch)


async def test_who_returns_after_a_conversation_left_memory_has_it_again_with_a_higher_epoch(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    """The state is made to look nine days old, as a restart would find it then."""
    environ = environment(kafka, topics, SAATH_ROUTER__BOT_REPLY_WITHIN_SECONDS="0")
    long_ago = datetime.now(UTC) - timedelta(days=9)
    state = Conversation(id=name_of_customer(), number=NUMBER, epoch=7, contact=CUSTOMER)
    async with (
        Publisher(kafka, topics, "tests") as publisher,
        watching(kafka, topics, TURNS) as turns,
    ):
        partition = partition_for(NUMBER, PARTITIONS)
        value = write(state, None, long_ago, (0, 1, 0))
        headers: list[tuple[str, bytes]] = []
        await (await publisher.send_raw(STATE, state.id, partition, value, headers))
        with router(environ, tmp_path):
            await until_gone(kafka, topics, state.id)
            await publisher.publish(INBOUND, received("wamid.1"))
            offered = await turns(TurnOffered)

    assert isinstance(offered, TurnOffered)
    assert offered.conversation == state.id
    assert offered.epoch > long_ago.timestamp() * 1000


def name_of_customer() -> str:
    return conversation_id(KEY.encode(), NUMBER, f"phone:{CUSTOMER.phone}")


async def until_gone(kafka: KafkaSettings, topics: TopicSettings, conversation: str) -> None:
    """Wait for the tombstone on ``owners``; something must be read for it to be written."""
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        GroupReader(kafka, topics, "tests", OWNERS, None) as reader,
        Publisher(kafka, topics, "tests") as publisher,
    ):
        for n in count():
            await publisher.publish(INBOUND, of_somebody_else(f"wamid.other.{n}"))
            for record in await reader.read(1):
                if (record.key, record.value) == (conversation.encode(), None):
                    return


def of_somebody_else(message: str) -> MessageReceived:
    contact = Contact(phone="4915100000002")
    return received(message).model_copy(update={"contact": contact, "origin": "history"})


async def test_sigterm_ends_it_with_status_0(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    with router(environment(kafka, topics), tmp_path) as process:
        async with (
            Publisher(kafka, topics, "tests") as publisher,
            watching(kafka, topics, TURNS) as turns,
        ):
            await publisher.publish(INBOUND, received("wamid.1"))
            await turns(TurnOffered)

        process.send_signal(signal.SIGTERM)
        status = await asyncio.to_thread(process.wait, 60)

    assert status == 0


def refusal(environ: dict[str, str]) -> tuple[int, str]:
    """Exit status, and what stood on standard error."""
    ended = subprocess.run(
        [sys.executable, "-m", "saath_router"],
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return ended.returncode, ended.stderr.strip().splitlines()[-1]


def test_a_misspelt_setting_ends_it_with_status_2_and_the_nearest_right_name() -> None:
    environ = environment(KafkaSettings(), TopicSettings(), SAATH_ROUTER__ANSWER="everyone")

    assert refusal(environ) == (
        2,
        "saath: SAATH_ROUTER__ANSWER is not a setting; did you mean SAATH_ROUTER__ANSWERS?",
    )


def test_missing_topics_end_it_with_status_2_and_the_cure(kafka: KafkaSettings) -> None:
    status, sentence = refusal(environment(kafka, TopicSettings(prefix="nobody-made-these.")))

    assert status == 2
    assert sentence.startswith("saath: topic nobody-made-these.inbound.v1 is not there")
    assert sentence.endswith("run `saath topics apply`")


async def test_another_installation_key_ends_it_with_status_2(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    with router(environment(kafka, topics), tmp_path):
        async with (
            Publisher(kafka, topics, "tests") as publisher,
            watching(kafka, topics, TURNS) as turns,
        ):
            await publisher.publish(INBOUND, received("wamid.1"))
            await turns(TurnOffered)
    other = environment(kafka, topics, SAATH_INSTALLATION_KEY="quite-another-installation-key")

    status, sentence = await asyncio.to_thread(refusal, other)

    assert status == 2
    assert "SAATH_INSTALLATION_KEY is not the one this state was written with" in sentence


async def test_without_a_broker_it_waits_says_so_and_can_be_stopped(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        nowhere = KafkaSettings(bootstrap_servers=f"127.0.0.1:{silent.getsockname()[1]}")
        with router(environment(nowhere, TopicSettings()), tmp_path) as process:
            log = tmp_path / "router.log"
            async with asyncio.timeout(PATIENCE_SECONDS):
                while "kafka.unavailable" not in log.read_text():  # noqa: ASYNC110 # a process
                    await asyncio.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            status = await asyncio.to_thread(process.wait, 60)

    line = next(line for line in log.read_text().splitlines() if "kafka.unavailable" in line)
    assert (status, json.loads(line)["problem"]) == (
        0,
        (
            f"no Kafka broker answers at {nowhere.bootstrap_servers} "
            "(SAATH_KAFKA__BOOTSTRAP_SERVERS), or it does not let us in "
            "(check SAATH_KAFKA__SECURITY_PROTOCOL=PLAINTEXT): KafkaConnectionError"
        ),
    )
