"""``saath demo`` and ``saath dev``, as the command line offers them."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from saath_demo.demo import demo
from saath_demo.dev import dev
from saath_demo.stack import StackFailed
from saath_local import LocalError

FOLDER_HELP = "Where the logs go; a temporary folder where not given."


def register(app: typer.Typer) -> None:
    """Hang the two commands on the command line's tree."""
    app.command("demo")(run_demo)
    app.command("dev")(run_dev)


def run_demo(
    folder: Annotated[Path | None, typer.Option(help=FOLDER_HELP)] = None,
) -> None:
    """Start everything on this machine, show it at work with its figures, stop everything."""
    console = Console(highlight=False)
    try:
        held = asyncio.run(demo(console, _folder(folder)))
    except (LocalError, StackFailed) as error:
        console.print(f"\n[red]{error}[/red]")
        raise typer.Exit(1) from None
    raise typer.Exit(0 if held else 1)


def run_dev(
    folder: Annotated[Path | None, typer.Option(help=FOLDER_HELP)] = None,
    kafka_port: Annotated[int, typer.Option(help="Kafka's port; 0 for any free one.")] = 9092,
) -> None:
    """Keep the whole set-up running on this machine, for your own bot."""
    console = Console(highlight=False)
    try:
        asyncio.run(dev(console, _folder(folder), kafka_port))
    except (LocalError, StackFailed) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(1) from None


def _folder(given: Path | None) -> Path:
    folder = given or Path(tempfile.mkdtemp(prefix="saath-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()
