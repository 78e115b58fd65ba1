"""Another onboarding of a number brings its history again: counted by itself, replayed where it is new."""

from datetime import timedelta

from tests.unit.sync.samples import NOW, NUMBER, chunk, message, seconds
from tests.unit.sync.stage import ALREADY, Stage
from tests.unit.sync.test_living import DAY, record, said

from saath.events import Event
from saath.topics import ACCOUNTS, HISTORY
from saath_sync import living, store
from saath_sync.decide import decide, decide_fact
from saath_sync.facts import StepAnswered, StepAsked
from saath_sync.incomplete import Waiting, next_due
from saath_sync.ledger import Ledger, Replay, Step, StepRecord, Taken, history_state
from saath_sync.life import Life
from saath_sync.living import Rules
from saath_sync.onboarding import Done, Refused, Result, Unknown
from saath_sync.phases import Due, Patience, due, replay_begun, replay_finished

LATER = NOW + 2 * DAY
QUIET = LATER + seconds(10)


def counted(ledger: Ledger, *events: Event) -> Ledger:
    start = ledger.history.next_offset if ledger.history else 0
    for offset, event in enumerate(events, start):
        ledger = decide(event, ledger, offset, LATER)
    return ledger


def replayed(ledger: Ledger, phase: int) -> Ledger:
    begun = replay_begun(ledger, Due(phase), LATER)
    assert begun is not None
    finished = replay_finished(begun, replay_of(begun))
    assert finished is not None
    return finished


def replay_of(ledger: Ledger) -> Replay:
    assert ledger.history is not None
    assert ledger.history.replay is not None
    return ledger.history.replay


def came_back(*, left: tuple[Event, ...] = ()) -> Ledger:
    """A number whose history was in, which was away, and works again; what is *left* was not replayed."""
    steps: dict[Step, StepRecord] = {
        "history": StepRecord(state="done", asked_at=NOW, request_id="request-1")
    }
    first = Ledger(number=NUMBER, connected=True, steps=steps)
    first = counted(first, message("a"), chunk(0, 1), message("b", phase=1), chunk(1, 1, 100))
    first = counted(replayed(replayed(first, 1), 0), *left)
    gone = first.model_copy(update={"life": Life(state="disconnected", since=NOW)})
    return living.connected_anew(gone, LATER).model_copy(update={"connected": True})


def asked(ledger: Ledger, *answers: Result) -> Ledger:
    for fact in (StepAsked(NUMBER, "history", ask_unknown=True), *answers):
        told = fact if isinstance(fact, StepAsked) else StepAnswered(NUMBER, "history", fact)
        ledger = decide_fact(told, ledger, LATER, Rules()).ledger
    return ledger


ASKED = asked(came_back(), Done("request-2"))


def test_bots_wait_for_the_history_that_was_asked_for_anew() -> None:
    coming = counted(ASKED, message("c"), chunk(0, 1, 40))
    states = [history_state(ledger) for ledger in (came_back(), asked(came_back()), ASKED, coming)]

    assert states == ["complete", "asked", "accepted", "running"]
    assert store.recorded(coming, LATER, timedelta(hours=1)).history_progress == 40


def test_where_meta_says_that_it_was_the_old_onboarding_still_the_old_history_counts() -> None:
    assert history_state(asked(came_back(), ALREADY)) == "complete"


def test_an_answer_that_never_came_or_a_refusal_is_no_complete_history() -> None:
    unknown, refused = asked(came_back(), Unknown("timeout")), Refused(2593108, "too late")

    assert (history_state(unknown), history_state(asked(came_back(), refused))) == (
        "asked",
        "failed",
    )


def test_what_is_missing_of_it_is_not_hidden_by_the_chunks_of_the_one_before() -> None:
    coming = counted(ASKED, chunk(1, 2, 100))
    assert coming.history is not None
    [phase] = coming.history.phases

    assert (phase.chunks, phase.missing(), phase.repeated) == ((2,), (1,), 0)
    assert next_due(coming, Waiting()) == LATER + timedelta(minutes=5)


def test_a_phase_of_it_is_waited_for_as_if_it_were_the_first() -> None:
    patience = Patience(seconds(10), seconds(300))
    begun = counted(ASKED, chunk(0, 1))
    later = counted(begun, chunk(1, 1))
    assert begun.history is not None
    assert later.history is not None

    found = [
        due(ledger.history, NOW, QUIET, patience) for ledger in (begun, later) if ledger.history
    ]

    assert found == [None, Due(0)]


def test_what_was_replayed_in_the_one_before_is_not_replayed_again() -> None:
    coming = replay_begun(counted(ASKED, message("a"), message("c"), chunk(0, 1)), Due(0), LATER)
    assert coming is not None
    replay = replay_of(coming)

    assert (replay.since, replay.until) == (4, 7)
    assert replay.before == (Taken(phase=0, until=4), Taken(phase=1, until=4))
    again = replay_of(replayed_and_more(coming))
    assert (again.since, again.until) == (7, 9)


def replayed_and_more(begun: Ledger) -> Ledger:
    finished = replay_finished(begun, replay_of(begun))
    assert finished is not None
    more = replay_begun(counted(finished, message("d"), chunk(0, 2)), Due(0), LATER)
    assert more is not None
    return more


def test_what_waited_when_it_began_is_replayed_all_the_same() -> None:
    hold = Patience(seconds(10), seconds(300), hold=True)
    held = came_back(left=(message("x", phase=2), chunk(2, 3)))
    coming = counted(asked(held, Done("request-2")), chunk(0, 1))
    assert coming.history is not None

    assert due(coming.history, NOW, QUIET, hold) is None
    assert due(coming.history, NOW, LATER + seconds(300), hold) == Due(2)
    begun = replay_begun(coming, Due(2), LATER)
    assert begun is not None
    assert replay_of(begun).since == 0


async def test_a_number_that_is_connected_anew_has_its_history_before_it_again() -> None:
    stage = Stage()
    await stage.connect()
    async with stage.pod() as connector:
        handler = connector.numbers.handlers[0]
        for at, event in enumerate((message("a"), chunk(0, 1, 100))):
            list(handler.handle(record(event, HISTORY, at), NOW))
        list(handler.handle(record(said("PARTNER_REMOVED", NOW + DAY), ACCOUNTS), NOW + DAY))
        stage.written += handler.finish({}, NOW + DAY)
    stage.clock.time = LATER
    stage.meta.taken.clear()

    ledger = await stage.connect()

    assert history_state(ledger) == "accepted"
