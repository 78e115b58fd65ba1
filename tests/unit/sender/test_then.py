"""What is to happen after an answer goes with the outcome of its last message, as it was written."""

import pytest
from tests.unit.sender.facts import CONVERSATION, NOW, TEXT, ownership
from tests.unit.sender.test_sender import Partition, status
from tests.unit.sender.test_shadow import told

from saath.codec import encode
from saath.events import MessageAccepted, Problem, Then, ThenHandoff, ThenPass, TurnClosed
from saath_sender.results import InDoubt, Rejected

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


def ends(how: str) -> Partition:
    """A reply of two messages with a hand-over after it, whose last message ends like this."""
    p = Partition()
    p.replied("t_1", messages=[TEXT, TEXT], then=HANDOFF)
    p.send()
    p.seconds += 1
    match how:
        case "accepted":
            p.send()
        case "rejected":
            p.send(Rejected(Problem(code=131026)))
        case "superseded":
            taken = ownership(owner="human", epoch=6)
            p.handler.fence.owner_read(CONVERSATION.encode(), encode(taken)[1])
        case "expired":
            p.seconds += 60
        case "refused":
            closed = ownership(window_until=NOW)
            p.handler.fence.owner_read(CONVERSATION.encode(), encode(closed)[1])
            p.handler.read_through = p.seconds
        case "dropped":
            p.send(InDoubt("no answer"))
            p.commit()
            taken = ownership(owner="human", epoch=6)
            p.handler.fence.owner_read(CONVERSATION.encode(), encode(taken)[1])
            p.from_meta(status("somebody else's"))
            p.seconds += 61
            p.from_meta(status("somebody else's"))
    return p


@pytest.mark.parametrize(
    ("how", "last", "then"),
    [
        ("accepted", "MessageAccepted", ThenHandoff.model_validate(HANDOFF)),
        ("rejected", "MessageRejected", None),
        ("superseded", "MessageSuperseded", None),
        ("expired", "MessageExpired", None),
        ("refused", "MessageRefused", None),
        ("dropped", "MessageDropped", None),
    ],
)
def test_it_happens_only_where_the_last_message_was_taken(
    how: str, last: str, then: Then | None
) -> None:
    *_, found = [*told(ends(how).commit())]

    assert (type(found).__name__, found.index, getattr(found, "then", None)) == (last, 1, then)


def test_it_waits_for_the_outcome_that_ends_a_doubt() -> None:
    p = Partition()
    p.replied("t_1", then=HANDOFF)
    p.send(InDoubt("no answer"))
    doubt = told(p.commit())
    p.from_meta(status(f"s1|t_1|0|{CONVERSATION}|5"))

    found = [(type(e).__name__, getattr(e, "then", None)) for e in (*doubt, *told(p.commit()))]
    assert found == [
        ("MessageLeftInDoubt", None),
        ("MessageAccepted", ThenHandoff.model_validate(HANDOFF)),
    ]
