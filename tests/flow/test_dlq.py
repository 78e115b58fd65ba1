"""``saath dlq`` on a real broker: what services gave up on is found, shown, and handled after all."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from tests.reading import read_all
from tests.unit.ingest.bodies import NUMBER, body, change, text
from typer.testing import CliRunner, Result

from saath.cli.app import app
from saath.client import ClientSettings
from saath.errors import RetryLater
from saath.kafka.layout import Layout, read_layout
from saath.kafka.letters import Letter
from saath.kafka.records import Output, Record, dead_letter
from saath.kafka.redrive import DeadLetters, Redriver
from saath.kafka.transactions import TransactionalWriter
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import INBOUND, OUTBOUND, TOPICS, Topic, dlq_topic, partition_for
from saath_ingest.envelope import read
from saath_ingest.outbox import outbox, undecodable

DLQ, INGEST_DLQ = dlq_topic("router"), dlq_topic("ingest")
FAILED_AT = datetime(2026, 10, 1, 12, tzinfo=UTC)
HEADERS = (("ce_id", b"m1"), ("ce_type", b"odd\x1b[2J"))
SAID = b'{"text": "Hol\xc3\xa1 \x1b[31m"}'
HERE = partition_for(NUMBER, 4)


@dataclass
class Desk:
    """An operator's shell, and the topics."""

    settings: ClientSettings

    def saath(self, *arguments: str) -> Result:
        environment = {
            "SAATH_KAFKA__BOOTSTRAP_SERVERS": self.settings.kafka.bootstrap_servers,
            "SAATH_TOPICS__PREFIX": self.settings.topics.prefix,
        }
        return CliRunner().invoke(app, ["dlq", *arguments], env=environment)

    def give_up(self, *outputs: Output) -> None:
        """Put something on a dead-letter topic, in a transaction as services do."""
        asyncio.run(self._write(outputs))

    async def _write(self, outputs: Sequence[Output]) -> None:
        kafka, topics = self.settings.kafka, self.settings.topics
        async with TransactionalWriter(kafka, "tests", topics.prefix, "tests", 0) as writer:
            await writer.write(outputs)

    def on(self, topic: Topic) -> list[Record]:
        return asyncio.run(read_all(self.settings, topic))


@pytest.fixture
def desk(kafka: KafkaSettings, topics: TopicSettings) -> Desk:
    return Desk(ClientSettings(kafka=kafka, topics=topics))


def refused(reason: str = "it is odd", topic: Topic = INBOUND, value: bytes = SAID) -> Output:
    """A record as the router gives up on it."""
    record = Record(topic, HERE, 17, 0, NUMBER.encode(), value, HEADERS)
    return dead_letter(record, DLQ, reason, FAILED_AT)


def set_aside(limit: int = 20_000) -> tuple[bytes, list[Output]]:
    """A body with one event over the limit, and its parts as ingest sets them aside."""
    large = text("wamid.L", text={"body": "x" * 50_000})
    data = body(change("messages", messages=[text("wamid.A"), large]))
    raw = json.dumps(data).encode()
    made = outbox(
        [placed for reading in read(data, FAILED_AT) for placed in reading.events],
        raw,
        Layout({topic.name: 4 for topic in TOPICS}),
        traceparent="00-abc-def-01",
        record_bytes_max=limit,
        received_at=FAILED_AT,
    )
    return raw, [output for output in made if output.topic == INGEST_DLQ]


def test_the_list_says_where_why_and_how_large_but_never_what(desk: Desk) -> None:
    desk.give_up(refused(), *set_aside()[1])

    told = desk.saath("list")

    assert (told.exit_code, "2 dead letters" in told.output) == (0, True)
    lines = [line for line in told.output.splitlines() if "2026-10-01T12:00:00" in line]
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]
    size = len(SAID) + len(NUMBER)
    assert ["router", "router.dlq.v1", f"{HERE}", "0", "2026-10-01T12:00:00", "inbound.v1",
            f"{size}", "", "it is odd"] in cells  # fmt: skip
    assert any("(3 of 3 parts)" in cell for row in cells for cell in row)
    assert "Hol" not in told.output


