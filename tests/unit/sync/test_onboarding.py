"""One call after the other, each stored before it is made, and what may be asked once asked once."""

import pytest
from tests.unit.sync.samples import ACCOUNT, NOW, NUMBER
from tests.unit.sync.stage import VAULT, Crash, Meta, Stage, states

from saath.codec import decode
from saath.events import CredentialRecorded, NumberPolicy, NumberRecorded
from saath.topics import CREDENTIALS, NUMBERS
from saath_sync.advice import what_to_do
from saath_sync.connect_failed import ConnectFailed
from saath_sync.facts import StepAsked
from saath_sync.ledger import Step
from saath_sync.onboarding import PhoneNumber, Refused, StepRefused, Unknown

ALL: tuple[Step, ...] = ("exchange", "facts", "subscribe", "contacts", "history")
ALL_DONE = dict.fromkeys(ALL, "done")


async def test_a_number_is_connected_step_by_step() -> None:
    stage = Stage()

    ledger = await stage.connect()

    assert stage.meta.asked == list(ALL)
    assert states(ledger) == ALL_DONE
    assert (ledger.connected, ledger.display_phone) == (True, "15550783881")


async def test_a_number_that_is_not_named_is_the_one_in_the_business_app() -> None:
    other = PhoneNumber("999", None, on_business_app=False)
    stage = Stage(Meta(numbers=(PhoneNumber(NUMBER, "15550783881", True), other)))

    ledger = await stage.connect(number=None)

    assert (ledger.number, states(ledger)) == (NUMBER, ALL_DONE)


async def test_of_several_numbers_a_person_chooses() -> None:
    several = (PhoneNumber("1", None, True), PhoneNumber("2", None, True))

    with pytest.raises(ConnectFailed, match="in the Business app: 1, 2"):
        await Stage(Meta(numbers=several)).connect(number=None)


async def test_everybody_learns_of_the_number_and_its_token_is_encrypted() -> None:
    stage = Stage()

    await stage.connect(wants_history=False)

    public = [decode(o.headers, o.value) for o in stage.written if o.topic is NUMBERS]
    token = [decode(o.headers, o.value) for o in stage.written if o.topic is CREDENTIALS]
    assert public[-1] == NumberRecorded(
        id=public[-1].id,
        time=NOW,
        number=NUMBER,
        state="active",
        account=ACCOUNT,
        display_phone="15550783881",
        policy=NumberPolicy(answers="everyone", bot="orders"),
        contacts_sync="accepted",
    )
    assert isinstance(token[0], CredentialRecorded)
    secret = VAULT.decrypt(token[0].ciphertext)
    assert secret is not None
    assert secret.get_secret_value() == "token"


async def test_an_expired_code_is_told_in_metas_words_and_ours() -> None:
    expired = Refused(100, "This authorization code has expired.")
    stage = Stage(Meta(answers={"exchange": [expired]}))

    with pytest.raises(ConnectFailed, match="authorization code has expired") as failed:
        await stage.connect()

    assert "finish Embedded Signup again" in failed.value.what_to_do
    assert stage.meta.asked == ["exchange"]


@pytest.mark.parametrize("step", ALL)
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_after_a_crash_a_new_code_goes_on_and_asks_for_nothing_twice(
    step: Step, moment: str
) -> None:
    stage = Stage()
    setattr(stage.meta, moment, step)
    with pytest.raises(Crash):
        await stage.connect()
    stage.meta.before = stage.meta.after = None
    stage.clock.pass_minutes(2)

    ledger = await stage.connect()

    one_time = [asked for asked in stage.meta.asked if asked in ("contacts", "history")]
    assert len(one_time) == len(set(one_time))
    # Whether Meta had heard of the one it was asking for is unknown, so that one is left alone.
    unknown: dict[Step, str] = {step: "asked"} if step in ("contacts", "history") else {}
    assert states(ledger) == {**ALL_DONE, **unknown}


@pytest.mark.parametrize("step", ["contacts", "history"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_person_may_ask_again_and_metas_refusal_then_means_taken(
    step: Step, moment: str
) -> None:
    stage = Stage()
    setattr(stage.meta, moment, step)
    with pytest.raises(Crash):
        await stage.connect()
    stage.meta.before = stage.meta.after = None
    stage.clock.pass_minutes(2)

    ledger = await stage.resume()

    assert states(ledger) == ALL_DONE
    assert stage.meta.taken == {"contacts", "history"}


async def test_an_unanswered_request_is_shown_as_unknown_with_what_to_do() -> None:
    stage = Stage(Meta(answers={"history": [Unknown("no answer from Meta (TimeoutError)")]}))

    ledger = await stage.connect()

    record = ledger.steps["history"]
    assert (record.state, record.problem) == ("unknown", "no answer from Meta (TimeoutError)")
    assert "/resume" in (what_to_do("history", record, NOW) or "")


async def test_what_meta_took_from_somebody_else_is_a_failure_and_not_ours() -> None:
    stage = Stage(Meta(taken={"history"}))

    ledger = await stage.connect()

    record = ledger.steps["history"]
    assert (record.state, record.problem) == (
        "refused",
        "Sync request limit exceeded (Meta's error 2593107)",
    )
    assert "go through Embedded Signup again" in (what_to_do("history", record, NOW) or "")


async def test_too_late_for_the_history_and_the_number_works_all_the_same() -> None:
    late = Refused(2593108, "Sync request made outside of the allowed time window")
    stage = Stage(Meta(answers={"contacts": [late], "history": [late]}))

    ledger = await stage.connect()

    assert ledger.connected
    assert states(ledger) == {**ALL_DONE, "contacts": "refused", "history": "refused"}


async def test_connecting_twice_asks_for_contacts_and_history_once() -> None:
    stage = Stage()
    await stage.connect()

    await stage.connect()

    # The new token is looked at before it takes the place of one that works.
    assert stage.meta.asked == [*ALL, "exchange", "facts", "facts", "subscribe"]


async def test_a_number_without_the_business_app_is_not_connected_and_nothing_is_to_be_undone() -> (
    None
):
    stage = Stage(Meta(numbers=(PhoneNumber(NUMBER, None, on_business_app=False),)))

    with pytest.raises(ConnectFailed, match="is_on_biz_app is false") as failed:
        await stage.connect()

    ledger = failed.value.ledger
    assert ledger is not None
    assert (ledger.connected, stage.meta.asked) == (False, ["exchange", "facts"])


async def test_a_number_that_is_being_connected_is_not_connected_a_second_time() -> None:
    stage = Stage()
    stage.meta.after = "contacts"
    with pytest.raises(Crash):
        await stage.connect()
    stage.meta.after = None

    with pytest.raises(StepRefused, match="contacts is being asked at this moment"):
        async with stage.pod() as connector:
            await connector.numbers.submit(_ask_contacts())


def _ask_contacts() -> StepAsked:
    return StepAsked(NUMBER, "contacts", ask_unknown=True)
