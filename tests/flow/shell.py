"""An operator's shell, and a log on a real broker as a router has written it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.unit.story.log import NUMBER, Log
from typer.testing import CliRunner, Result

from saath.cli.app import app
from saath.events import (
    Contact,
    Event,
    OwnershipRecorded,
)
from saath.kafka.client import producer
from saath.kafka.records import Output, output
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import TOPICS, Topic

PARTITIONS = 4
ANA, BEN = "c_ana", "c_ben"
PHONE = "4915100000001"


@dataclass
class Desk:
    """An operator's shell, and a log that a router has written."""

    kafka: KafkaSettings
    topics: TopicSettings

    @property
    def environment(self) -> dict[str, str]:
        return {
            "SAATH_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "SAATH_TOPICS__PREFIX": self.topics.prefix,
            "TZ": "UTC",
        }

    def saath(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, env=self.environment)

    def write(self, log: Log, hours_ago: float = 1) -> None:
        """Put *log* down as if its noon had been so long ago; the last of it once more, and aborted."""
        asyncio.run(self._write(log, datetime.now(UTC) - timedelta(hours=hours_ago)))

    def publish(self, topic: Topic, *events: Event) -> None:
        log = Log()
        for n, event in enumerate(events):
            log.put(event, n, topic)
        self.write(log, 0.5)

    async def _write(self, log: Log, noon: datetime) -> None:
        writer = producer(self.kafka, "tests", transactional_id=f"tests-{self.topics.prefix}")
        moved = noon - log.records[0].logged_at
        names = {topic.name: topic for topic in TOPICS}
        await writer.start()
        try:
            async with writer.transaction():
                for record in log.records:
                    event = record.event.model_copy(update={"time": record.event.time + moved})
                    out = output(names[record.topic], event, PARTITIONS)
                    await self._send(writer, out, record.logged_at + moved)
            await writer.begin_transaction()
            await self._send(writer, out, noon)
            await writer.abort_transaction()
        finally:
            await writer.stop()

    async def _send(self, writer: object, out: Output, at: datetime) -> None:
        sent = await writer.send(  # type: ignore[attr-defined] # aiokafka ships no types
            out.topic.full_name(self.topics.prefix),
            out.value,
            key=out.key,
            partition=out.partition,
            headers=list(out.headers),
            timestamp_ms=int(at.timestamp() * 1000),
        )
        await sent


def owned(name: str, owner: str, **more: object) -> OwnershipRecorded:
    now = datetime.now(UTC)
    facts = {
        "id": f"{name}:1", "time": now, "number": NUMBER, "conversation": name, "owner": owner,
        "epoch": 2, "addresses": Contact(phone=PHONE), "window_until": now + timedelta(hours=20),
    }  # fmt: skip
    return OwnershipRecorded.model_validate(facts | more)


def of(name: str, log: Log) -> Log:
    """The same story in another conversation."""
    text = {"c_ana": name, "wamid.": f"wamid.{name}-", "t_": f"t_{name}", "owner_": f"owner_{name}"}
    moved = Log()
    for record in log.records:
        said = record.event.model_dump_json()
        for old, new in text.items():
            said = said.replace(f'"{old}', f'"{new}')
        moved.records.append(
            type(record)(
                type(record.event).model_validate_json(said),
                record.logged_at, record.topic, record.partition, record.offset,
            )
        )  # fmt: skip
    return moved
