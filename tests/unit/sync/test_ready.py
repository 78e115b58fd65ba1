"""What is in bytes already goes out as what is written anew would."""

import pytest
from pydantic_core import from_json
from tests.unit.sync.gathering import recorded
from tests.unit.sync.samples import IMAGE, NUMBER, PLACEHOLDER, chunk, media, message
from tests.unit.sync.test_handler import record

from saath.events import Content, Event, MessageBackfilled
from saath.kafka.records import output
from saath.topics import BACKFILL
from saath_sync.ledger import Replay
from saath_sync.ready import Ready, as_outputs
from saath_sync.rows import glanced, message_row
from saath_sync.scratch import Scratch

HISTORY = (
    message("a", 1).model_copy(update={"status": "READ"}),
    message("b", 2.5),
    message("c", 3, content=IMAGE),
    message("d", 4, content=PLACEHOLDER),
)


def test_a_message_that_is_ready_goes_out_as_it_would_if_it_were_written_anew() -> None:
    scratch = Scratch(NUMBER, 0)
    scratch.add(recorded(enumerate(HISTORY)))
    scratch.line_up(Replay(phase=0, since=0, until=len(HISTORY)))
    page = scratch.page(0, 10)

    found = list(as_outputs(page, NUMBER, 24))

    anew = [
        output(BACKFILL, MessageBackfilled.model_validate_json(out.value or b""), 24)
        for out in found
    ]
    assert [isinstance(event, Ready) for event in page] == [True, True, True, False]
    assert found == anew


ODD = [
    message("a").model_copy(update={"id": "named otherwise"}),
    message("b", content=Content.model_validate({"type": "text", "group_id": "1"})),
    message("c", content=PLACEHOLDER),
    media("d"),
    chunk(0, 1),
]


@pytest.mark.parametrize("event", ODD)
def test_what_is_not_an_ordinary_message_is_read_as_the_contract_has_it(event: Event) -> None:
    assert glanced(record(event, 0)) is None


@pytest.mark.parametrize("event", HISTORY[:3])
def test_a_glance_at_a_message_finds_what_reading_it_does(event: MessageBackfilled) -> None:
    found, read = glanced(record(event, 7)), message_row(7, event)

    assert found is not None
    values = [from_json(row[-1]) for row in (found, read) if isinstance(row[-1], bytes)]
    assert found[:-1] == read[:-1]
    assert values[0] == values[1]


@pytest.mark.parametrize("value", [b"", b"{", b"[]", b'{"id": 1}', b'{"id":"a:backfilled"}'])
def test_a_glance_at_nonsense_finds_nothing(value: bytes) -> None:
    assert glanced(record(message("a"), 0)._replace(value=value)) is None
