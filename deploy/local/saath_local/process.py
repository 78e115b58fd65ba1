"""
Processes that end when we do, however we end.

Each runs under a supervisor of its own (see ``supervisor``) that holds a pipe
from us. The kernel closes our end when we die, by ``kill -9`` too, and the
supervisor then ends the process.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self, cast

from saath_local import supervisor
from saath_local.errors import SpawnFailed

# Kubernetes gives 30 s; what we run here needs at most a commit and an HTTP call to finish.
GRACE_SECONDS = 10.0


class Process:
    """
    One running command. Keep hold of it: the command ends when this is closed or forgotten.

    Exit codes are :mod:`subprocess`'s: -9 for a process that was killed.
    """

    def __init__(self, supervisor: subprocess.Popen[bytes], pid: int, name: str) -> None:
        self._supervisor = supervisor
        self._line = cast("IO[bytes]", supervisor.stdin)
        self.pid = pid
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name} pid={self.pid} returncode={self.poll()}>"

    def poll(self) -> int | None:
        """Return the exit code, or None while it runs."""
        returncode = self._supervisor.poll()
        if returncode is not None:
            self._line.close()
        return returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; raises :class:`subprocess.TimeoutExpired`."""
        returncode = self._supervisor.wait(timeout)
        self._line.close()
        return returncode

    def send_signal(self, signum: signal.Signals) -> None:
        """
        Send the process a signal, through its supervisor.

        The supervisor is its parent, so this cannot reach a stranger who got the
        process's id after it ended.
        """
        # Once it has ended, nobody reads there: that is as far as a signal could take it.
        with suppress(BrokenPipeError, ValueError):
            os.write(self._line.fileno(), bytes([signum]))

    def terminate(self) -> None:
        """Ask it to end (SIGTERM)."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL), and wait until it is gone."""
        self.send_signal(signal.SIGKILL)
        self.wait()

    def close(self) -> None:
        """Ask it to end, kill it when the grace is over, and wait."""
        self._line.close()
        self.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def spawn(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    log_path: Path | None = None,
    cwd: Path | None = None,
    grace_seconds: float = GRACE_SECONDS,
) -> Process:
    """
    Start a command that ends when we do; return when it has been started (20 ms).

    What it prints is appended to *log_path*, or goes to our standard error. *env*
    replaces the environment. It is in a session of its own, so Ctrl-C reaches only
    us, and we end things in the order we want.
    """
    command = [str(word) for word in argv]
    watcher = _start_supervisor(command, env, log_path, cwd, grace_seconds)
    # The pid, and a sentence when the command could not be started; in either order.
    with cast("IO[bytes]", watcher.stdout) as answer:
        lines = answer.read().decode().splitlines()
    pids = [int(line) for line in lines if line.isdigit()]
    if len(lines) != 1 or not pids:
        watcher.communicate()
        reason = " ".join(line for line in lines if not line.isdigit())
        raise SpawnFailed(f"Could not start {' '.join(command)}\n{reason}")
    return Process(watcher, pids[0], Path(command[0]).name)


def is_running(pid: int) -> bool:
    """
    Whether a process runs; for those we did not start ourselves.

    One that is dead and not yet collected by its parent does not run. In a container
    whose first process collects nobody, orphans stay like that for ever.
    """
    if sys.platform != "linux":
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    # "PID (NAME) STATE …", and a name may hold parentheses
    return stat.rpartition(")")[2].split()[0] != "Z"


def _start_supervisor(
    command: list[str],
    env: Mapping[str, str] | None,
    log_path: Path | None,
    cwd: Path | None,
    grace_seconds: float,
) -> subprocess.Popen[bytes]:
    log = None if log_path is None else log_path.open("ab")
    # -I and -S: no site-packages, no PYTHON* variables; both would only cost time here.
    python = [sys.executable, "-I", "-S", supervisor.__file__]
    try:
        return subprocess.Popen(  # noqa: S603 (this is what spawn is for)
            [*python, str(grace_seconds), "--", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise SpawnFailed(f"Could not start {' '.join(command)}\n{error}") from error
    finally:
        if log:
            log.close()
