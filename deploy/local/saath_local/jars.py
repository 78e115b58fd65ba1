"""
Kafka's jars: fetched once, checked always, kept outside the checkout.

The list beside this file names every jar with its SHA-256, so nothing is
resolved when the program runs: what is not on the list is not fetched, and
what does not match the list is not used.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from saath_local.errors import JarRefused, JarsUnavailable

# Not 4.3.0 to 4.4.0, which may leave a transaction open that they said is committed (KAFKA-20734).
KAFKA_VERSION = "4.2.2"
FETCHES_AT_ONCE = 8
FETCH_TIMEOUT_SECONDS = 60
FETCHING = ".fetching-"


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of our list."""

    group: str
    name: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        """The file's name, as Maven writes it."""
        return f"{self.name}-{self.version}.jar"

    def __str__(self) -> str:
        """Maven's coordinate."""
        return f"{self.group}:{self.name}:{self.version}"


# Puts the named jars into a folder of its choosing, in the order asked for.
Fetch = Callable[[Sequence[Jar], Path], Iterable[Path]]

# Told after every jar: how many are there, of how many that were missing.
Progress = Callable[[int, int], None]


def known_jars() -> tuple[Jar, ...]:
    """Read the list that comes with this package."""
    return parse_list((files("saath_local") / "jars.sha256").read_text())


def parse_list(text: str) -> tuple[Jar, ...]:
    """Parse lines of ``sha256  group:name:version``; ``#`` begins a comment."""
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    entries = ((sha256, *coordinate.split(":")) for sha256, coordinate in filter(None, lines))
    return tuple(Jar(group, name, version, sha256) for sha256, group, name, version in entries)


def cache_folder() -> Path:
    """Where the jars are kept: the XDG cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "saath" / f"kafka-{KAFKA_VERSION}"


def ensure_jars(
    folder: Path | None = None,
    jars: Sequence[Jar] | None = None,
    fetch: Fetch | None = None,
    progress: Progress | None = None,
) -> Path:
    """
    Return a folder that holds every jar of the list, each checked now.

    Reading 44 MB takes a few hundredths of a second, so a warm cache is checked
    at every start and not trusted because it was good once.
    """
    folder = folder or cache_folder()
    jars = known_jars() if jars is None else jars
    if missing(folder, jars):
        folder.mkdir(parents=True, exist_ok=True)
        with lock(folder / ".lock"):
            # Whoever held the lock before us may have fetched them.
            absent = missing(folder, jars)
            if absent:
                _fetch_into(folder, absent, fetch or fetch_from_maven, progress)

    def check(jar: Jar) -> None:
        path = folder / jar.filename
        verify(path, jar, f"Delete {path} and try again: it will be fetched anew.")

    with ThreadPoolExecutor(FETCHES_AT_ONCE) as pool:
        list(pool.map(check, jars))
    return folder


def missing(folder: Path, jars: Iterable[Jar]) -> list[Jar]:
    """Which jars of the list the folder lacks."""
    return [jar for jar in jars if not (folder / jar.filename).exists()]


def verify(path: Path, jar: Jar, advice: str) -> None:
    """Refuse *path* unless it is *jar*, byte for byte."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != jar.sha256:
        raise JarRefused(
            f"{jar} is not the jar we know, so Kafka is not started.\n"
            f"  expected SHA-256  {jar.sha256}\n"
            f"  found             {found}\n"
            f"{advice}"
        )


def _fetch_into(folder: Path, jars: Sequence[Jar], fetch: Fetch, progress: Progress | None) -> None:
    for abandoned in folder.glob(f"{FETCHING}*"):  # by a killed run; a living one holds the lock
        shutil.rmtree(abandoned, ignore_errors=True)
    # Beside the cache, so that the rename below stays on one file system and is atomic.
    with tempfile.TemporaryDirectory(dir=folder, prefix=FETCHING) as scratch:
        fetched = zip(jars, fetch(jars, Path(scratch)), strict=True)
        for done, (jar, path) in enumerate(fetched, start=1):
            verify(path, jar, "It was just fetched, and is thrown away: who serves it must answer.")
            path.replace(folder / jar.filename)
            if progress:
                progress(done, len(jars))


def fetch_from_maven(jars: Sequence[Jar], scratch: Path) -> Iterator[Path]:
    """Fetch the jars with jgo: from the repositories it is set up for, else its default one."""
    try:  # here, and not above: a warm cache needs no jgo
        from jgo.config import GlobalSettings
        from jgo.constants import MAVEN_CENTRAL_URL
        from jgo.maven import MavenContext
    except ImportError as error:
        raise JarsUnavailable(
            "Kafka's jars are not in the cache, and jgo, which fetches them, is not installed. "
            "Type: pip install 'saath[dev]'"
        ) from error

    mirrors = GlobalSettings.load().repositories
    context = MavenContext(
        # Not ~/.m2: jgo writes there without a rename, and would find half a jar of a killed run.
        repo_cache=scratch,
        # A company's mirror, where jgo is set up for one, is asked first.
        remote_repos={**mirrors, "central": mirrors.get("central", MAVEN_CENTRAL_URL)},
        timeout=FETCH_TIMEOUT_SECONDS,
    )

    def fetch_one(jar: Jar) -> Path:
        component = context.project(jar.group, jar.name).at_version(jar.version)
        try:
            return Path(component.artifact().resolve())
        except Exception as error:  # jgo raises what requests raises, and RuntimeError
            raise JarsUnavailable(
                f"{jar} could not be fetched: {error}\n"
                "Kafka's 46 jars (44 MB) are fetched once; the network is needed for that. "
                "Or set SAATH_KAFKA__BOOTSTRAP_SERVERS to a broker that runs already."
            ) from error

    with ThreadPoolExecutor(FETCHES_AT_ONCE) as pool:
        yield from pool.map(fetch_one, jars)


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold *path* against other processes; the kernel lets go when we die."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
