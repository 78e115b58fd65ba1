"""What happens to a number, as its ledger afterwards and the events that say so. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from saath.events import (
    AccountUpdated,
    Event,
    HeartbeatAtRisk,
    HeartbeatLost,
    NumberState,
    NumberStateChanged,
    NumberWarned,
    OneTime,
    SyncDeadlineNear,
    SyncDeadlinePassed,
    TemplateStatus,
)
from saath.identity import digest_id
from saath_sync import deadline, heartbeat, incomplete, life, onboarding, templates
from saath_sync.account_words import word_of
from saath_sync.heartbeat import Heartbeat, Heartbeats
from saath_sync.incomplete import Waiting
from saath_sync.ledger import Ledger
from saath_sync.life import Finding, Probing, Warned

# Meta says a handful of such things of a number in a year.
WARNED_MAX = 16
WHAT_TO_DO: Mapping[NumberState, str] = {
    "offboarded": (
        "Nothing at first: Meta connects it again when the owner leaves the choice to reconnect ticked "
        "in the app. What is to be sent waits. Connect it anew if that does not happen in some hours."
    ),
    "disconnected": (
        "Have the business go through Embedded Signup again if it still wants this. What is to be sent "
        "waits until it expires."
    ),
    "removed": "Nothing can be sent. Connect the business anew, with a new account.",
}
RESUME = (
    "Mend what the step names and POST /numbers/{number}/resume, or have the business go through "
    "Embedded Signup again."
)
ANEW = (
    "Everything else works. To get it all the same, have the business disconnect in the app and go "
    "through Embedded Signup again."
)


@dataclass(frozen=True, slots=True)
class Rules:
    """How a number's life is watched."""

    heartbeats: Heartbeats = field(default_factory=Heartbeats)
    warn_before: Sequence[timedelta] = deadline.WARN_BEFORE
    probing: Probing = field(default_factory=Probing)
    waiting: Waiting = field(default_factory=Waiting)


@dataclass(frozen=True, slots=True)
class Lived:
    """The ledger as it is from now on, and what is said of it."""

    ledger: Ledger
    events: tuple[Event, ...] = ()


def settled(before: Ledger | None, ledger: Ledger, now: datetime) -> Lived:
    """
    What follows from *ledger* being another than *before*, whatever changed it.

    A number that works has a heartbeat from then on: of the time before, its silence says nothing.
    """
    if (beat := _beating(before, ledger, now)) != ledger.heartbeat:
        ledger = ledger.model_copy(update={"heartbeat": beat})
    was, restricted = _state(before), before.life.restrictions if before else ()
    state, restrictions = _state(ledger), ledger.life.restrictions
    if state == was and restrictions == restricted:
        return Lived(ledger)
    event = NumberStateChanged(
        id=digest_id("life_", ledger.number, state, now.isoformat(), str(restrictions)),
        time=now,
        number=ledger.number,
        state=state,
        before=was,
        cause=ledger.life.cause or "connected",
        restrictions=restrictions,
        what_to_do=WHAT_TO_DO.get(state),
    )
    return Lived(ledger, (event,))


def _beating(before: Ledger | None, ledger: Ledger, now: datetime) -> Heartbeat | None:
    """
    The heartbeat of *ledger*, which was *before*.

    The days in which a number was away show nothing of its app, so they are no silence.
    """
    beat = ledger.heartbeat
    if not _works(ledger):
        return beat
    if beat is None or before is None or not before.connected:
        return Heartbeat(seen_at=now)
    if _works(before) or before.life.since is None:
        return beat
    away = max(now - before.life.since, timedelta(0))
    return beat.model_copy(update={"seen_at": min(beat.seen_at + away, now)})


def connected_anew(ledger: Ledger, now: datetime) -> Ledger:
    """
    Somebody brings the number in, or back: its silence begins again, and what ended its life is over.

    Where it had been away this is another onboarding, in which Meta takes anew what it takes once. Should
    it be the old one all the same, Meta's refusal says that it has it.
    """
    update: dict[str, object] = {"life": life.connected(ledger.life, now)}
    if ledger.life.state != "active":
        update["connected"] = False
    if ledger.life.state != "active" and not ledger.adopted:
        steps = {**ledger.steps, **onboarding.asked_before(ledger)}
        update |= {"declined": None, "steps": steps}
    if ledger.heartbeat:
        update["heartbeat"] = Heartbeat(seen_at=now)
    return ledger.model_copy(update=update)


def account_said(ledger: Ledger, update: AccountUpdated, now: datetime) -> Lived:
    """Meta says something of the number's account."""
    # A time to come would make an old word of all that follows.
    dated = update.model_copy(update={"time": min(update.time, now)})
    if status := templates.status_of(dated):
        return _template_said(ledger, update, status)
    match word_of(dated):
        case None:
            return Lived(ledger)
        case Warned(reason=reason):
            return _warned(ledger, update, reason)
        case word:
            onward = life.lifted(life.heard(ledger.life, word), now)
            return Lived(ledger.model_copy(update={"life": onward}))


