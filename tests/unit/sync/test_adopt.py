"""A number that was connected elsewhere: taken over, and never asked for what Meta takes only once."""

import json

import pytest
from pydantic import SecretStr
from tests.unit.sync.samples import ACCOUNT, NOW, NUMBER
from tests.unit.sync.stage import VAULT, Crash, Meta, Stage, states

from saath.codec import decode
from saath.events import (
    CredentialRecorded,
    HistoryChunkReceived,
    MessageBackfilled,
    NumberPolicy,
    NumberRecorded,
)
from saath.topics import CREDENTIALS, HISTORY, NUMBERS
from saath_sync import onboarding
from saath_sync.adopt import Adopter, Adoption
from saath_sync.connect_failed import ConnectFailed
from saath_sync.ledger import Ledger, Step
from saath_sync.onboarding import PhoneNumber, Refused, StepRefused, Unknown
from saath_sync.own_history import Chunk, Refusal, read_lines

TOKEN = SecretStr("a-token-of-its-own")
DONE = {"facts": "done", "subscribe": "done"}
LINE = {
    "id": "wamid.1",
    "time": "2026-11-01T09:00:00Z",
    "author": "customer",
    "phone": "16505551234",
}


async def adopt(stage: Stage, **changed: object) -> Ledger:
    """One pod adopts the number."""
    values: dict[str, object] = {"number": NUMBER, "account": ACCOUNT, "token": TOKEN}
    async with stage.pod() as connector:
        kept = lambda _: _stored(stage)  # noqa: E731
        return await Adopter(connector, kept).adopt(Adoption(**{**values, **changed}))  # type: ignore[arg-type]


def _stored(stage: Stage) -> SecretStr | None:
    said = [decode(o.headers, o.value) for o in stage.written if o.topic is CREDENTIALS]
    return VAULT.decrypt(said[-1].ciphertext) if said else None  # type: ignore[attr-defined]


async def test_a_number_is_adopted_with_its_token_and_nobody_answers_it() -> None:
    stage = Stage()

    ledger = await adopt(stage)

    public = [decode(o.headers, o.value) for o in stage.written if o.topic is NUMBERS][-1]
    tokens = [decode(o.headers, o.value) for o in stage.written if o.topic is CREDENTIALS]
    assert (states(ledger), stage.meta.asked) == (DONE, ["facts", "subscribe"])
    assert isinstance(public, NumberRecorded)
    assert (public.state, public.policy, public.history_sync, public.history_due_at) == (
        "active",
        NumberPolicy(answers="nobody"),
        "not_asked",
        None,
    )
    assert [type(token) for token in tokens] == [CredentialRecorded]


async def test_adopted_twice_it_is_asked_nothing_the_second_time() -> None:
    stage = Stage()
    first = await adopt(stage)

    again = await adopt(stage)

    assert (again, stage.meta.asked) == (first, ["facts", "subscribe"])


@pytest.mark.parametrize("step", ["contacts", "history"])
@pytest.mark.parametrize("ask_unknown", [True, False])
async def test_what_is_taken_once_is_refused_before_it_is_asked(
    step: Step, ask_unknown: bool
) -> None:
    ledger = await adopt(Stage())

    with pytest.raises(StepRefused, match="never asked for a number that was connected elsewhere"):
        onboarding.asked(ledger, step, NOW, ask_unknown=ask_unknown)


async def test_resume_of_an_adopted_number_asks_for_nothing_that_is_taken_once() -> None:
    stage = Stage()
    await adopt(stage)
    stage.clock.pass_minutes(5)

    ledger = await stage.resume()

    assert (states(ledger), stage.meta.taken) == (DONE, set())


@pytest.mark.parametrize("step", ["facts", "subscribe"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_after_a_crash_the_list_is_run_again_and_ends_in_the_same_state(
    step: Step, moment: str
) -> None:
    undisturbed = await adopt(Stage())
    stage = Stage()
    setattr(stage.meta, moment, step)
    with pytest.raises(Crash):
        await adopt(stage)
    stage.meta.before = stage.meta.after = None
    stage.clock.pass_minutes(2)

    ledger = await adopt(stage)

    assert (states(ledger), stage.meta.taken) == (states(undisturbed), set())
    assert (ledger.connected, ledger.policy) == (undisturbed.connected, undisturbed.policy)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((), "the account has no number 106540352242922 that this token may see"),
        ((PhoneNumber(NUMBER, None, False),), "is_on_biz_app is false"),
        ((PhoneNumber(NUMBER, None, True, "ON_PREMISE"),), "platform_type is ON_PREMISE"),
    ],
)
async def test_what_cannot_work_is_refused_and_nothing_of_it_is_kept(
    numbers: tuple[PhoneNumber, ...], said: str
) -> None:
    stage = Stage(Meta(numbers=numbers))

    with pytest.raises(ConnectFailed, match=said):
        await adopt(stage)

    assert (stage.written, stage.meta.asked) == ([], [])


