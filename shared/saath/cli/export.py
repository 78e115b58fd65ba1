"""``saath export``: what the event log says, into a file."""

from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from saath.cli.asking import bar
from saath.cli.parquet import ParquetLines, need_pyarrow
from saath.cli.range import Conversation, From, Number, Range, To, span
from saath.cli.shell import CLIENT_ID, fail, run
from saath.cli.whole import whole
from saath.export import line
from saath.kafka.layout import read_layout
from saath.kafka.records import Record
from saath.kafka.search import one_by_one, searching
from saath.settings import Settings, load_or_exit, refuse
from saath.slices import Wanted
from saath.topics import CONVERSATIONS

Write = Callable[[Record], object]


class Format(StrEnum):
    """How the file is written."""

    jsonl = "jsonl"
    parquet = "parquet"


@dataclass(slots=True)
class Exported:
    """What was written, and what there was that was not."""

    written: int = 0
    erased: int = 0


class _Nothing(Exception):
    """Nothing in the log is meant: no file is made."""


def export(
    file: Annotated[
        Path, typer.Argument(help="Into this file, .jsonl or .parquet.", dir_okay=False)
    ],
    since: From = None,
    until: To = None,
    number: Number = None,
    conversation: Conversation = None,
    written_as: Annotated[
        Format | None, typer.Option("--format", help="Where the file's name does not say it.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Take the place of a file that is there.")
    ] = False,
) -> None:
    """
    Write the event log, or a number's or a conversation's part of it, into a file.

    The file holds what customers wrote, their names and their phone numbers: whoever has it has those.
    Only its owner may read it (0600), and it is there only once it is whole. Partition by partition,
    each in the log's order. Exit status 1 where nothing in the log is meant.
    """
    chosen = written_as or _format(file)
    if chosen is Format.parquet:
        need_pyarrow()
    meant = Range(CONVERSATIONS, span(since, until), (), conversation, number)
    settings = load_or_exit(Settings)
    try:
        with whole(file, force=force) as opened, _writing(opened, chosen) as write:
            done = run(_export(settings, meant, write))
            if not done.written:
                raise _Nothing
    except FileExistsError:
        fail(f"{file} is there already; --force takes its place")
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    except _Nothing:
        fail("nothing in the log is meant by that: no file was written")
    erased = f"; {done.erased} were erased" if done.erased else ""
    typer.echo(f"{done.written} events in {file}{erased}")


def _format(file: Path) -> Format:
    try:
        return Format(file.suffix.removeprefix(".").lower())
    except ValueError:
        refuse(f"{file}: say --format jsonl or --format parquet, or name it .jsonl or .parquet")


@contextmanager
def _writing(file: BinaryIO, written_as: Format) -> Iterator[Write]:
    if written_as is Format.jsonl:
        yield lambda record: file.write(line(record))
        return
    with ParquetLines(file) as rows:
        yield rows.add


async def _export(settings: Settings, meant: Range, write: Write) -> Exported:
    kafka, topics = settings.kafka, settings.topics
    layout = await read_layout(kafka, topics, CLIENT_ID)
    wanted, done = Wanted(meant.number, meant.conversation), Exported()
    with bar("exporting", "offsets") as progress:
        async with searching(kafka, CLIENT_ID, topics.prefix) as searcher:
            stretches = await meant.stretches(searcher, layout)
            async with aclosing(one_by_one(searcher, stretches, progress)) as records:
                async for record in records:
                    if record.value is None:
                        done.erased += 1
                    elif wanted(record):
                        write(record)
                        done.written += 1
    return done
