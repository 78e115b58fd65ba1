"""What one number may send to one customer: 45 at once, and one in six seconds. Time is a number."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.sender.facts import NUMBER, TEXT
from tests.unit.sender.kinds.examples import READ
from tests.unit.sender.test_sender import Partition, outcomes

from saath_sender.budgets import BURST, EVERY_SECONDS, Pair, PairBudgets
from saath_sender.decide import Hold
from saath_sender.flight import Flight
from saath_sender.results import Marked, PairBusy


def test_a_customer_is_sent_45_at_once_and_then_one_in_six_seconds() -> None:
    pair, left = Pair(), list[float]()
    for now in range(100):
        while pair.ready(now):
            pair.take(now)
            left.append(now)

    assert left == [*[0] * 45, *range(6, 100, 6)]


def test_who_was_sent_little_for_long_is_sent_no_more_at_once_for_that() -> None:
    pair = Pair()
    pair.take(0.0)
    at_once = 0
    while pair.ready(1000.0):
        pair.take(1000.0)
        at_once += 1

    assert at_once == BURST


def test_meta_s_refusals_of_a_pair_are_waited_for_longer_each_time_until_it_takes_one() -> None:
    pair, waits = Pair(), list[int]()
    for refused in (True, True, True, True, True, True, False, True):
        if not refused:
            pair.accepted()
            continue
        pair.refused(1000.0)
        waits.append(next(s for s in range(1000) if pair.ready(1000.0 + s)))

    assert waits == [1, 4, 16, 64, 256, 256, 1]


def test_the_pairs_that_were_used_least_lately_are_forgotten() -> None:
    budgets = PairBudgets(pairs_max=2)
    for recipient in ("a", "b", "a", "c"):
        budgets.of(NUMBER, recipient).refused(0.0)

    assert [budgets.ready(NUMBER, recipient, 0.0) for recipient in "abc"] == [False, True, False]


def spent(p: Partition) -> None:
    """The customer has been sent as much as Meta allows."""
    for n in range(BURST):
        p.replied(turn=f"spent_{n}")
    p.run(BURST * 0.06)


def test_a_full_budget_holds_words_until_a_part_of_it_has_drained() -> None:
    p = Partition()
    spent(p)
    p.replied()
    held = p.run(1.0)

    assert (held, p.run(EVERY_SECONDS)) == ([], ["t_1"])


def withheld(p: Partition, flight: Flight) -> None:
    p.chooser.withheld(flight, Hold("not now"), p.now)


def unsent(p: Partition, flight: Flight) -> None:
    p.chooser.unsent(flight, p.now)
    flight.job.unreached = 0


@pytest.mark.parametrize("stays", [withheld, unsent])
def test_what_did_not_leave_costs_its_customer_nothing(
    stays: Callable[[Partition, Flight], None],
) -> None:
    p = Partition()
    p.replied()
    for _ in range(BURST):
        p.commit()
        [flight] = p.choose()
        stays(p, flight)
        p.seconds += 1.1

    assert p.send() == ["t_1"]


@pytest.mark.parametrize(
    ("asked", "ends"),
    [
        ({"messages": [READ]}, "MessageReadMarked"),
        ({"messages": [], "then": "done"}, "TurnClosed"),
    ],
)
def test_what_is_no_message_waits_for_no_budget(asked: dict[str, Any], ends: str) -> None:
    p = Partition()
    spent(p)
    p.commit()
    p.replied(**asked)
    told = outcomes(p.commit())
    for flight in p.fly():
        p.chooser.answered(flight, Marked(), p.now)

    assert [*told, *outcomes(p.commit())] == [ends]


def test_a_mark_costs_no_budget() -> None:
    p = Partition()
    p.replied(messages=[READ])
    for n in range(BURST):
        p.replied(turn=f"t_{n + 2}")
    p.send(Marked())

    assert len(p.run(BURST * 0.06)) == BURST


def test_a_mark_that_meta_refuses_for_the_pair_is_tried_once_more_and_words_wait_for_the_pair() -> (
    None
):
    p = Partition()
    p.replied(messages=[READ])
    first = p.send(PairBusy())
    p.replied(turn="t_2")
    meanwhile = p.run(0.9)
    p.seconds += 0.2
    again = p.send(PairBusy())
    told = outcomes(p.commit())
    soon = p.run(3.5)

    assert (first, meanwhile, again, told, soon, p.run(1.0)) == (
        ["t_1:read:0"],
        [],
        ["t_1:read:0"],
        ["MessageRejected"],
        [],
        ["t_2"],
    )


def test_words_do_not_wait_for_a_second_try_of_the_mark_before_them() -> None:
    p = Partition()
    p.replied(messages=[READ, TEXT])
    p.send(PairBusy())
    p.seconds += 0.05

    assert (outcomes(p.commit()), p.run(0.9), p.run(0.2)) == (["MessageRejected"], [], ["t_1"])
