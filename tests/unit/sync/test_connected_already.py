"""A code for a number that works: until it has given a token that sees the number, nothing changes."""

import pytest
from tests.unit.sync.samples import ACCOUNT, NUMBER
from tests.unit.sync.stage import Crash, Meta, Stage

from saath.events import NumberPolicy
from saath.topics import CREDENTIALS
from saath_sync import deadline
from saath_sync.adopt import Adopter, Adoption
from saath_sync.connect_failed import ConnectFailed
from saath_sync.ledger import Ledger
from saath_sync.onboarding import Refused, Token, Unknown

EXPIRED = Refused(100, "This authorization code has expired.", 36007)
HIDDEN = Refused(100, "Unsupported request. Object with ID '1' does not exist", 33)
OTHER = {"account": "999", "policy": NumberPolicy(answers="nobody"), "wants_history": False}


async def connected() -> tuple[Stage, Ledger]:
    stage = Stage(Meta())
    return stage, await stage.connect()


def tokens(stage: Stage) -> int:
    return sum(output.topic is CREDENTIALS for output in stage.written)


async def ledger_now(stage: Stage) -> Ledger | None:
    async with stage.pod() as connector:
        return connector.numbers.ledger(NUMBER)


@pytest.mark.parametrize(
    ("step", "answer", "sentence", "by_meta"),
    [
        ("exchange", EXPIRED, "has expired", True),
        ("exchange", Unknown("no answer"), "no answer", False),
        ("facts", HIDDEN, "goes on as it did; with the new code: Unsupported request", True),
        ("facts", Unknown("no answer"), "goes on as it did; with the new code it was not", False),
    ],
)
async def test_a_code_that_is_no_good_changes_nothing_of_a_number_that_works(
    step: str, answer: Refused | Unknown, sentence: str, by_meta: bool
) -> None:
    stage, before = await connected()
    stage.meta.answers[step] = [answer]  # type: ignore[index]
    stage.clock.pass_minutes(60)

    with pytest.raises(ConnectFailed, match=sentence) as failed:
        await stage.connect(**OTHER)

    assert (await ledger_now(stage), tokens(stage), failed.value.by_meta) == (before, 1, by_meta)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_after_a_crash_in_the_exchange_of_another_code_the_number_works_as_it_did(
    moment: str,
) -> None:
    stage, before = await connected()
    setattr(stage.meta, moment, "exchange")
    with pytest.raises(Crash):
        await stage.connect(**OTHER)
    stage.meta.before = stage.meta.after = None
    asked = list(stage.meta.asked)
    stage.clock.pass_minutes(2)

    ledger = await stage.resume()

    assert stage.meta.asked == asked
    assert (ledger.account, ledger.policy) == (before.account, before.policy)
    assert deadline.ends_at(ledger) == deadline.ends_at(before)


async def test_a_code_that_is_good_brings_all_that_was_asked_with_it() -> None:
    stage, _ = await connected()

    ledger = await stage.connect(**OTHER)

    assert (ledger.account, ledger.policy, tokens(stage)) == ("999", OTHER["policy"], 2)


async def test_an_adopted_number_stays_adopted_when_its_code_has_expired() -> None:
    stage = Stage(Meta(answers={"exchange": [EXPIRED]}))
    async with stage.pod() as connector:
        adopter = Adopter(connector, lambda _: Token("token"))
        before = await adopter.adopt(Adoption(NUMBER, ACCOUNT))

        with pytest.raises(ConnectFailed):
            await stage.connect()

    after = await ledger_now(stage)
    assert after is not None
    assert (after.adopted, after.policy) == (True, before.policy)
