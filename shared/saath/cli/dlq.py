"""``saath dlq``: what the services gave up on; look at it, and have it handled after all."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import import_module
from typing import Annotated

import typer
from rich.table import Table

from saath.cli.shell import CLIENT_ID, console, fail, printable, run
from saath.errors import PoisonRecord
from saath.kafka.layout import Layout, read_layout
from saath.kafka.letters import Letter, body
from saath.kafka.records import Output, Record
from saath.kafka.redrive import DeadLetters, Redriven, Redriver
from saath.settings import Settings, load_or_exit, refuse
from saath.topics import SERVICES, dlq_topic

# Ingest's own default; see its card.
RECORD_BYTES_MAX = 900_000
LINES = "\n\t"

app = typer.Typer(
    help="What the services gave up on: look at it, have it handled after all.",
    no_args_is_help=True,
)

Service = Annotated[str, typer.Argument(help=f"Who gave up: {', '.join(SERVICES)}.")]


@app.command("list")
def list_letters(
    service: Annotated[str | None, typer.Option(help="Of this service alone.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
) -> None:
    """List the dead letters, oldest first. What they say is not shown."""
    found = [letter for at in _services(service) for letter in run(at.all())]
    found.sort(key=lambda letter: letter.failed_at)
    table = Table(
        "service", "topic", "partition", "offset", "failed at", "came from", "bytes", "redriven",
        "reason",
    )  # fmt: skip
    for letter in found[-limit:]:
        table.add_row(*_row(letter))
    out = console()
    out.print(table)
    out.print(f"{len(found)} dead letters" + _older(len(found) - limit))


@app.command("show")
def show_letter(
    service: Service,
    partition: Annotated[int, typer.Argument(min=0)],
    offset: Annotated[int, typer.Argument(min=0)],
    value: Annotated[
        bool, typer.Option("--value", help="What it says, too: it may be what people wrote.")
    ] = False,
) -> None:
    """Show one dead letter's key and headers. A webhook's body is joined from its parts."""
    [at] = _services(service)
    letter = run(at.find(partition, offset))
    if letter is None:
        fail(f"there is no dead letter at {dlq_topic(service).name}/{partition}/{offset}")
    records = run(at.records(letter))
    for line in _outside(letter, records):
        typer.echo(line)
    if not value:
        return
    try:
        said = body(records) if letter.divided else records[0].value
    except PoisonRecord as error:
        fail(str(error))
    typer.echo("" if said is None else f"\n{printable(said, kept=LINES)}")


@app.command("redrive")
def redrive_letters(
    service: Service,
    partition: Annotated[int | None, typer.Argument(min=0)] = None,
    offset: Annotated[int | None, typer.Argument(min=0)] = None,
    act: Annotated[
        bool, typer.Option("--act", help="It may act: be answered, take over, be sent.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="All that --reason fits.")] = False,
    reason: Annotated[
        str | None, typer.Option(help="With --all: this stands in the letter's reason.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what was redriven before.")] = False,
    record_bytes_max: Annotated[
        int,
        typer.Option(
            min=10_000, max=2 * 1024 * 1024, help="Of ingest's bodies: one event's limit."
        ),
    ] = RECORD_BYTES_MAX,
) -> None:
    """
    Write dead letters to the topics they came from, once more.

    They are late facts: logged, and acting only with --act. Say it the first time: what was logged is
    known, and does not act later either. Exit status 1 when one of them could not be redriven.
    """
    one = partition is not None and offset is not None
    if one == every or every != bool(reason) or (every and partition is not None):
        refuse("say either PARTITION OFFSET, or --all --reason TEXT")
    [at] = _services(service)
    if partition is not None and offset is not None:
        chosen = {partition: [offset]}
    else:
        chosen = _fitting(run(at.all()), reason or "", again=again)
    outcome = _Outcome(act)
    run(_redrive(at, chosen, outcome, repeat=again, record_bytes_max=record_bytes_max))
    if every:
        typer.echo(f"{outcome.redriven} redriven, {outcome.refused} not")
    if outcome.refused:
        raise typer.Exit(1)


class _Outcome:
    """What became of each letter, said as it happens."""

    def __init__(self, act: bool) -> None:
        self.act = act
        self.redriven = self.refused = 0

    def __call__(self, told: Redriven | PoisonRecord) -> None:
        if isinstance(told, PoisonRecord):
            self.refused += 1
            typer.echo(f"saath: {printable(str(told).encode())}", err=True)
            return
        self.redriven += 1
        more = f" and {told.records - 1} more" if told.records > 1 else ""
        how = "may act" if self.act else "logged, does not act"
        typer.echo(
            f"{told.letter.place} → {told.topic}/{told.partition}/{told.offset}{more} ({how})"
        )


async def _redrive(
    at: DeadLetters,
    chosen: dict[int, list[int]],
    outcome: _Outcome,
    *,
    repeat: bool,
    record_bytes_max: int,
) -> None:
    # By name, when it is needed: the contract's package imports no service.
    reader = import_module("saath_ingest.redrive")
    tracing = import_module("saath_ingest.tracing")

    def read_body(whole: bytes, letter: Letter, layout: Layout) -> Sequence[Output]:
        made: Sequence[Output] = reader.records(
            whole,
            layout,
            traceparent=tracing.traceparent(secrets.token_hex(16), secrets.token_hex(8)),
            record_bytes_max=record_bytes_max,
            received_at=datetime.fromisoformat(letter.failed_at),
        )
        return made

    redriver = Redriver(at, read_body, lambda: datetime.now(UTC))
    for partition, offsets in chosen.items():
        await redriver.redrive(partition, offsets, outcome, act=outcome.act, repeat=repeat)


def _fitting(there: Sequence[Letter], reason: str, *, again: bool) -> dict[int, list[int]]:
    chosen: dict[int, list[int]] = defaultdict(list)
    for letter in there:
        if reason in letter.reason and (again or letter.redriven_at is None):
            chosen[letter.partition].append(letter.offsets[0])
    return chosen


def _services(service: str | None) -> list[DeadLetters]:
    """The dead-letter topics that are meant, and the connection; a wrong name ends here."""
    if service is not None and service not in SERVICES:
        refuse(f"there is no service {service}, but {', '.join(SERVICES)}")
    settings = load_or_exit(Settings)
    kafka, topics = settings.kafka, settings.topics
    layout = run(read_layout(kafka, topics, CLIENT_ID))
    names = SERVICES if service is None else (service,)
    return [DeadLetters(kafka, topics, CLIENT_ID, layout, name) for name in names]


def _row(letter: Letter) -> tuple[str, ...]:
    parts = f" ({len(letter.offsets)} of {letter.parts} parts)" if letter.divided else ""
    return (
        letter.service,
        dlq_topic(letter.service).name,
        str(letter.partition),
        str(letter.offsets[0]),
        letter.failed_at[:19],
        letter.origin,
        f"{letter.size_bytes}{parts}",
        (letter.redriven_at or "")[:19],
        printable(letter.reason.encode()),
    )


def _outside(letter: Letter, records: Sequence[Record]) -> list[str]:
    first = records[0]
    lines = [f"key: {printable(first.key or b'')}"]
    lines += [f"{name}: {printable(value or b'')}" for name, value in first.headers]
    if letter.divided:
        lines.append(f"parts at offsets: {', '.join(map(str, letter.offsets))} of {letter.parts}")
    if letter.redriven_at:
        lines.append(f"redriven: {letter.redriven_at}")
    return [*lines, f"value: {letter.size_bytes} bytes with its key"]


def _older(count: int) -> str:
    return f", {count} older ones not shown (--limit)" if count > 0 else ""
