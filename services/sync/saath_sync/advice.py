"""What a person does next: about a step that is not done, and about what Meta said. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime

from saath_sync.ledger import Step, StepRecord
from saath_sync.onboarding import ONE_TIME, Refused, final, shown_state

NEW_CODE = (
    "A code lives 30 seconds and is good once: have the business finish Embedded Signup again, and "
    "send the new code at once, with phone_number_id where it is known."
)
RESUME = "then POST /numbers/{number}/resume."
AGAIN = "adopt it again: nothing is asked twice."
ONCE = (
    "Meta takes this request once, within 24 hours of the onboarding: have the business "
    "disconnect in the app and go through Embedded Signup again. Everything else works."
)
MAY_BE_TAKEN = (
    "Meta may have taken the request, or not. If nothing arrives in some minutes, ask again "
    "within 24 hours of the onboarding: POST /numbers/{number}/resume. If Meta had taken it, "
    "it says so and nothing is lost."
)

PERMISSION: Collection[int] = (3, 10, 131005, *range(200, 300))
WAIT: Collection[int] = (1, 2, 4, 17, 32, 613, 80007, 131000, 131016, 131057, 133004, 2494100)
NOT_VISIBLE: Collection[int] = (33,)
LOCKED: Collection[int] = (368, 131031)

# Of the code exchange alone; elsewhere the same numbers mean other things.
EXCHANGE: Mapping[int, str] = {
    101: "SAATH_SYNC__APP_ID and SAATH_SYNC__APP_SECRET are not those of one app of Meta's: mend them, "
    "and have the business finish Embedded Signup again.",
    190: "SAATH_SYNC__APP_SECRET is not this app's any more: mend it, and have the business finish "
    "Embedded Signup again.",
}


def on_refusal(step: Step, refused: Refused, *, adopting: bool = False) -> str:
    """What to do when Meta, or our own look at what it shows, says no at *step*."""
    code = refused.code
    if step == "exchange":
        return EXCHANGE.get(code or 0, NEW_CODE)
    onward = AGAIN if adopting else RESUME
    if code == 190:
        return _token_is_dead(adopting=adopting)
    if code is not None and code in PERMISSION:
        return (
            "The token lacks a permission: it needs whatsapp_business_management and "
            "whatsapp_business_messaging, and the app must have both with advanced access. "
            + _new_token(adopting=adopting)
        )
    if code is not None and (code in NOT_VISIBLE or (code == 100 and refused.subcode == 33)):
        return (
            "The account or the number does not exist or was not shared with this app: look at "
            "waba_id and phone_number_id. Where the number is connected through somebody else, have the "
            "business disconnect it first: in the app, Settings → Account → Business Platform. "
            + _new_token(adopting=adopting)
        )
    if code is not None and code in LOCKED:
        return f"Meta has locked the account: have the business settle that with Meta, {onward}"
    if code is not None and code in WAIT:
        return (
            f"Meta cannot do it at the moment, or was asked too much: wait some minutes, {onward}"
        )
    if code == 130497:
        return (
            "Meta does not allow this for the number's country: there is nothing to do until it does. "
            "The number stays unconnected."
        )
    if code == 133010:
        return "The number is not registered at Meta any more. " + NEW_CODE
    if step == "facts" and code is None:
        return (
            "Have the number registered in the WhatsApp Business app, and the business choose “connect "
            "existing app account” in Embedded Signup. " + _new_token(adopting=adopting)
        )
    return f"Mend what Meta names, {onward}"


def _token_is_dead(*, adopting: bool) -> str:
    if adopting:
        return (
            "The token is not good any more, or was never: send the number's own in token, or mend "
            "SAATH_GRAPH__ACCESS_TOKEN. Nothing was kept."
        )
    return "The token is not good any more. " + NEW_CODE


def _new_token(*, adopting: bool) -> str:
    return f"Then {AGAIN}" if adopting else "Then send a new code, as a new onboarding gives it."


def what_to_do(
    step: Step, record: StepRecord, now: datetime, *, adopted: bool = False
) -> str | None:
    """What a person should do about a step that is not done; ``None`` when nothing."""
    match shown_state(record, now):
        case "done" | "asked":
            return None
        case "unknown" if step == "exchange":
            return NEW_CODE
        case "unknown" if step in ONE_TIME:
            return MAY_BE_TAKEN
        case "unknown":
            return "Wait some minutes, " + (AGAIN if adopted else RESUME)
        case _ if step in ONE_TIME and final(record):
            return ONCE
    refused = Refused(record.code, record.problem or "", record.subcode)
    return on_refusal(step, refused, adopting=adopted)