def test_a_letter_is_shown_without_what_it_says_unless_asked_and_moves_no_cursor(
    desk: Desk,
) -> None:
    desk.give_up(refused())

    outside = desk.saath("show", "router", f"{HERE}", "0")
    inside = desk.saath("show", "router", f"{HERE}", "0", "--value")

    assert "dlq_reason: it is odd" in outside.output
    assert "ce_type: odd\\u001b[2J" in outside.output
    assert "Hol" not in outside.output
    assert '{"text": "Holá \\u001b[31m"}' in inside.output
    assert "\x1b" not in outside.output + inside.output


def test_a_body_is_shown_whole_from_any_of_its_parts(desk: Desk) -> None:
    raw, parts = set_aside()
    desk.give_up(*parts)

    shown = desk.saath("show", "ingest", f"{HERE}", "1", "--value")

    assert shown.output.splitlines()[-1] == raw.decode()


def test_a_redriven_record_is_the_original_again_once_and_again_only_when_asked(
    desk: Desk,
) -> None:
    desk.give_up(refused())

    first = desk.saath("redrive", "router", f"{HERE}", "0")
    second = desk.saath("redrive", "router", f"{HERE}", "0")
    third = desk.saath("redrive", "router", f"{HERE}", "0", "--again", "--act")

    mark = ("saath_redriven", f"router.dlq.v1/{HERE}/0".encode())
    assert [done.exit_code for done in (first, second, third)] == [0, 1, 0]
    assert "redriven at" in second.stderr
    assert "--again" in second.stderr
    assert [(r.partition, r.key, r.value, r.headers) for r in desk.on(INBOUND)] == [
        (HERE, NUMBER.encode(), SAID, (*HEADERS, mark)),
        (HERE, NUMBER.encode(), SAID, (*HEADERS, mark, ("saath_act", b"1"))),
    ]


class Interrupted(DeadLetters):
    """Somebody else redrives the first letter as soon as this one has looked what there is."""

    async def all(self, partition: int | None = None) -> list[Letter]:
        there = await super().all(partition)
        other = DeadLetters(self.kafka, self.topics, "other", self.layout, self.service)
        await redriver(other).redrive(HERE, [0], lambda _: None, act=False)
        return there


def redriver(letters: DeadLetters) -> Redriver:
    return Redriver(letters, lambda *_: (), lambda: FAILED_AT)


def test_two_people_who_redrive_the_same_letter_at_once_write_it_once(desk: Desk) -> None:
    desk.give_up(refused())

    async def at_once() -> None:
        kafka, topics = desk.settings.kafka, desk.settings.topics
        layout = await read_layout(kafka, topics, "tests")
        mine = redriver(Interrupted(kafka, topics, "tests", layout, "router"))
        with pytest.raises(RetryLater, match="somebody else is redriving"):
            await mine.redrive(HERE, [0], lambda _: None, act=False)

    asyncio.run(at_once())

    assert len(desk.on(INBOUND)) == 1


def test_all_of_one_reason_are_redriven_and_what_was_redriven_is_left_alone(desk: Desk) -> None:
    desk.give_up(*(refused("a defect", value=b"%d" % n) for n in range(3)), refused("malformed"))
    desk.saath("redrive", "router", f"{HERE}", "1")

    done = desk.saath("redrive", "router", "--all", "--reason", "defect")

    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "2 redriven, 0 not")
    assert [record.value for record in desk.on(INBOUND)] == [b"1", b"0", b"2"]


def test_what_cannot_be_redriven_says_why_and_the_others_go_on(desk: Desk) -> None:
    too_large, small = refused(value=b"x" * 1_200_000), refused(value=b"small")
    desk.give_up(too_large, refused(topic=OUTBOUND), small)

    done = desk.saath("redrive", "router", "--all", "--reason", "odd")

    assert (done.exit_code, done.output.splitlines()[-1]) == (1, "1 redriven, 2 not")
    assert "see its max.message.bytes" in done.stderr
    assert "say --act" in done.stderr
    assert [record.value for record in desk.on(INBOUND)] == [b"small"]


