"""A one-time request that was in doubt once stays so, whatever Meta says of it in between."""

from tests.unit.sync.samples import NOW, NUMBER
from tests.unit.sync.stage import ALREADY

from saath_sync import onboarding
from saath_sync.ledger import Ledger
from saath_sync.onboarding import Refused, Result, Unknown


def test_a_refusal_in_between_does_not_hide_that_an_unanswered_request_may_have_been_taken() -> (
    None
):
    ledger = Ledger(number=NUMBER)
    answers: list[Result] = [Unknown("no answer"), Refused(4, "Too many calls"), ALREADY]
    for answer in answers:
        ledger = onboarding.asked(ledger, "contacts", NOW, ask_unknown=True)
        ledger = onboarding.answered(ledger, "contacts", answer, NOW)

    assert ledger.steps["contacts"].state == "done"
