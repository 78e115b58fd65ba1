"""Whether what follows a message in doubt, to the same customer, waits for it."""

import pytest
from tests.unit.sender.facts import TEXT, reply, signed

from saath.topics import OUTBOUND
from saath_sender.jobs import Job, NumberWork, State
from saath_sender.lanes import Lane, Limits
from saath_sender.pace import Pace


def job(offset: int, in_doubt: str) -> Job:
    request = reply(offset, turn=signed(turn=f"t_{offset}"), messages=[TEXT], in_doubt=in_doubt)
    return Job(request, "c_1", loaded_at=0.0)


@pytest.mark.parametrize(
    ("in_doubt", "attempt", "goes"),
    [
        ("resend", 1, []),  # it may be sent again, and what follows would overtake it
        ("resend", 2, [1]),  # that was its last attempt
        ("drop", 1, [1]),  # it will not be sent again
    ],
)
def test_what_follows_a_doubt_waits_where_that_may_be_sent_again(
    in_doubt: str, attempt: int, goes: list[int]
) -> None:
    first, second = job(0, in_doubt), job(1, in_doubt)
    first.state, first.attempt = State.DOUBT, attempt
    work = NumberWork(Pace(20, 0.01), {OUTBOUND.name: Lane(Limits(10))})
    for each in (first, second):
        work.lanes[OUTBOUND.name].load(each.origin.offset, each, 1)
        work.add(each)

    assert [found.origin.offset for found in work.candidates(OUTBOUND.name, 0.0)] == goes
