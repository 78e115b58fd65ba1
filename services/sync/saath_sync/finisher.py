"""Onboardings that a crash ended are gone on with, as far as nobody needs to be asked."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from saath.kafka.inbox import NotCommitted, NotOwner
from saath_sync import metrics
from saath_sync.connect import Connector
from saath_sync.ledger import Ledger
from saath_sync.onboarding import StepRefused, Token
from saath_sync.unattended import goes_on_with

log = structlog.get_logger()

LOOK_EVERY_SECONDS = 2.0
AT_ONCE_MAX = 8
# Without a token, or while the partition moves, there is nothing to do but to look again.
IN_VAIN_FOR = timedelta(seconds=10)


@dataclass(slots=True)
class Finisher:
    """
    A worker. Leaves alone the numbers that somebody in this pod is connecting at the moment.

    ``ended`` is when the last of its calls is answered and stored.
    """

    connector: Connector
    token_of: Callable[[str], Token | None]
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _not_before: dict[str, datetime] = field(default_factory=dict)

    async def __call__(self, stopping: asyncio.Event) -> None:
        """Look for what was left until *stopping*."""
        try:
            while not stopping.is_set():
                await self.look(stopping)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), LOOK_EVERY_SECONDS)
        finally:
            self.ended.set()

    async def look(self, stopping: asyncio.Event) -> None:
        """Go on with the numbers that are left now."""
        now = self.connector.now()
        left = [
            number
            for handler in self.connector.numbers.owned()
            for number, ledger in handler.ledgers.items()
            if self._is_left(ledger, now)
        ]
        await asyncio.gather(*(self._go_on(number, stopping) for number in left[:AT_ONCE_MAX]))

    def _is_left(self, ledger: Ledger, now: datetime) -> bool:
        if ledger.number in self.connector.attended or goes_on_with(ledger, now) is None:
            return False
        wait = self._not_before.get(ledger.number)
        return wait is None or wait <= now

    async def _go_on(self, number: str, stopping: asyncio.Event) -> None:
        """One step after the other, until one is a person's."""
        # Whatever comes of it, not again at once.
        self._not_before[number] = self.connector.now() + IN_VAIN_FOR
        token = self.token_of(number)
        if token is None:
            return
        with (
            self.connector.attending(number),
            contextlib.suppress(NotOwner, NotCommitted, StepRefused),
        ):
            while not stopping.is_set():
                ledger = self.connector.numbers.ledger(number)
                step = goes_on_with(ledger, self.connector.now()) if ledger else None
                if ledger is None or step is None:
                    self._not_before.pop(number, None)
                    return
                metrics.GONE_ON.labels(step).inc()
                log.info("onboarding.gone_on", number=number, step=step)
                await self.connector.ask(ledger, step, token)
