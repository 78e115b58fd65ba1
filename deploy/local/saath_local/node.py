"""One Kafka node: a folder, its ports, and the Java process while it runs."""

import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from saath_local.answer import living_brokers
from saath_local.errors import BrokerFailed
from saath_local.ports import Port
from saath_local.process import Process, spawn
from saath_local.properties import render

LOG_LINES_IN_ERRORS = 25
POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Runtime:
    """What every node of a cluster is started with."""

    java: Path
    jars: Path
    flags: tuple[str, ...]
    start_timeout_seconds: float
    grace_seconds: float

    def command(self, folder: Path, main_class: str, *arguments: str) -> list[str]:
        """Return the command line that runs a class of Kafka's."""
        return [
            str(self.java),
            *self.flags,
            # Native libraries are unpacked there. A killed broker must leave nothing in /tmp.
            f"-Djava.io.tmpdir={folder}",
            "-XX:-UsePerfData",
            f"-Dlog4j2.configurationFile={files('saath_local') / 'log4j2.properties'}",
            "-cp",
            f"{self.jars}/*",
            main_class,
            *arguments,
        ]


class Node:
    """One broker and controller. Fault tests kill it and start it again."""

    def __init__(
        self, node_id: int, folder: Path, held: tuple[Port, ...], port: int, runtime: Runtime
    ) -> None:
        self.id = node_id
        self.port = port
        self.folder = folder
        self.log_path = folder / "kafka.log"
        self._held = held
        self._runtime = runtime
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The Java process's id."""
        if self._process is None:
            raise BrokerFailed(f"Node {self.id} does not run.")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether Java runs, as far as was seen."""
        return self._process is not None and self._process.poll() is None

    def configure(self, settings: Mapping[str, str]) -> None:
        """Write what Kafka is to be told, and begin a new log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_path.write_text("")
        (self.folder / "server.properties").write_text(render(settings))

    @property
    def formatted(self) -> bool:
        """Whether an earlier run prepared the data folder."""
        return (self.folder / "data" / "meta.properties").exists()

    def format(self, cluster_id: str, scram: str | None) -> Process:
        """Begin to prepare the data folder."""
        words = ["format", "-t", cluster_id, "-c", "server.properties"]
        if scram:
            words += ["--add-scram", scram]
        return self._run("kafka.tools.StorageTool", *words)

    def check_formatted(self, formatting: Process) -> None:
        """Wait until the data folder is prepared."""
        with suppress(subprocess.TimeoutExpired):
            formatting.wait(self._runtime.start_timeout_seconds)
        if formatting.poll() != 0:
            raise BrokerFailed(f"Kafka could not prepare {self.folder}.\n{self.log_tail()}")

    def launch(self) -> None:
        """Start Java, and do not wait."""
        for port in self._held:
            port.hand_over()
        self._process = self._run("kafka.Kafka", "server.properties")

    def wait_ready(self) -> None:
        """Wait until the node answers and counts itself among the living."""
        give_up = time.monotonic() + self._runtime.start_timeout_seconds
        while not self._answers():
            if not self.running:
                raise BrokerFailed(f"Kafka ended while it was starting.\n{self.log_tail()}")
            if time.monotonic() > give_up:
                raise BrokerFailed(
                    f"Kafka did not answer on port {self.port} within "
                    f"{self._runtime.start_timeout_seconds:.0f} s.\n{self.log_tail()}"
                )
            time.sleep(POLL_SECONDS)

    def start(self) -> None:
        """Start the node (again) and wait until it is ready."""
        self.launch()
        self.wait_ready()

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL. Its data stays."""
        if self._process:
            self._process.kill()
            self._process = None

    def terminate(self) -> None:
        """Ask it to end, and do not wait."""
        if self._process:
            self._process.terminate()

    def stop(self) -> None:
        """End it in order, and wait."""
        if self._process:
            self._process.close()
            self._process = None

    def _answers(self) -> bool:
        try:
            return self.id in living_brokers(self.port)
        except OSError:
            return False

    def _run(self, main_class: str, *arguments: str) -> Process:
        return spawn(
            self._runtime.command(self.folder, main_class, *arguments),
            log_path=self.log_path,
            cwd=self.folder,
            grace_seconds=self._runtime.grace_seconds,
        )

    def log_tail(self) -> str:
        """The last lines Kafka wrote, for an error to show."""
        lines = self.log_path.read_text(errors="replace").splitlines()
        return "\n".join(
            [
                f"The end of {self.log_path}:",
                *(f"  {line}" for line in lines[-LOG_LINES_IN_ERRORS:]),
            ]
        )
