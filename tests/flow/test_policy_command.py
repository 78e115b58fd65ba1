"""``saath policy set`` and ``clear`` on a real broker: what is written is what the router reads."""

import asyncio
import json
from pathlib import Path

from tests.reading import read_all
from typer.testing import CliRunner, Result

from saath.cli.app import app
from saath.client import ClientSettings
from saath.codec import decode_command
from saath.events import Command, policy_by_hand
from saath.kafka.records import Record
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import COMMANDS, partition_for

NUMBER = "106540352242922"
POLICY = """\
answers: everyone
hours: {timezone: Asia/Kolkata, week: {mon: 10:00-18:00}, closed: [2026-12-25]}
handoff:
  - {name: complaint, when: {words: शिकायत, closed: false}}
"""


def saath(settings: ClientSettings, *arguments: str) -> Result:
    environment = {
        "SAATH_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "SAATH_TOPICS__PREFIX": settings.topics.prefix,
    }
    return CliRunner().invoke(app, ["policy", *arguments], env=environment)


def commands(settings: ClientSettings) -> list[Record]:
    return asyncio.run(read_all(settings, COMMANDS))


def test_a_policy_is_set_and_taken_back_by_commands(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    settings = ClientSettings(kafka=kafka, topics=topics)
    path = tmp_path / "p.yaml"
    path.write_text(POLICY, encoding="utf-8")

    told = [
        saath(settings, "set", NUMBER, str(path), "--by", "Asha"),
        saath(settings, "clear", NUMBER),
    ]

    written = commands(settings)
    read = [decode_command(record.value) for record in written]
    assert [(result.exit_code, result.stdout) for result in told] == [
        (0, f"command {asked.id} is written; the router carries it out within moments\n")
        for asked in read
    ]
    assert [(asked.command, asked.number, asked.by) for asked in read] == [
        ("policy", NUMBER, "Asha"),
        ("policy", NUMBER, None),
    ]
    assert [record.partition for record in written] == [partition_for(NUMBER, 4)] * 2
    assert _policies(read) == [_as_written(), None]


def _policies(read: list[Command]) -> list[object]:
    return [asked.policy and policy_by_hand(asked.policy) for asked in read]


def _as_written() -> object:
    said = json.loads(
        '{"answers": "everyone", "hours": {"timezone": "Asia/Kolkata", "week": {"mon": ["10:00-18:00"]},'
        ' "closed": ["2026-12-25"]}, "handoff": [{"name": "complaint", "when": {"words": ["शिकायत"],'
        ' "closed": false}}]}'
    )
    return policy_by_hand(said)


def test_a_broker_that_is_away_is_said(tmp_path: Path) -> None:
    nowhere = ClientSettings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:9"))

    told = saath(nowhere, "clear", NUMBER)

    assert (told.exit_code, told.stdout) == (1, "")
    assert "no Kafka broker answers at 127.0.0.1:9" in told.stderr


def test_a_number_that_is_none_is_refused(kafka: KafkaSettings, topics: TopicSettings) -> None:
    settings = ClientSettings(kafka=kafka, topics=topics)

    told = saath(settings, "clear", "shop")

    assert (told.exit_code, told.stdout) == (1, "")
    assert told.stderr.startswith("/number: ")
