"""``saath replay``: a range of the event log once more, for one subscriber."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from saath.cli.asking import bar
from saath.cli.range import Conversation, From, Number, Range, To, read_offsets, span
from saath.cli.shell import CLIENT_ID, run
from saath.errors import Misconfigured
from saath.kafka.layout import Layout, create_topic, partition_count, read_layout
from saath.kafka.replays import Replay, Replayer, Report
from saath.kafka.search import Searcher, Stretch, searching
from saath.replay import SOURCES, Target, Terms, refusal, target
from saath.settings import Settings, load_or_exit, refuse
from saath.topics import CONVERSATIONS, Topic


def replay(
    to_topic: Annotated[
        str, typer.Option(help="Onto this topic, one of the subscriber's own: its whole name.")
    ],
    since: From = None,
    until: To = None,
    offsets: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PARTITION:START-END",
            help="These offsets instead of times; END may be left out; say it again for more.",
        ),
    ] = None,
    number: Number = None,
    conversation: Conversation = None,
    topic: Annotated[
        str, typer.Option(help="Another public topic than the event log.")
    ] = CONVERSATIONS.name,
    name: Annotated[
        str | None, typer.Option(help="The replay's own name; the target's where none is said.")
    ] = None,
    per_second: Annotated[
        int | None, typer.Option(min=1, help="At most so many records a second; else all it can.")
    ] = None,
    create: Annotated[
        bool, typer.Option("--create", help="Make the target where it is not there.")
    ] = False,
) -> None:
    """
    Write a range of the event log once more, for one subscriber, onto a topic of its own.

    Key, value and headers are as they were, so ids are the same; ce_saathreplay names the replay. The
    same command again goes on where it stands and writes nothing twice, also after kill -9. What the
    records say of customers goes along: words, names and phone numbers.
    """
    if offsets and (since or until):
        refuse("say either --offsets, or --from and --to")
    settings = load_or_exit(Settings)
    source = _source(topic, settings.topics.prefix)
    if reason := refusal(to_topic, settings.topics.prefix):
        refuse(f"--to-topic: {reason}")
    if reason := _bad_name(name or to_topic):
        refuse(f"--name: {reason}")
    terms = Terms(
        topic=source.name, to=to_topic, since=since, until=until, offsets=tuple(offsets or ()),
        number=number, conversation=conversation,
    )  # fmt: skip
    meant = Range(source, span(since, until), tuple(read_offsets(offsets)), conversation, number)
    job = _Job(settings, name or to_topic, terms, meant, per_second, create)
    job.tell(run(job.carry()))


class _Job:
    """One run of a replay, from asking what is there to what is said of it."""

    def __init__(
        self, settings: Settings, name: str, terms: Terms, meant: Range,
        per_second: int | None, create: bool,
    ) -> None:  # fmt: skip
        self.settings, self.name, self.terms, self.meant = settings, name, terms, meant
        self.per_second, self.create = per_second, create

    async def carry(self) -> Report:
        kafka, topics = self.settings.kafka, self.settings.topics
        layout = await read_layout(kafka, topics, CLIENT_ID)
        to = target(self.terms.to)
        count = await self._target(to, layout)
        planned = Replay(
            self.name, self.terms, self.meant.topic, to, count, per_second=self.per_second
        )

        async def stretches(searcher: Searcher) -> list[Stretch]:
            return await self.meant.stretches(searcher, layout)

        with bar("replaying", "offsets") as progress:
            async with searching(kafka, CLIENT_ID, topics.prefix) as searcher:
                replayer = Replayer(kafka, topics, CLIENT_ID, searcher)
                return await replayer.run(planned, stretches, progress)

    async def _target(self, to: Target, layout: Layout) -> int:
        """The target's partition count; it is made where that was asked for."""
        settings = self.settings
        count = await partition_count(settings.kafka, CLIENT_ID, to.name)
        if count is not None:
            return count
        like = layout.of(self.meant.topic)
        if not self.create:
            raise Misconfigured(
                f"there is no topic {to.name}. --create makes it, with {like} partitions as "
                f"{self.meant.topic.name} has, and the broker's own retention"
            )
        await create_topic(settings.kafka, settings.topics, CLIENT_ID, to, like)
        typer.echo(f"made {to.name} with {like} partitions")
        return like

    def tell(self, report: Report) -> None:
        """What came of it, for a person or a log."""
        source, to = self.terms.topic, self.terms.to
        if report.went_on and not report.offsets:
            typer.echo(
                f"the replay {self.name} was through before: {report.written} records on {to}. "
                "To write them once more, give it another --name"
            )
            return
        if not report.offsets:
            typer.echo(f"nothing stands on {source} in that range: nothing was written")
            return
        passed = f", {report.passed_over} passed over" if report.passed_over else ""
        went_on = " (with what earlier runs wrote)" if report.went_on else ""
        typer.echo(
            f"{report.written} records of {source} are on {to}{went_on}, as replay {self.name}"
            f"{passed}{_when(report)}"
        )
        if report.offsets > report.read:
            typer.echo(
                f"{report.offsets - report.read} of {report.offsets} offsets held no record: ends of "
                "transactions, and what compaction or retention took, which no replay brings back"
            )


def _when(report: Report) -> str:
    if report.first_ms is None or report.last_ms is None:
        return ""
    first, last = (
        datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for ms in (report.first_ms, report.last_ms)
    )
    return f"; put down from {first} to {last}"


def _source(name: str, prefix: str) -> Topic:
    found = [topic for topic in SOURCES if name in (topic.name, topic.full_name(prefix))]
    if not found:
        public = ", ".join(topic.name for topic in SOURCES)
        refuse(f"--topic: {name} is none of the topics that are public to read: {public}")
    return found[0]


def _bad_name(name: str) -> str | None:
    # It becomes part of a group's name and of a transactional id.
    fits = len(name) <= 200 and all(c.isascii() and (c.isalnum() or c in "._-") for c in name)
    return None if fits else f"{name!r} is more than letters, digits, '.', '_' and '-', or too long"
