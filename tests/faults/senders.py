"""Senders as processes, everything around them played by the test, and Meta's side as the witness."""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.faults.clerk import Chat, Clerk, Post
from tests.faults.judge import Broken
from tests.faults.redelivery import numbers_of
from tests.faults.routers import SESSIONS
from tests.faults.sender_judge import Evidence, Written, busiest, judge
from tests.faults.sender_traffic import Letters
from tests.faults.statuses import relay
from tests.flow.sandbox_process import Meta, sandbox
from tests.reading import read_all

from saath.client import ClientSettings
from saath.codec import decode
from saath.events import OutcomeEvent, Sender
from saath.kafka.publisher import Publisher
from saath.settings import KafkaSettings, TopicSettings
from saath.tokens import TurnTokens
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, OUTCOMES, Topic
from saath_demo.stack import GRACE_SECONDS, Stack, free_ports
from saath_local import spawn
from saath_sandbox.views import Arrival

ROOT = Path(__file__).parents[2]
SYSTEM_TOKEN = "a-system-token-of-the-tests"
NUMBERS = 4
# So many that none of them is sent the 45 that Meta lets one have at once.
CUSTOMERS = 30
PATIENCE_SECONDS = 60.0
LIFE_SECONDS_MAX = 240.0
LOOK_SECONDS = 0.1
# Broker, senders, sandbox and pytest share two cores here, and arrivals shift by that: what leaves, to
# the millisecond, is proved in unit tests. The margin that the flow tests have.
CAP_MARGIN_SECONDS = 0.5

RULES = {
    "SAATH_SENDER__CAP_MARGIN_SECONDS": str(CAP_MARGIN_SECONDS),
    "SAATH_SENDER__IN_DOUBT_FOR_SECONDS": "3",
    "SAATH_GRAPH__ACCESS_TOKEN": SYSTEM_TOKEN,
    "SAATH_GRAPH__TIMEOUT_SECONDS": "2",
}
# So that what waits is more than a lane holds, and is read again by the second reader.
SHORT_LANES = {"SAATH_SENDER__LANE_MAX": "20"}
LANES: dict[Topic, Sender] = {
    OUTBOUND_PEOPLE: "person",
    OUTBOUND: "bot",
    OUTBOUND_BULK: "campaign",
}


