"""
A number's life after it was connected: what Meta, the probe and time make of it. Pure.

The README draws it. A restriction stands beside the state and ends by its time or by Meta's word; what
is disabled, by Meta's word alone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime

from saath.events import NumberState, Restriction
from saath.events.base import Model

LifeState = Literal["active", "offboarded", "disconnected", "removed"]
Finding = Literal["connected", "not_connected", "gone"]

# Meta has said that it is connected again, and the probe does not see it yet: after so long it is asked
# again, and then after as long as Meta's word is old.
RECONNECTING_AGAIN = timedelta(minutes=1)

# A disabled account's numbers may do nothing, until Meta enables it again.
EVERYTHING = Restriction(kind="everything")


@dataclass(frozen=True, slots=True)
class Probing:
    """
    How the probe is believed.

    Health fields lag behind a connection, so within *grace* nothing is found against the number. One
    finding against it may be a fault of Meta's; two with *again_after* between them are not. A
    reconnection that Meta has told of is waited for so long as *reconnecting_for*.
    """

    every: timedelta = timedelta(hours=6)
    grace: timedelta = timedelta(minutes=10)
    again_after: timedelta = timedelta(minutes=10)
    reconnecting_for: timedelta = timedelta(days=1)


class Doubt(Model):
    """The probe found the number not connected, once."""

    finding: Finding
    at: AwareDatetime


class Life(Model):
    """
    Where a number stands. ``since`` is when it came there, ``cause`` why, in a few words.

    ``said_at`` is the time of the last word of Meta's that was believed, or of a connection that was made
    or seen since: webhooks come in any order, and an older one that comes later changes nothing.
    ``reconnecting``: Meta says that it is connected again, and the probe has not seen it yet.
    """

    state: LifeState = "active"
    since: AwareDatetime | None = None
    cause: str | None = None
    said_at: AwareDatetime | None = None
    reconnecting: bool = False
    restrictions: tuple[Restriction, ...] = ()
    restricted_said_at: AwareDatetime | None = None
    disabled: bool = False
    disabled_said_at: AwareDatetime | None = None
    probed_at: AwareDatetime | None = None
    doubt: Doubt | None = None

    def in_force(self, now: datetime) -> tuple[Restriction, ...]:
        """The restrictions that are not over."""
        return tuple(r for r in self.restrictions if r.until is None or now < r.until)


@dataclass(frozen=True, slots=True)
class Moved:
    """Meta says that the number's state is another."""

    at: datetime
    to: LifeState
    cause: str
    reconnecting: bool = False


@dataclass(frozen=True, slots=True)
class Restricted:
    """Meta says what the number may not do for a while, instead of what it said before."""

    at: datetime
    restrictions: tuple[Restriction, ...]
    cause: str


@dataclass(frozen=True, slots=True)
class Disabled:
    """Meta disables the account, or enables it again: then nothing that was said before holds."""

    at: datetime
    disabled: bool
    cause: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Meta says something that a person must know and that changes nothing by itself."""

    at: datetime
    reason: str


Word = Moved | Restricted | Disabled | Warned


def heard(life: Life, word: Word) -> Life:
    """What is so after Meta's *word*; the same where it is older than what was believed."""
    match word:
        case Moved():
            return _moved(life, word)
        case Restricted():
            return _restricted(life, word)
        case Disabled():
            return _disabled(life, word)
        case Warned():
            return life


def _restricted(life: Life, word: Restricted) -> Life:
    if _older(word.at, life.restricted_said_at):
        return life
    held = (EVERYTHING, *word.restrictions) if life.disabled else word.restrictions
    return _held(life, held, word.cause, restricted_said_at=word.at)


def _disabled(life: Life, word: Disabled) -> Life:
    if _older(word.at, life.disabled_said_at):
        return life
    said: dict[str, object] = {"disabled": word.disabled, "disabled_said_at": word.at}
    besides = life.restrictions[1:] if life.disabled else life.restrictions
    if word.disabled:
        return _held(life, (EVERYTHING, *besides), word.cause, **said)
    if _older(word.at, life.restricted_said_at):
        return _held(life, besides, word.cause, **said)
    return _held(life, (), word.cause, restricted_said_at=word.at, **said)


def _held(life: Life, restrictions: tuple[Restriction, ...], cause: str, **said: object) -> Life:
    why = {"cause": cause} if restrictions != life.restrictions else {}
    return life.model_copy(update={"restrictions": restrictions, **why, **said})


