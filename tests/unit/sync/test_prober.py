"""The probe: who is asked about, when, and what is made of the answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from aiolimiter import AsyncLimiter
from pydantic import SecretStr
from tests.unit.sync.samples import NUMBER
from tests.unit.sync.stage import Stage

from saath_sync.life import Probing
from saath_sync.onboarding import Token, Unknown
from saath_sync.prober import UNANSWERED_FOR, Found, Prober, probe_limiter

TOKEN = SecretStr("t")


@dataclass
class Asked:
    """Answers what it is told to, and counts."""

    answers: list[Found | Unknown] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)

    async def probe(self, number: str, token: Token) -> Found | Unknown:
        self.numbers.append(number)
        return self.answers.pop(0)


@asynccontextmanager
async def probing(
    stage: Stage, asked: Asked, token: SecretStr | None = TOKEN
) -> AsyncIterator[Prober]:
    async with stage.pod() as connector:
        yield Prober(
            connector.numbers,
            asked,
            lambda _number: token,
            Probing(),
            AsyncLimiter(100, 1),
            stage.clock.now,
        )


@pytest.mark.parametrize("per_hour", [1, 30, 59, 60, 119, 1000])
def test_no_more_are_asked_in_an_hour_than_the_setting_says(per_hour: int) -> None:
    limiter = probe_limiter(per_hour)

    assert limiter.max_rate / limiter.time_period * 3600 == pytest.approx(per_hour)
    assert limiter.max_rate == max(1, per_hour / 60)


async def once(prober: Prober) -> None:
    """Let it look once, and end when it has."""
    stopping = asyncio.Event()
    worker = asyncio.create_task(prober(stopping))
    while prober.due():  # noqa: ASYNC110 # whatever is asked here is answered in some turns of the loop
        await asyncio.sleep(0)
    stopping.set()
    await worker


async def test_a_number_is_asked_about_once_in_six_hours() -> None:
    stage, asked = Stage(), Asked([Found("connected", ""), Found("connected", "")])
    await stage.connect()
    async with probing(stage, asked) as prober:
        await once(prober)
        stage.clock.pass_minutes(359)
        early = prober.due()
        stage.clock.pass_minutes(1)
        await once(prober)

    assert (early, asked.numbers) == ([], [NUMBER, NUMBER])


async def test_no_answer_is_no_finding_and_it_is_asked_again_some_minutes_later() -> None:
    stage, asked = Stage(), Asked([Unknown("no answer"), Found("connected", "")])
    await stage.connect()
    async with probing(stage, asked) as prober:
        await once(prober)
        at_once = prober.due()
        stage.clock.pass_minutes(UNANSWERED_FOR / timedelta(minutes=1))
        await once(prober)
        ledger = prober.numbers.ledger(NUMBER)

    assert ledger is not None
    assert (at_once, len(asked.numbers), ledger.life.state) == ([], 2, "active")


async def test_without_a_token_nobody_is_asked_and_nothing_is_concluded() -> None:
    stage, asked = Stage(), Asked()
    await stage.connect()
    async with probing(stage, asked, token=None) as prober:
        await once(prober)

    assert asked.numbers == []


async def test_what_is_found_twice_is_in_the_ledger() -> None:
    stage, asked = Stage(), Asked([Found("gone", "error 100"), Found("gone", "error 100")])
    await stage.connect()
    stage.clock.pass_minutes(60)
    async with probing(stage, asked) as prober:
        await once(prober)
        stage.clock.pass_minutes(10)
        await once(prober)
        ledger = prober.numbers.ledger(NUMBER)

    assert ledger is not None
    assert (ledger.life.state, ledger.life.cause) == ("disconnected", "error 100")
