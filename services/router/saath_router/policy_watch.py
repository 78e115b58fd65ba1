"""The file of policies: read at the start, and again when it changes. The last good one stays."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import structlog
from prometheus_client import Counter, Gauge

from saath_router.plain_yaml import Mistake
from saath_router.policy_file import PolicyBook, PolicyRefused, read_policies

log = structlog.get_logger()

LOOK_SECONDS = 1.0
# Whoever broke a file in so many places reads the first of them.
MISTAKES_LOGGED_MAX = 20

REFUSED = Counter(
    "saath_policy_files_refused_total", "Versions of the policy file that could not be used."
)
CURRENT = Gauge(
    "saath_policy_file_current",
    "1: the policy file is used as it stands; 0: an earlier version is.",
)

Version = tuple[int, int, int, int]


def text_of(path: Path) -> str:
    """
    What is in the file at *path*.

    Raises:
        PolicyRefused: there is no such file, or it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        problem = f"cannot be read ({os.strerror(error.errno) if error.errno else error})"
        raise PolicyRefused(str(path), [Mistake(1, problem)]) from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise PolicyRefused(str(path), [Mistake(line, "is not UTF-8")]) from None


def load_policies(path: Path) -> PolicyBook:
    """
    The policies that the file at *path* says.

    Raises:
        PolicyRefused: there is no such file, or it cannot be used.
    """
    return read_policies(text_of(path), str(path))


class PolicyFile:
    """
    What the file at *path* says, as ``book``.

    A worker: it looks for another version every second. A ConfigMap is changed by turning a link, a
    file by an editor in several writes; so another file counts as well, once it has stayed the same.

    Raises:
        PolicyRefused: it cannot be used at the start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = self._read = _version(path)
        self.book = load_policies(path)
        CURRENT.set(1)

    async def __call__(self, stopping: asyncio.Event) -> None:
        """Follow the file until *stopping*."""
        while not stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), LOOK_SECONDS)
            await self.look()

    async def look(self) -> None:
        """Read the file if it has changed, and stayed as it is since the last look."""
        before, self._seen = self._seen, _version(self._path)
        if self._seen != before or self._seen == self._read:
            return
        self._read = self._seen
        try:
            # Thousands of numbers take seconds, and the partitions go on meanwhile.
            self.book = await asyncio.to_thread(load_policies, self._path)
        except PolicyRefused as refused:
            REFUSED.inc()
            CURRENT.set(0)
            for mistake in refused.mistakes[:MISTAKES_LOGGED_MAX]:
                reason = mistake.problem
                log.warning(
                    "policy.refused", file=str(self._path), line=mistake.line, reason=reason
                )
        else:
            CURRENT.set(1)
            log.info("policy.read", file=str(self._path), numbers=len(self.book.numbers))


def _version(path: Path) -> Version | None:
    """What tells one version of a file from another; ``None`` where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size
