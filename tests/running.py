"""The set-up as processes, for flow and fault tests, and what readers of its topics see."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.reading import read_all

from saath.client import ClientSettings
from saath.codec import decode
from saath.events import Event, WatermarkRecorded
from saath.kafka.records import Record
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import COMMANDS, CONVERSATIONS, INBOUND, OUTCOMES, OWNERS, Topic
from saath_demo.stack import SERVICES, Stack, run_stack
from saath_demo.watch import Watch, watching
from saath_sandbox.client import Sandbox

PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Running:
    """Processes, the stand-in for Meta, and a subscriber that has been there from the beginning."""

    stack: Stack
    meta: Sandbox
    watch: Watch
    settings: ClientSettings

    async def committed(self, topic: Topic) -> list[Record]:
        """Every committed record of *topic*, each partition's in its order."""
        return await read_all(self.settings, topic)

    async def settled(self) -> None:
        """
        Wait until nothing moves any more.

        Meta has its 200 for everything, the router has decided every input to its end, and the
        subscriber has read what came of it.

        Raises:
            TimeoutError: it still moves.
        """
        await self.meta.wait_until_settled(PATIENCE)
        await self.all_is_decided()
        await eventually(self._subscriber_is_through, "the subscriber is behind the log")

    async def all_is_decided(self) -> None:
        """
        Wait until the router has decided all that stands on its inputs now.

        Raises:
            TimeoutError: it has not.
        """
        inputs = [r for topic in (INBOUND, COMMANDS, OUTCOMES) for r in await self.committed(topic)]

        async def decided() -> bool:
            done = await self._watermarks()
            return all(done.get((r.topic.name, r.partition), 0) > r.offset for r in inputs)

        await eventually(decided, "the router is behind its inputs")

    async def _watermarks(self) -> dict[tuple[str, int], int]:
        """How far the router has decided each partition of each input."""
        found: dict[tuple[str, int], int] = {}
        for record in await self.committed(OWNERS):
            event = decode(record.headers, record.value)
            if isinstance(event, WatermarkRecorded):
                found |= {(t, record.partition): at for t, at in event.positions.items()}
        return found

    async def _subscriber_is_through(self) -> bool:
        return len(self.watch.events(Event)) >= len(await self.committed(CONVERSATIONS))


@asynccontextmanager
async def running(
    kafka: KafkaSettings,
    topics: TopicSettings,
    folder: Path,
    *,
    services: tuple[str, ...] = SERVICES,
    overrides: Mapping[str, str] | None = None,
) -> AsyncIterator[Running]:
    """Start the sandbox and *services* on topics that are there; stop them at the end."""
    settings = ClientSettings(kafka=kafka, topics=topics, shutdown_grace_seconds=5)
    async with (
        run_stack(kafka, topics, folder, services=services, overrides=overrides) as (stack, meta),
        watching(settings) as watch,
    ):
        yield Running(stack, meta, watch, settings)


async def eventually(
    true: Callable[[], Awaitable[bool]], otherwise: str, seconds: float = PATIENCE
) -> None:
    """
    Ask again and again until it is true.

    Raises:
        TimeoutError: it never was; *otherwise* says what that means.
    """
    until = time.monotonic() + seconds
    while not await true():
        if time.monotonic() >= until:
            raise TimeoutError(f"{otherwise} after {seconds:.0f} s")
        await asyncio.sleep(0.1)


async def kill(stack: Stack, name: str) -> None:
    """``kill -9`` a process, and start it again at once; it is not ready yet."""
    await asyncio.to_thread(stack.kill, name)
    stack.start(name)


def freeze(stack: Stack, name: str) -> None:
    """Stop a process where it is, as a paused virtual machine would be."""
    stack.processes[name].send_signal(signal.SIGSTOP)


def thaw(stack: Stack, name: str) -> None:
    """Let a frozen process go on, as if nothing had happened."""
    stack.processes[name].send_signal(signal.SIGCONT)
