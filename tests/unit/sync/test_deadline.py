"""The 24 hours for the two one-time requests."""

from datetime import datetime, timedelta

import pytest
from tests.unit.sync.samples import NOW, NUMBER

from saath_sync import deadline, living
from saath_sync.ledger import DeadlineTold, Ledger, Step, StepRecord, StepState
from saath_sync.life import Life

HOUR = timedelta(hours=1)
END = NOW + 24 * HOUR


def record(state: StepState, problem: str | None = None) -> StepRecord:
    return StepRecord(state=state, asked_at=NOW, answered_at=NOW, problem=problem)


def ledger(told: datetime | None = None, **steps: StepRecord) -> Ledger:
    found: dict[Step, StepRecord] = {"exchange": record("done"), **steps}  # type: ignore[dict-item]
    return Ledger(
        number=NUMBER, connected=True, steps=found, deadline=DeadlineTold(of=END, until=told)
    )


def test_it_is_told_twelve_four_and_one_hour_before_and_at_the_end() -> None:
    moments = [END - 12 * HOUR, END - 4 * HOUR, END - HOUR, END]

    assert [deadline.next_due(ledger(told)) for told in (None, *moments)] == [*moments, None]


@pytest.mark.parametrize(
    ("told", "before", "due"),
    [
        (END - 4 * HOUR, (6 * HOUR,), END),
        (END - HOUR, (), END),
        (END - 12 * HOUR, (6 * HOUR,), END - 6 * HOUR),
        (END - HOUR, (12 * HOUR, 8 * HOUR, 4 * HOUR, 2 * HOUR, HOUR), END),
        (END, (12 * HOUR, HOUR / 2), None),
    ],
)
def test_by_another_setting_what_was_told_is_not_told_again_and_the_end_is(
    told: datetime, before: tuple[timedelta, ...], due: datetime | None
) -> None:
    assert deadline.next_due(ledger(told), before) == due
    said = deadline.told_until(ledger(told), END, before)
    assert said == (DeadlineTold(of=END, until=END) if due else None)


def test_several_that_are_due_at_once_are_told_as_one() -> None:
    assert deadline.told_until(ledger(), END - HOUR) == DeadlineTold(of=END, until=END - HOUR)


def test_nothing_is_told_twice_or_early() -> None:
    assert (
        deadline.told_until(ledger(END - 12 * HOUR), END - 5 * HOUR),
        deadline.told_until(ledger(), NOW + HOUR),
        deadline.told_until(ledger(END), END + 99 * HOUR),
    ) == (None, None, None)


def test_what_meta_took_or_refused_for_good_is_not_watched() -> None:
    taken = ledger(contacts=record("done"), history=record("done"))
    refused = ledger(
        contacts=record("done"), history=record("refused", "too late (Meta's error 2593108)")
    )
    unknown = ledger(contacts=record("done"), history=record("unknown", "no answer"))

    assert (
        deadline.next_due(taken),
        deadline.next_due(refused),
        deadline.open_steps(unknown),
    ) == (None, None, ("history",))


def test_a_new_connection_has_a_deadline_of_its_own() -> None:
    old = ledger().model_copy(
        update={"deadline": DeadlineTold(of=END - 48 * HOUR, until=END - 48 * HOUR)}
    )

    assert deadline.next_due(old) == END - 12 * HOUR


def test_what_was_refused_in_an_onboarding_before_is_watched_in_the_next_one() -> None:
    refused = record("refused", "asked already").model_copy(update={"code": 2593107})
    over = ledger(history=refused).model_copy(
        update={"life": Life(state="disconnected", since=NOW)}
    )

    anew = living.connected_anew(over, END)

    assert deadline.open_steps(anew) == ("contacts", "history")
