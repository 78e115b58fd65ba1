"""Every body that Meta is known to send becomes the events that stand in the file beside it."""

import csv
import json
from pathlib import Path

import pytest
from tests.contract.expectation import LAYOUT, PAYLOADS, bodies, expectation, records

from saath.codec import decode

BODIES = bodies()


@pytest.mark.parametrize("body", BODIES, ids=lambda path: path.stem)
def test_a_body_becomes_the_events_beside_it(body: Path) -> None:
    found = records(body.read_bytes())

    assert found == json.loads(expectation(body).read_text(encoding="utf-8"))


@pytest.mark.parametrize("body", BODIES, ids=lambda path: path.stem)
def test_what_ingest_writes_can_be_read_back_as_the_event_it_was(body: Path) -> None:
    written = records(body.read_bytes())

    read_back = [
        decode(
            [(name, text.encode()) for name, text in record["headers"].items()],
            json.dumps(record["value"]).encode(),
        )
        for record in written
    ]

    assert [event.model_dump(mode="json", exclude_none=True) for event in read_back] == [
        record["value"] for record in written
    ]


def test_every_body_has_a_source_and_every_source_a_body() -> None:
    with (PAYLOADS / "index.csv").open(encoding="utf-8", newline="") as file:
        sources = {row["file"] for row in csv.DictReader(file)}

    assert sources == {body.name for body in BODIES}


def test_every_body_says_something_and_goes_where_a_partition_is() -> None:
    written = {body.stem: records(body.read_bytes()) for body in BODIES}

    lost = [name for name, found in written.items() if not found]
    assert (len(written), lost) == (150, [])
    assert all(
        0 <= record["partition"] < LAYOUT.partitions[record["topic"]]
        for found in written.values()
        for record in found
    )
