"""``saath replay`` on a real broker: a range once more, in order, once, also through ``kill -9``."""

import asyncio
import os
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Sequence

import pytest
from aiokafka import TopicPartition
from tests.flow.logged import NUMBER, OTHER, log_of, message
from tests.flow.shell import PARTITIONS, Desk
from tests.reading import whole
from typer.testing import Result

from saath.codec import decode
from saath.events import MessageReceived
from saath.kafka.layout import create_topic
from saath.kafka.records import Output, Record, from_aiokafka, output
from saath.replay import REPLAYED, target
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import CONVERSATIONS, partition_for

TARGET_PARTITIONS = 3


@pytest.fixture
def desk(kafka: KafkaSettings, topics: TopicSettings) -> Desk:
    return Desk(kafka, topics)


@pytest.fixture
def crm(desk: Desk) -> str:
    """A subscriber's own topic, with another partition count than ours have."""
    name = f"crm-{uuid.uuid4().hex[:8]}"

    asyncio.run(create_topic(desk.kafka, desk.topics, "tests", target(name), TARGET_PARTITIONS))
    return name


def there(desk: Desk, name: str, partitions: int = TARGET_PARTITIONS) -> list[Record]:
    """What a subscriber reads of the topic *name*, each partition's in order."""

    wheres = [TopicPartition(name, p) for p in range(partitions)]
    return [from_aiokafka(target(name), raw) for raw in asyncio.run(whole(desk.kafka, wheres))]


def conversations(records: Sequence[Record]) -> dict[str, list[str]]:
    """The ids of each conversation in the order of its partition."""
    found: dict[str, list[str]] = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        event = decode(record.headers, record.value)
        found[event.conversation or ""].append(event.id)
    return dict(found)


