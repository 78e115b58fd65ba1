"""``saath topics``: make the topics, or look at them."""

import asyncio
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.table import Table

from saath.channels import CHANNELS, entry_name
from saath.cli.shell import CLIENT_ID, console
from saath.cli.strimzi import kafka_topics
from saath.codec import explain
from saath.errors import Misconfigured, RetryLater
from saath.kafka.layout import Applied, apply, configuration
from saath.settings import Settings, TopicSettings, load_or_exit, refuse
from saath.topics import TOPICS, Topic

app = typer.Typer(help="Make Saath's topics, or look at them.", no_args_is_help=True)

Partitions = Annotated[
    int | None, typer.Option(help="Partitions of every topic. Cannot be changed afterwards.")
]
ReplicationFactor = Annotated[int | None, typer.Option(help="Replicas of every partition.")]


@app.command("apply")
def apply_topics(
    partitions: Partitions = None,
    replication_factor: ReplicationFactor = None,
    strimzi: Annotated[
        bool, typer.Option("--strimzi", help="Print Strimzi KafkaTopics; touch no broker.")
    ] = False,
    cluster: Annotated[str, typer.Option(help="With --strimzi: the Kafka resource's name.")] = (
        "kafka"
    ),
) -> None:
    """
    Create the topics that are missing, and set those right whose settings differ.

    It may be run again at any time. A partition count is never changed: exit status 2, and why.
    """
    settings = load_or_exit(Settings)
    wanted = _overridden(settings.topics, partitions, replication_factor)
    if strimzi:
        typer.echo(kafka_topics(TOPICS, wanted, cluster), nl=False)
        return
    # What is wrong is said once, in a sentence of ours.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        applied = asyncio.run(apply(settings.kafka, wanted, CLIENT_ID))
    except Misconfigured as error:
        refuse(str(error))
    except RetryLater as error:
        typer.echo(f"saath: {error}", err=True)
        raise typer.Exit(1) from None
    console().print(_applied_table(applied, wanted))


@app.command("list")
def list_topics() -> None:
    """List the topics: their keys, how long they keep, who writes and reads them. Needs no broker."""
    settings = load_or_exit(Settings).topics
    table = Table("topic", "partition by", "key", "keeps", "written by", "read by", "public")
    for topic in TOPICS:
        name = topic.full_name(settings.prefix)
        table.add_row(
            name, topic.partition_by, topic.key, _keeps(topic), topic.written_by, topic.read_by,
            topic.public,
        )  # fmt: skip
    console().print(table)


@app.command("show")
def show_topic(
    name: Annotated[str, typer.Argument(help="With the prefix or without: conversations.v1")],
    partitions: Partitions = None,
    replication_factor: ReplicationFactor = None,
) -> None:
    """Show one topic: what is on it, and the settings it is made with. Needs no broker."""
    settings = _overridden(load_or_exit(Settings).topics, partitions, replication_factor)
    found = [t for t in TOPICS if name in (t.name, t.full_name(settings.prefix))]
    if not found:
        refuse(f"there is no topic {name}; `saath topics list` names them all")
    out = console()
    [topic] = found
    out.print(
        f"{topic.full_name(settings.prefix)}: {topic.written_by} → {topic.read_by}; partitioned by "
        f"{topic.partition_by}, keyed by {topic.key}; {settings.partitions} partitions, "
        f"{settings.replication_factor} replicas"
    )
    for key, value in configuration(topic, settings).items():
        out.print(f"  {key}={value}")
    for message in CHANNELS.get(topic, ()):
        out.print(f"  · {entry_name(message)}")


def _overridden(
    settings: TopicSettings, partitions: int | None, replication_factor: int | None
) -> TopicSettings:
    given = {"partitions": partitions, "replication_factor": replication_factor}
    said = {name: value for name, value in given.items() if value is not None}
    try:
        return TopicSettings.model_validate(settings.model_dump() | said)
    except ValidationError as error:
        refuse(f"--{explain(error).removeprefix('/').replace('_', '-')}")


def _applied_table(applied: Applied, settings: TopicSettings) -> Table:
    title = f"{settings.partitions} partitions, {settings.replication_factor} replicas"
    table = Table("topic", "", title=title)
    done: Iterable[tuple[str, tuple[str, ...]]] = (
        ("created", applied.created),
        ("settings corrected", applied.altered),
        ("unchanged", applied.unchanged),
    )
    for word, names in done:
        for name in names:
            table.add_row(name, word)
    return table


def _keeps(topic: Topic) -> str:
    days = "" if topic.retention is None else f"{topic.retention // timedelta(days=1)} d"
    return " ".join(part for part in (topic.cleanup.replace("delete", ""), days) if part).strip(",")
