"""The topics as they stand on the broker: created from the one list, checked at every start."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from saath.errors import Misconfigured, RetryLater
from saath.kafka.client import admin
from saath.kafka.failures import unreachable
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import TOPICS, Topic

CREATE_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Layout:
    """How many partitions each topic has, by its name without prefix."""

    partitions: Mapping[str, int]

    def of(self, topic: Topic) -> int:
        """The partition count of *topic*."""
        return self.partitions[topic.name]


@dataclass(frozen=True, slots=True)
class Applied:
    """What ``apply`` did, by full topic name."""

    created: tuple[str, ...]
    altered: tuple[str, ...]
    unchanged: tuple[str, ...]


def configuration(topic: Topic, settings: TopicSettings) -> dict[str, str]:
    """The broker's settings of *topic*, under Kafka's names."""
    isr = settings.min_insync_replicas or max(1, settings.replication_factor - 1)
    config = {
        "cleanup.policy": topic.cleanup,
        "min.insync.replicas": str(isr),
        "unclean.leader.election.enable": "false",
        "message.timestamp.type": "LogAppendTime" if topic.log_append_time else "CreateTime",
    }
    if topic.retention:
        config["retention.ms"] = str(int(topic.retention.total_seconds() * 1000))
    if topic.cleanup == "compact":
        # A changelog is read whole at every start: keep what is superseded for minutes, not a week.
        config |= {"segment.ms": "3600000", "min.cleanable.dirty.ratio": "0.2"}
    if topic.max_message_bytes:
        config["max.message.bytes"] = str(topic.max_message_bytes)
    return config


async def apply(kafka: KafkaSettings, settings: TopicSettings, client_id: str) -> Applied:
    """
    Create the topics that are missing and set those right whose settings differ. Idempotent.

    Raises:
        Misconfigured: a topic has another partition count than asked for, or Kafka refuses to make it
            or to change its settings.
        RetryLater: the broker could not be reached, or went away meanwhile.
    """
    async with _admin(kafka, client_id) as client:
        found = await _partition_counts(client)
        _refuse_other_counts(found, settings)
        missing = [t for t in TOPICS if t.full_name(settings.prefix) not in found]
        there = [t for t in TOPICS if t not in missing]
        try:
            if missing:
                await _create(client, missing, settings)
                await _wait_until_known(client, missing, settings)
            altered = await _alter(client, there, settings) if there else ()
        except (KafkaError, OSError) as error:
            raise RetryLater(f"Kafka went away half way: {type(error).__name__}") from error
    names = {t.full_name(settings.prefix) for t in there}
    return Applied(
        created=tuple(t.full_name(settings.prefix) for t in missing),
        altered=altered,
        unchanged=tuple(sorted(names - set(altered))),
    )


async def read_layout(kafka: KafkaSettings, settings: TopicSettings, client_id: str) -> Layout:
    """
    Read the layout from the broker and check it.

    Raises:
        Misconfigured: a topic is missing, or number topics differ in their partition count, so that
            one number would not be at the same index in each.
        RetryLater: the broker could not be reached.
    """
    async with _admin(kafka, client_id) as client:
        found = await _partition_counts(client)
    missing = [
        t.full_name(settings.prefix) for t in TOPICS if t.full_name(settings.prefix) not in found
    ]
    if missing:
        raise Misconfigured(
            f"topic {missing[0]} is not there ({len(missing)} missing): run `saath topics apply`"
        )
    counts = {t.name: found[t.full_name(settings.prefix)] for t in TOPICS}
    # What is of an account may be of a number too, and then lies where that number's topics do.
    by_number = {t.name: counts[t.name] for t in TOPICS if t.partition_by != "conversation"}
    if len(set(by_number.values())) > 1:
        raise Misconfigured(f"topics of one number differ in their partition count: {by_number}")
    return Layout(counts)


async def wait_for_layout(
    kafka: KafkaSettings,
    settings: TopicSettings,
    client_id: str,
    stopping: asyncio.Event,
    on_retry: Callable[[str], None],
) -> Layout | None:
    """Read the layout as soon as the broker is there; ``None`` when told to stop before that."""
    while not stopping.is_set():
        try:
            return await read_layout(kafka, settings, client_id)
        except RetryLater as error:
            on_retry(str(error))
        try:
            await asyncio.wait_for(stopping.wait(), 1.0)
        except TimeoutError:
            continue
    return None


async def partition_count(kafka: KafkaSettings, client_id: str, name: str) -> int | None:
    """
    How many partitions the topic of this whole *name* has; ``None`` where there is none.

    Raises:
        RetryLater: the broker could not be reached.
    """
    async with _admin(kafka, client_id) as client:
        return (await _partition_counts(client)).get(name)


async def create_topic(
    kafka: KafkaSettings, settings: TopicSettings, client_id: str, topic: Topic, partitions: int
) -> None:
    """
    Make one topic that is not in the list, such as a subscriber's own.

    Raises:
        Misconfigured: Kafka refuses to make it.
        RetryLater: the broker could not be reached, or went away meanwhile.
    """
    wanted = settings.model_copy(update={"partitions": partitions})
    async with _admin(kafka, client_id) as client:
        try:
            await _create(client, [topic], wanted)
            await _wait_until_known(client, [topic], wanted)
        except (KafkaError, OSError) as error:
            raise RetryLater(f"Kafka went away half way: {type(error).__name__}") from error


class _admin:  # noqa: N801 # reads as a function where it is used
    def __init__(self, kafka: KafkaSettings, client_id: str) -> None:
        self._kafka, self._client = kafka, admin(kafka, client_id)

    async def __aenter__(self) -> AIOKafkaAdminClient:
        try:
            await self._client.start()
        except (KafkaError, OSError) as error:
            await self._client.close()
            raise unreachable(error, self._kafka) from error
        return self._client

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()


async def _partition_counts(client: AIOKafkaAdminClient) -> dict[str, int]:
    try:
        topics: list[dict[str, Any]] = await client.describe_topics()
    except KafkaError as error:
        raise RetryLater(f"the topics could not be read: {type(error).__name__}") from error
    return {topic["topic"]: len(topic["partitions"]) for topic in topics}


def _refuse_other_counts(found: Mapping[str, int], settings: TopicSettings) -> None:
    for topic in TOPICS:
        name = topic.full_name(settings.prefix)
        if found.get(name, settings.partitions) != settings.partitions:
            raise Misconfigured(
                f"{name} has {found[name]} partitions, not {settings.partitions}. A partition count "
                "cannot be changed afterwards: numbers and conversations would move to other "
                "partitions, away from their state and their order. Set "
                f"SAATH_TOPICS__PARTITIONS={found[name]}, or use a new SAATH_TOPICS__PREFIX."
            )


async def _create(
    client: AIOKafkaAdminClient, topics: list[Topic], settings: TopicSettings
) -> None:
    response = await client.create_topics(
        [
            NewTopic(
                topic.full_name(settings.prefix),
                settings.partitions,
                settings.replication_factor,
                topic_configs=configuration(topic, settings),
            )
            for topic in topics
        ],
        timeout_ms=CREATE_TIMEOUT_MS,
    )
    for name, code, *message in response.topic_errors:
        if for_code(code) is not TopicAlreadyExistsError:
            _refuse_failed(name, "cannot be created", code, message[0] if message else None)


def _refuse_failed(name: str, what: str, code: int, message: str | None) -> None:
    if code:
        raise Misconfigured(f"{name} {what}: {message or for_code(code).__name__}")


async def _wait_until_known(
    client: AIOKafkaAdminClient, topics: list[Topic], settings: TopicSettings
) -> None:
    """Brokers learn of a topic after its creation is answered; whoever starts next asks one."""
    names = {t.full_name(settings.prefix) for t in topics}
    try:
        async with asyncio.timeout(CREATE_TIMEOUT_MS / 1000):
            while not names <= (await _partition_counts(client)).keys():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise RetryLater("the topics were created, but no broker knows them yet") from None


async def _alter(
    client: AIOKafkaAdminClient, topics: list[Topic], settings: TopicSettings
) -> tuple[str, ...]:
    wanted = {t.full_name(settings.prefix): configuration(t, settings) for t in topics}
    current = await _configurations(client, wanted)
    altered = tuple(
        name
        for name, config in wanted.items()
        if any(current[name].get(key) != value for key, value in config.items())
    )
    if altered:
        # The broker replaces a topic's whole override set, which is what one list of topics means.
        responses = await client.alter_configs(
            [
                ConfigResource(ConfigResourceType.TOPIC, name, configs=wanted[name])
                for name in altered
            ]
        )
        for response in responses:
            for code, message, _type, name in response.resources:
                _refuse_failed(name, "settings cannot be corrected", code, message)
    return altered


async def _configurations(
    client: AIOKafkaAdminClient, names: Mapping[str, object]
) -> dict[str, dict[str, str]]:
    responses = await client.describe_configs(
        [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    )
    found: dict[str, dict[str, str]] = {}
    for response in responses:
        for code, message, _type, name, entries in response.resources:
            _refuse_failed(name, "settings cannot be read", code, message)
            found[name] = {entry[0]: entry[1] for entry in entries}
    return found