@pytest.mark.parametrize(
    ("answer", "by_meta"),
    [(Refused(190, "Invalid OAuth access token"), True), (Unknown("no answer"), False)],
)
async def test_a_token_that_is_not_good_is_told_in_both_words_and_nothing_is_kept(
    answer: Refused | Unknown, by_meta: bool
) -> None:
    stage = Stage(Meta(account_answers=[answer] * 3))

    with pytest.raises(ConnectFailed) as failed:
        await adopt(stage)

    assert (failed.value.by_meta, "Nothing was kept" in failed.value.what_to_do) == (by_meta, True)
    assert stage.written == []


async def test_without_any_token_a_person_is_told_to_bring_one() -> None:
    stage = Stage()

    with pytest.raises(ConnectFailed) as failed:
        await adopt(stage, token=None)

    assert (failed.value.choose, stage.written) == (True, [])
    assert "SAATH_GRAPH__ACCESS_TOKEN" in failed.value.what_to_do


async def test_a_number_that_was_connected_here_with_a_code_is_not_adopted() -> None:
    stage = Stage()
    await stage.connect()

    with pytest.raises(StepRefused, match="was connected here with a code"):
        await adopt(stage)


async def test_an_adopted_number_that_comes_back_with_a_code_is_onboarded_like_any_other() -> None:
    stage = Stage()
    await adopt(stage)

    ledger = await stage.connect()

    assert (ledger.adopted, stage.meta.taken) == (False, {"contacts", "history"})


def lines(*said: object) -> list[bytes]:
    return [one if isinstance(one, bytes) else json.dumps(one).encode() for one in said]


def test_a_line_becomes_what_metas_own_history_becomes() -> None:
    read, refused = read_lines(lines({**LINE, "text": "Hi"}), NUMBER, 3, 1, NOW)

    message = read[0]
    assert (refused, message.message_id, message.id) == ([], "wamid.1", "wamid.1:backfilled")
    assert (message.content.text, message.phase, message.chunk) == ("Hi", 0, 3)
    assert (message.contact.phone, message.origin) == ("16505551234", "history")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        ([1], "it is not a JSON object"),
        (LINE, "a message has either text or content"),
        ({**LINE, "text": "a", "content": {"type": "x"}}, "a message has either text or content"),
        ({**LINE, "content": {}}, "content is in Meta's own shape and names its type"),
        (
            {**LINE, "text": "a", "phone": None},
            "a message needs the customer's phone, user_id, or both",
        ),
        ({**LINE, "text": "a", "time": "2027-01-01T00:00:00Z"}, "time: it lies in the future"),
        ({**LINE, "text": "a", "time": True}, "time: a time is ISO 8601"),
        ({**LINE, "text": "a", "time": 1e300}, "time: a time is ISO 8601"),
        ({**LINE, "text": "a", "time": "2026-11-01T09:00:00"}, "time: Input should have timezone"),
        ({**LINE, "text": "a", "author": "bot"}, "author: Input should be"),
        ({**LINE, "text": "a", "txet": "b"}, "txet: Extra inputs are not permitted"),
    ],
)
def test_a_line_that_cannot_be_taken_is_named_and_why(line: object, reason: str) -> None:
    read, refused = read_lines(lines({**LINE, "text": "a"}, b"", line), NUMBER, 1, 10, NOW)

    assert ([m.message_id for m in read], [one.line for one in refused]) == (["wamid.1"], [12])
    assert refused[0].reason.startswith(reason)
    assert isinstance(refused[0], Refusal)


def test_a_message_without_an_id_is_named_by_what_it_is() -> None:
    def named(**said: object) -> str:
        line = {**LINE, "text": "a", "id": None, **said}
        return read_lines(lines(line), NUMBER, 1, 1, NOW)[0][0].message_id

    assert named() == named(status="READ")
    assert named() != named(text="b")


async def test_history_is_given_to_an_adopted_number_as_its_messages_and_their_chunk() -> None:
    stage = Stage()
    await adopt(stage)
    read, _ = read_lines(lines({**LINE, "text": "a"}), NUMBER, 1, 1, NOW)

    async with stage.pod() as connector:
        adopter = Adopter(connector, lambda _: TOKEN)
        await adopter.give_history(NUMBER, Chunk(1, last=True, messages=tuple(read)))

    given = [decode(o.headers, o.value) for o in stage.written if o.topic is HISTORY]
    assert [type(event) for event in given] == [MessageBackfilled, HistoryChunkReceived]
    assert isinstance(given[1], HistoryChunkReceived)
    assert (given[1].chunk, given[1].progress, given[1].messages) == (1, 100, 1)


async def test_history_is_not_given_to_a_number_whose_history_is_metas() -> None:
    stage = Stage()
    await stage.connect()

    async with stage.pod() as connector:
        adopter = Adopter(connector, lambda _: TOKEN)
        with pytest.raises(StepRefused, match="was not adopted"):
            await adopter.give_history(NUMBER, Chunk(1, last=True, messages=()))
