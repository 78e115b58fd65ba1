"""The command line: ``saath``. The tree is in ``app``; each branch has a file of its own."""

import sys


def main() -> None:
    """Run the command line; exit with 2 and a sentence where its own libraries are not installed."""
    try:
        from saath.cli.app import OWN, app, hang_local_commands
    except ModuleNotFoundError as error:
        if (error.name or "saath").startswith("saath"):
            raise
        print(
            f"saath: {error.name} is not installed; the command line needs an extra: "
            "pip install 'saath[cli]' (or 'saath[dev]', to run everything on this machine)",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    # They import every service, which `saath topics apply` in a small image does not have.
    if not OWN.intersection(sys.argv[1:2]):
        hang_local_commands()
    app()
