"""
A person's word lands while a bot's message is on its way out: which of them was first, and by how much.

Both are stamped by who received them: the word by the broker that appended it to its log (Meta has its
200 only after that), the message by the stand-in for Meta. So a leak counts in full, with the HTTP call.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.faults.sender_traffic import Chat
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
    """One race, by unix seconds. *sent* is when the bot's message arrived, if it did."""

    word: Word
    said: float
    sent: float | None

    @property
    def leak_seconds(self) -> float | None:
        """By how much the bot spoke after the person had; ``None`` where it did not."""
        return self.sent - self.said if self.sent is not None and self.sent > self.said else None


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


async def _run(scene: Scene, plan: _Plan) -> tuple[str, float]:
    """The turn that the bot answered, and when the person's word was in the log."""
    letters = scene.letters

    async def reply() -> str:
        await asyncio.sleep(plan.reply_at)
        return await letters.reply(plan.chat)

    async def word() -> float:
        await asyncio.sleep(plan.word_at)
        return await (letters.echo if plan.word == "echo" else letters.person)(plan.chat)

    return await asyncio.gather(reply(), word())


def told(trials: Sequence[Trial]) -> str:
    """The figures, for whoever reads the test's output."""
    lines = []
    for word in ("echo", "person"):
        mine = [trial for trial in trials if trial.word == word]
        leaks = sorted(leak for t in mine if (leak := t.leak_seconds) is not None)
        sent = sum(trial.sent is not None for trial in mine)
        window = (
            f"p50 {_at(leaks, 0.5):.1f} ms, p99 {_at(leaks, 0.99):.1f} ms, max {leaks[-1] * 1000:.1f} ms"
            if leaks
            else "none"
        )
        lines.append(
            f"{word}: {len(mine)} trials, {sent} sent, {len(leaks)} after the word: {window}"
        )
    return "\n".join(lines)


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))] * 1000
