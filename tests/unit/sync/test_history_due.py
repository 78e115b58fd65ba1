"""By when a number's history has come, if it comes; people wait for it with their bots."""

from datetime import datetime, timedelta

import pytest
from tests.unit.sync.samples import NOW, NUMBER

from saath.events import NumberRecorded
from saath_sync import store
from saath_sync.ledger import DECLINED, Ledger, Step, StepRecord, StepState

HOUR = timedelta(hours=1)


def step(state: StepState, at: datetime) -> StepRecord:
    return StepRecord(state=state, asked_at=at, answered_at=at + timedelta(seconds=1))


def recorded(
    history: StepRecord | None, exchange: datetime = NOW, declined: str | None = None
) -> NumberRecorded:
    steps: dict[Step, StepRecord] = {"exchange": step("done", exchange)}
    if history:
        steps["history"] = history
    ledger = Ledger(number=NUMBER, connected=True, steps=steps, declined=declined)
    return store.recorded(ledger, NOW, HOUR)


@pytest.mark.parametrize("state", ["asked", "unknown", "done"])
def test_history_is_due_a_day_after_the_connection_and_some_patience_more(state: StepState) -> None:
    found = recorded(step(state, NOW + 20 * HOUR))

    assert found.history_due_at == NOW + timedelta(seconds=1) + 25 * HOUR


@pytest.mark.parametrize(
    ("history", "declined", "said"),
    [
        (None, None, "not_asked"),
        (step("refused", NOW), None, "failed"),
        (step("done", NOW), DECLINED, "declined"),
        (step("done", NOW), "Meta could not fetch the history", "failed"),
    ],
)
def test_where_none_is_to_come_the_state_says_so_and_no_date(
    history: StepRecord | None, declined: str | None, said: str
) -> None:
    found = recorded(history, declined=declined)

    assert (found.history_due_at, found.history_sync) == (None, said)


def test_a_new_code_does_not_make_what_was_asked_long_ago_due_again() -> None:
    long_ago = NOW - timedelta(days=10)

    assert recorded(step("done", long_ago)).history_due_at == long_ago + 25 * HOUR


def test_a_number_that_was_connected_elsewhere_waits_for_nothing() -> None:
    found = store.recorded(Ledger(number=NUMBER, connected=True), NOW, HOUR)

    assert found.history_due_at is None
