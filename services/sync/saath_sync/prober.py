"""The probe: Meta is asked how each number stands, because a disconnection may arrive as silence."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from aiolimiter import AsyncLimiter

from saath.kafka.inbox import NotCommitted, NotOwner
from saath_sync.connect import described_by
from saath_sync.description import Places
from saath_sync.facts import Probed
from saath_sync.ledger import Ledger
from saath_sync.life import Finding, Probing, probe_due
from saath_sync.numbers import Numbers
from saath_sync.onboarding import PhoneNumber, StepRefused, Token, Unknown

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 1.0
AT_ONCE_MAX = 8
# Meta did not answer: it has other worries, and we have time.
UNANSWERED_FOR = timedelta(minutes=5)


def probe_limiter(per_hour: int) -> AsyncLimiter:
    """At most so many questions an hour: at once those of a minute, or one where that is less than one."""
    at_once = max(1.0, per_hour / 60)
    return AsyncLimiter(at_once, at_once / per_hour * 3600)


@dataclass(frozen=True, slots=True)
class Found:
    """How a number stands, Meta's answer in a few words, and what it shows of the number."""

    finding: Finding
    cause: str
    number: PhoneNumber | None = None


class Asks(Protocol):
    """What is asked of Meta."""

    async def probe(self, number: str, token: Token) -> Found | Unknown:
        """How the number stands."""
        ...


@dataclass(slots=True)
class Prober:
    """
    A worker. Asks of each number that works, and is ours, when it is due; *limiter* spares Meta's quota.

    Without a token nothing can be asked, and nothing is concluded from that.
    """

    numbers: Numbers
    asks: Asks
    token_of: Callable[[str], Token | None]
    probing: Probing
    limiter: AsyncLimiter
    now: Callable[[], datetime]
    places: Places = field(default_factory=Places)
    _not_before: dict[str, datetime] = field(default_factory=dict)

    async def __call__(self, stopping: asyncio.Event) -> None:
        """Ask until *stopping*."""
        while not stopping.is_set():
            due = self.due()[: self._room()]
            await asyncio.gather(*(self.ask(number) for number in due))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), 0 if due else LOOK_EVERY_SECONDS)

    def _room(self) -> int:
        """How many may be asked about without a wait, which would outlast the end of the service."""
        return max(
            (n for n in range(1, AT_ONCE_MAX + 1) if self.limiter.has_capacity(n)), default=0
        )

    def due(self) -> list[str]:
        """The numbers that are to be asked about now."""
        now = self.now()
        return [
            number
            for handler in self.numbers.owned()
            for number, ledger in handler.ledgers.items()
            if self._is_due(ledger, now)
        ]

    def _is_due(self, ledger: Ledger, now: datetime) -> bool:
        if not ledger.connected or ledger.life.state == "removed":
            return False
        due = probe_due(ledger.life, self.probing)
        wait = self._not_before.get(ledger.number)
        return (due is None or due <= now) and (wait is None or wait <= now)

    async def ask(self, number: str) -> None:
        """Ask about one number, and have what was found decided."""
        token = self.token_of(number)
        # Whatever comes of it, not again at once.
        self._not_before[number] = self.now() + UNANSWERED_FOR
        if token is None:
            return
        await self.limiter.acquire()
        asked_at = self.now()
        answer = await self.asks.probe(number, token)
        if isinstance(answer, Unknown):
            log.warning("number.not_probed", number=number, reason=answer.reason)
            return
        with contextlib.suppress(NotOwner, NotCommitted, StepRefused):
            # Whoever owns the number by now asks for itself.
            await self.numbers.submit(self._probed(number, answer, asked_at))
            self._not_before.pop(number, None)

    def _probed(self, number: str, found: Found, asked_at: datetime) -> Probed:
        ledger, seen = self.numbers.ledger(number), found.number
        described = described_by(seen, ledger, self.places) if seen and ledger else None
        return Probed(number, found.finding, found.cause, asked_at, described)
