"""A record in a file: nothing of it lost, readable by whoever reads CloudEvents; and files that are whole."""

import json
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.unit.saath.test_topics import received

from saath.cli.whole import whole
from saath.codec import decode
from saath.export import Row, line, row
from saath.kafka.records import Record, output
from saath.topics import CONVERSATIONS

LOGGED_MS = 1_767_614_400_123
EVENT = received()


def record(value: bytes | None = None) -> Record:
    out = output(CONVERSATIONS, EVENT, 4)
    return Record(CONVERSATIONS, 2, 7, LOGGED_MS, out.key, value or out.value, out.headers)


def test_a_line_is_a_cloudevent_that_our_own_reader_reads_back() -> None:
    written = line(record())
    said = json.loads(written)

    structured = [("content-type", b"application/cloudevents+json")]
    assert decode(structured, written) == EVENT
    assert {name: said[name] for name in said if name != "data"} == {
        "specversion": "1.0", "id": "wamid.A:received", "source": "/numbers/100000000000001",
        "type": "io.saath.message.received.v1", "subject": "c_1",
        "time": "2026-01-05T12:00:00+00:00", "origin": "live", "partitionkey": "wamid.A:received",
        "dataschema": "https://saath.dev/schemas/message.received.v1.json",
        "datacontenttype": "application/json", "saathpartition": 2, "saathoffset": 7,
        "saathloggedat": "2026-01-05T12:00:00.123+00:00",
    }  # fmt: skip


def test_a_value_of_several_lines_is_one_line_in_the_file() -> None:
    written = line(record(b'{\n "body": "\xc3\xa1"\n}'))

    assert (written.count(b"\n"), json.loads(written)["data"]) == (1, {"body": "á"})


def test_a_row_has_the_attributes_where_it_stood_and_the_value_as_it_was() -> None:
    out = record()

    assert row(out) == Row(
        id="wamid.A:received", type="io.saath.message.received.v1",
        source="/numbers/100000000000001", time=datetime(2026, 1, 5, 12, tzinfo=UTC),
        number="100000000000001", conversation="c_1", origin="live", correlation=None,
        causation=None, partition=2, offset=7,
        logged_at=datetime(2026, 1, 5, 12, 0, 0, 123_000, tzinfo=UTC),
        data=(out.value or b"").decode(),
    )  # fmt: skip


def test_a_file_is_its_owners_alone_and_stands_by_itself_when_whole(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"

    with whole(path, force=False) as file:
        file.write(b"all of it")
        assert not path.exists()

    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"all of it", 0o600)
    assert [*tmp_path.iterdir()] == [path]


def test_what_breaks_off_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with whole(path, force=True) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    assert ([*tmp_path.iterdir()], path.read_bytes()) == ([path], b"old")


def test_a_file_that_is_there_is_kept_unless_it_may_be_replaced(tmp_path: Path) -> None:
    path, late = tmp_path / "old", tmp_path / "late"
    path.write_bytes(b"old")

    def overtaken() -> None:
        with whole(late, force=False) as file:
            file.write(b"new")
            late.write_bytes(b"made meanwhile")

    with pytest.raises(FileExistsError), whole(path, force=False):
        pass
    with pytest.raises(FileExistsError):
        overtaken()
    with whole(path, force=True) as file:
        file.write(b"new")

    assert (path.read_bytes(), late.read_bytes()) == (b"new", b"made meanwhile")
