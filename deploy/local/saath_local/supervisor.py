"""
Runs one command and outlives nobody: ``python supervisor.py GRACE -- COMMAND…``.

Standard input is the line to whoever wants the command to run. Each byte on it
is a signal to pass on; its end means that they are gone, however they went:
then the command gets SIGTERM, and SIGKILL when the grace is over. On Linux the
kernel kills the command should this process be killed itself.

Started for every process of ours, so it imports next to nothing: 15 ms.
"""

import ctypes
import os
import select
import signal
import sys
import time
from typing import NoReturn

STDIN, STDOUT, STDERR = 0, 1, 2
PR_SET_PDEATHSIG = 1
NOT_STARTED = 127


def main(arguments: list[str]) -> NoReturn:
    """Run the command; end as it ends."""
    grace_seconds, command = float(arguments[0]), arguments[2:]
    # A byte arrives here when a signal does, so that one select() waits for everything.
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, _note)
    signal.signal(signal.SIGTERM, _note)

    child = start(command)
    status = watch(child, woken, grace_seconds)
    _kill_group(child)
    end_like(status)


def start(command: list[str]) -> int:
    """Start the command in a process group of its own, and say its pid on standard output."""
    supervisor = os.getpid()
    child = os.fork()
    if child == 0:
        _become(command, supervisor)
    os.write(STDOUT, b"%d\n" % child)
    os.close(STDOUT)
    return child


def _become(command: list[str], supervisor: int) -> NoReturn:
    """In the child: turn into the command, or say why that was not possible."""
    answer = os.dup(STDOUT)  # closed by exec, which is how the other side knows that it worked
    try:
        os.setpgid(0, 0)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != supervisor:  # it died before the kernel was asked
                os._exit(NOT_STARTED)
        signal.set_wakeup_fd(-1)
        for signum in (signal.SIGCHLD, signal.SIGTERM, signal.SIGPIPE):
            signal.signal(signum, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, STDIN)
        os.dup2(STDERR, STDOUT)
        os.execvp(command[0], command)  # noqa: S606 (this is what a supervisor is for)
    except OSError as error:
        os.write(answer, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(NOT_STARTED)


def watch(child: int, woken: int, grace_seconds: float) -> int:
    """Pass signals on until the command has ended; return its wait status."""
    listening = [STDIN, woken]
    kill_at: float | None = None
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return status

        timeout = None if kill_at is None else max(0.0, kill_at - time.monotonic())
        ready, _, _ = select.select(listening, [], [], timeout)
        orders = os.read(STDIN, 64) if STDIN in ready else None
        signals = os.read(woken, 64) if woken in ready else b""
        for signum in orders or b"":
            os.kill(child, signum)
        if orders == b"":  # whoever wanted this is gone
            listening = [woken]
        if kill_at is None and (orders == b"" or signal.SIGTERM in signals):
            os.kill(child, signal.SIGTERM)
            kill_at = time.monotonic() + grace_seconds
        elif kill_at is not None and time.monotonic() >= kill_at:
            _kill_group(child)


def _kill_group(child: int) -> None:
    """Kill what the command started and left behind."""
    try:  # contextlib.suppress would be one more import
        os.killpg(child, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def end_like(status: int) -> NoReturn:
    """End with the command's exit code, or by the signal that ended it."""
    if os.WIFSIGNALED(status):
        signum = os.WTERMSIG(status)
        if signum != signal.SIGKILL:
            signal.signal(signum, signal.SIG_DFL)
        os.kill(os.getpid(), signum)
        time.sleep(1)  # a signal that does not end a process cannot have ended the command
    os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def _note(signum: int, frame: object) -> None:
    """Do nothing: the wake-up pipe has it."""


if __name__ == "__main__":
    main(sys.argv[1:])
