"""
What is known of one number: how it was connected, and how much of its history has come. Pure.

One ``Ledger`` a number, kept whole in the changelog.
"""

import itertools
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from saath.events import NumberPolicy, SyncState, TemplateStatus
from saath.events.base import Model, Private
from saath_sync.description import Description
from saath_sync.heartbeat import Heartbeat
from saath_sync.life import Life

Step = Literal["exchange", "subscribe", "facts", "contacts", "history"]
StepState = Literal["asked", "done", "refused", "unknown"]

# An order may be any number that Meta, or whoever forges it, writes.
MISSING_MAX = 100


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
    code: int | None = None
    subcode: int | None = None


class Phase(Model):
    """
    One phase of the history: 0 is the newest. ``None`` where Meta did not say.

    ``repeated`` counts the chunks whose order had come before, ``disordered`` those that came after one
    of a later order. ``waiting`` counts the chunks that came since the last replay began, and ``asked``
    says that somebody wants these replayed as they are; ``replayed_until`` is the offset up to which
    earlier replays have taken this phase's messages. ``told``: that it is not whole was said.
    """

    phase: int | None = None
    chunks: tuple[int, ...] = ()
    repeated: int = 0
    disordered: int = 0
    waiting: int = 0
    asked: bool = False
    last_chunk_at: AwareDatetime
    replayed_until: int | None = None
    told: bool = False

    def missing(self) -> tuple[int, ...]:
        """The chunk orders that should have come before the last one seen, the first hundred of them."""
        if not self.chunks or (self.chunks[0] == 1 and self.chunks[-1] == len(self.chunks)):
            return ()
        between = itertools.pairwise((0, *self.chunks))
        missing = (order for a, b in between for order in range(a + 1, b))
        return tuple(itertools.islice(missing, MISSING_MAX))


class Taken(Model):
    """The offset up to which earlier replays had taken a phase's messages."""

    phase: int | None = None
    until: int


class Replay(Model):
    """
    A replay under way: the messages of *phase* first seen at offsets from *since* to before *until*.

    Then the media that came from *media_since* on, of messages that earlier replays had taken. Fixed
    when it begins, so that whoever takes over finds the same in the same order, and goes on after
    the first *done* of them. Media of what was written from *media_from* on may still come.
    """

    phase: int | None = None
    since: int
    until: int
    media_since: int = 0
    media_from: AwareDatetime | None = None
    before: tuple[Taken, ...] = ()
    done: int = 0

    @property
    def only_media(self) -> bool:
        """Whether no message can be in it."""
        return self.since == self.until


class History(Model):
    """
    What has come of a number's history, and how much of it has been replayed.

    ``anew``: Meta was asked for it in another onboarding, and no chunk of that has come yet. ``earlier`` is
    how far replays had taken the phases by when its first one came; what is counted is of this one.
    """

    first_offset: int
    next_offset: int
    progress: int = 0
    phases: tuple[Phase, ...] = ()
    replay: Replay | None = None
    replayed: int = 0
    of_groups: int = 0
    media_waiting: int = 0
    media_until: int | None = None
    last_media_at: AwareDatetime | None = None
    anew: bool = False
    earlier: tuple[Taken, ...] = ()


class DeadlineTold(Model):
    """What was due by *until* has been said of the end of the 24 hours at *of*."""

    of: AwareDatetime
    until: AwareDatetime | None = None


class Ledger(Model):
    """
    Everything sync remembers of one number.

    ``adopted``: it was connected elsewhere, so what Meta takes only once is never asked for it.
    ``country`` and ``timezone`` are what whoever connected it said; ``described`` is what is known.
    """

    number: str
    adopted: bool = False
    account: str | None = None
    display_phone: Annotated[str | None, Private] = None
    country: str | None = None
    timezone: str | None = None
    described: Description | None = None
    policy: NumberPolicy = NumberPolicy()
    wants_history: bool = True
    cap_per_second: int = 20
    connected: bool = False
    steps: dict[Step, StepRecord] = Field(default_factory=dict)
    history: History | None = None
    declined: str | None = None
    life: Life = Life()
    templates: tuple[TemplateStatus, ...] = ()
    heartbeat: Heartbeat | None = None
    deadline: DeadlineTold | None = None
    # Meta's last warnings that were told, newest last: webhooks come more than once.
    warned: tuple[str, ...] = ()


# Meta takes the request for history for so long after the onboarding, and sends nothing asked for later.
HISTORY_WITHIN = timedelta(hours=24)

# What ``Ledger.declined`` says where the business itself said no; anything else is a failure.
DECLINED = "the business chose not to share its history"


def history_state(ledger: Ledger) -> SyncState:
    """Where the history stands, in the words of ``numbers``."""
    history = ledger.history
    if ledger.declined:
        return "declined" if ledger.declined == DECLINED else "failed"
    step = ledger.steps.get("history")
    if history is None or not history.phases or (history.anew and not _is_the_old_one(step)):
        return sync_state(step)
    replaying = history.replay is not None and not history.replay.only_media
    waiting = replaying or any(phase.waiting for phase in history.phases)
    return "complete" if history.progress >= 100 and not waiting else "running"


def history_due_at(ledger: Ledger, patience: timedelta) -> datetime | None:
    """
    By when the history has come, if it comes: a day after the connection, and some patience more.

    ``None`` where none is to come: it was not asked for, was declined, or failed. A new code does not
    give the one-time request back, so the connection that counts is the one it was asked in.
    """
    step, exchange = ledger.steps.get("history"), ledger.steps.get("exchange")
    if step is None or history_state(ledger) in ("declined", "failed"):
        return None
    connected_at = exchange.answered_at if exchange else None
    since = min(connected_at or step.asked_at, step.asked_at)
    return since + HISTORY_WITHIN + patience


def _is_the_old_one(step: StepRecord | None) -> bool:
    """Whether Meta says that it was asked for before: then no other history comes."""
    return step is not None and step.state == "done" and step.request_id is None


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


def can_be_whole(phase: Phase) -> bool:
    """Whether anything tells which of its chunks have come. Of one without numbers nothing does."""
    return phase.phase is not None and bool(phase.chunks)


def whole(history: History, phase: Phase) -> bool:
    """Nothing is missing before the last chunk seen, and something says that it was the last."""
    if phase.phase is None or not can_be_whole(phase) or phase.missing():
        return False
    later = any(can_be_whole(p) and (p.phase or 0) > phase.phase for p in history.phases)
    return later or history.progress >= 100


def gaps(history: History) -> str | None:
    """Say which chunks never came; ``None`` when none is known to be missing."""
    missing = [
        f"phase {phase.phase}: {', '.join(map(str, phase.missing()[:10])) or 'its end'}"
        for phase in history.phases
        if phase.missing() or (phase.told and not whole(history, phase))
    ]
    return f"chunks of the history never came ({'; '.join(missing)})" if missing else None


def waited_for(ledger: Ledger) -> bool:
    """Whether what is missing of the history was waited for long enough to be called missing."""
    told = ledger.history is not None and any(phase.told for phase in ledger.history.phases)
    return told or history_state(ledger) == "complete"
