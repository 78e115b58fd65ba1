"""What may have arrived: settled by a status whenever it comes, and never told as more than known."""

import pytest
from structlog.testing import capture_logs
from tests.unit.sender.facts import CONVERSATION
from tests.unit.sender.test_sender import Partition, outcomes, status

from saath.events import Problem
from saath_sender.decide import Go
from saath_sender.results import InDoubt, Rejected, Result, RetryAfter

MARK = f"s1|t_1|0|{CONVERSATION}|5"
NO = Problem(code=131047)


def doubted() -> Partition:
    """A reply whose doubt has lasted long enough; the next commit begins it again."""
    p = Partition()
    p.replied()
    p.send(InDoubt("no answer"))
    p.commit()
    p.seconds += 61
    p.from_meta(status("somebody else's"))
    return p


def test_a_status_that_comes_after_the_doubt_ended_stops_the_second_attempt() -> None:
    p = doubted()
    p.commit()
    p.from_meta(status(MARK))
    p.seconds += 0.05
    left = p.send()

    assert (left, p.run(1.0)) == ([], [])
    assert list(p.handler.books.ledger.unresolved()) == []


def test_a_status_that_comes_while_the_second_attempt_waits_at_the_door_stops_it() -> None:
    p = doubted()
    p.commit()
    p.seconds += 0.05
    [flight] = p.choose()
    p.from_meta(status(MARK))

    decision = p.chooser.check(flight, p.now)
    p.chooser.withheld(flight, decision, p.now)

    assert not isinstance(decision, Go)
    assert outcomes(p.commit()) == ["MessageAccepted"]


def test_a_status_of_the_first_attempt_settles_a_second_one_that_meta_did_not_take_yet() -> None:
    p = doubted()
    p.commit()
    p.seconds += 0.05
    [flight] = p.fly()
    p.from_meta(status(MARK))
    untouched = outcomes(p.commit())
    p.chooser.answered(flight, Rejected(NO), p.now)

    assert (untouched, outcomes(p.commit()), p.run(2.0)) == ([], ["MessageAccepted"], [])


@pytest.mark.parametrize("answer", [RetryAfter(1.0, 3, NO), Rejected(NO), InDoubt("no answer")])
def test_a_status_that_overtakes_the_answer_is_believed_rather_than_it(answer: Result) -> None:
    p = Partition()
    p.replied()
    p.commit()
    [flight] = p.fly()
    p.from_meta(status(MARK))
    p.chooser.answered(flight, answer, p.now)

    assert (outcomes(p.commit()), p.run(2.0)) == (["MessageAccepted"], [])


@pytest.mark.parametrize("answer", [Rejected(NO), RetryAfter(1.0, 1, NO)])
def test_a_second_attempt_that_meta_refuses_says_nothing_of_the_first(answer: Result) -> None:
    p = doubted()
    p.send(answer)

    assert outcomes(p.commit()) == ["MessageDropped"]


@pytest.mark.parametrize(
    ("in_doubt", "minutes", "said"),
    [
        ("drop", 59, []),
        ("drop", 60, ["MessageDropped"]),
        ("resend", 59, []),
        ("resend", 60, ["MessageAccepted"]),
    ],
)
def test_a_number_that_falls_silent_leaves_no_doubt_open_for_ever(
    in_doubt: str, minutes: int, said: list[str]
) -> None:
    p = Partition()
    p.bulk("b0", in_doubt=in_doubt)
    p.send(InDoubt("no answer"))
    p.commit()
    p.seconds += 60 * minutes
    ended = outcomes(p.commit())
    p.send()

    assert [*ended, *outcomes(p.commit())] == said


def test_sending_again_tells_no_log_where_to() -> None:
    p = Partition()
    p.bulk("b0", in_doubt="resend")
    p.send(InDoubt("no answer"))
    p.commit()
    p.seconds += 61
    p.from_meta(status("somebody else's"))

    with capture_logs() as lines:
        p.commit()

    assert [line for line in lines if line["event"] == "message.sent_again"] == [
        {"event": "message.sent_again", "conversation_id": None, "log_level": "info"}
    ]
