"""Where a record goes: exactly where Kafka's own Java client would put it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from saath.events import (
    AccountUpdated,
    Contact,
    Content,
    Event,
    MessageReceived,
    WebhookUnrecognised,
)
from saath.topics import (
    ACCOUNTS,
    CONVERSATIONS,
    INBOUND,
    OWNERS,
    TOPICS,
    TURNS,
    Place,
    Topic,
    murmur2,
    partition_for,
    place,
)

VECTORS = json.loads(Path(__file__).with_name("murmur2_vectors.json").read_text("utf-8"))
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
NUMBER = "100000000000001"


def received(number: str | None = NUMBER, conversation: str | None = "c_1") -> MessageReceived:
    return MessageReceived(
        id="wamid.A:received", time=NOW, number=number, conversation=conversation,
        message_id="wamid.A", contact=Contact(phone="49"), content=Content.of_text("Hello"),
    )  # fmt: skip


def test_murmur2_gives_what_kafkas_java_client_gives() -> None:
    ours = [murmur2(bytes.fromhex(vector["bytes"])) for vector in VECTORS]

    assert ours == [vector["murmur2"] & 0xFFFFFFFF for vector in VECTORS]
    assert {len(vector["bytes"]) // 2 for vector in VECTORS} >= {*range(41)}


def test_a_key_goes_to_the_partition_that_the_java_client_chooses() -> None:
    texts = [(bytes.fromhex(v["bytes"]), v["partition_of_24"]) for v in VECTORS if v["bytes"]]
    readable = [(key.decode(), partition) for key, partition in texts if _is_text(key)]

    assert len(readable) >= 10
    assert [partition_for(key, 24) for key, _ in readable] == [p for _, p in readable]


def _is_text(key: bytes) -> bool:
    try:
        key.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize(
    ("topic", "key", "partitioned_by"),
    [
        (INBOUND, NUMBER, NUMBER),
        (CONVERSATIONS, "wamid.A:received", "c_1"),
        (TURNS, "c_1", "c_1"),
        (OWNERS, "c_1", NUMBER),
    ],
)
def test_an_event_is_keyed_and_partitioned_as_the_topics_table_says(
    topic: Topic, key: str, partitioned_by: str
) -> None:
    assert place(topic, received(), 24) == Place(key, partition_for(partitioned_by, 24))


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (
            AccountUpdated(id="a", time=NOW, account="200", field="account_update", details={}),
            "200",
        ),
        (
            AccountUpdated(id="a", time=NOW, account="200", number="1", field="x", details={}),
            "1",
        ),
        (WebhookUnrecognised(id="a", time=NOW, account="200", reason="new", details={}), "200"),
    ],
)
def test_an_account_fact_goes_by_its_number_where_it_has_one(event: Event, key: str) -> None:
    assert place(ACCOUNTS, event, 24) == Place(key, partition_for(key, 24))


def test_an_event_without_what_a_topic_goes_by_is_refused_by_name() -> None:
    with pytest.raises(
        ValueError, match=r"^io\.saath\.message\.received\.v1 has no conversation, which turns\.v1"
    ):
        place(TURNS, received(conversation=None), 24)


def test_topics_are_named_once_and_as_kubernetes_and_kafkas_metrics_allow() -> None:
    names = [topic.name for topic in TOPICS]

    assert len({*names}) == len(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-") for name in names)
