"""When a phase of the history is finished, and what a replay of it takes."""

from datetime import datetime, timedelta

from tests.unit.sync.samples import NOW, NUMBER, chunk, declined, media, message, seconds

from saath.events import Event
from saath_sync.decide import decide
from saath_sync.ledger import (
    DECLINED,
    History,
    Ledger,
    Phase,
    Replay,
    StepRecord,
    Taken,
    gaps,
    history_state,
)
from saath_sync.phases import (
    MEDIA_FOR,
    Due,
    Patience,
    due,
    replay_begun,
    replay_finished,
    replay_progressed,
)

PATIENCE = Patience(whole=seconds(10), incomplete=seconds(300))
# What Meta sends the media of, where nobody knows when the number was connected.
RECENT = NOW - MEDIA_FOR
LONG_AGO = NOW - seconds(10_000)


def after(*events: Event, now: datetime = NOW, ledger: Ledger | None = None) -> Ledger:
    start = ledger.history.next_offset if ledger and ledger.history else 0
    for offset, event in enumerate(events, start):
        ledger = decide(event, ledger, offset, now)
    assert ledger is not None
    return ledger


def due_phase(ledger: Ledger, quiet: float, owned_since: datetime = LONG_AGO) -> int | None:
    assert ledger.history is not None
    phase = due(ledger.history, owned_since, NOW + seconds(quiet), PATIENCE)
    return phase.phase if phase else None


def test_chunks_are_counted_in_any_order_and_once() -> None:
    ledger = after(message("a"), chunk(0, 2, 40), chunk(0, 1, 20), chunk(0, 2, 40))

    assert ledger.history == History(
        first_offset=0,
        next_offset=4,
        progress=40,
        phases=(
            Phase(phase=0, chunks=(1, 2), repeated=1, disordered=1, waiting=3, last_chunk_at=NOW),
        ),
    )


def test_a_phase_is_finished_when_a_later_one_has_begun_and_it_was_quiet() -> None:
    ledger = after(chunk(0, 2), chunk(0, 1), chunk(1, 1))

    assert (due_phase(ledger, 9), due_phase(ledger, 10)) == (None, 0)


def test_a_phase_is_not_finished_while_nothing_says_that_it_is() -> None:
    assert due_phase(after(chunk(0, 1), chunk(0, 2)), 299) is None


def test_a_phase_with_a_missing_chunk_is_waited_for() -> None:
    ledger = after(chunk(0, 1), chunk(0, 3), chunk(1, 1))

    assert (due_phase(ledger, 299), due_phase(ledger, 300)) == (None, 1)


def test_at_the_end_all_phases_are_finished_at_once_and_the_oldest_goes_first() -> None:
    ledger = after(chunk(0, 1), chunk(1, 1))
    ledger = after(chunk(2, 1, 100), now=NOW + seconds(5), ledger=ledger)

    assert (due_phase(ledger, 14), due_phase(ledger, 15)) == (None, 2)


def test_silence_is_counted_from_when_this_owner_began_to_listen() -> None:
    ledger = after(chunk(0, 1, 100))

    assert due_phase(ledger, 1000, owned_since=NOW + seconds(995)) is None


def test_a_chunk_that_comes_after_its_phase_was_replayed_is_replayed_on_its_own() -> None:
    ledger = after(message("a"), chunk(0, 1), chunk(1, 1))
    begun = replay_begun(ledger, Due(0), NOW)
    assert begun is not None
    finished = replay_finished(begun, Replay(phase=0, since=0, until=3, media_from=RECENT))
    late = after(message("b"), chunk(0, 5), ledger=finished)

    again = replay_begun(late, Due(0), NOW)

    assert due_phase(late, 10) == 0
    assert again is not None
    assert again.history is not None
    assert again.history.replay == Replay(
        phase=0,
        since=3,
        until=5,
        media_since=3,
        media_from=RECENT,
        before=(Taken(phase=0, until=3),),
    )


def test_media_that_comes_after_its_phase_is_replayed_on_its_own() -> None:
    replayed = replay_begun(after(message("a"), chunk(0, 1, 100)), Due(0), NOW)
    assert replayed is not None
    ledger = replay_finished(replayed, Replay(phase=0, since=0, until=2, media_from=RECENT))
    ledger = after(media("a"), ledger=ledger)
    assert ledger.history is not None

    moments = [due(ledger.history, LONG_AGO, NOW + seconds(s), PATIENCE) for s in (9, 10)]
    begun = replay_begun(ledger, Due(None, only_media=True), NOW)

    assert moments == [None, Due(None, only_media=True)]
    assert begun is not None
    assert begun.history is not None
    assert begun.history.replay == Replay(
        phase=None,
        since=3,
        until=3,
        media_since=2,
        media_from=RECENT,
        before=(Taken(phase=0, until=2),),
    )
    assert history_state(begun) == "complete"


