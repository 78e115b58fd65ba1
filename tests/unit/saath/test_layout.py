"""What the topics are made with: nothing lost by a broker, nothing kept for ever by accident."""

import pytest

from saath.cli.strimzi import kafka_topics
from saath.kafka.layout import configuration
from saath.settings import TopicSettings
from saath.topics import (
    CONVERSATIONS,
    INBOUND,
    NUMBERS,
    STATEFUL,
    TOPICS,
    Topic,
    dlq_topic,
    state_topic,
)

THREE = TopicSettings(replication_factor=3)
DAY_MS = 86_400_000


def test_an_input_keeps_the_brokers_clock_and_its_days() -> None:
    assert configuration(INBOUND, THREE) == {
        "cleanup.policy": "delete",
        "min.insync.replicas": "2",
        "unclean.leader.election.enable": "false",
        "message.timestamp.type": "LogAppendTime",
        "retention.ms": str(8 * DAY_MS),
    }


def test_the_event_log_is_compacted_and_deleted_after_half_a_year() -> None:
    config = configuration(CONVERSATIONS, THREE)

    assert (config["cleanup.policy"], config["retention.ms"]) == (
        "compact,delete",
        str(180 * DAY_MS),
    )


@pytest.mark.parametrize("topic", [NUMBERS, *map(state_topic, STATEFUL)])
def test_a_changelog_is_compacted_soon_and_never_deleted(topic: Topic) -> None:
    config = configuration(topic, THREE)

    assert config["cleanup.policy"] == "compact"
    assert "retention.ms" not in config
    assert int(config["segment.ms"]) <= DAY_MS


def test_a_dead_letter_topic_takes_the_largest_record_there_is() -> None:
    assert configuration(dlq_topic("ingest"), THREE)["max.message.bytes"] == "2097152"


@pytest.mark.parametrize(("replicas", "in_sync"), [(1, "1"), (2, "1"), (3, "2"), (5, "4")])
def test_one_broker_of_the_replicas_may_be_lost_without_losing_a_write(
    replicas: int, in_sync: str
) -> None:
    settings = TopicSettings(replication_factor=replicas)

    assert configuration(INBOUND, settings)["min.insync.replicas"] == in_sync


def test_strimzi_gets_the_same_topics_with_the_same_settings() -> None:
    settings = TopicSettings(prefix="acme.", partitions=6, replication_factor=3)

    [first, *others] = kafka_topics(TOPICS, settings, "main").split("---\n")[1:]

    assert len(others) == len(TOPICS) - 1
    assert first == (
        "apiVersion: kafka.strimzi.io/v1\n"
        "kind: KafkaTopic\n"
        "metadata:\n"
        '  name: "acme.inbound.v1"\n'
        "  labels:\n"
        '    strimzi.io/cluster: "main"\n'
        "spec:\n"
        '  topicName: "acme.inbound.v1"\n'
        "  partitions: 6\n"
        "  replicas: 3\n"
        "  config:\n"
        '    cleanup.policy: "delete"\n'
        '    min.insync.replicas: "2"\n'
        '    unclean.leader.election.enable: "false"\n'
        '    message.timestamp.type: "LogAppendTime"\n'
        '    retention.ms: "691200000"\n'
    )
