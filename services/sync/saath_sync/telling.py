"""What the log and the metrics are told of a number."""

import structlog

from saath.events import (
    Event,
    HeartbeatAtRisk,
    HeartbeatLost,
    HistoryChunkReceived,
    HistoryIncomplete,
    MessageBackfilled,
    NumberStateChanged,
    SyncDeadlineNear,
    SyncDeadlinePassed,
    short_name,
)
from saath_sync import metrics
from saath_sync.facts import (
    AdoptAsked,
    AppOpened,
    ConnectAsked,
    Fact,
    HistoryGiven,
    Probed,
    ReplayAsked,
    ReplayBegun,
    ReplayFinished,
    ReplayProgressed,
    StepAnswered,
    StepAsked,
    TokenObtained,
)
from saath_sync.ledger import Ledger
from saath_sync.phases import phase_of

log = structlog.get_logger()


def tell(event: Event) -> None:
    """One line for what has happened in a number's life."""
    name = short_name(event.type).removesuffix(".v1")
    metrics.LIFE.labels(name.removeprefix("number.")).inc()
    match event:
        case NumberStateChanged():
            say = log.info if event.state == "active" else log.warning
            say(
                name,
                number=event.number,
                state=event.state,
                before=event.before,
                cause=event.cause,
                restrictions=[r.kind for r in event.restrictions],
            )
        case HeartbeatAtRisk() | HeartbeatLost():
            log.warning(name, number=event.number, open_by=event.open_by.isoformat())
        case SyncDeadlineNear():
            log.warning(name, number=event.number, open=event.open)
        case SyncDeadlinePassed():
            log.warning(name, number=event.number, lost=event.lost)
        case HistoryIncomplete():
            lacking = [phase.model_dump(exclude_none=True) for phase in event.phases]
            log.warning(name, number=event.number, phases=lacking, replays=event.replays)
        case _:
            log.warning(name, number=event.number)


def count(event: Event, before: Ledger | None, ledger: Ledger) -> None:
    """What a record of the history adds to the metrics."""
    match event:
        case MessageBackfilled():
            metrics.OF_GROUPS.inc(_of_groups(ledger) - _of_groups(before))
        case HistoryChunkReceived():
            phase = phase_of(event.phase)
            was, now = _chunks(before, phase), _chunks(ledger, phase)
            came = "repeated" if now[0] > was[0] else "disordered" if now[1] > was[1] else "new"
            metrics.CHUNKS.labels(came).inc()


def _of_groups(ledger: Ledger | None) -> int:
    return ledger.history.of_groups if ledger and ledger.history else 0


def _chunks(ledger: Ledger | None, number: int | None) -> tuple[int, int]:
    found = ledger.history.phases if ledger and ledger.history else ()
    return next(((p.repeated, p.disordered) for p in found if p.phase == number), (0, 0))


def say(fact: Fact) -> None:
    """One line for what happened inside."""
    match fact:
        case ConnectAsked():
            log.info("number.connect_asked", number=fact.number)
        case AdoptAsked():
            log.info("number.adopt_asked", number=fact.number)
        case HistoryGiven():
            given = len(fact.chunk.messages)
            log.info("history.given", number=fact.number, chunk=fact.chunk.order, messages=given)
        case TokenObtained():
            log.info("number.token_obtained", number=fact.number)
        case StepAsked():
            log.info("step.asked", number=fact.number, step=fact.step)
        case StepAnswered():
            outcome = type(fact.result).__name__.lower()
            metrics.STEPS.labels(fact.step, outcome).inc()
            log.info("step.answered", number=fact.number, step=fact.step, outcome=outcome)
        case ReplayAsked() | ReplayBegun() | ReplayProgressed() | ReplayFinished():
            _say_replay(fact)
        case AppOpened():
            log.info("app.opened", number=fact.number)
        case Probed():
            metrics.PROBES.labels(fact.finding).inc()
            log.info("number.probed", number=fact.number, finding=fact.finding, cause=fact.cause)


def _say_replay(fact: ReplayAsked | ReplayBegun | ReplayProgressed | ReplayFinished) -> None:
    match fact:
        case ReplayAsked():
            log.info("replay.asked", number=fact.number)
        case ReplayBegun():
            due = fact.due
            log.info("replay.begun", number=fact.number, phase=due.phase, only_media=due.only_media)
        case ReplayProgressed():
            metrics.BACKFILLED.inc(len(fact.events))
        case ReplayFinished():
            done = fact.replay.done
            log.info("replay.finished", number=fact.number, phase=fact.replay.phase, events=done)
