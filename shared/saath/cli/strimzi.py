"""The topics as Strimzi's ``KafkaTopic`` resources. Pure."""

import json
from collections.abc import Iterable

from saath.kafka.layout import configuration
from saath.settings import TopicSettings
from saath.topics import Topic


def kafka_topics(topics: Iterable[Topic], settings: TopicSettings, cluster: str) -> str:
    """YAML, a document a topic, for the Kafka resource named *cluster*."""
    return "".join(_resource(topic, settings, cluster) for topic in topics)


def _resource(topic: Topic, settings: TopicSettings, cluster: str) -> str:
    name = topic.full_name(settings.prefix)
    # Every topic's name is a DNS-1123 subdomain, and so may be the resource's; JSON strings are YAML.
    lines = [
        "---",
        "apiVersion: kafka.strimzi.io/v1",
        "kind: KafkaTopic",
        "metadata:",
        f"  name: {json.dumps(name.strip('.-'))}",
        "  labels:",
        f"    strimzi.io/cluster: {json.dumps(cluster)}",
        "spec:",
        f"  topicName: {json.dumps(name)}",
        f"  partitions: {settings.partitions}",
        f"  replicas: {settings.replication_factor}",
        "  config:",
        *(
            f"    {key}: {json.dumps(value)}"
            for key, value in configuration(topic, settings).items()
        ),
    ]
    return "\n".join(lines) + "\n"
