"""What the log and the metrics are told of a number."""

import structlog

from saath.events import (
    Event,
    HeartbeatAtRisk,
    HeartbeatLost,
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
    ReplayBegun,
    ReplayFinished,
    ReplayProgressed,
    StepAnswered,
    StepAsked,
    TokenObtained,
)

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
        case _:
            log.warning(name, number=event.number)


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
        case ReplayBegun():
            due = fact.due
            log.info("replay.begun", number=fact.number, phase=due.phase, only_media=due.only_media)
        case ReplayProgressed():
            metrics.BACKFILLED.inc(len(fact.events))
        case ReplayFinished():
            done = fact.replay.done
            log.info("replay.finished", number=fact.number, phase=fact.replay.phase, events=done)
        case AppOpened():
            log.info("app.opened", number=fact.number)
        case Probed():
            metrics.PROBES.labels(fact.finding).inc()
            log.info("number.probed", number=fact.number, finding=fact.finding, cause=fact.cause)
