"""What happens in the life of a business number, as sync notices it."""

from typing import Annotated, Literal

from pydantic import AwareDatetime

from saath.events.base import Event, Private
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