def test_media_of_what_is_out_does_not_wait_for_a_phase_that_is_held() -> None:
    replayed = replay_begun(after(message("a"), chunk(0, 1), chunk(1, 2)), Due(0), NOW)
    assert replayed is not None
    ledger = replay_finished(replayed, Replay(phase=0, since=0, until=3, media_from=RECENT))
    history = after(media("a"), ledger=ledger).history
    assert history is not None

    found = [
        due(history, LONG_AGO, NOW + seconds(10), Patience(seconds(10), seconds(300), hold))
        for hold in (False, True)
    ]

    assert found == [None, Due(None, only_media=True)]


def test_one_replay_at_a_time() -> None:
    begun = replay_begun(after(chunk(0, 1), chunk(1, 1, 100)), Due(1), NOW)

    assert begun is not None
    assert (due_phase(begun, 1000), replay_begun(begun, Due(0), NOW)) == (None, None)


def test_a_replay_told_twice_is_counted_once() -> None:
    begun = replay_begun(after(message("a"), chunk(0, 1, 100)), Due(0), NOW)
    assert begun is not None
    replay = Replay(phase=0, since=0, until=2, media_from=RECENT)
    onward = replay_progressed(begun, replay, 1, 1)

    assert onward is not None
    assert onward.history is not None
    assert onward.history.replayed == 1
    assert replay_progressed(onward, replay, 1, 1) is None


def test_history_is_complete_when_its_end_was_seen_and_all_of_it_is_out() -> None:
    running = after(message("a"), chunk(0, 1, 100))
    begun = replay_begun(running, Due(0), NOW)
    assert begun is not None
    finished = replay_finished(begun, Replay(phase=0, since=0, until=2, media_from=RECENT))
    assert finished is not None

    states = [history_state(ledger) for ledger in (running, begun, finished)]

    assert states == ["running", "running", "complete"]


def test_an_empty_chunk_tells_of_progress_and_replays_nothing() -> None:
    ledger = after(chunk(1, 4, 100, messages=0))

    assert (due_phase(ledger, 1000), history_state(ledger)) == (None, "complete")


def test_chunks_that_never_came_are_named() -> None:
    ledger = after(chunk(1, 1), chunk(1, 4))

    assert ledger.history is not None
    assert gaps(ledger.history) == "chunks of the history never came (phase 1: 2, 3)"


def test_a_chunk_without_phase_waits_for_the_long_silence() -> None:
    ledger = after(chunk(None, None, 100))
    assert ledger.history is not None

    found = [due(ledger.history, LONG_AGO, NOW + seconds(s), PATIENCE) for s in (299, 300)]

    assert found == [None, Due(None)]


def test_declined_is_what_the_business_said_and_anything_else_a_failure() -> None:
    refused, broken = after(declined(2593109)), after(declined(131000))

    assert (refused.declined, history_state(refused)) == (DECLINED, "declined")
    assert history_state(broken) == "failed"


def test_whoever_sends_chunks_has_not_declined() -> None:
    assert history_state(after(declined(2593109), chunk(0, 1))) == "running"


def test_history_of_a_number_connected_elsewhere_is_counted_too() -> None:
    assert after(chunk(0, 1)) == Ledger(
        number=NUMBER,
        connected=True,
        history=History(
            first_offset=0,
            next_offset=1,
            progress=50,
            phases=(Phase(phase=0, chunks=(1,), waiting=1, last_chunk_at=NOW),),
        ),
    )


def test_media_is_awaited_of_a_fortnight_before_the_connection_and_of_nothing_where_it_was_adopted() -> (
    None
):
    history = after(message("a"), chunk(0, 1, 100))
    exchanged = StepRecord(state="done", asked_at=NOW, answered_at=NOW - timedelta(hours=3))
    changes: list[dict[str, object]] = [{}, {"steps": {"exchange": exchanged}}, {"adopted": True}]
    begun = [replay_begun(history.model_copy(update=more), Due(0), NOW) for more in changes]

    found = [
        ledger.history.replay.media_from
        for ledger in begun
        if ledger and ledger.history and ledger.history.replay
    ]

    fortnight = timedelta(days=14)
    assert found == [NOW - fortnight, NOW - timedelta(hours=3) - fortnight, None]
