"""A phase of which not everything came: said once, after a while, and replayed or held."""

from datetime import timedelta

from tests.unit.sync.samples import NOW, NUMBER, chunk, message, seconds
from tests.unit.sync.test_handler import owner, record

from saath.codec import decode
from saath.events import Event, HistoryIncomplete, IncompletePhase, NumberRecorded
from saath.kafka.records import Output
from saath.topics import NUMBER_EVENTS, NUMBERS
from saath_sync import incomplete
from saath_sync.decide import decide, decide_fact
from saath_sync.facts import ReplayAsked
from saath_sync.handler import SyncHandler
from saath_sync.incomplete import GOES_ON, HELD, Waiting
from saath_sync.ledger import Ledger
from saath_sync.living import Rules
from saath_sync.phases import Due, Patience, due

PATIENCE = timedelta(minutes=5)
LONG_AGO = NOW - timedelta(days=1)


def after(*events: Event) -> Ledger:
    ledger: Ledger | None = None
    for offset, event in enumerate(events):
        ledger = decide(event, ledger, offset, NOW)
    assert ledger is not None
    return ledger


def said(ledger: Ledger, quiet: timedelta, *, hold: bool = False) -> HistoryIncomplete | None:
    found = incomplete.said(ledger, NOW + quiet, Waiting(PATIENCE, hold))
    return found[1] if found else None


def next_replay(ledger: Ledger, quiet: float, *, hold: bool) -> Due | None:
    assert ledger.history is not None
    patience = Patience(seconds(10), PATIENCE, hold)
    return due(ledger.history, LONG_AGO, NOW + seconds(quiet), patience)


LACKING = after(chunk(0, 1), chunk(0, 4), chunk(1, 1), chunk(2, 1), chunk(1, 2))


def test_a_phase_that_is_not_whole_is_told_of_after_a_while_with_what_is_missing() -> None:
    found = said(LACKING, PATIENCE)

    assert said(LACKING, PATIENCE - seconds(1)) is None
    assert found is not None
    assert found.model_copy(update={"id": ""}) == HistoryIncomplete(
        id="",
        time=NOW + PATIENCE,
        number=NUMBER,
        phases=(
            IncompletePhase(phase=0, received=2, missing=(2, 3)),
            # Nothing said that it was the last chunk of the last phase.
            IncompletePhase(phase=2, received=1),
        ),
        progress=50,
        replays="now",
        what_to_do=GOES_ON,
    )


def test_it_is_told_once_and_again_only_of_another_phase() -> None:
    found = incomplete.said(LACKING, NOW + PATIENCE, Waiting(PATIENCE))
    assert found is not None

    later = decide(chunk(3, 2), found[0], 9, NOW + PATIENCE)

    assert said(found[0], PATIENCE * 100) is None
    again = said(later, PATIENCE * 2)
    assert again is not None
    assert [phase.phase for phase in again.phases] == [3]


def test_a_whole_history_is_never_told_of() -> None:
    whole = after(chunk(0, 2), chunk(1, 1, 100), chunk(0, 1))

    assert incomplete.next_due(whole, Waiting(PATIENCE)) is None


def test_of_a_phase_without_a_number_nothing_is_known_to_be_missing() -> None:
    assert incomplete.next_due(after(chunk(None, 3)), Waiting(PATIENCE)) is None


def test_an_absurd_order_of_a_chunk_is_no_long_list() -> None:
    found = said(after(chunk(0, 10**17, 100)), PATIENCE)

    assert found is not None
    assert len(found.phases[0].missing) == 100


def test_what_is_not_whole_is_held_by_setting_until_somebody_says_so() -> None:
    asked = decide_fact(ReplayAsked(NUMBER), LACKING, NOW, Rules()).ledger

    days = 86_400 * 9
    # Phase 1 is whole; the others are not.
    assert next_replay(LACKING, 300, hold=False) == Due(2)
    assert next_replay(LACKING, days, hold=True) == Due(1)
    assert next_replay(asked, 0, hold=True) == Due(2)
    found = said(LACKING, PATIENCE, hold=True)
    assert found is not None
    assert (found.replays, found.what_to_do) == ("held", HELD)


def told(outputs: list[Output], topic: object) -> list[Event]:
    return [decode(o.headers, o.value) for o in outputs if o.topic is topic]


def lacking(handler: SyncHandler) -> None:
    for offset, event in enumerate((message("a"), chunk(0, 2, 100))):
        handler.handle(record(event, offset), NOW)


def test_the_partitions_clock_tells_it_and_the_numbers_record_has_the_problem() -> None:
    handler = owner()
    lacking(handler)
    before = told([*handler.finish({}, NOW)], NUMBERS)
    due_at = handler.next_due()
    assert due_at is not None

    events = told([*handler.fire(due_at, due_at)], NUMBER_EVENTS)
    after_it = told([*handler.finish({}, due_at)], NUMBERS)

    assert due_at == NOW + PATIENCE
    assert [type(event) for event in events] == [HistoryIncomplete]
    problems = [
        event.problem for event in (*before, *after_it) if isinstance(event, NumberRecorded)
    ]
    assert problems == [None, "chunks of the history never came (phase 0: 1)"]


def test_the_problem_is_over_when_the_chunk_comes_after_all() -> None:
    handler = owner()
    lacking(handler)
    [*handler.fire(NOW + PATIENCE, NOW + PATIENCE)]
    [*handler.finish({}, NOW)]

    handler.handle(record(chunk(0, 1, 100), 2), NOW)

    [recorded] = told([*handler.finish({}, NOW)], NUMBERS)
    assert isinstance(recorded, NumberRecorded)
    assert recorded.problem is None