def test_a_body_is_read_by_ingest_again_with_a_larger_limit(desk: Desk) -> None:
    _, parts = set_aside()
    desk.give_up(*parts)

    refused_again = desk.saath("redrive", "ingest", f"{HERE}", "0", "--record-bytes-max", "20000")
    done = desk.saath("redrive", "ingest", f"{HERE}", "0")

    assert (refused_again.exit_code, "give a larger" in refused_again.stderr) == (1, True)
    assert done.exit_code == 0, done.output
    said = [dict(record.headers) for record in desk.on(INBOUND)]
    origin = f"ingest.dlq.v1/{HERE}/0".encode()
    assert [(h["ce_id"], h["saath_redriven"]) for h in said] == [
        (b"wamid.A:received", origin),
        (b"wamid.L:received", origin),
    ]


def unreadable(raw: bytes) -> list[Output]:
    """A body as an ingest sets it aside that cannot read it."""
    layout, why = Layout({topic.name: 4 for topic in TOPICS}), "the body is not JSON"
    made = undecodable(raw, why, layout, record_bytes_max=20_000, received_at=FAILED_AT)
    return [*made]


def test_a_body_that_nobody_can_read_is_listed_and_shown_and_waits_for_a_newer_ingest(
    desk: Desk,
) -> None:
    garbage = b'{"no": ' + b"x" * 50_000
    where = f"{partition_for('unknown', 4)}"
    desk.give_up(*unreadable(garbage))

    listed = desk.saath("list", "--service", "ingest")
    shown = desk.saath("show", "ingest", where, "0", "--value")
    refused_again = desk.saath("redrive", "ingest", where, "0")

    assert all(word in listed.output for word in ("(3 of 3 parts)", "the body is not JSON"))
    assert shown.output.splitlines()[-1] == garbage.decode()
    assert (refused_again.exit_code, "only a newer ingest" in refused_again.stderr) == (1, True)


def test_an_ingest_that_can_read_it_redrives_it(desk: Desk) -> None:
    raw = json.dumps(body(change("messages", messages=[text("wamid.A")]))).encode()
    where = f"{partition_for('unknown', 4)}"
    desk.give_up(*unreadable(raw))

    done = desk.saath("redrive", "ingest", where, "0")

    [record] = desk.on(INBOUND)
    headers = dict(record.headers)
    assert (done.exit_code, headers["ce_id"], headers["saath_redriven"]) == (
        0,
        b"wamid.A:received",
        f"ingest.dlq.v1/{where}/0".encode(),
    )


def test_a_body_of_which_a_part_is_missing_cannot_be_redriven(desk: Desk) -> None:
    desk.give_up(*set_aside()[1][1:])

    done = desk.saath("redrive", "ingest", f"{HERE}", "0")

    assert (done.exit_code, "only 2 of its 3 parts are there" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (["show", "router", "0", "99"], 1, "there is no dead letter at router.dlq.v1/0/99"),
        (["show", "router", "77", "0"], 2, "has no partition 77"),
        (["redrive", "router", "0", "99"], 1, "there is no dead letter"),
        (["redrive", "router"], 2, "say either PARTITION OFFSET, or --all"),
        (["redrive", "router", "--all"], 2, "say either PARTITION OFFSET, or --all"),
        (["redrive", "router", "1", "1", "--all", "--reason", "x"], 2, "say either"),
        (["list", "--service", "routre"], 2, "there is no service routre"),
    ],
)
def test_a_wrong_question_is_answered_in_a_sentence(
    desk: Desk, arguments: list[str], status: int, sentence: str
) -> None:
    told = desk.saath(*arguments)

    assert (told.exit_code, sentence in told.stderr) == (status, True), told.stderr