def _older(at: datetime, than: datetime | None) -> bool:
    return than is not None and at < than


def _moved(life: Life, word: Moved) -> Life:
    if _older(word.at, life.said_at):
        return life
    if life.state == "removed" or (life.state == "disconnected" and word.to == "offboarded"):
        # What is gone for good is not merely away; a new connection alone brings it back.
        return life
    if word.reconnecting and life.state != "offboarded":
        return life.model_copy(update={"said_at": word.at})
    if word.reconnecting:
        if life.reconnecting and word.at == life.said_at:
            return life
        # Whatever was found before is of before: the probe looks at once.
        said = {"said_at": word.at, "reconnecting": True, "probed_at": None}
        return life.model_copy(update=said)
    if word.to == life.state:
        return life.model_copy(update={"said_at": word.at, "reconnecting": False})
    return _put(life, word.to, word.at, word.cause).model_copy(update={"said_at": word.at})


def connected(life: Life, now: datetime) -> Life:
    """Somebody has connected the number anew: whatever was, it begins again."""
    if life.state == "active" and life.since is not None:
        # What Meta said of the connection before this one may come still, and is over.
        return life.model_copy(update={"since": now, "said_at": now, "doubt": None})
    return Life(since=now, cause="connected", said_at=now)


def probed(life: Life, finding: Finding, cause: str, asked_at: datetime, probing: Probing) -> Life:
    """What is so after the probe *asked_at* found this."""
    life = life.model_copy(update={"probed_at": asked_at})
    settled = life.since is None or asked_at - life.since >= probing.grace
    if finding == "connected":
        life = life.model_copy(update={"doubt": None})
        if life.state == "active" or life.state == "removed":
            return life
        return _back(life, asked_at, cause) if settled or life.reconnecting else life
    if life.reconnecting and _said_ago(life, asked_at) >= probing.reconnecting_for:
        # Meta's word has not come true: the number is what it was, and is found what it is.
        life = life.model_copy(update={"reconnecting": False})
    if not settled or life.state == "removed" or life.reconnecting:
        return life
    found: LifeState = "disconnected" if finding == "gone" else "offboarded"
    if life.state in (found, "disconnected"):
        return life.model_copy(update={"doubt": None})
    doubt = life.doubt
    if doubt is None or doubt.finding != finding:
        return life.model_copy(update={"doubt": Doubt(finding=finding, at=asked_at)})
    if asked_at - doubt.at < probing.again_after:
        return life
    return _put(life, found, asked_at, cause)


def probe_due(life: Life, probing: Probing) -> datetime | None:
    """When to ask Meta next; ``None``: at once, as nobody has since something was to be seen."""
    if life.probed_at is None:
        return None
    if life.reconnecting:
        old = max(_said_ago(life, life.probed_at), RECONNECTING_AGAIN)
        return life.probed_at + min(probing.every, old)
    return life.probed_at + (
        min(probing.every, probing.again_after) if life.doubt else probing.every
    )


def _said_ago(life: Life, now: datetime) -> timedelta:
    return now - (life.said_at or now)


def next_lift(life: Life) -> datetime | None:
    """When the next restriction ends by itself, or should have while nobody looked."""
    return min((r.until for r in life.restrictions if r.until), default=None)


def lifted(life: Life, now: datetime) -> Life:
    """Forget the restrictions that are over; the same life where none is."""
    left = life.in_force(now)
    if left == life.restrictions:
        return life
    return life.model_copy(update={"restrictions": left, "cause": "a restriction's time is over"})


def state_of(life: Life, *, works: bool) -> NumberState:
    """The state in the words of ``numbers``."""
    if life.state != "active":
        return life.state
    if not works:
        return "onboarding"
    return "restricted" if life.restrictions else "active"


def _back(life: Life, at: datetime, cause: str) -> Life:
    """The probe sees it again: a word of before that comes late, or once more, is older than this."""
    said_at = max(life.said_at, at) if life.said_at else at
    return _put(life, "active", at, cause).model_copy(update={"said_at": said_at})


def _put(life: Life, state: LifeState, at: datetime, cause: str) -> Life:
    update = {"state": state, "since": at, "cause": cause, "doubt": None, "reconnecting": False}
    return life.model_copy(update=update)
