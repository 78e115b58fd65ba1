"""What a crash left of an onboarding is gone on with, as far as nothing can be asked twice by it."""

import asyncio
from collections.abc import Callable

import pytest
from pydantic import SecretStr
from tests.unit.sync.samples import NOW, NUMBER, seconds
from tests.unit.sync.stage import Crash, Meta, Stage, states
from tests.unit.sync.test_living import record, said

from saath.topics import ACCOUNTS
from saath_sync.connect_failed import ConnectFailed
from saath_sync.finisher import Finisher
from saath_sync.ledger import Ledger, Step, StepRecord
from saath_sync.life import Life
from saath_sync.onboarding import ANSWER_WITHIN, Refused, StepRefused, Token, Unknown
from saath_sync.unattended import goes_on_with

ALL: tuple[Step, ...] = ("exchange", "facts", "subscribe", "contacts", "history")
ALL_DONE = dict.fromkeys(ALL, "done")


def have_token(_: str) -> Token | None:
    return SecretStr("token")


async def looked(stage: Stage, token_of: Callable[[str], Token | None] = have_token) -> Ledger:
    """A new pod has the number, and its finisher looks once."""
    async with stage.pod() as connector:
        await Finisher(connector, token_of).look(asyncio.Event())
        ledger = connector.numbers.ledger(NUMBER)
    assert ledger is not None
    return ledger


async def crashed(step: Step, moment: str) -> Stage:
    """The pod was killed at that step; what was asked by then will not be answered any more."""
    stage = Stage()
    setattr(stage.meta, moment, step)
    with pytest.raises(Crash):
        await stage.connect()
    stage.meta.before = stage.meta.after = None
    stage.clock.pass_minutes(2)
    return stage


@pytest.mark.parametrize("step", ALL[1:])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_after_a_crash_all_is_asked_but_what_may_have_been_taken(
    step: Step, moment: str
) -> None:
    stage = await crashed(step, moment)

    ledger = await looked(stage)

    one_time = [asked for asked in stage.meta.asked if asked in ("contacts", "history")]
    assert len(one_time) == len(set(one_time))
    left: dict[Step, str] = {step: "asked"} if step in ("contacts", "history") else {}
    assert (states(ledger), ledger.connected) == ({**ALL_DONE, **left}, True)


async def left_and_crashed_coming_back(step: Step, moment: str) -> Stage:
    """The number was connected and went; the pod was killed at that step of its next onboarding."""
    stage = Stage()
    await stage.connect()
    gone_at = NOW + seconds(86_400)
    async with stage.pod() as connector:
        handler = connector.numbers.handlers[0]
        list(handler.handle(record(said("PARTNER_REMOVED", gone_at), ACCOUNTS), gone_at))
        stage.written += handler.finish({}, gone_at)
    stage.clock.time = gone_at
    stage.meta.asked.clear()
    stage.meta.taken.clear()
    setattr(stage.meta, moment, step)
    with pytest.raises(Crash):
        await stage.connect()
    stage.meta.before = stage.meta.after = None
    stage.clock.pass_minutes(2)
    return stage


@pytest.mark.parametrize("step", ALL[1:])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_an_onboarding_after_an_end_is_gone_on_with_as_a_first_one_is(
    step: Step, moment: str
) -> None:
    stage = await left_and_crashed_coming_back(step, moment)

    ledger = await looked(stage)

    one_time = [asked for asked in stage.meta.asked if asked in ("contacts", "history")]
    assert len(one_time) == len(set(one_time))
    left: dict[Step, str] = {step: "asked"} if step in ("contacts", "history") else {}
    assert (states(ledger), ledger.connected) == ({**ALL_DONE, **left}, True)


async def test_what_meta_refuses_after_an_end_is_a_person_s_as_in_a_first_onboarding() -> None:
    stage = await left_and_crashed_coming_back("subscribe", "before")
    stage.meta.answers = {"contacts": [Refused(4, "no")], "history": [Refused(4, "no")]}

    await looked(stage)
    stage.clock.pass_minutes(2)
    ledger = await looked(stage)

    assert stage.meta.asked[-2:] == ["contacts", "history"]
    refused: dict[Step, str] = {"contacts": "refused", "history": "refused"}
    assert states(ledger) == {**ALL_DONE, **refused}


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_without_a_token_nobody_goes_on(moment: str) -> None:
    exchanging = await crashed("exchange", moment)
    tokenless = await crashed("facts", moment)

    await looked(exchanging)
    await looked(tokenless, lambda _: None)

    assert exchanging.meta.asked == ["exchange"] * (moment == "after")
    assert tokenless.meta.asked == ["exchange", "facts"][: 1 + (moment == "after")]


