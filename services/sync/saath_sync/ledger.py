"""
What is known of one number: how it was connected, and how much of its history has come. Pure.

One ``Ledger`` a number, kept whole in the changelog.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from saath.events import HistoryChunkReceived, NumberPolicy, SyncState
from saath.events.base import Model, Private

Step = Literal["exchange", "subscribe", "facts", "contacts", "history"]
StepState = Literal["asked", "done", "refused", "unknown"]


class StepRecord(Model):
    """
    One call of the onboarding: stored as asked before it is made.

    ``doubtful`` says that an earlier call of the same step went unanswered, so Meta may have taken it.
    """

    state: StepState
    asked_at: AwareDatetime
    answered_at: AwareDatetime | None = None
    doubtful: bool = False
    request_id: str | None = None
    problem: str | None = None


class Phase(Model):
    """
    One phase of the history: 0 is the newest. ``None`` where Meta did not say.

    ``waiting`` counts the chunks that came since the last replay began; ``replayed_until`` is the
    offset up to which earlier replays have taken this phase's messages.
    """

    phase: int | None = None
    chunks: tuple[int, ...] = ()
    waiting: int = 0
    last_chunk_at: AwareDatetime
    replayed_until: int | None = None

    def missing(self) -> tuple[int, ...]:
        """The chunk orders that should have come before the last one seen."""
        seen = set(self.chunks)
        return tuple(order for order in range(1, max(seen, default=0)) if order not in seen)


class Taken(Model):
    """The offset up to which earlier replays had taken a phase's messages."""

    phase: int | None = None
    until: int


class Replay(Model):
    """
    A replay under way: the messages of *phase* first seen at offsets from *since* to before *until*.

    Then the media that came from *media_since* on, of messages that earlier replays had taken. Fixed
    when it begins, so that whoever takes over finds the same in the same order, and goes on after
    the first *done* of them.
    """

    phase: int | None = None
    since: int
    until: int
    media_since: int = 0
    before: tuple[Taken, ...] = ()
    done: int = 0

    @property
    def only_media(self) -> bool:
        """Whether no message can be in it."""
        return self.since == self.until


class History(Model):
    """What has come of a number's history, and how much of it has been replayed."""

    first_offset: int
    next_offset: int
    progress: int = 0
    phases: tuple[Phase, ...] = ()
    replay: Replay | None = None
    replayed: int = 0
    media_waiting: int = 0
    media_until: int | None = None
    last_media_at: AwareDatetime | None = None


class Ledger(Model):
    """Everything sync remembers of one number."""

    number: str
    account: str | None = None
    display_phone: Annotated[str | None, Private] = None
    policy: NumberPolicy = NumberPolicy()
    wants_history: bool = True
    connected: bool = False
    steps: dict[Step, StepRecord] = Field(default_factory=dict)
    history: History | None = None
    declined: str | None = None


# What ``Ledger.declined`` says where the business itself said no; anything else is a failure.
DECLINED = "the business chose not to share its history"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a phase must have been quiet: with every sign that it is whole, and without."""

    whole: timedelta
    incomplete: timedelta


@dataclass(frozen=True, slots=True)
class Due:
    """What to replay next: a phase, or only media of messages that were replayed before."""

    phase: int | None
    only_media: bool = False


def seen_at(ledger: Ledger, offset: int) -> Ledger:
    """Note that a record of this number's history stands at *offset*."""
    history = ledger.history or History(first_offset=offset, next_offset=offset)
    return _with(ledger, history.model_copy(update={"next_offset": offset + 1}))


def media_received(ledger: Ledger, offset: int, now: datetime) -> Ledger:
    """Count a message's media. It may come before the message, with it, or long after its replay."""
    ledger = seen_at(ledger, offset)
    assert ledger.history is not None  # noqa: S101 # seen_at made it
    update = {"media_waiting": ledger.history.media_waiting + 1, "last_media_at": now}
    return _with(ledger, ledger.history.model_copy(update=update))


def chunk_received(
    ledger: Ledger, chunk: HistoryChunkReceived, offset: int, now: datetime
) -> Ledger:
    """Count a chunk. It may come in any order and more than once."""
    ledger = seen_at(ledger, offset)
    assert ledger.history is not None  # noqa: S101 # seen_at made it
    history = ledger.history
    known = _phase(history, chunk.phase) or Phase(phase=chunk.phase, last_chunk_at=now)
    orders = {*known.chunks, *(() if chunk.chunk is None else (chunk.chunk,))}
    phase = known.model_copy(
        update={
            "chunks": tuple(sorted(orders)),
            # An empty chunk only tells of progress; there is nothing in it to replay.
            "waiting": known.waiting + (chunk.messages > 0),
            "last_chunk_at": now,
        }
    )
    progress = max(history.progress, chunk.progress or 0)
    # Whoever sends chunks has not declined, whatever was said in an earlier onboarding.
    ledger = ledger.model_copy(update={"declined": None})
    return _with(ledger, _put(history.model_copy(update={"progress": progress}), phase))


