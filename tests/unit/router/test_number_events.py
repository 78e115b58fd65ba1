"""What the sender tells of a number is nobody's conversation: it stays on outcomes."""

import pytest
from tests.unit.router.build import NUMBER, at, received
from tests.unit.router.partition import Partition

from saath.events import Event, NumberPaused, NumberResumed
from saath.topics import OUTCOMES, OWNERS

FACTS = {
    "time": at(1),
    "number": NUMBER,
    "scope": "paid",
    "reason": "a payment problem",
    "code": 131042,
    "since": at(1),
}


@pytest.mark.parametrize(
    "event",
    [NumberPaused(id="p", until=at(2), **FACTS), NumberResumed(id="r", **FACTS)],
    ids=["paused", "resumed"],
)
def test_a_pause_of_a_number_changes_no_conversation_and_moves_the_watermark_on(
    event: Event,
) -> None:
    partition = Partition()
    partition.reads(received("m1", 0))

    outputs = partition.reads(event, topic=OUTCOMES)

    assert [(output.topic, output.key) for output in outputs] == [(OWNERS, b"~watermark")]
