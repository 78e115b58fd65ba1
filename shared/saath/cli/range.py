"""What the commands that read a range of a topic share: their options, and the stretches those mean."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Annotated

import typer

from saath.cli.asking import moment
from saath.errors import Misconfigured
from saath.kafka.layout import Layout
from saath.kafka.search import Searcher, Stretch
from saath.settings import refuse
from saath.slices import Offsets, offsets
from saath.topics import Topic, partition_for

From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="2d|6h|30m|ISO-8601", help="What was put down then or later; else all."
    ),
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="2d|6h|30m|ISO-8601", help="What was put down before; else now."),
]
Number = Annotated[
    str | None, typer.Option(help="Of this business number alone (phone_number_id).")
]
Conversation = Annotated[str | None, typer.Option(help="Of this conversation alone: c_…")]


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when; both may be open."""

    since: datetime | None = None
    until: datetime | None = None


def span(since: str | None, until: str | None, zone: tzinfo = UTC) -> Span:
    """Read ``--from`` and ``--to``; a range that ends before it begins ends here."""
    now = datetime.now(UTC)
    found = Span(
        moment(since, now, "--from", zone) if since else None,
        moment(until, now, "--to", zone) if until else None,
    )
    if found.since and found.since >= (found.until or now):
        refuse("--from is not before --to, which is now where it is not said")
    return found


def read_offsets(written: list[str] | None) -> list[Offsets]:
    """Read ``--offsets``; a partition may be named once."""
    try:
        found = [offsets(one) for one in written or ()]
    except ValueError as error:
        refuse(f"--offsets: {error}")
    if len({one.partition for one in found}) < len(found):
        refuse("--offsets: a partition is named twice")
    return found


@dataclass(frozen=True, slots=True)
class Range:
    """Which stretches of *topic* are meant: by time, or by offsets where any are said."""

    topic: Topic
    span: Span
    offsets: tuple[Offsets, ...] = ()
    conversation: str | None = None
    number: str | None = None

    async def stretches(self, searcher: Searcher, layout: Layout) -> list[Stretch]:
        """
        What is there of it now.

        Raises:
            Misconfigured: there is no such partition.
        """
        count = layout.of(self.topic)
        chosen = [one.partition for one in self.offsets] or self._partitions(count)
        for partition in chosen:
            if partition >= count:
                raise Misconfigured(
                    f"{self.topic.name} has no partition {partition}, but 0 to {count - 1}"
                )
        found = await searcher.stretches(
            [(self.topic, p) for p in chosen], self.span.since, self.span.until
        )
        if not self.offsets:
            return found
        said = {one.partition: one for one in self.offsets}
        cut = [_cut(there, said[there.partition]) for there in found]
        return [stretch for stretch in cut if stretch.start < stretch.end]

    def _partitions(self, count: int) -> list[int]:
        by = self.conversation if self.topic.partition_by == "conversation" else self.number
        return [*range(count)] if by is None else [partition_for(by, count)]


def _cut(there: Stretch, said: Offsets) -> Stretch:
    end = there.end if said.end is None else min(said.end, there.end)
    return Stretch(there.topic, there.partition, max(said.start, there.start), end)
