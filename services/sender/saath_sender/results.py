"""
Every answer the Graph API can give to a message, as one named value with its policy on it. Pure.

Decided by ``error.code`` alone: titles and HTTP statuses are not reliable, throttling comes as 400.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from saath.events import Problem


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
    """Meta did not take it and may later; ``attempts_max`` bounds how often it is worth trying."""

    seconds: float
    attempts_max: int
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
class PauseNumber:
    """Nothing of this number can be sent until a person, or sync, has mended it."""

    reason: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Nobody knows whether Meta took it."""

    reason: str


Result = Accepted | Marked | RetryAfter | SlowDown | PairBusy | Rejected | PauseNumber | InDoubt

PAUSES: Mapping[int, str] = {
    0: "authentication failed",
    3: "permission missing",
    10: "permission missing",
    33: "the number is not visible to us any more",
    190: "the access token is invalid or expired",
    368: "blocked for a policy violation",
    131005: "access denied",
    131031: "the account is locked",
    131037: "the display name needs approval",
    131042: "a payment problem",
    131045: "the number's registration is incomplete",
    131048: "the spam limit was reached",
    133000: "the number's registration is incomplete",
    133005: "the number's registration is incomplete",
    133006: "the number's registration is incomplete",
    133008: "the number's registration is incomplete",
    133009: "the number's registration is incomplete",
    133010: "the number is not registered",
    133015: "the number's registration is incomplete",
    133016: "the number's registration is incomplete",
    134011: "payment terms are not accepted",
} | dict.fromkeys(range(200, 300), "permission missing")

# code -> (seconds until it is worth trying again, how often it is)
RETRIES: Mapping[int, tuple[float, int]] = {
    1: (1.0, 3),
    2: (2.0, 8),
    4: (60.0, 60),
    80007: (60.0, 60),
    131000: (1.0, 4),
    131016: (2.0, 8),
    131057: (15.0, 40),
    133004: (2.0, 8),
    134101: (600.0, 6),
    2494100: (30.0, 40),
}


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
            return PauseNumber(f"HTTP {status} without an explanation")
        case _ if 400 <= status < 500:
            return Rejected(Problem(code=status, title=f"HTTP {status} without an explanation"))
        case _:
            return InDoubt(f"HTTP {status} without an explanation")


def _named(code: int, error: Mapping[str, Any], wait: float) -> Result:
    problem = _problem(code, error)
    if code == 130429:
        return SlowDown(max(1.0, wait))
    if code == 131056:
        return PairBusy()
    if code == 100 and error.get("error_subcode") == 33:
        return PauseNumber(PAUSES[33])
    if code in PAUSES:
        return PauseNumber(PAUSES[code])
    if code in RETRIES:
        seconds, attempts_max = RETRIES[code]
        return RetryAfter(max(seconds, wait), attempts_max, problem)
    return Rejected(problem)


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
