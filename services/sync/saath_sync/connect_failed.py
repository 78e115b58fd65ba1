"""Why a number could not be connected, in Meta's words and ours, with what to do about it. Pure."""

from datetime import datetime

from saath.errors import SaathError
from saath_sync import advice, onboarding
from saath_sync.ledger import Ledger
from saath_sync.onboarding import Refused, StepRefused, Unknown


class ConnectFailed(SaathError):
    """
    The number could not be connected.

    ``by_meta`` is whether Meta said so; otherwise it is unknown. ``choose`` asks a person to choose, or
    to bring what is missing. ``ledger`` is what is known of the number, where something is.
    """

    def __init__(
        self,
        sentence: str,
        what_to_do: str,
        *,
        by_meta: bool = True,
        choose: bool = False,
        ledger: Ledger | None = None,
    ) -> None:
        super().__init__(sentence)
        self.what_to_do, self.by_meta, self.choose = what_to_do, by_meta, choose
        self.ledger = ledger


def no_token(result: Refused | Unknown) -> ConnectFailed:
    """The code gave no token."""
    what = "the code could not be exchanged"
    if isinstance(result, Unknown):
        return ConnectFailed(f"{what}: {result.reason}", advice.NEW_CODE, by_meta=False)
    todo = advice.on_refusal("exchange", result)
    return ConnectFailed(f"{what}: {onboarding.problem(result)}", todo)


def not_replaced(found: Refused | Unknown) -> ConnectFailed:
    """The number works, and what the new code gave does not see it."""
    what = "the number is connected already and goes on as it did; with the new code"
    if isinstance(found, Unknown):
        return ConnectFailed(
            f"{what} it was not seen: {found.reason}", advice.NEW_CODE, by_meta=False
        )
    todo = advice.on_refusal("facts", found)
    return ConnectFailed(f"{what}: {onboarding.problem(found)}", todo)


def working(ledger: Ledger, now: datetime) -> Ledger:
    """
    The ledger, if nothing is missing without which the number does not work.

    Raises:
        ConnectFailed: something is, and a person must do something about it.
        StepRefused: it is being asked for.
    """
    step = onboarding.first_failed(ledger)
    if step is None:
        return ledger
    record = ledger.steps.get(step)
    if record is None:  # the exchange: without a token nothing was asked
        raise ConnectFailed("there is no token for it", advice.NEW_CODE, choose=True)
    if onboarding.shown_state(record, now) == "asked":
        raise StepRefused(f"{step} is being asked at this moment; try again in a minute")
    todo = advice.what_to_do(step, record, now, adopted=ledger.adopted) or advice.NEW_CODE
    sentence = f"{step}: {record.problem or 'it was asked and never answered'}"
    refused = record.state == "refused"
    raise ConnectFailed(sentence, todo, by_meta=refused, ledger=ledger)
