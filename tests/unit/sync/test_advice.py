"""Meta's codes on each call of an onboarding, and what a person is told to do next."""

import pytest
from tests.unit.sync.samples import NOW
from tests.unit.sync.stage import Meta, Stage

from saath_sync import advice
from saath_sync.connect_failed import ConnectFailed
from saath_sync.ledger import Step, StepRecord
from saath_sync.onboarding import Refused

TRANSIENT = (1, 2, 4, 80007, 131000, 2494100)
# The call, Meta's code and subcode, and words that only the right advice has.
TABLE: list[tuple[Step, int | None, int | None, str]] = [
    ("exchange", 100, 36007, "finish Embedded Signup again"),  # expired
    ("exchange", 100, 36009, "finish Embedded Signup again"),  # used
    ("exchange", 100, 36008, "finish Embedded Signup again"),  # malformed
    ("exchange", 101, None, "SAATH_SYNC__APP_SECRET are not those of one app"),
    ("exchange", 190, None, "SAATH_SYNC__APP_SECRET is not this app's any more"),
    *((step, 190, None, "The token is not good any more") for step in ("facts", "subscribe")),
    *((step, 10, None, "whatsapp_business_management") for step in ("facts", "subscribe")),
    *((step, 200, None, "whatsapp_business_management") for step in ("facts", "subscribe")),
    ("contacts", 131005, None, "whatsapp_business_messaging"),
    *((step, 100, 33, "was not shared with this app") for step in ("facts", "subscribe")),
    ("facts", 33, None, "was not shared with this app"),
    ("subscribe", 100, None, "Mend what Meta names"),
    *(("subscribe", code, None, "wait some minutes") for code in TRANSIENT),
    *(("history", code, None, "wait some minutes") for code in TRANSIENT),
    *((step, 368, None, "locked the account") for step in ("subscribe", "contacts")),
    ("subscribe", 131031, None, "locked the account"),
    ("subscribe", 130497, None, "does not allow this for the number's country"),
    ("facts", 133010, None, "not registered at Meta any more"),
    ("facts", None, None, "registered in the WhatsApp Business app"),
    *((step, 2593107, None, "disconnect in the app") for step in ("contacts", "history")),
    *((step, 2593108, None, "disconnect in the app") for step in ("contacts", "history")),
    ("subscribe", 999999, None, "Mend what Meta names"),
]


@pytest.mark.parametrize(("step", "code", "subcode", "words"), TABLE)
def test_each_of_metas_codes_has_its_advice(
    step: Step, code: int | None, subcode: int | None, words: str
) -> None:
    record = StepRecord(
        state="refused", asked_at=NOW, problem="Meta's words", code=code, subcode=subcode
    )

    assert words in (advice.what_to_do(step, record, NOW) or "")


@pytest.mark.parametrize(
    ("step", "code", "subcode", "words"),
    [row for row in TABLE if row[0] in ("exchange", "facts", "subscribe")],
)
async def test_a_refusal_says_both_words_leaves_nothing_half_connected_and_a_new_code_begins_clean(
    step: Step, code: int | None, subcode: int | None, words: str
) -> None:
    stage = Stage(Meta(answers={step: [Refused(code, "Meta's words", subcode)]}))
    with pytest.raises(ConnectFailed, match="Meta's words") as failed:
        await stage.connect()
    taken = set(stage.meta.taken)

    ledger = await stage.connect()

    assert (words in failed.value.what_to_do, failed.value.by_meta, taken) == (True, True, set())
    assert failed.value.ledger is None or not failed.value.ledger.connected
    assert (ledger.connected, stage.meta.taken) == (True, {"contacts", "history"})
    assert {record.problem for record in ledger.steps.values()} == {None}


@pytest.mark.parametrize("code", [10, 33, 190])
def test_whoever_adopts_is_not_sent_to_embedded_signup(code: int) -> None:
    said = advice.on_refusal("facts", Refused(code, "no"), adopting=True)

    assert "Embedded Signup" not in said
    assert "code" not in said
