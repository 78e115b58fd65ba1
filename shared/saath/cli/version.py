"""``saath version``."""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

import typer

from saath.topics import TOPICS


def version() -> None:
    """Say which Saath this is, and what it runs on."""
    try:
        number = installed("saath")
    except PackageNotFoundError:
        number = "not installed (run from a checkout)"
    typer.echo(f"saath {number}, Python {platform.python_version()}, {len(TOPICS)} topics")
