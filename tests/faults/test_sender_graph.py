"""The Graph API answers late, wrongly or not at all, and sometimes nobody is there."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.faults.senders import Scene, sending

from saath.settings import KafkaSettings, TopicSettings

pytestmark = pytest.mark.fault

ROUNDS = 40
ROUND_SECONDS = 0.4
# What may happen to one answer; each 130429 slows a number, so there are few of them.
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "cut"},
    {"kind": "hang"},
    {"kind": "drop"},
    {"kind": "http", "http": 500},
    {"kind": "http", "http": 503, "retry_after_seconds": 1},
    {"kind": "error", "code": 131000, "http": 500},
    {"kind": "error", "code": 131056, "http": 400},
    {"kind": "error", "code": 131026, "http": 400},
)
SLOWER: dict[str, Any] = {"kind": "error", "code": 130429, "http": 400}
TOO_MANY: dict[str, Any] = {"kind": "http", "http": 429}


class Gate:
    """A way to Meta that can be shut: who comes then is refused, and who is inside is cut off."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server: asyncio.Server | None = None
        self._inside: set[asyncio.StreamWriter] = set()
        self.address = ("", 0)
        self.url = ""

    async def open(self) -> None:
        """Let them through."""
        self._server = await asyncio.start_server(self._through, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    async def shut(self) -> None:
        """Nobody comes through, and nobody who is inside stays."""
        assert self._server is not None
        self._server.close()
        for writer in [*self._inside]:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_meta = await asyncio.open_connection(*self.address)
        self._inside |= {writer, to_meta[1]}
        try:
            await asyncio.gather(_carry(reader, to_meta[1]), _carry(to_meta[0], writer))
        except OSError:
            pass
        finally:
            self._inside -= {writer, to_meta[1]}
            writer.transport.abort()
            to_meta[1].transport.abort()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def gated(*arguments: Any, **more: Any) -> AsyncIterator[tuple[Scene, Gate]]:
    gate = Gate(0)
    await gate.open()
    try:
        async with sending(*arguments, graph=gate.url, **more) as scene:
            host, port = scene.meta.control.url.removeprefix("http://").split(":")
            gate.address = (host, int(port))
            yield scene, gate
    finally:
        await gate.shut()


async def test_whatever_meta_answers_each_message_has_one_true_end(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    chance = random.Random(102)
    async with gated(kafka, topics, tmp_path, "sender", seed=101) as (scene, gate):
        meta = scene.meta.control
        async with scene.flowing():
            await scene.all_move_on()
            await meta.faults(jitter_seconds=0.2)
            for number in scene.letters.numbers:
                await meta.faults(answers=[SLOWER | {"number": number}])
            for n in range(ROUNDS):
                await meta.faults(answers=[chance.choice(FAULTS), chance.choice(FAULTS)])
                # For a while no status is told: then nobody can know what became of a cut answer.
                await meta.faults(statuses=n not in range(15, 20))
                if n in (10, 30):
                    await gate.shut()
                    await asyncio.sleep(1.0)
                    await gate.open()
                await asyncio.sleep(ROUND_SECONDS)
            await meta.faults(answers=[TOO_MANY])
            await scene.all_move_on()
            await meta.faults(clear=True)
        broken = await scene.broken()

    assert broken == []
