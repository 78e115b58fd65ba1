"""What is in bytes already goes out as what is written anew would."""

from tests.unit.sync.samples import IMAGE, NUMBER, PLACEHOLDER, message

from saath.events import MessageBackfilled
from saath.kafka.records import output
from saath.topics import BACKFILL
from saath_sync.ledger import Replay
from saath_sync.ready import Ready, as_outputs
from saath_sync.scratch import Scratch

HISTORY = (
    message("a", 1).model_copy(update={"status": "READ"}),
    message("b", 2.5),
    message("c", 3, content=IMAGE),
    message("d", 4, content=PLACEHOLDER),
)


def test_a_message_that_is_ready_goes_out_as_it_would_if_it_were_written_anew() -> None:
    scratch = Scratch(0)
    scratch.add(enumerate(HISTORY), len(HISTORY))
    scratch.line_up(Replay(phase=0, since=0, until=len(HISTORY)))
    page = scratch.page(0, 10)

    found = list(as_outputs(page, NUMBER, 24))

    anew = [
        output(BACKFILL, MessageBackfilled.model_validate_json(out.value or b""), 24)
        for out in found
    ]
    assert [isinstance(event, Ready) for event in page] == [True, True, True, False]
    assert found == anew
