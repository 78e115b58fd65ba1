"""Ingest as a process on a real broker: what Meta is answered, and what is on the topics then."""

import asyncio
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from tests.contract.expectation import PAYLOADS, bodies, expectation
from tests.flow.ingest_process import SECRET, TOKEN, WEBHOOK, environment, running_ingest
from tests.reading import read_all, whole
from tests.running import eventually

from saath.client import ClientSettings
from saath.kafka.layout import apply
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import ACCOUNTS, HISTORY, INBOUND, dlq_topic, partition_for
from saath_ingest.outbox import DEAD_LETTERS
from saath_local import ClusterSpec, run_cluster

NOWHERE = KafkaSettings(bootstrap_servers="127.0.0.1:1")
TEXT = (PAYLOADS / "messages__text__1.json").read_bytes()
TOPICS = (INBOUND, HISTORY, ACCOUNTS, dlq_topic("ingest"))

# Where each record is: by topic and partition, in order; key and id say which it is.
Found = dict[tuple[str, int], list[tuple[str, str]]]


async def on_topics(kafka: KafkaSettings, topics: TopicSettings) -> Found:
    """Every record ingest may have written, as a ``read_committed`` subscriber sees it."""
    found: Found = {}
    for topic in TOPICS:
        for partition in range(topics.partitions):
            where = TopicPartition(topic.full_name(topics.prefix), partition)
            if records := await whole(kafka, [where]):
                found[topic.name, partition] = [
                    (raw.key.decode(), dict(raw.headers)["ce_id"].decode()) for raw in records
                ]
    return found


def expected(paths: list[Path], partitions: int) -> Found:
    """The same, as the contract's events files say."""
    found: Found = defaultdict(list)
    for path in paths:
        for record in json.loads(expectation(path).read_text(encoding="utf-8")):
            key, headers = record["key"], record["headers"]
            found[record["topic"], partition_for(key, partitions)].append((key, headers["ce_id"]))
    return dict(found)


def with_messages(count: int) -> bytes:
    """A body with so many updates."""
    data = json.loads(TEXT)
    value = data["entry"][0]["changes"][0]["value"]
    [message] = value["messages"]
    value["messages"] = [message | {"id": f"wamid.{index}"} for index in range(count)]
    return json.dumps(data).encode()