def said(events: Sequence[MessageReceived]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for event in events:
        found[event.conversation or ""].append(event.id)
    return dict(found)


def ok(told: Result) -> str:
    assert told.exit_code == 0, told.output + told.stderr
    return told.output


def test_a_replay_is_what_stood_there_marked_and_placed_by_conversation(
    desk: Desk, crm: str
) -> None:
    events = [message(n, f"c_{n % 7}") for n in range(50)]
    log_of(desk, events)

    told = ok(desk.saath("replay", "--to-topic", crm, "--name", "first"))

    records = there(desk, crm)
    assert conversations(records) == said(events)
    one = next(record for record in records if record.key == events[0].id.encode())
    original = output(CONVERSATIONS, events[0], PARTITIONS)
    assert (one.value, one.headers, one.partition) == (
        original.value,
        (*original.headers, (REPLAYED, b"first")),
        partition_for("c_0", TARGET_PARTITIONS),
    )
    assert f"50 records of conversations.v1 are on {crm}, as replay first" in told
    assert "offsets held no record" in told
    assert "replaying: 53 of 53 offsets" in told, "no bar, but lines, where there is no terminal"


def test_one_number_is_replayed_and_what_was_passed_over_is_said(desk: Desk, crm: str) -> None:
    mine = [message(n, f"c_{n % 3}") for n in range(20)]
    log_of(desk, [*mine, *(message(n, f"c_{n % 3 + 5}", OTHER) for n in range(20, 50))])

    told = ok(desk.saath("replay", "--to-topic", crm, "--number", NUMBER))

    assert (conversations(there(desk, crm)), "30 passed over" in told) == (said(mine), True)


def test_an_erasure_whose_place_nobody_can_tell_meets_its_event_wherever_that_went(
    desk: Desk, crm: str
) -> None:
    event = message(1, "c_1")
    erased = event.id.encode()
    at = partition_for("c_1", PARTITIONS)
    log_of(desk, [event], Output(CONVERSATIONS, at, erased, None))

    ok(desk.saath("replay", "--to-topic", crm, "--number", OTHER))

    found = there(desk, crm)
    assert sorted((r.partition, r.key, r.value) for r in found) == [
        (p, erased, None) for p in range(TARGET_PARTITIONS)
    ]


def test_offsets_are_replayed_as_they_are_said(desk: Desk, crm: str) -> None:
    events = [message(n, "c_1") for n in range(30)]
    log_of(desk, events)
    at = partition_for("c_1", PARTITIONS)

    ok(desk.saath("replay", "--to-topic", crm, "--offsets", f"{at}:10-20"))

    assert conversations(there(desk, crm)) == said(events[10:20])


def test_asked_again_it_goes_on_to_the_end_it_had_and_doubles_nothing(desk: Desk, crm: str) -> None:
    early, late = [message(n, "c_1") for n in range(5)], [message(n, "c_1") for n in range(5, 9)]
    log_of(desk, early)
    ok(desk.saath("replay", "--to-topic", crm))
    log_of(desk, late)

    again = ok(desk.saath("replay", "--to-topic", crm))
    other = desk.saath("replay", "--to-topic", crm, "--number", NUMBER)
    once_more = ok(desk.saath("replay", "--to-topic", crm, "--name", "second"))

    assert "was through before: 5 records" in again
    assert (other.exit_code, "on other terms" in other.stderr) == (2, True)
    assert "9 records" in once_more
    assert conversations(there(desk, crm)) == said([*early, *early, *late])


def test_killed_again_and_again_it_writes_every_record_once_and_in_order(
    desk: Desk, crm: str
) -> None:
    events = [message(n, f"c_{n % 11}") for n in range(1200)]
    log_of(desk, events)
    command = ["replay", "--to-topic", crm, "--per-second", "400"]
    code = "from saath.cli import main; main()"
    kept = {name: v for name, v in os.environ.items() if not name.startswith("SAATH_")}
    kills = 0

    for _ in range(3):
        before = len(there(desk, crm))
        running = subprocess.Popen(
            [sys.executable, "-c", code, *command],
            env=kept | desk.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 30
        while len(there(desk, crm)) == before and time.monotonic() < until:
            assert running.poll() is None, "it ended before it could be killed"
        running.kill()
        running.wait()
        kills += 0 < len(there(desk, crm)) < len(events)
    told = ok(desk.saath(*command[:3]))

    assert kills == 3
    assert conversations(there(desk, crm)) == said(events)
    assert "1200 records of conversations.v1" in told


@pytest.mark.parametrize(
    ("more", "status", "sentence"),
    [
        (["--to-topic", "nobody-has-made-me"], 2, "--create makes it, with 4 partitions"),
        (["--to-topic", "saath.inbound.v1"], 2, "its readers would take"),
        (["--to-topic", "other.outbound.people.v1"], 2, "its readers would take"),
        (["--to-topic", "__consumer_offsets"], 2, "is Kafka's own"),
        (["--to-topic", "a b"], 2, "no name of a Kafka topic"),
        (["--to-topic", "x", "--topic", "inbound.v1"], 2, "none of the topics that are public"),
        (["--to-topic", "x", "--from", "1h", "--to", "2h"], 2, "--from is not before --to"),
        (["--to-topic", "x", "--from", "lately"], 2, "--from: 'lately' is neither like 2d"),
        (["--to-topic", "x", "--offsets", "1"], 2, "is not like 3:100-250"),
        (["--to-topic", "x", "--offsets", "1:9-3"], 2, "ends before it begins"),
        (["--to-topic", "x", "--offsets", "1:0-", "--from", "1h"], 2, "either --offsets, or"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    desk: Desk, more: list[str], status: int, sentence: str
) -> None:
    told = desk.saath("replay", *more)

    assert (told.exit_code, sentence in told.stderr) == (status, True), told.output + told.stderr


def test_an_empty_range_is_said_and_a_partition_that_is_not_there_too(desk: Desk, crm: str) -> None:
    empty = desk.saath("replay", "--to-topic", crm, "--from", "1h")
    wrong = desk.saath("replay", "--to-topic", crm, "--offsets", "9:0-")

    assert (empty.exit_code, "nothing stands on conversations.v1" in empty.output) == (0, True)
    assert (wrong.exit_code, "has no partition 9" in wrong.stderr) == (2, True)


def test_a_target_is_made_when_asked_for_with_as_many_partitions_as_the_log(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAATH_TOPICS__REPLICATION_FACTOR", "1")
    name = f"crm-{uuid.uuid4().hex[:8]}"
    events = [message(n, f"c_{n}") for n in range(9)]
    log_of(desk, events)

    told = ok(desk.saath("replay", "--to-topic", name, "--create"))

    assert f"made {name} with {PARTITIONS} partitions" in told
    assert conversations(there(desk, name, PARTITIONS)) == said(events)
