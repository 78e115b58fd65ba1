"""
Temporary folders that are removed even after ``kill -9``: by whoever comes next.

Each is marked by a locked file. The kernel unlocks it when its owner dies, so a
folder whose mark can be locked is nobody's any more.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "saath-kafka-"
MARK = "owner.lock"


@contextmanager
def scratch_folder(parent: Path | None = None) -> Iterator[Path]:
    """Make a folder, and remove it at the end; remove what killed owners left, too."""
    parent = parent or Path(tempfile.gettempdir())
    remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
    try:
        with (folder / MARK).open("w") as mark:
            fcntl.flock(mark, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned(parent: Path) -> None:
    """Remove the folders whose owners have died."""
    for mark in parent.glob(f"{PREFIX}*/{MARK}"):
        if _is_abandoned(mark):
            shutil.rmtree(mark.parent, ignore_errors=True)


def _is_abandoned(mark: Path) -> bool:
    try:
        with mark.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, another user's, or gone by now
        return False
    return True
