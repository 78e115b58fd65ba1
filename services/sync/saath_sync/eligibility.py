"""
Whether a number may be connected, as far as can be told before a code is spent. Pure.

Embedded Signup is the judge: what is not known here, it will say.
"""

import csv
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from saath.errors import SaathError
from saath_sync.dialling import countries_of

APP_VERSION_MIN = (2, 24, 17)

What = Literal["country", "app_version", "app"]


@dataclass(frozen=True, slots=True)
class NotSupported:
    """The countries whose numbers Meta does not take, as somebody said at a date."""

    countries: frozenset[str]
    said_by: str
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the caller says of a number; ``None`` where nothing is said."""

    phone: str | None = None
    country: str | None = None
    app_version: str | None = None
    app: Literal["business", "consumer"] | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why the number cannot be connected, and what to do about it."""

    what: What
    problem: str
    what_to_do: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What stands in the way, and what nobody could tell."""

    obstacles: tuple[Obstacle, ...] = ()
    unknown: tuple[What, ...] = ()


class NotEligible(SaathError):
    """The number cannot be connected as it is. Nothing was asked of Meta; the code was not spent."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__("; ".join(obstacle.problem for obstacle in verdict.obstacles))
        self.verdict = verdict


def newest(rows: Iterable[str]) -> NotSupported:
    """What the newest row of the data says: ``date,not_supported,source``."""
    read = [(date.fromisoformat(row["date"]), row) for row in csv.DictReader(rows)]
    on, row = max(read, key=lambda item: item[0])
    return NotSupported(frozenset(row["not_supported"].split()), row["source"], on)


def judged(candidate: Candidate, not_supported: NotSupported) -> Verdict:
    """Judge by what is said; what is not said is unknown, and no obstacle."""
    country, version = _country(candidate, not_supported), _version(candidate.app_version)
    app: Obstacle | Literal["unknown"] | None = None if candidate.app == "business" else "unknown"
    if candidate.app == "consumer":
        app = Obstacle(
            "app",
            "the number is in the consumer app, and only the WhatsApp Business app can share it",
            "Have the owner move the number to the WhatsApp Business app, and use it there for a while.",
        )
    found: Sequence[tuple[What, Obstacle | Literal["unknown"] | None]] = (
        ("country", country),
        ("app_version", version),
        ("app", app),
    )
    return Verdict(
        obstacles=tuple(said for _, said in found if isinstance(said, Obstacle)),
        unknown=tuple(what for what, said in found if said == "unknown"),
    )


def _country(
    candidate: Candidate, not_supported: NotSupported
) -> Obstacle | Literal["unknown"] | None:
    named = candidate.country.upper() if candidate.country else None
    possible: Collection[str] = [named] if named else countries_of(candidate.phone or "")
    shut = [country for country in possible if country in not_supported.countries]
    if not possible or (shut and len(shut) < len(possible)):
        return "unknown"
    if not shut:
        return None
    on = f", {not_supported.on.isoformat()}" if not_supported.on else ""
    return Obstacle(
        "country",
        f"Meta does not take numbers of {', '.join(shut)} ({not_supported.said_by}{on})",
        "Nothing can be done until Meta does. If it does by now, set SAATH_SYNC__COUNTRIES_NOT_SUPPORTED.",
    )


def _version(said: str | None) -> Obstacle | Literal["unknown"] | None:
    fits = re.match(r"\s*v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", said or "")
    if not fits:
        return "unknown"
    if tuple(int(part or 0) for part in fits.groups()) >= APP_VERSION_MIN:
        return None
    wanted = ".".join(map(str, APP_VERSION_MIN))
    return Obstacle(
        "app_version",
        f"the app's version is below {wanted}, which sharing a number needs",
        "Have the owner update the WhatsApp Business app, then begin again.",
    )
