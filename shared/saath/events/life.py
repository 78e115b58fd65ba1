"""What happens in the life of a business number, as sync notices it."""

from typing import Annotated, Literal

from pydantic import AwareDatetime

from saath.events.base import Event, Model, Private
from saath.events.numbers import NumberState, Restriction

OneTime = Literal["contacts", "history"]


class NumberStateChanged(Event):
    """
    A number is in another state than before, or under other restrictions.

    ``cause`` is why, in a few words; ``what_to_do`` is there where somebody must do something.
    """

    type: Literal["io.saath.number.state_changed.v1"] = "io.saath.number.state_changed.v1"
    state: NumberState
    before: NumberState
    cause: str
    restrictions: tuple[Restriction, ...] = ()
    what_to_do: str | None = None


class NumberWarned(Event):
    """Meta says something of the number's account that a person must look at; nothing changes by it."""

    type: Literal["io.saath.number.warned.v1"] = "io.saath.number.warned.v1"
    reason: str


class HeartbeatAtRisk(Event):
    """
    The phone's app has shown no sign of life for long: the owner must open it by ``open_by``.

    Otherwise Meta disconnects the number. Said once in a silence.
    """

    type: Literal["io.saath.number.heartbeat_at_risk.v1"] = "io.saath.number.heartbeat_at_risk.v1"
    last_seen_at: AwareDatetime
    open_by: AwareDatetime
    display_phone: Annotated[str | None, Private] = None


class HeartbeatLost(Event):
    """
    The time in which the app had to be opened is over; Meta may disconnect the number at any moment.

    Said once in a silence.
    """

    type: Literal["io.saath.number.heartbeat_lost.v1"] = "io.saath.number.heartbeat_lost.v1"
    last_seen_at: AwareDatetime
    open_by: AwareDatetime
    display_phone: Annotated[str | None, Private] = None


class SyncDeadlineNear(Event):
    """At ``ends_at`` Meta takes the requests for the number's past no longer; these are not done."""

    type: Literal["io.saath.number.sync_deadline_near.v1"] = "io.saath.number.sync_deadline_near.v1"
    ends_at: AwareDatetime
    open: tuple[OneTime, ...]
    what_to_do: str


class SyncDeadlinePassed(Event):
    """Meta takes the requests for the number's past no longer; ``lost`` is what will not come."""

    type: Literal["io.saath.number.sync_deadline_passed.v1"] = (
        "io.saath.number.sync_deadline_passed.v1"
    )
    ended_at: AwareDatetime
    lost: tuple[OneTime, ...]
    what_to_do: str


class IncompletePhase(Model):
    """
    A phase of a number's history of which not everything came.

    ``missing`` are chunks before the last that came, the first hundred of them; where there are none,
    nothing said that the last one that came was the last there is.
    """

    phase: int | None = None
    received: int
    missing: tuple[int, ...] = ()


class HistoryIncomplete(Event):
    """
    So long no chunk came of a number's history, and these phases are not whole. Said once for a phase.

    ``replays`` says what becomes of what has come: it is replayed, or ``held`` until somebody says so.
    """

    type: Literal["io.saath.number.history_incomplete.v1"] = "io.saath.number.history_incomplete.v1"
    phases: tuple[IncompletePhase, ...]
    progress: int
    replays: Literal["now", "held"]
    what_to_do: str
