"""What is to happen after an answer goes with the outcome of its last message, as it was written."""

import pytest
from tests.unit.sender.facts import TEXT
from tests.unit.sender.test_sender import Partition
from tests.unit.sender.test_shadow import told

from saath.events import MessageAccepted, Then, ThenHandoff, ThenPass, TurnClosed

PASS = {"pass_to": {"bot": "sales", "summary": "Wants 200 in blue"}}
HANDOFF = {"handoff": {"reason": "discount asked"}}


@pytest.mark.parametrize(
    ("then", "read"),
    [(PASS, ThenPass.model_validate(PASS)), (HANDOFF, ThenHandoff.model_validate(HANDOFF))],
)
def test_it_stands_on_the_last_message_or_on_the_turn_that_is_closed(
    then: object, read: Then
) -> None:
    p = Partition()
    p.replied("t_1", messages=[TEXT, TEXT], then=then)
    p.send()
    p.seconds += 1
    p.send()
    with_words = told(p.commit())
    p.replied("t_2", messages=[], then=then)
    without = told(p.commit())

    thens = [
        (type(e), e.index, e.then)
        for e in (*with_words, *without)
        if isinstance(e, MessageAccepted | TurnClosed)
    ]
    assert thens == [(MessageAccepted, 1, read), (TurnClosed, 0, read)]
