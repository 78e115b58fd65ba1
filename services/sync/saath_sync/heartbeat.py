"""
The app's heartbeat: Meta lets go of a number whose phone was not opened for some 13 days. Pure.

The API cannot see the app. What proves that it lives: a message written in it, a change of its address
book, or a person who says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime

from saath.events.base import Model

Warning_ = Literal["at_risk", "lost"]


@dataclass(frozen=True, slots=True)
class Heartbeats:
    """After which silence it is *at_risk* and *lost*; a sign is noted once in *noted_every*."""

    at_risk: timedelta = timedelta(days=10)
    lost: timedelta = timedelta(days=13)
    noted_every: timedelta = timedelta(hours=1)


class Heartbeat(Model):
    """The last sign of life, and what was said of the silence since."""

    seen_at: AwareDatetime
    told: Warning_ | None = None


def seen(beat: Heartbeat | None, at: datetime, now: datetime, rules: Heartbeats) -> Heartbeat:
    """
    The app has shown itself *at* then.

    The same object where that is not worth writing down: a busy number shows it all day.
    """
    at = min(at, now)
    if beat is None:
        return Heartbeat(seen_at=at)
    if at <= beat.seen_at or (beat.told is None and at - beat.seen_at < rules.noted_every):
        return beat
    # A sign that was long under way does not end a silence that has lasted too long since.
    told = beat.told if at + rules.at_risk <= now else None
    return Heartbeat(seen_at=at, told=told)


def next_due(beat: Heartbeat, rules: Heartbeats) -> datetime | None:
    """When something is to be said of the silence; ``None`` when all is said."""
    match beat.told:
        case None:
            return beat.seen_at + rules.at_risk
        case "at_risk":
            return beat.seen_at + rules.lost
        case _:
            return None


def due(beat: Heartbeat, until: datetime, rules: Heartbeats) -> Warning_ | None:
    """
    What is to be said now that all written before *until* was read.

    Where both are due, as after a long outage of ours, the graver alone.
    """
    if beat.told != "lost" and until >= beat.seen_at + rules.lost:
        return "lost"
    if beat.told is None and until >= beat.seen_at + rules.at_risk:
        return "at_risk"
    return None
