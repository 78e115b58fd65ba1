"""``saath decode``: what ingest would publish for a webhook's body. Needs no broker and no secret."""

from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from saath.settings import refuse
from saath.topics import PARTITIONS_DEFAULT

STANDARD_INPUT = Path("-")

Files = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILE]...",
        help="One webhook's body each; standard input where none is named, or for -.",
        show_default=False,
    ),
]
Partitions = Annotated[
    int,
    typer.Option(min=1, envvar="SAATH_TOPICS__PARTITIONS", help="Partitions of every topic."),
]
Prefix = Annotated[
    str, typer.Option(envvar="SAATH_TOPICS__PREFIX", help="What topics' names begin with.")
]
ReceivedAt = Annotated[
    str, typer.Option(metavar="ISO-8601", help="The time of whatever Meta gave no time to.")
]
RecordBytes = Annotated[
    int,
    typer.Option(
        min=10_000, envvar="SAATH_INGEST__RECORD_BYTES_MAX", help="The limit of one event's record."
    ),
]


def decode(
    files: Files = None,
    partitions: Partitions = PARTITIONS_DEFAULT,
    prefix: Prefix = "saath.",
    received_at: ReceivedAt = "1970-01-01T00:00:00Z",
    record_bytes_max: RecordBytes = 900_000,
) -> None:
    """
    Print the records that ingest would publish for webhook bodies, as JSON lines.

    Exit status 1 where one is not JSON, or holds what fits no record; the others are printed too.
    The same body always prints the same.
    """
    reader: Any = import_module("saath_ingest.decoding")
    time, output = _time(received_at), typer.get_binary_stream("stdout")
    failed = False
    for path in files or [STANDARD_INPUT]:
        name, body = _read(path)
        try:
            found = reader.decoded(
                body,
                partitions=partitions,
                prefix=prefix,
                received_at=time,
                record_bytes_max=record_bytes_max,
            )
        except reader.Undecodable as error:
            # Like a compiler's: editors and terminals find the place by it.
            typer.echo(f"{name}:{error}", err=True)
            failed = True
            continue
        for line in reader.lines(found):
            output.write(f"{line}\n".encode())
        if found.set_aside:
            typer.echo(f"{name}: a part is set aside: {found.set_aside}", err=True)
            failed = True
    output.flush()
    if failed:
        raise typer.Exit(1)


def _read(path: Path) -> tuple[str, bytes]:
    if path == STANDARD_INPUT:
        return "<stdin>", typer.get_binary_stream("stdin").read()
    try:
        return str(path), path.read_bytes()
    except OSError as error:
        refuse(f"{path}: {error.strerror}")


def _time(written: str) -> datetime:
    try:
        time = datetime.fromisoformat(written)
    except ValueError:
        refuse(f"--received-at: {written!r} is not a time such as 2026-10-01T12:00:00Z")
    return time if time.tzinfo else time.replace(tzinfo=UTC)