def due(history: History, owned_since: datetime, now: datetime, patience: Patience) -> Due | None:
    """
    What to replay next: a finished phase; the oldest where several are finished, so that time runs forward.

    Once the end of the whole history was seen, the number's silence counts and not the phase's: then
    all phases that are left are finished at the same moment.

    Silence is counted from when this owner began to listen: what arrived while nobody was reading is
    read first.
    """
    if history.replay:
        return None
    last = max((p.last_chunk_at for p in history.phases), default=now)
    number_quiet = now - max(last, owned_since)

    def finished(phase: Phase) -> bool:
        if not phase.waiting:
            return False
        phase_quiet = now - max(phase.last_chunk_at, owned_since)
        quiet = number_quiet if history.progress >= 100 else phase_quiet
        if number_quiet >= patience.incomplete:
            return True
        late = phase.replayed_until is not None
        return quiet >= patience.whole and (late or _whole(history, phase))

    ripe = [phase for phase in history.phases if finished(phase)]
    if ripe:
        return Due(max(ripe, key=_age).phase)
    return Due(None, only_media=True) if _media_due(history, owned_since, now, patience) else None


def replay_begun(ledger: Ledger, what: Due) -> Ledger | None:
    """Fix what the next replay takes; ``None`` when there is nothing for it."""
    history = ledger.history
    if history is None or history.replay:
        return None
    until, since = history.next_offset, history.next_offset
    begun = history
    if not what.only_media:
        phase = _phase(history, what.phase)
        if phase is None or not phase.waiting:
            return None
        since = history.first_offset if phase.replayed_until is None else phase.replayed_until
        begun = _put(history, phase.model_copy(update={"waiting": 0, "replayed_until": until}))
    elif not history.media_waiting:
        return None
    replay = Replay(
        phase=what.phase,
        since=since,
        until=until,
        media_since=history.first_offset if history.media_until is None else history.media_until,
        before=_taken(history),
    )
    update = {"replay": replay, "media_waiting": 0, "media_until": until}
    return _with(ledger, begun.model_copy(update=update))


def replay_progressed(ledger: Ledger, replay: Replay, count: int, messages: int) -> Ledger | None:
    """
    Note that *count* more events of *replay* are out, *messages* of them messages.

    ``None`` when that is not where it stands.
    """
    history = ledger.history
    if history is None or history.replay != replay:
        return None
    onward = replay.model_copy(update={"done": replay.done + count})
    update = {"replay": onward, "replayed": history.replayed + messages}
    return _with(ledger, history.model_copy(update=update))


def replay_finished(ledger: Ledger, replay: Replay) -> Ledger | None:
    """Close *replay*; ``None`` when that is not where it stands."""
    history = ledger.history
    if history is None or history.replay != replay:
        return None
    return _with(ledger, history.model_copy(update={"replay": None}))


def history_state(ledger: Ledger) -> SyncState:
    """Where the history stands, in the words of ``numbers``."""
    history = ledger.history
    if ledger.declined:
        return "declined" if ledger.declined == DECLINED else "failed"
    if history is None or not history.phases:
        return sync_state(ledger.steps.get("history"))
    replaying = history.replay is not None and not history.replay.only_media
    waiting = replaying or any(phase.waiting for phase in history.phases)
    return "complete" if history.progress >= 100 and not waiting else "running"


def sync_state(step: StepRecord | None) -> SyncState:
    """Where a one-time request stands. An unknown one was asked, and that is all that is known."""
    if step is None:
        return "not_asked"
    states: dict[StepState, SyncState] = {
        "asked": "asked",
        "unknown": "asked",
        "done": "accepted",
        "refused": "failed",
    }
    return states[step.state]


def gaps(history: History) -> str | None:
    """Say which chunks never came; ``None`` when none is known to be missing."""
    missing = [
        f"phase {phase.phase}: {', '.join(str(order) for order in phase.missing()[:10])}"
        for phase in history.phases
        if phase.missing()
    ]
    return f"chunks of the history never came ({'; '.join(missing)})" if missing else None


def _whole(history: History, phase: Phase) -> bool:
    """Nothing is missing before the last chunk seen, and something says that it was the last."""
    if phase.phase is None or not phase.chunks or phase.missing():
        return False
    later = any(p.phase is not None and p.phase > phase.phase for p in history.phases)
    return later or history.progress >= 100


def _media_due(history: History, owned_since: datetime, now: datetime, patience: Patience) -> bool:
    """Media came, no phase's own replay will take it along, and no more of it came for a while."""
    if not history.media_waiting or history.last_media_at is None or not _taken(history):
        return False
    if any(phase.waiting for phase in history.phases):
        return False
    return now - max(history.last_media_at, owned_since) >= patience.whole


def _taken(history: History) -> tuple[Taken, ...]:
    return tuple(
        Taken(phase=phase.phase, until=phase.replayed_until)
        for phase in history.phases
        if phase.replayed_until is not None
    )


def _age(phase: Phase) -> int:
    return -1 if phase.phase is None else phase.phase


def _phase(history: History, number: int | None) -> Phase | None:
    return next((p for p in history.phases if p.phase == number), None)


def _put(history: History, phase: Phase) -> History:
    others = [p for p in history.phases if p.phase != phase.phase]
    return history.model_copy(update={"phases": tuple(sorted([*others, phase], key=_age))})


def _with(ledger: Ledger, history: History) -> Ledger:
    return ledger.model_copy(update={"history": history})
