"""
Every answer the Graph API can give to a message, as one named value with its policy on it. Pure.

Decided by ``error.code`` alone: titles and HTTP statuses are not reliable, throttling comes as 400.
The codes are those of ``docs/whatsapp-coexistence.md``, 5.3; a test reads that table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from saath.events import PauseScope, Problem

# What ends a pause, beside its time: a new token, the number's record on ``numbers``, or what that says of
# the template; a person at Meta, or Meta by itself, of which nobody tells us.
Ends = Literal["credential", "number", "person", "template", "time"]

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """Meta took it and named it; ``address`` is where it went, where Meta says so."""

    message_id: str
    address: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Marked:
    """Meta did what was asked, and there is no message to name: a read mark."""


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """
    Meta did not take it and may later: in so many seconds, and twice that each time.

    ``attempts_max`` bounds how often it is worth trying; ``None``: while the message may be sent.
    """

    seconds: float
    attempts_max: int | None
    problem: Problem


@dataclass(frozen=True, slots=True)
class SlowDown:
    """The number's cap (130429): slower from now on, and this one again."""

    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class PairBusy:
    """This customer was sent too much (131056): they wait, nobody else does."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """No, for good."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class WindowShut:
    """No, for the service window is closed (131047), whatever we believe: until the customer writes."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class MarketingStopped:
    """No, and no more marketing for this customer; the router hears of it, and says so on ``owners``."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Pause:
    """
    Nothing of this *scope* is taken now; the message waits with the rest of it.

    After ``seconds`` one message tries again, and each time that fails the wait is twice as long, up to
    an hour or what it was at first. ``None``: as the setting says.
    """

    scope: PauseScope
    reason: str
    ends: Ends
    code: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Nobody knows whether Meta took it."""

    reason: str


Result = (
    Accepted
    | Marked
    | RetryAfter
    | SlowDown
    | PairBusy
    | Rejected
    | WindowShut
    | MarketingStopped
    | Pause
    | InDoubt
)

NO_TOKEN = Pause("everything", "there is no access token", "credential")


def _everything(ends: Ends, reason: str, *codes: int, seconds: float | None = None) -> list[Pause]:
    return [Pause("everything", reason, ends, code, seconds) for code in codes]


PAUSES: Mapping[int, Pause] = {
    pause.code: pause
    for pause in (
        *_everything("credential", "authentication failed", 0),
        *_everything("credential", "permission missing", 3, 10, *range(200, 300)),
        *_everything("credential", "the access token is invalid or expired", 190),
        *_everything("credential", "access denied", 131005),
        *_everything("number", "the number is not visible to us any more", 33),
        *_everything("number", "the number is not registered", 133010),
        *_everything("person", "blocked for a policy violation", 368, seconds=HOUR),
        *_everything("person", "the account is locked", 131031),
        *_everything("person", "the display name needs approval", 131037),
        *_everything("person", "the number's registration is incomplete", 131045, 133000),
        *_everything(
            "person",
            "the number's registration is incomplete",
            *(133005, 133006, 133008, 133009, 133015, 133016),
        ),
        *_everything("time", "the spam limit was reached", 131048, seconds=3 * HOUR),
        # All numbers of the app, or of the account, share these: one message asks, not all of them.
        *_everything("time", "the app's limit of calls was reached", 4),
        *_everything("time", "the account's limit of calls was reached", 80007),
        *_everything("time", "Meta is in maintenance", 131057, 2494100, seconds=15.0),
        Pause("paid", "a payment problem", "person", 131042),
        # Meta pauses a template for three hours the first time, for six the second.
        Pause("template", "the template is paused", "template", 132015, 3 * HOUR),
    )
    if pause.code is not None
}

# code -> (seconds until it is worth trying again, how often it is)
RETRIES: Mapping[int, tuple[float, int | None]] = {
    1: (1.0, 3),
    2: (2.0, None),
    131000: (1.0, 4),
    131016: (2.0, None),
    # The host of the link may have been down; a wrong type stays wrong.
    131053: (10.0, 2),
    # A Flow may be sent ten times an hour while Meta throttles it.
    132069: (600.0, None),
    133004: (2.0, None),
    134101: (600.0, None),
}

# A customer gets only so much marketing, of everybody together; or said stop.
STOPS = frozenset({131049, 131050})

# What is wrong with the message, or between it and this customer: it stays wrong.
PERMANENT = frozenset(
    {
        100, 130472, 130497, 131008, 131009, 131021, 131026, 131051, 131052, 131055, 131060, 131062,
        132000, 132001, 132005, 132007, 132012, 132016, 132018, 132068, 134100, 134102, 135000,
        # Only messages that ask for a payment need its terms; nothing else of the number waits.
        134011,
        # Answers to the synchronisation, which is sync's; no message gets them.
        2593107, 2593108, 2593109,
    }
)  # fmt: skip


def classify(status: int, body: Mapping[str, Any], retry_after: float | None = None) -> Result:
    """Name the answer. What is not known is rejected if Meta says why, and in doubt if it does not."""
    match body:
        case {"messages": [{"id": str() as message_id}, *_]} if status < 300:
            return Accepted(message_id, _address(body))
        case {"success": True} if status < 300:
            return Marked()
        case {"error": {"code": int() as code}}:
            return _named(code, body["error"], retry_after or 0.0)
        case _ if status == 429:
            return SlowDown(max(1.0, retry_after or 0.0))
        case _ if status in (401, 403):
            return Pause("everything", f"HTTP {status} without an explanation", "credential")
        case _ if 400 <= status < 500:
            return Rejected(Problem(code=status, title=f"HTTP {status} without an explanation"))
        case _:
            return InDoubt(f"HTTP {status} without an explanation")


def named(code: int, problem: Problem, wait: float = 0.0) -> Result:
    """What an error of Meta's means, in an answer or in a message's status."""
    if code == 130429:
        return SlowDown(max(1.0, wait))
    if code == 131056:
        return PairBusy()
    if code == 131047:
        return WindowShut(problem)
    if code in STOPS:
        return MarketingStopped(problem)
    if code in PAUSES:
        return _waiting(PAUSES[code], wait)
    if code in RETRIES:
        seconds, attempts_max = RETRIES[code]
        return RetryAfter(max(seconds, wait), attempts_max, problem)
    # One that nobody has heard of, too: what Meta means to have tried again, it says.
    return Rejected(problem)


def is_known(code: int) -> bool:
    """True where the code has a policy of its own here."""
    alone = code in (130429, 131056, 131047)
    return alone or any(code in table for table in (STOPS, PAUSES, RETRIES, PERMANENT))


def _named(code: int, error: Mapping[str, Any], wait: float) -> Result:
    gone = code == 100 and error.get("error_subcode") == 33
    return named(33 if gone else code, _problem(code, error), wait)


def _waiting(pause: Pause, wait: float) -> Pause:
    """*pause*, for at least as long as Meta asks."""
    if wait <= (pause.seconds or 0.0):
        return pause
    return Pause(pause.scope, pause.reason, pause.ends, pause.code, wait)


def _address(body: Mapping[str, Any]) -> str | None:
    """In Brazil and Mexico it may be another number than the one we wrote: a digit more, or less."""
    match body.get("contacts"):
        case [{"wa_id": str() as found}, *_] | [{"user_id": str() as found}, *_] if found:
            return found if "." in found else f"+{found.lstrip('+')}"
        case _:
            return None


def _problem(code: int, error: Mapping[str, Any]) -> Problem:
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    message = error.get("message")
    return Problem(
        code=code,
        title=str(error["type"]) if error.get("type") else None,
        message=str(message) if message else None,
        details=str(details) if details else None,
    )
