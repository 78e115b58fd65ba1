"""
A person's word lands while a bot's message is on its way out: which of them was first, and by how much.

Both are stamped by who received them: the word by the broker that appended it to its log (Meta has its
200 only later, once all of the log's copies have it), the message by the stand-in for Meta. So a leak
counts in full, with the HTTP call.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.faults.clerk import Chat, Taken
from tests.faults.senders import Scene

from saath.identity import parse_callback

Word = Literal["echo", "person"]

# When the person's word is written, seconds after the bot's: mostly about when that leaves, and now and
# then so early that no bot may speak any more whatever happens.
AROUND = (-0.05, 0.1)
LONG_BEFORE = (-1.6, -1.3)
EVERY_LONG_BEFORE = 8
# Of a number with a small cap the messages queue, and leave one after another for as long as this.
QUEUED_SECONDS = 2.0
SPREAD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Trial:
    """One race. *sent* is when the bot's message arrived (unix seconds), if it did."""

    word: Word
    said: Taken
    sent: float | None

    @property
    def leak_seconds(self) -> float:
        """By how much the bot spoke after the person's word was logged; 0 where it did not."""
        return max(0.0, self.sent - self.said.logged) if self.sent else 0.0

    @property
    def acked_leak_seconds(self) -> float:
        """The same since all copies of the log had it: from here on Meta may have its 200."""
        return max(0.0, self.sent - self.said.acked) if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class _Plan:
    chat: Chat
    word: Word
    reply_at: float
    word_at: float


async def race(scene: Scene, chats: Sequence[Chat], chance: random.Random) -> list[Trial]:
    """One trial for each of *chats*, all at once; nothing is decided before they are over."""
    scene.clerk.decides = False
    plans = [_plan(scene, chat, n, chance) for n, chat in enumerate(chats)]
    said = await asyncio.gather(*(_run(scene, plan) for plan in plans))
    await asyncio.sleep(QUEUED_SECONDS)
    scene.clerk.decides = True
    await scene.clerk.catch_up()
    await scene.clerk.sees(
        {(plan.chat.number, turn, 0) for plan, (turn, _) in zip(plans, said, strict=True)}, 30
    )
    arrived = {
        callback.request: arrival.arrival_unix
        for arrival in await scene.arrivals()
        if (callback := parse_callback(arrival.callback))
    }
    await asyncio.gather(*(scene.clerk.give(chat, "bot") for chat in chats))
    return [
        Trial(plan.word, at, arrived.get(turn))
        for plan, (turn, at) in zip(plans, said, strict=True)
    ]


def _plan(scene: Scene, chat: Chat, place: int, chance: random.Random) -> _Plan:
    at = 1.6 + chance.uniform(0, SPREAD_SECONDS)
    if place % EVERY_LONG_BEFORE == 0:
        after = chance.uniform(*LONG_BEFORE)
    elif scene.caps.get(chat.number, 20) <= 20:
        after = chance.uniform(0, QUEUED_SECONDS)
    else:
        after = chance.uniform(*AROUND)
    return _Plan(chat, "person" if place % 3 == 2 else "echo", at, at + after)


async def _run(scene: Scene, plan: _Plan) -> tuple[str, Taken]:
    """The turn that the bot answered, and when the person's word was in the log."""
    letters = scene.letters

    async def reply() -> str:
        await asyncio.sleep(plan.reply_at)
        return await letters.reply(plan.chat)

    async def word() -> Taken:
        await asyncio.sleep(plan.word_at)
        return await (letters.echo if plan.word == "echo" else letters.person)(plan.chat)

    return await asyncio.gather(reply(), word())


def told(trials: Sequence[Trial]) -> str:
    """The figures, for whoever reads the test's output."""
    lines = []
    for word in ("echo", "person"):
        mine = [trial for trial in trials if trial.word == word]
        sent = sum(trial.sent is not None for trial in mine)
        logged = _window([trial.leak_seconds for trial in mine])
        acked = _window([trial.acked_leak_seconds for trial in mine])
        lines.append(f"{word}: {len(mine)} trials, {sent} sent")
        lines.append(f"  after it was logged: {logged}")
        lines.append(f"  after it was acknowledged: {acked}")
    return "\n".join(lines)


def _window(seconds: Sequence[float]) -> str:
    leaks = sorted(each * 1000 for each in seconds if each > 0)
    if not leaks:
        return "none"
    p50, p99 = (leaks[min(len(leaks) - 1, int(len(leaks) * share))] for share in (0.5, 0.99))
    return f"{len(leaks)}, p50 {p50:.1f} ms, p99 {p99:.1f} ms, max {leaks[-1]:.1f} ms"
