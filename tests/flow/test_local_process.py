"""Nothing is left running, however the process that started it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from saath_local import supervisor
from saath_local.errors import SpawnFailed
from saath_local.process import is_running, spawn

ENDS_WITHIN_SECONDS = 20.0

# A parent that starts a child, says both ids, and then does as it is told.
PARENT = """
import sys, time
from saath_local.process import spawn
child = spawn(["sleep", "60"])
print(child.pid, child._supervisor.pid, flush=True)
{ending}
"""


def gone(*pids: int) -> bool:
    """Wait until none of them runs."""
    give_up = time.monotonic() + ENDS_WITHIN_SECONDS
    while any(is_running(pid) for pid in pids):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.01)
    return True


def start_parent(ending: str) -> tuple[subprocess.Popen[str], int, int]:
    """Start a parent; return it, its child's id and its supervisor's."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(ending=ending)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout
    child, supervisor = map(int, parent.stdout.readline().split())
    return parent, child, supervisor


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_the_child_ends_when_a_signal_ends_its_parent(signum: signal.Signals) -> None:
    parent, child, supervisor = start_parent("time.sleep(60)")
    assert is_running(child)

    parent.send_signal(signum)
    parent.communicate()

    assert gone(child, supervisor)


@pytest.mark.parametrize(
    "ending", ["raise ValueError", "sys.exit(3)", "import os; os._exit(0)", "del child"]
)
def test_the_child_ends_when_its_parent_ends_by_itself(ending: str) -> None:
    parent, child, supervisor = start_parent(ending)
    parent.communicate()

    assert gone(child, supervisor)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux's kernel does this for us")
def test_the_child_ends_when_its_supervisor_is_killed() -> None:
    with spawn(["sleep", "60"]) as child:
        os.kill(child._supervisor.pid, signal.SIGKILL)

        assert gone(child.pid)


def test_kill_is_over_when_it_returns() -> None:
    child = spawn(["sleep", "60"])

    child.kill()

    assert (is_running(child.pid), child.poll()) == (False, -signal.SIGKILL)


def test_a_child_that_will_not_end_is_killed_after_the_grace_with_all_it_started(
    tmp_path: Path,
) -> None:
    stubborn = "trap '' TERM; sleep 60 & echo $!; wait; sleep 60"
    log = tmp_path / "log"
    child = spawn(["sh", "-c", stubborn], log_path=log, grace_seconds=0.2)
    started = wait_for_line(log)

    child.close()

    assert gone(child.pid, int(started))
    assert child.poll() == -signal.SIGKILL


def test_what_a_child_left_behind_ends_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with spawn(["sh", "-c", "sleep 60 & echo $!"], log_path=log) as child:
        child.wait(ENDS_WITHIN_SECONDS)

    assert gone(int(wait_for_line(log)))


def wait_for_line(log: Path) -> str:
    """Wait for the first line of a log."""
    give_up = time.monotonic() + ENDS_WITHIN_SECONDS
    while not log.read_text().endswith("\n"):
        assert time.monotonic() < give_up, "nothing was written"
        time.sleep(0.01)
    return log.read_text()


def test_a_frozen_child_ends_too() -> None:
    child = spawn(["sleep", "60"], grace_seconds=0.2)
    child.send_signal(signal.SIGSTOP)

    child.close()

    assert gone(child.pid)


def test_it_ends_as_its_command_ended(tmp_path: Path) -> None:
    def ended(script: str) -> int:
        with spawn(["sh", "-c", script]) as child:
            return child.wait(ENDS_WITHIN_SECONDS)

    assert [ended("exit 0"), ended("exit 3"), ended("kill -TERM $$")] == [0, 3, -signal.SIGTERM]


def test_a_signal_to_a_child_that_has_ended_is_no_error() -> None:
    child = spawn(["true"])
    child.wait(ENDS_WITHIN_SECONDS)

    child.terminate()
    child.kill()
    child.close()

    assert child.poll() == 0


def test_environment_folder_and_log_are_as_asked(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "echo $WORD; pwd; echo to standard error >&2"

    with spawn(["sh", "-c", script], env={"WORD": "hello"}, cwd=tmp_path, log_path=log) as child:
        child.wait(ENDS_WITHIN_SECONDS)

    assert log.read_text() == f"hello\n{tmp_path}\nto standard error\n"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("no-such-command", "no-such-command: No such file or directory"),
        ("/dev/null", "/dev/null: Permission denied"),
    ],
)
def test_a_command_that_cannot_be_started_says_why(command: str, reason: str) -> None:
    with pytest.raises(SpawnFailed) as failed:
        spawn([command, "--option"])

    assert str(failed.value) == f"Could not start {command} --option\n{reason}"


def test_starting_costs_little() -> None:
    """15 ms of imports; one of asyncio would add 60, to every process that is started."""
    line, end = os.pipe()  # open for as long as it runs: at its end the command would be ended
    imported = subprocess.run(
        [sys.executable, "-X", "importtime", supervisor.__file__, "1", "--", "true"],
        stdin=line,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    os.close(line)
    os.close(end)

    heavy = {"asyncio", "subprocess", "logging", "threading", "socket", "saath_local"}
    assert heavy & {line.rsplit("|", 1)[-1].strip() for line in imported.splitlines()} == set()