@dataclass
class Scene:
    """One test's senders and what they are given."""

    stack: Stack
    settings: ClientSettings
    meta: Meta
    letters: Letters
    clerk: Clerk
    caps: dict[str, int] = field(default_factory=dict)
    exits: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Until the block's end there is something to send, and until a moment after it."""
        enough = asyncio.Event()
        async with asyncio.timeout(LIFE_SECONDS_MAX), asyncio.TaskGroup() as group:
            group.create_task(self.letters.flow(enough))
            yield
            enough.set()

    async def start(self, *names: str) -> None:
        """Start senders, and wait until each of them is at work."""
        for name in names:
            self.stack.start(name)
        await self.stack.wait_until_ready(*names)

    def start_seamed(self, name: str, step: str, action: str, after: int) -> None:
        """Start a sender that ends or freezes by itself, see ``seamed_sender``."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SAATH_")}
        port = self.stack.url(name).rpartition(":")[2]
        seam = {"SAATH_HTTP_PORT": port, "SENDER_SEAM": f"{step}:{action}:{after}"}
        self.stack.processes[name] = spawn(
            [sys.executable, "-m", "tests.faults.seamed_sender"],
            env={**inherited, **self.stack.environment(), **seam},
            log_path=self.stack.log_path(name),
            cwd=ROOT,
            grace_seconds=GRACE_SECONDS,
        )

    async def ended(self, name: str) -> int:
        """
        Wait until a sender has ended by itself; how.

        Raises:
            TimeoutError: it has not.
        """
        process = self.stack.processes[name]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (status := process.poll()) is None:  # noqa: ASYNC110 # the kernel rings no bell
                await asyncio.sleep(LOOK_SECONDS)
        del self.stack.processes[name]
        return status

    async def frozen(self, name: str) -> None:
        """
        Wait until a sender has frozen itself.

        Raises:
            TimeoutError: it has not.
        """
        pid = self.stack.processes[name].pid
        async with asyncio.timeout(PATIENCE_SECONDS):
            while state_of(pid) != "T":  # noqa: ASYNC110 # the kernel rings no bell
                await asyncio.sleep(LOOK_SECONDS)

    async def stop(self, name: str) -> None:
        """Ask a sender to end, and note how it did."""
        self.exits.append(await self.stack.stop(name))

    async def accepted(self) -> dict[str, int]:
        """How many messages Meta has taken, by number."""
        reports = [await self.meta.control.report(number) for number in self.letters.numbers]
        return {report.number: report.accepted for report in reports}

    async def all_move_on(self, by: int = 3, seconds: float = PATIENCE_SECONDS) -> None:
        """
        Wait until some more messages of every number have arrived.

        Raises:
            TimeoutError: one of them stands still.
        """
        before = await self.accepted()
        async with asyncio.timeout(seconds):
            while True:
                after = await self.accepted()
                if all(after[number] >= before[number] + by for number in before):
                    return
                await asyncio.sleep(LOOK_SECONDS)

    async def arrivals(self) -> list[Arrival]:
        """Every POST that Meta has seen."""
        return await self.meta.control.messages()

    async def settle(self) -> None:
        """
        Wait until all that was asked for has ended.

        Raises:
            TimeoutError: something has not.
        """
        whispers = asyncio.create_task(self._whisper())
        try:
            await self.clerk.sees(self.letters.asked, PATIENCE_SECONDS)
        except TimeoutError:
            left = self.letters.asked - self.clerk.ended
            print(f"{len(left)} have no end: {sorted(left)[:5]}")
        finally:
            whispers.cancel()
        # What should not be sent any more would be by now.
        await asyncio.sleep(1.0)

    async def broken(self) -> list[Broken]:
        """Bring all to rest, and say which promises were broken."""
        await self.settle()
        evidence = await self.evidence()
        found = judge(evidence)
        print(self._told(evidence), Counter(broken.promise for broken in found))
        return found

    async def evidence(self) -> Evidence:
        """What is there to be judged by now."""
        outcomes = [decode(r.headers, r.value) for r in await read_all(self.settings, OUTCOMES)]
        return Evidence(
            written=[w for topic, by in LANES.items() for w in await self._written(topic, by)],
            outcomes=[event for event in outcomes if isinstance(event, OutcomeEvent)],
            arrivals=await self.arrivals(),
            barred=self.clerk.barred,
            caps=self.caps,
        )

    async def _written(self, topic: Topic, by: Sender) -> list[Written]:
        """As it stands there: what was written twice, because nobody said that it was taken, is one."""
        found: dict[str, Written] = {}
        for record in await read_all(self.settings, topic):
            asked = json.loads(record.value or b"{}")
            turn = asked.get("turn")
            token = self.letters.tokens.read(turn) if turn else None
            request, number = (
                (token.turn, token.number) if token else (asked["id"], asked["number"])
            )
            total, to = len(asked["messages"]), self.letters.recipients[request]
            resend = request in self.letters.resends
            found.setdefault(request, Written(number, request, to, by, total, resend))
        return [*found.values()]

    def _told(self, it: Evidence) -> str:
        """Figures of a run; pytest shows them with a failure, or with -s."""
        kinds = Counter(o.type.split(".")[-2] for o in it.outcomes)
        posts = Counter(arrival.outcome for arrival in it.arrivals)
        peak = max((busiest(it.arrivals, n) for n in self.letters.numbers), default=0)
        twice = sum(len(taken) > 1 for taken in it.taken.values())
        return f"outcomes {dict(kinds)}, posts {dict(posts)}, peak {peak}, taken twice {twice}"

    async def _whisper(self) -> None:
        """A doubt ends only while webhooks of its number come."""
        while True:
            await self.letters.heard()
            await asyncio.sleep(0.5)


@asynccontextmanager
async def sending(
    kafka: KafkaSettings,
    topics: TopicSettings,
    folder: Path,
    *names: str,
    seed: int,
    numbers: int = NUMBERS,
    customers: int = CUSTOMERS,
    caps: Sequence[int] = (),
    graph: str | None = None,
    rules: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Scene]:
    """
    These senders at work on topics that are there.

    *caps* are the numbers', in their order, where they are not 20; *graph* is where Meta is taken to be,
    and *rules* are further settings.
    """
    print(f"seed {seed}")
    settings = ClientSettings(kafka=kafka, topics=topics)
    flags = (
        "--system-token",
        SYSTEM_TOKEN,
        "--no-service-window",
        "--batch-window-seconds",
        "0.05",
    )
    async with sandbox(*flags) as meta, Publisher(kafka, topics, "tests") as publisher:
        where = {"SAATH_GRAPH__BASE_URL": graph or meta.control.url}
        stack = Stack(kafka, topics, folder, free_ports(), {**SESSIONS, **RULES, **where, **rules})
        chats = [
            Chat(name, f"1650{place:03}{n:04}")
            for place, name in enumerate(numbers_of(topics.partitions)[:numbers])
            for n in range(customers)
        ]
        known = [*dict.fromkeys(chat.number for chat in chats)]
        limits = dict(zip(known, caps, strict=False))
        for name in known:
            await meta.control.register_number(phone_number_id=name, cap=limits.get(name))
        post = Post(publisher, topics.partitions)
        clerk = Clerk(settings, post, chats)
        tokens = TurnTokens([stack.secrets.turn_key])
        letters = Letters(post, clerk, tokens, chats, random.Random(seed))
        scene = Scene(stack, settings, meta, letters, clerk, limits)
        try:
            async with asyncio.TaskGroup() as group:
                playing = [
                    group.create_task(clerk.follow()),
                    group.create_task(relay(meta.receiver, post)),
                ]
                await letters.introduce(limits)
                await scene.start(*names)
                yield scene
                for task in playing:
                    task.cancel()
        finally:
            await asyncio.to_thread(stack.close)


def state_of(pid: int) -> str:
    """What the kernel says of a process: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