def _template_said(ledger: Ledger, update: AccountUpdated, status: TemplateStatus) -> Lived:
    """Whoever sends must know, and so must whoever wrote it, where it may not be sent."""
    known = templates.heard(ledger.templates, status)
    if known == ledger.templates:
        return Lived(ledger)
    onward = ledger.model_copy(update={"templates": known})
    if status.state == "approved":
        return Lived(onward)
    reason = f"Meta has {status.state} the template {status.name} ({status.language})"
    return _warned(onward, update, reason)


def probed(
    ledger: Ledger, finding: Finding, cause: str, asked_at: datetime, rules: Rules
) -> Ledger:
    """We asked Meta how the number stands."""
    onward = life.probed(ledger.life, finding, cause, asked_at, rules.probing)
    return ledger.model_copy(update={"life": onward})


def app_seen(ledger: Ledger, at: datetime, now: datetime, rules: Rules) -> Ledger:
    """The app on the phone has shown itself; the same ledger where that is not worth writing."""
    beat = heartbeat.seen(ledger.heartbeat, at, now, rules.heartbeats)
    return ledger if beat is ledger.heartbeat else ledger.model_copy(update={"heartbeat": beat})


def next_due(ledger: Ledger, rules: Rules) -> datetime | None:
    """When something follows from time alone."""
    return min(
        filter(
            None,
            (
                _beat_due(ledger, rules),
                deadline.next_due(ledger, rules.warn_before),
                life.next_lift(ledger.life),
                incomplete.next_due(ledger, rules.waiting),
            ),
        ),
        default=None,
    )


def passed(ledger: Ledger, until: datetime, rules: Rules) -> Lived:
    """All that follows from its being *until*, and everything written before that being read."""
    events: list[Event] = []
    if told := deadline.told_until(ledger, until, rules.warn_before):
        events.append(_deadline(ledger, told.of, told.until or told.of))
        ledger = ledger.model_copy(update={"deadline": told})
    if lacking := incomplete.said(ledger, until, rules.waiting):
        ledger, event = lacking
        events.append(event)
    beat_due = _beat_due(ledger, rules)
    if ledger.heartbeat and beat_due and beat_due <= until:
        said = heartbeat.due(ledger.heartbeat, until, rules.heartbeats)
        events.append(_heartbeat(ledger, ledger.heartbeat, said == "lost", rules, until))
        beat = ledger.heartbeat.model_copy(update={"told": said})
        ledger = ledger.model_copy(update={"heartbeat": beat})
    onward = life.lifted(ledger.life, until)
    return Lived(ledger.model_copy(update={"life": onward}), tuple(events))


def _beat_due(ledger: Ledger, rules: Rules) -> datetime | None:
    """The silence of a number that is not connected says nothing."""
    if ledger.heartbeat is None or not _works(ledger):
        return None
    return heartbeat.next_due(ledger.heartbeat, rules.heartbeats)


def _works(ledger: Ledger) -> bool:
    return ledger.connected and ledger.life.state == "active"


def _state(ledger: Ledger | None) -> NumberState:
    return life.state_of(ledger.life, works=ledger.connected) if ledger else "onboarding"


def _warned(ledger: Ledger, update: AccountUpdated, reason: str) -> Lived:
    name = digest_id("warned_", ledger.number, update.id)
    if name in ledger.warned:
        return Lived(ledger)
    event = NumberWarned(id=name, time=update.time, number=ledger.number, reason=reason)
    told = (*ledger.warned, name)[-WARNED_MAX:]
    return Lived(ledger.model_copy(update={"warned": told}), (event,))


def _heartbeat(ledger: Ledger, beat: Heartbeat, lost: bool, rules: Rules, now: datetime) -> Event:
    model = HeartbeatLost if lost else HeartbeatAtRisk
    seen = beat.seen_at
    return model(
        id=digest_id("beat_", ledger.number, seen.isoformat(), "lost" if lost else "at_risk"),
        time=now,
        number=ledger.number,
        last_seen_at=seen,
        open_by=seen + rules.heartbeats.lost,
        display_phone=ledger.display_phone,
    )


def _deadline(ledger: Ledger, ends_at: datetime, at: datetime) -> Event:
    missing: tuple[OneTime, ...] = tuple(
        step for step in ("contacts", "history") if step in deadline.open_steps(ledger)
    )
    facts = {
        "id": digest_id("deadline_", ledger.number, ends_at.isoformat(), at.isoformat()),
        "time": at,
        "number": ledger.number,
    }
    if at == ends_at:
        return SyncDeadlinePassed(**facts, ended_at=ends_at, lost=missing, what_to_do=ANEW)
    return SyncDeadlineNear(**facts, ends_at=ends_at, open=missing, what_to_do=RESUME)