async def test_every_body_meta_is_known_to_send_is_on_its_topics_when_it_is_answered_200(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with running_ingest(kafka, topics, tmp_path) as ingest:
        await ingest.until_ready()

        answers = [(await ingest.post(body.read_bytes())).status_code for body in bodies()]

        assert answers == [200] * 150
        assert await on_topics(kafka, topics) == expected(bodies(), topics.partitions)


async def test_a_thousand_updates_in_one_body_keep_their_order(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with running_ingest(kafka, topics, tmp_path) as ingest:
        await ingest.until_ready()

        answer = await ingest.post(with_messages(1000))

        [found] = (await on_topics(kafka, topics)).values()
        assert answer.status_code == 200
        assert [name for _, name in found] == [f"wamid.{index}:received" for index in range(1000)]


async def test_bad_input_is_refused_with_a_reason_and_nothing_is_published(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with running_ingest(kafka, topics, tmp_path, body_limit_bytes="100000") as ingest:
        await ingest.until_ready()

        answers = [
            await ingest.post(TEXT, secret="guessed"),
            await ingest.post(b"x" * 100_001),
            await ingest.post(b"not JSON", secret="guessed"),
            await ingest.http.get(
                WEBHOOK, params={"hub.mode": "subscribe", "hub.verify_token": "?"}
            ),
            await ingest.http.get("/docs"),
            await ingest.http.get("/openapi.json"),
        ]

        assert [answer.status_code for answer in answers] == [401, 413, 401, 403, 404, 404]
        assert await on_topics(kafka, topics) == {}


async def test_what_nobody_can_read_is_durable_on_the_dead_letter_topic_before_the_200(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    garbage = bytes(range(256)) * 1000
    async with running_ingest(kafka, topics, tmp_path, record_bytes_max="100000") as ingest:
        await ingest.until_ready()

        answer = await ingest.post(garbage)

        kept = await read_all(ClientSettings(kafka=kafka, topics=topics), DEAD_LETTERS)
        assert (answer.status_code, b"".join(r.value or b"" for r in kept)) == (200, garbage)
        assert [dict(r.headers)["dlq_part"] for r in kept] == [b"1", b"2", b"3"]


async def test_the_challenge_is_answered_bare(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": TOKEN}
    async with running_ingest(kafka, topics, tmp_path) as ingest:
        answer = await ingest.http.get(WEBHOOK, params=query)

        assert (answer.status_code, answer.text) == (200, "1158201444")


async def test_the_log_tells_of_each_webhook_once_and_never_of_whom_or_what(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with running_ingest(kafka, topics, tmp_path) as ingest:
        await ingest.until_ready()
        await ingest.post(TEXT)

        [line] = ingest.logged("webhook.accepted")
        log = ingest.log_path.read_text(encoding="utf-8")

    told = {name: line[name] for name in ("outcome", "status", "changes", "events", "unrecognised")}
    assert told == {
        "outcome": "accepted", "status": 200, "changes": 1, "events": 1, "unrecognised": 0,
    }  # fmt: skip
    secrets = ("16505551234", "Sheena", "another color", SECRET, TOKEN)
    assert [secret for secret in secrets if secret in log] == []


async def test_without_kafka_it_says_so_answers_503_and_stops_cleanly(tmp_path: Path) -> None:
    async with running_ingest(NOWHERE, TopicSettings(), tmp_path) as ingest:
        await ingest.until_problem("no Kafka broker answers at 127.0.0.1:1")

        answer, readiness = await ingest.post(TEXT), await ingest.readiness()
        live = await ingest.http.get("/livez")
        ingest.process.terminate()

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert (readiness[0], live.status_code) == (503, 200)
        assert await asyncio.to_thread(ingest.process.wait, 60) == 0


async def test_a_missing_topic_is_named_until_it_is_made(
    kafka: KafkaSettings, tmp_path: Path
) -> None:
    topics = TopicSettings(prefix=f"{tmp_path.name}.".replace("_", "-"), partitions=2)
    topics = topics.model_copy(update={"replication_factor": 1})
    async with running_ingest(kafka, topics, tmp_path) as ingest:
        await ingest.until_problem("run `saath topics apply`")
        await apply(kafka, topics, "tests")
        await ingest.until_ready()

        assert (await ingest.post(TEXT)).status_code == 200


async def test_a_broker_that_dies_costs_a_503_and_one_that_returns_is_found(tmp_path: Path) -> None:
    with run_cluster(ClusterSpec()) as cluster:
        kafka = KafkaSettings(bootstrap_servers=cluster.bootstrap_servers)
        topics = TopicSettings(partitions=2, replication_factor=1)
        await apply(kafka, topics, "tests")
        async with running_ingest(kafka, topics, tmp_path, produce_timeout_seconds="1") as ingest:
            await ingest.until_ready()
            answers = [(await ingest.post(with_messages(1))).status_code]
            await asyncio.to_thread(cluster.nodes[0].kill)
            answers.append((await ingest.post(with_messages(2))).status_code)
            await ingest.until_problem("no Kafka broker answers any more")
            answers.append((await ingest.post(with_messages(3))).status_code)
            await asyncio.to_thread(cluster.nodes[0].start)
            await ingest.until_ready()

            async def taken() -> bool:
                return (await ingest.post(with_messages(3))).status_code == 200

            # The broker is there, and may take longer than a second for its first records.
            await eventually(taken, "no webhook is taken")

            [found] = (await on_topics(kafka, topics)).values()
            assert answers == [200, 503, 503]
            assert {name for _, name in found} == {f"wamid.{i}:received" for i in range(3)}


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        (
            {"SAATH_KAFKA__BOOTSTRAP_SERVER": "x"},
            "saath: SAATH_KAFKA__BOOTSTRAP_SERVER is not a setting; did you mean SAATH_KAFKA__BOOT",
        ),
        (
            {"SAATH_INGEST__APP_SECRETS": ""},
            "saath: SAATH_INGEST__APP_SECRETS: tuple should have at least 1 item",
        ),
        (
            {"SAATH_KAFKA__SECURITY_PROTOCOL": "SSL", "SAATH_KAFKA__SSL_CAFILE": "not-there.pem"},
            "saath: the TLS files of SAATH_KAFKA__SSL_CAFILE",
        ),
    ],
)
def test_a_setting_that_cannot_be_right_stops_the_start_with_a_sentence_and_exit_2(
    setting: dict[str, str], sentence: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "saath_ingest"],
        env=environment(NOWHERE, TopicSettings()) | setting,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (done.returncode, done.stderr[: len(sentence)]) == (2, sentence)
