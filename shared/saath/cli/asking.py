"""What the commands about conversations share: their options, the connection, times and ids as shown."""

import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from saath.cli.shell import CLIENT_ID, run
from saath.kafka.archive import Archive
from saath.kafka.layout import read_layout
from saath.kafka.search import searching
from saath.settings import Settings, load_or_exit, refuse

LOCALTIME = Path("/etc/localtime")
# Kafka knows no time before it, and a clock's arithmetic ends not far before.
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

Since = Annotated[
    str | None,
    typer.Option(metavar="2d|6h|30m|ISO-8601", help="Read no further back than this."),
]
Texts = Annotated[
    bool, typer.Option("--texts", help="What people wrote, and whole message ids, too.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Timezone = Annotated[
    str | None,
    typer.Option(metavar="Europe/Berlin", help="Whose clock; this machine's by default."),
]

T = TypeVar("T")


def ask(question: Callable[[Archive], Awaitable[T]]) -> T:
    """Answer *question* from the topics; on a terminal a bar shows how far it has read."""
    return run(_ask(load_or_exit(Settings), question))


async def _ask(settings: Settings, question: Callable[[Archive], Awaitable[T]]) -> T:
    kafka, topics = settings.kafka, settings.topics
    layout = await read_layout(kafka, topics, CLIENT_ID)
    with _bar() as shown:
        task = shown.add_task("", total=None)

        def progress(what: str, read: int, of: int) -> None:
            shown.update(task, description=what, completed=read, total=of or None)

        async with searching(kafka, CLIENT_ID, topics.prefix) as searcher:
            return await question(Archive(searcher, layout, progress))


def _bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("reading {task.description}"), BarColumn(), TaskProgressColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def bar(doing: str, what: str) -> Iterator[Callable[[int, int], None]]:
    """How far it is: a bar with the time left on a terminal, and a line now and then elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(doing, what)
        return
    columns = (
        TextColumn(doing), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(),
        TextColumn(what), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda done, of: shown.update(task, completed=done, total=of or None)


class _Lines:
    """A line at every tenth of the way, for logs."""

    def __init__(self, doing: str, what: str) -> None:
        self.doing, self.what, self.told = doing, what, 0

    def __call__(self, done: int, of: int) -> None:
        tenths = 10 * done // of if of else 10
        if tenths > self.told and of:
            print(f"{self.doing}: {done} of {of} {self.what}", file=sys.stderr)
        self.told = max(self.told, tenths)


def moment(written: str, now: datetime, option: str = "--since", zone: tzinfo = UTC) -> datetime:
    """``2d`` before *now*, or a time as it is written, by *zone*'s clock where it names none."""
    fits = re.fullmatch(r"(\d{1,6})([smhd])", written.strip())
    if fits:
        try:
            return now - timedelta(**{_UNITS[fits[2]]: int(fits[1])})
        except OverflowError:
            refuse(f"{option}: {written} is before all times")
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        refuse(f"{option}: {written!r} is neither like 2d, 6h, 30m nor like 2026-10-01T12:00:00Z")
    return max(time if time.tzinfo else time.replace(tzinfo=zone), _FIRST)


def zone_of(name: str | None) -> tzinfo:
    """The time zone of this name; this machine's own where none is said."""
    try:
        if name or os.environ.get("TZ"):
            return ZoneInfo(name or os.environ["TZ"].removeprefix(":"))
        if LOCALTIME.exists():
            with LOCALTIME.open("rb") as file:
                return ZoneInfo.from_file(file)
    except (KeyError, ValueError, OSError):
        if name:
            refuse(f"--timezone: there is no time zone {name}")
    return datetime.now(UTC).astimezone().tzinfo or UTC
