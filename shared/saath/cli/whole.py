"""A file that is there whole or not at all, and that nobody else can read."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PRIVATE = 0o600


@contextmanager
def whole(path: Path, *, force: bool) -> Iterator[BinaryIO]:
    """
    Write *path* under another name beside it; it gets its own once all of it is on the disk.

    Raises:
        FileExistsError: it is there, and *force* was not said.
    """
    if path.exists() and not force:
        raise FileExistsError(path)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with os.fdopen(opened, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _name(beside, path, force=force)
    finally:
        beside.unlink(missing_ok=True)


def _name(beside: Path, path: Path, *, force: bool) -> None:
    if force:
        beside.replace(path)
        return
    try:
        # Unlike a renaming, it fails where somebody has made the file meanwhile.
        path.hardlink_to(beside)
    except FileExistsError:
        raise
    except OSError:
        # Some file systems have no links.
        if path.exists():
            raise FileExistsError(path) from None
        beside.replace(path)
