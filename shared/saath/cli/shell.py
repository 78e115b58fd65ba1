"""What every command that asks Kafka shares: how it runs, how it fails, how it prints."""

import asyncio
import json
import logging
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

import typer
from rich.console import Console

from saath.errors import Misconfigured, PoisonRecord, RetryLater
from saath.settings import refuse

CLIENT_ID = "saath-cli"

T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do *work*; where it cannot be done, say why in a sentence and leave with 1, or 2 for a setting."""
    # What is wrong is said once, in a sentence of ours.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(work)
    except Misconfigured as error:
        refuse(str(error))
    except (PoisonRecord, RetryLater) as error:
        fail(str(error))


def fail(sentence: str) -> NoReturn:
    """Leave with exit status 1."""
    typer.echo(f"saath: {sentence}", err=True)
    raise typer.Exit(1) from None


def printable(text: bytes, kept: str = "") -> str:
    """
    *text* as a terminal may show it: what could move its cursor or turn its lines is escaped.

    As JSON escapes it, so that JSON stays the same JSON. Of such characters those *kept* stay.
    """
    return "".join(
        character if character.isprintable() or character in kept else json.dumps(character)[1:-1]
        for character in text.decode(errors="backslashreplace")
    )


def console(pipe_width: int = 200) -> Console:
    """Standard output. Names are longer than 80 columns have room for, and pipes have no width at all."""
    made = Console(highlight=False, markup=False)
    return made if made.is_terminal else Console(highlight=False, markup=False, width=pipe_width)