@pytest.mark.parametrize("answer", [Refused(10, "no"), Unknown("no answer")])
async def test_what_somebody_was_told_of_is_theirs_to_go_on_with(
    answer: Refused | Unknown,
) -> None:
    stage = Stage(Meta(answers={"subscribe": [answer]}))
    with pytest.raises(ConnectFailed):
        await stage.connect()
    stage.clock.pass_minutes(60)

    await looked(stage)

    assert stage.meta.asked == ["exchange", "facts", "subscribe"]


async def test_a_number_that_is_being_connected_here_is_left_alone() -> None:
    stage = await crashed("subscribe", "before")

    async with stage.pod() as connector:
        with connector.attending(NUMBER):
            await Finisher(connector, have_token).look(asyncio.Event())
        meanwhile = list(stage.meta.asked)
        await Finisher(connector, have_token).look(asyncio.Event())

    assert (meanwhile, stage.meta.asked) == (["exchange", "facts"], [*ALL])
    assert not connector.attended


async def test_a_pod_that_ends_begins_no_further_call() -> None:
    stage = await crashed("facts", "before")
    stopping = asyncio.Event()
    stopping.set()

    async with stage.pod() as connector:
        await Finisher(connector, have_token).look(stopping)

    assert stage.meta.asked == ["exchange"]


async def test_history_is_not_asked_while_the_contacts_are_and_is_once_they_cannot_be_answered() -> (
    None
):
    stage = Stage()
    stage.meta.after = "contacts"
    with pytest.raises(Crash):
        await stage.connect()
    stage.meta.after = None

    resumed = await stage.resume()
    early = await looked(stage)
    stage.clock.pass_minutes(2)
    late = await looked(stage)

    held = {step: state for step, state in states(late).items() if step != "history"}
    assert states(resumed) == states(early) == held
    assert states(late) == {**ALL_DONE, "contacts": "asked"}
    assert stage.meta.asked == [*ALL]


async def test_what_was_asked_a_moment_ago_is_not_asked_again_by_anybody() -> None:
    stage = Stage()
    stage.meta.after = "subscribe"
    with pytest.raises(Crash):
        await stage.connect()
    stage.meta.after = None

    await looked(stage)
    with pytest.raises(StepRefused, match="subscribe is being asked at this moment"):
        await stage.resume()

    assert stage.meta.asked == ["exchange", "facts", "subscribe"]


HELD = StepRecord(state="asked", asked_at=NOW)
DONE = StepRecord(state="done", asked_at=NOW, answered_at=NOW)
NO = StepRecord(state="refused", asked_at=NOW, answered_at=NOW, problem="no", code=4)
LEFT = Ledger(number=NUMBER, steps={"exchange": DONE, "facts": DONE, "subscribe": DONE})


@pytest.mark.parametrize(
    ("ledger", "after_seconds", "step"),
    [
        (LEFT, 0, "contacts"),
        (LEFT, 24 * 3600 - 1, "contacts"),
        (LEFT, 24 * 3600, None),  # Meta takes it no more
        (LEFT.model_copy(update={"life": Life(state="offboarded")}), 0, None),
        (LEFT.model_copy(update={"steps": LEFT.steps | {"contacts": HELD}}), 59, None),
        (
            LEFT.model_copy(update={"steps": LEFT.steps | {"contacts": HELD}}),
            ANSWER_WITHIN.total_seconds(),
            "history",
        ),
        (LEFT.model_copy(update={"steps": LEFT.steps | {"contacts": NO}}), 0, "history"),
        (LEFT.model_copy(update={"steps": LEFT.steps | {"subscribe": NO}}), 0, None),
        (Ledger(number=NUMBER, connected=True), 0, None),  # known by its webhooks alone
        (Ledger(number=NUMBER, adopted=True, steps={"facts": DONE}), 0, "subscribe"),
        (Ledger(number=NUMBER, adopted=True, steps={"facts": DONE, "subscribe": DONE}), 0, None),
    ],
)
def test_only_what_was_left_is_gone_on_with(
    ledger: Ledger, after_seconds: float, step: Step | None
) -> None:
    assert goes_on_with(ledger, NOW + seconds(after_seconds)) == step
