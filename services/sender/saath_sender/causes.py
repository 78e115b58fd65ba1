"""What may hold messages of a number for hours or days, and whether it is over. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from saath.events import NumberRecorded, NumberState, RestrictionKind
from saath_sender.scopes import Scope

SENDING: tuple[NumberState, ...] = ("active", "restricted")


@dataclass(frozen=True, slots=True)
class InState:
    """The number is in a state in which nothing of it is sent."""

    state: NumberState


@dataclass(frozen=True, slots=True)
class Restricted:
    """Meta restricts the number, as ``numbers`` says."""

    kind: RestrictionKind


@dataclass(frozen=True, slots=True)
class InPause:
    """Meta takes no more of this class for the present, as it has answered."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class TemplatePaused:
    """Meta has paused the template, as ``numbers`` says."""

    scope: Scope


Cause = InState | Restricted | InPause | TemplatePaused


def restrictions(number: NumberRecorded, now: datetime) -> tuple[RestrictionKind, ...]:
    """What is restricted now; where the number is, and nothing says in what, it is everything."""
    if number.state == "restricted" and not number.restrictions:
        return ("everything",)
    return tuple(r.kind for r in number.restrictions if r.until is None or now < r.until)


def is_over(
    cause: Cause, number: NumberRecorded | None, paused: Callable[[Scope], bool], now: datetime
) -> bool:
    """
    Whether *cause* holds no longer, so that what it held has to be judged anew.

    *paused* says whether a class of the number is. What is of a number that is no more is refused, not held.
    """
    if number is None or number.state == "removed":
        return True
    match cause:
        case InPause(scope):
            return not paused(scope)
        case InState(state):
            return number.state != state
        case Restricted(kind):
            return kind not in restrictions(number, now)
        case TemplatePaused(scope):
            named = (scope.template, scope.language)
            known = number.templates
            return not any((t.name, t.language) == named and t.paused(now) for t in known)
