"""``saath policy``: what may be chosen, whether a file says it right, what it would decide; and set it."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import structlog
import typer

from saath.cli.heard import Heard, Unreadable, heard
from saath.cli.told import Teller, as_yaml, written
from saath.client import Commander
from saath.errors import Misconfigured, RetryLater
from saath.events import Command, NumberPolicy
from saath.settings import load_or_exit, refuse

app = typer.Typer(
    help="How numbers are answered: look at it, check it, try it, set it.", no_args_is_help=True
)

File = Annotated[Path, typer.Argument(help="A file of policies, as docs/policies.md describes it.")]
Number = Annotated[str, typer.Argument(help="The number's phone_number_id.")]
By = Annotated[str | None, typer.Option(help="Who says so.")]


@app.command("defaults")
def show_defaults(
    yaml: Annotated[bool, typer.Option("--yaml", help="As a file to begin with.")] = False,
) -> None:
    """Print all that may be chosen, what holds where nobody says otherwise, and what it is for."""
    rules = _router("policy")
    known: NumberPolicy = rules.chosen_by(rules.Policy())
    if yaml:
        for line in as_yaml(known):
            typer.echo(line)
        return
    for name, field in NumberPolicy.model_fields.items():
        typer.echo(f"{name}: {written(getattr(known, name))}\n    {field.description}")


@app.command("check")
def check(file: File) -> None:
    """Say what is wrong in a file of policies, each mistake with its line; then exit status 1."""
    reader = _router("policy_file")
    book = _book(file)
    for doubt in reader.doubts(book):
        typer.echo(f"{file}: {doubt}")
    numbers = f"{len(book.numbers)} number{'' if len(book.numbers) == 1 else 's'}"
    typer.echo(f"{file}: right ({'' if book.defaults is None else 'defaults, '}{numbers})")


@app.command("try")
def try_out(
    file: File,
    number: Annotated[
        str, typer.Option(help="The number that decides; what is played is taken for its.")
    ],
    event: Annotated[
        list[Path],
        typer.Option(
            help="Webhooks' bodies, events or commands, as JSON or JSON lines. Several times."
        ),
    ],
    wait: Annotated[
        float, typer.Option(min=0, max=31_622_400, help="So many seconds pass after the last.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The facts, as JSON lines.")] = False,
) -> None:
    """
    Print what would be decided, and by which rule, if all this happened one after the other.

    Nothing is sent, and no broker is needed. SAATH_ROUTER__… counts, as for the router. The number's
    history is in; in its address book are only those whom an event puts there.
    """
    book = _book(file)
    stage = _router("rehearsal")
    settings = load_or_exit(_router("settings").PolicySettings)
    rehearsal = stage.Rehearsal(number, settings.router.policy(), book.of(number))
    teller = Teller(as_json)
    try:
        with _quietly():
            for item in (item for path in event for item in heard(path)):
                _play(rehearsal, item, teller)
            for step in rehearsal.wait(wait):
                teller.say(step, "")
    except Unreadable as error:
        _fail(str(error))


@app.command("set")
def set_policy(number: Number, file: File, by: By = None) -> None:
    """
    Set the policy of one number, above all else that is said of it.

    FILE holds what stands under the number in a file of policies. It replaces what was set before.
    """
    reader = _router("policy_file")
    try:
        policy = reader.read_policy(_router("policy_watch").text_of(file), str(file))
    except reader.PolicyRefused as error:
        _fail(str(error))
    _write(number, policy, by)


@app.command("clear")
def clear_policy(number: Number, by: By = None) -> None:
    """Take back what was set for one number; what else is said of it counts again."""
    _write(number, None, by)


def _write(number: str, policy: NumberPolicy | None, by: str | None) -> None:
    async def write() -> str:
        async with Commander(name="saath-cli") as commander:
            if policy is None:
                return await commander.clear_policy(number, by=by)
            return await commander.set_policy(number, policy, by=by)

    # What is wrong is said once, in a sentence of ours.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        name = asyncio.run(write())
    except Misconfigured as error:
        refuse(str(error))
    except (RetryLater, ValueError) as error:
        _fail(str(error))
    typer.echo(f"command {name} is written; the router carries it out within moments")


def _play(rehearsal: Any, item: Heard, teller: Teller) -> None:
    try:
        play = rehearsal.tell if isinstance(item.said, Command) else rehearsal.hear
        for step in play(item.said):
            teller.say(step, item.place if step.heard else "")
    except (ValueError, OverflowError) as error:  # of a time that nothing can be added to
        teller.pass_over(item, str(error))


def _book(file: Path) -> Any:
    reader = _router("policy_file")
    try:
        return _router("policy_watch").load_policies(file)
    except reader.PolicyRefused as error:
        _fail(str(error))


def _router(module: str) -> Any:
    """By name, when it is needed: the contract's package imports no service."""
    try:
        return import_module(f"saath_router.{module}")
    except ModuleNotFoundError as error:
        refuse(f"{error.name} is not installed: pip install 'saath[cli,router,ingest]'")


@contextmanager
def _quietly() -> Iterator[None]:
    """The router's own log says to operators what is said here anyhow."""
    before = structlog.get_config()
    level = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=level)
    try:
        yield
    finally:
        structlog.configure(**before)


def _fail(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(1) from None
