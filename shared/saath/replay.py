"""
A range of a public topic once more, for one subscriber, onto a topic of its own. Pure.

What is written is what stood there: key, value and headers untouched, so ids are the same, and one
header more. Whoever reads it knows by that header that nothing new has happened.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from saath.events import Model
from saath.identity import digest_id
from saath.kafka.records import Output, Record
from saath.slices import conversation_of, number_of
from saath.topics import TOPICS, Topic, partition_for

# CloudEvents extension attribute: the name of the replay.
REPLAYED = "ce_saathreplay"
SOURCES = tuple(topic for topic in TOPICS if topic.public == "read")
BATCH_MAX = 2000

_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")


class Target(Topic):
    """A subscriber's topic: its name is whole, whatever the prefix of ours."""

    __slots__ = ()

    def full_name(self, prefix: str) -> str:
        """The name on the broker."""
        return self.name


def target(name: str) -> Target:
    """A subscriber's own topic of this name."""
    return Target(name, "conversation", "event", "delete", None, "saath replay", "its owner")


def refusal(name: str, prefix: str) -> str | None:
    """
    Why nothing may be replayed onto the topic *name*; ``None`` where it may.

    What one of our services reads it would act on: answer, send, and count twice.
    """
    if not _NAME.fullmatch(name) or name in (".", ".."):
        return f"{name!r} is no name of a Kafka topic"
    if name.startswith("__"):
        return f"{name} is Kafka's own"
    if (prefix and name.startswith(prefix)) or any(name.endswith(topic.name) for topic in TOPICS):
        return (
            f"{name} is a topic of Saath's, or is named like one: its readers would take what is "
            "replayed for news. Use a topic of the subscriber's own"
        )
    return None


class Terms(Model):
    """What was asked for, in the words of whoever asked: ``since`` may be ``2d``."""

    topic: str
    to: str
    since: str | None = None
    until: str | None = None
    offsets: tuple[str, ...] = ()
    number: str | None = None
    conversation: str | None = None

    def digest(self) -> str:
        """Tell these terms from others."""
        return digest_id("", self.model_dump_json())


class Standing(Model):
    """How far one partition has been replayed: kept in Kafka beside the replay's position there."""

    terms: str
    start: int
    end: int
    written: int = 0


@dataclass(frozen=True, slots=True)
class Stands:
    """Where one partition stands: the next offset to be read, and what was promised of it."""

    offset: int
    standing: Standing

    def after(self, offset: int, written: int) -> "Stands":
        """The same, once what is before *offset* has been read, and so much more written."""
        known = self.standing
        more = known.model_copy(update={"written": known.written + written})
        return Stands(offset, more)


def standing(written: str) -> Standing | None:
    """Read what is kept beside a position; ``None`` where it is not a replay's."""
    try:
        return Standing.model_validate_json(written)
    except ValidationError:
        return None


def left(stands: Mapping[int, Stands]) -> dict[int, Stands]:
    """Those partitions that are not through."""
    return {p: at for p, at in stands.items() if at.offset < at.standing.end}


def replayed(record: Record, to: Topic, partitions: int, name: str) -> list[Output]:
    """
    *record* as it goes to the subscriber's topic of so many *partitions*.

    Spread by what its own topic is spread by, so what was in order stays in order. An erasure whose
    place cannot be told goes to every partition: where its event is, it will be met.
    """
    value = _spread_by(record)
    if value:
        places = [partition_for(value, partitions)]
    elif record.value is None:
        places = [*range(partitions)]
    else:
        places = [record.partition % partitions]
    headers = (*record.headers, (REPLAYED, name.encode()))
    return [Output(to, place, record.key, record.value, headers) for place in places]


def _spread_by(record: Record) -> str | None:
    number = number_of(record.headers)
    if record.topic.partition_by == "number":
        return number
    return conversation_of(record.headers) or number


def batch_max(per_second: int | None) -> int:
    """How many records are written in one go: a quarter of a second's, so that none comes in a burst."""
    return BATCH_MAX if per_second is None else max(1, min(BATCH_MAX, per_second // 4))


def wait_seconds(written: int, since_seconds: float, per_second: int | None) -> float:
    """How long to wait after so many records *since_seconds* ago."""
    return 0.0 if per_second is None else max(0.0, written / per_second - since_seconds)
