"""The tree of commands."""

from importlib import import_module

import typer

from saath.cli import conversation, dlq, number, onboard, policy, topics
from saath.cli.costs import costs
from saath.cli.decode import decode
from saath.cli.export import export
from saath.cli.grant import grant
from saath.cli.replay import replay
from saath.cli.version import version
from saath.cli.why import why

app = typer.Typer(
    name="saath",
    help="One WhatsApp number, answered by people and by bots. Settings are read from SAATH_…",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(topics.app, name="topics")
app.add_typer(dlq.app, name="dlq")
app.add_typer(policy.app, name="policy")
app.add_typer(conversation.app, name="conversation")
onboard.hang(number.app)
app.add_typer(number.app, name="number")
app.command("costs")(costs)
app.command("decode")(decode)
app.command("export")(export)
app.command("grant")(grant)
app.command("replay")(replay)
app.command("version")(version)
app.command("why")(why)

OWN = frozenset(
    {
        "conversation",
        "costs",
        "decode",
        "dlq",
        "export",
        "grant",
        "number",
        "policy",
        "replay",
        "topics",
        "version",
        "why",
    }
)


def hang_local_commands() -> None:
    """Add ``saath demo`` and ``saath dev``, or say what they lack: they run everything here."""
    try:
        import_module("saath_demo.commands").register(app)
    except ModuleNotFoundError as error:
        missing = error.name

        def not_installed() -> None:
            """Run everything on this machine (needs pip install 'saath[dev]')."""
            typer.echo(f"saath: {missing} is not installed: pip install 'saath[dev]'", err=True)
            raise typer.Exit(2)

        for name in ("demo", "dev"):
            app.command(name)(not_installed)
