"""What every step of the demo has at hand."""

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from saath.client import Bot, Commander, Reply, Sender
from saath.events import NumberRecorded, OwnerChanged, TurnOffered
from saath.topics import NUMBERS
from saath_demo.stack import Stack
from saath_demo.stage import Advance, Stage
from saath_demo.watch import Watch
from saath_sandbox.client import Sandbox
from saath_sandbox.views import RegisteredNumber

BOT = "shop"
# What the demo's customer writes to get no answer from the demo's bot: its turn is answered by hand.
BY_HAND = "please think about it"


@dataclass(slots=True)
class Scene:
    """The running set-up, the people in it, and what a subscriber has seen so far."""

    stage: Stage
    stack: Stack
    meta: Sandbox
    watch: Watch
    sender: Sender
    commander: Commander
    http: aiohttp.ClientSession
    number: RegisteredNumber
    customer: str = "16505551234"
    _unanswered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def phone_number_id(self) -> str:
        """The business number's id."""
        return self.number.phone_number_id

    async def connect(self, **wishes: object) -> tuple[int, dict[str, object]]:
        """Ask sync to bring the number in, as a platform's web page would after Embedded Signup."""
        code = await self.meta.issue_code(self.number.waba_id)
        body = {"code": code, "waba_id": self.number.waba_id, **wishes}
        headers = {"Authorization": f"Bearer {self.stack.secrets.api_token}"}
        url = f"{self.stack.ports.url('sync')}/numbers"
        async with self.http.post(url, json=body, headers=headers) as response:
            return response.status, await response.json()

    async def history_complete(self, total: int, advance: Advance) -> NumberRecorded:
        """Wait until all of the number's history is in the log."""
        [*_, recorded] = await self.watch.wait_for(
            NumberRecorded,
            lambda n: n.number == self.phone_number_id and n.history_sync == "complete",
            topic=NUMBERS,
            timeout=60,
            on_growth=lambda _: advance(self._backfilled()),
        )
        advance(total)
        return recorded

    def _backfilled(self) -> int:
        rows = self.watch.events(NumberRecorded, NUMBERS)
        return max((row.history_messages for row in rows), default=0)

    async def owner_becomes(self, owner: str, since: int) -> OwnerChanged:
        """Wait for the next change of owner after the first *since* ones."""
        changes = await self.watch.wait_for(OwnerChanged, count=since + 1)
        if changes[-1].owner != owner:
            raise AssertionError(f"the owner became {changes[-1].owner}, not {owner}")
        return changes[-1]

    def owner_changes(self) -> int:
        """How many changes of owner there were so far."""
        return len(self.watch.events(OwnerChanged))


def make_bot(name: str, settings: object) -> Bot:
    """The demo's bot: repeats what it is told, in a few milliseconds, but for one sentence."""
    bot = Bot(name, settings=settings)  # type: ignore[arg-type] # the demo's own settings

    @bot.on_turn(concurrency=50)
    async def answer(turn: TurnOffered) -> Reply:
        if turn.text == BY_HAND:
            await asyncio.sleep(3600)  # a withdrawal cancels it
        return Reply(f"You said: {turn.text}")

    return bot


def milliseconds(seconds: Sequence[float]) -> str:
    """The median of a few waits, and the longest."""
    median, longest = statistics.median(seconds) * 1000, max(seconds) * 1000
    return f"{median:.0f} ms (longest of {len(seconds)}: {longest:.0f} ms)"
