"""Nothing that a body says is dropped: each leaf goes into an event, or is ignored for a reason."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from tests.contract.expectation import bodies
from tests.contract.leaves import (
    IGNORED,
    RENAMED,
    TABLE,
    changes_apart,
    table,
    told,
    whereabouts,
    with_each_leaf_retyped,
    with_each_object_saying_more,
)

BODIES = bodies()
MARK = "nobody ever said this"


@pytest.mark.parametrize("body", BODIES, ids=lambda path: path.stem)
def test_every_leaf_of_a_body_is_in_an_event_or_ignored_for_a_reason(body: Path) -> None:
    found = [
        leaf for data in changes_apart(json.loads(body.read_bytes())) for leaf in whereabouts(data)
    ]

    assert [leaf for leaf, place in found if place == "LOST"] == []


@pytest.mark.parametrize("body", BODIES, ids=lambda path: path.stem)
def test_a_key_that_nobody_has_heard_of_is_kept_wherever_it_stands(body: Path) -> None:
    said_more = with_each_object_saying_more(json.loads(body.read_bytes()), {"x": [MARK]})

    assert [where for where, data in said_more if MARK not in json.dumps(told(data))] == []


@pytest.mark.parametrize("value", [MARK, [MARK], {"x": MARK}], ids=["text", "list", "object"])
@pytest.mark.parametrize("body", BODIES, ids=lambda path: path.stem)
def test_a_value_that_cannot_be_read_is_kept_wherever_it_stands(body: Path, value: Any) -> None:
    retyped = with_each_leaf_retyped(json.loads(body.read_bytes()), value)

    assert [where for where, data in retyped if MARK not in json.dumps(told(data))] == []


def test_the_table_shows_where_each_leaf_of_all_bodies_goes() -> None:
    assert TABLE.read_text(encoding="utf-8") == table(BODIES), "make contract rewrites it"


def test_every_exception_to_the_rule_is_needed() -> None:
    rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))

    used = {row["becomes"] for row in rows}
    renamed = {row["leaf"].split(".")[-1] for row in rows}
    assert {f"({reason})" for reason in IGNORED.values()} - used == set()
    assert RENAMED.keys() - renamed == set()
