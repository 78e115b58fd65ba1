"""``saath export`` on a real broker: the log in a file, whole, in its order, for its owner alone."""

import json
import stat
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.flow.logged import NUMBER, OTHER, log_of, message
from tests.flow.shell import PARTITIONS, Desk

from saath.cli import parquet
from saath.kafka.records import Output
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import CONVERSATIONS, partition_for

EVENTS = [message(n, f"c_{n % 5}", NUMBER if n % 5 < 3 else OTHER) for n in range(40)]
IN_ORDER = sorted(EVENTS, key=lambda e: partition_for(e.conversation or "", PARTITIONS))


@pytest.fixture
def desk(kafka: KafkaSettings, topics: TopicSettings) -> Desk:
    made = Desk(kafka, topics)
    erased = message(99, "c_1").id.encode()
    log_of(made, EVENTS, Output(CONVERSATIONS, 0, erased, None))
    return made


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]


def test_the_log_is_written_partition_by_partition_as_cloudevents(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"

    told = desk.saath("export", str(path))

    assert (told.exit_code, "40 events in" in told.output) == (0, True), told.output
    assert "1 were erased" in told.output
    assert ids(path) == [event.id for event in IN_ORDER]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_numbers_and_a_conversations_part_are_written_alone(desk: Desk, tmp_path: Path) -> None:
    of_number, of_one = tmp_path / "number.jsonl", tmp_path / "one.jsonl"

    desk.saath("export", str(of_number), "--number", OTHER)
    desk.saath("export", str(of_one), "--conversation", "c_2")

    assert [ids(of_number), ids(of_one)] == [
        [event.id for event in IN_ORDER if event.number == OTHER],
        [event.id for event in IN_ORDER if event.conversation == "c_2"],
    ]


def test_parquet_has_a_row_a_record_in_groups(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 15)
    path = tmp_path / "log.parquet"

    told = desk.saath("export", str(path))
    file = pq.ParquetFile(path)
    table = file.read()

    assert told.exit_code == 0, told.output
    assert file.num_row_groups == 3
    assert table["id"].to_pylist() == [event.id for event in IN_ORDER]
    first = {
        name: column[0].as_py() for name, column in zip(table.column_names, table, strict=True)
    }
    assert (first["time"], first["number"]) == (IN_ORDER[0].time, IN_ORDER[0].number)
    assert json.loads(first["data"])["content"]["text"]["body"].startswith("words")


def test_a_file_that_is_there_is_not_touched_unless_forced(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("precious")

    refused = desk.saath("export", str(path))
    kept = path.read_text()
    forced = desk.saath("export", str(path), "--force")

    assert (refused.exit_code, kept, "--force" in refused.stderr) == (1, "precious", True)
    assert (forced.exit_code, len(ids(path))) == (0, 40)


def test_nothing_that_is_meant_leaves_no_file(desk: Desk, tmp_path: Path) -> None:
    told = desk.saath("export", str(tmp_path / "x.parquet"), "--number", "7")

    assert (told.exit_code, [*tmp_path.iterdir()]) == (1, [])
    assert "nothing in the log" in told.stderr


def test_parquet_without_its_extra_is_said_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, topics: TopicSettings, kafka: KafkaSettings
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    told = Desk(kafka, topics).saath("export", str(tmp_path / "x.parquet"))

    assert (told.exit_code, "pip install 'saath[parquet]'" in told.stderr) == (2, True)
    assert [*tmp_path.iterdir()] == []


def test_a_name_that_says_no_format_is_asked_about(tmp_path: Path, desk: Desk) -> None:
    told = desk.saath("export", str(tmp_path / "log.csv"))

    assert (told.exit_code, "say --format" in told.stderr) == (2, True)
