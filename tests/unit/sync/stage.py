"""Sync's onboarding without Kafka and without HTTP: one pod at a time, a Meta that remembers, a clock."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from pydantic import SecretStr
from tests.unit.sync.samples import ACCOUNT, NOW, NUMBER

from saath.events import NumberPolicy
from saath.kafka.inbox import Inbox
from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath.secrets import Vault
from saath.topics import TOPICS
from saath_sync.connect import Connector, Wish
from saath_sync.handler import STATE, Installation, SyncHandler
from saath_sync.ledger import Ledger, Step
from saath_sync.numbers import Numbers
from saath_sync.onboarding import Done, PhoneNumber, Refused, Token, Unknown

LAYOUT = Layout({topic.name: 1 for topic in TOPICS})
INSTALLATION = Installation(b"0123456789abcdef", LAYOUT, timedelta(hours=1))
VAULT = Vault(["5t8T0ZqBhYwQyXvT3eYcU1nqk3Vb0mJm2wq7mWQ3x7E="])
ALREADY = Refused(2593107, "Sync request limit exceeded")


class Crash(BaseException):
    """The pod is killed at this moment."""


@dataclass
class Clock:
    """A wall clock that a test moves."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time

    def pass_minutes(self, count: float) -> None:
        self.time += timedelta(minutes=count)


@dataclass
class Meta:
    """
    Takes what may be taken once, once.

    ``before`` and ``after`` say at which step the pod dies: before Meta has heard of it, or after.
    """

    numbers: Sequence[PhoneNumber] = (PhoneNumber(NUMBER, "15550783881", True),)
    answers: dict[Step, list[Refused | Unknown]] = field(default_factory=dict)
    account_answers: list[Refused | Unknown] = field(default_factory=list)
    before: Step | None = None
    after: Step | None = None
    asked: list[Step] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    async def exchange(self, code: Token) -> Token | Refused | Unknown:
        return self._answer("exchange") or SecretStr("token")

    async def phone_numbers(
        self, account: str, token: Token
    ) -> Sequence[PhoneNumber] | Refused | Unknown:
        return self.account_answers.pop(0) if self.account_answers else self.numbers

    async def read_number(self, number: str, token: Token) -> PhoneNumber | Refused | Unknown:
        return self._answer("facts") or self.numbers[0]

    async def subscribe(self, account: str, token: Token) -> Done | Refused | Unknown:
        return self._answer("subscribe") or Done()

    async def ask_sync(
        self, number: str, token: Token, kind: Literal["contacts", "history"]
    ) -> Done | Refused | Unknown:
        return self._answer(kind) or Done(f"request-{kind}")

    def _answer(self, step: Step) -> Refused | Unknown | None:
        if self.before == step:
            raise Crash
        self.asked.append(step)
        scripted = self.answers.get(step)
        answer = scripted.pop(0) if scripted else None
        if step in self.taken:
            answer = ALREADY
        if step in ("contacts", "history") and not isinstance(answer, Refused):
            self.taken.add(step)
        if self.after == step:
            raise Crash
        return answer


@dataclass
class Stage:
    """Pods one after the other, over a changelog that survives them."""

    meta: Meta = field(default_factory=Meta)
    clock: Clock = field(default_factory=Clock)
    written: list[Output] = field(default_factory=list)

    @asynccontextmanager
    async def pod(self) -> AsyncIterator[Connector]:
        """A pod that owns the number, and commits what it decides at once."""
        handler = SyncHandler(0, INSTALLATION)
        for output in self.written:
            if output.topic.name == STATE.name:
                handler.restore(output.key or b"", output.value)
        numbers = Numbers(LAYOUT, Inbox(), {0: handler})
        with numbers.inbox.opened(0) as desk:

            async def loop() -> None:
                never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                while True:
                    await desk.arrival_or(never)
                    now = self.clock.now()
                    outputs = desk.decide(
                        lambda fact, now=now: list(handler.handle_fact(fact, now))  # type: ignore[misc]
                    )
                    self.written += [*outputs, *handler.finish({}, now)]
                    desk.committed()

            task = asyncio.create_task(loop())
            try:
                yield Connector(numbers, self.meta, VAULT, self.clock.now)
            finally:
                task.cancel()

    async def connect(self, **changed: object) -> Ledger:
        """One pod connects the number."""
        async with self.pod() as connector:
            return await connector.connect(wish(**changed))

    async def resume(self) -> Ledger:
        """One pod goes on, because a person says so."""
        async with self.pod() as connector:
            return await connector.resume(NUMBER, SecretStr("token"))


def wish(**changed: object) -> Wish:
    """What the onboarding page sends."""
    values: dict[str, object] = {
        "code": SecretStr("code"),
        "account": ACCOUNT,
        "number": NUMBER,
        "policy": NumberPolicy(answers="everyone", bot="orders"),
        "wants_history": True,
    }
    return Wish(**{**values, **changed})  # type: ignore[arg-type]


def states(ledger: Ledger) -> dict[Step, str]:
    """Each step's state."""
    return {step: record.state for step, record in ledger.steps.items()}
