"""
How a number is connected: which call comes next, and what its answer means. Pure.

Two of the calls may be made once in an onboarding, so each is stored as asked before it is made, and
one whose answer never came is asked again only when a person says so.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import SecretStr

from saath.errors import SaathError
from saath_sync.ledger import Ledger, Step, StepRecord

# Without these the number does not work; without its past it does.
NEEDED: tuple[Step, ...] = ("exchange", "subscribe", "facts")
ONE_TIME: tuple[Step, ...] = ("contacts", "history")

# No call of ours waits longer for its answer, so what was asked before that will not be answered.
ANSWER_WITHIN = timedelta(seconds=60)

NEW_CODE = (
    "A code lives 30 seconds and is good once: have the business finish Embedded Signup again, and "
    "send the new code at once, with phone_number_id where it is known."
)

ALREADY_ASKED, TOO_LATE = 2593107, 2593108


class StepRefused(SaathError):
    """This step cannot be asked now; the message says why. Nothing was asked."""


@dataclass(frozen=True, slots=True)
class Done:
    """Meta took it."""

    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Meta said no, in its own words."""

    code: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or none that says what happened."""

    reason: str


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """What the Graph API says of a business number."""

    number: str
    display_phone: str | None = field(default=None, repr=False)
    on_business_app: bool = False


Result = Done | Refused | Unknown
Token = SecretStr


def wanted(ledger: Ledger) -> tuple[Step, ...]:
    """The steps of this number's onboarding, in their order."""
    return (*NEEDED, "contacts", "history") if ledger.wants_history else (*NEEDED, "contacts")


def next_step(
    ledger: Ledger, now: datetime, *, tried: Collection[Step] = (), ask_unknown: bool = False
) -> Step | None:
    """
    The step to ask next, of those not *tried* in this run; ``None`` when none may be asked.

    The exchange is not among them: it needs a new code, which only a person can bring.
    """
    for step in wanted(ledger):
        record = ledger.steps.get(step)
        if record is not None and record.state == "done":
            continue
        if step == "exchange":
            return None
        allowed = record is None or _may_ask(step, record, now, ask_unknown=ask_unknown)
        if allowed and step not in tried:
            return step
        if step in NEEDED:
            return None
    return None


def asked(ledger: Ledger, step: Step, now: datetime, *, ask_unknown: bool) -> Ledger:
    """
    Store the intent to ask *step*.

    Raises:
        StepRefused: it is being asked at this moment, it was done, or its answer is unknown.
    """
    record = ledger.steps.get(step)
    if record is not None and not _may_ask(step, record, now, ask_unknown=ask_unknown):
        raise StepRefused(f"{step} {_why_not(record, now)}")
    doubtful = record is not None and (record.doubtful or record.state in ("asked", "unknown"))
    return _put(ledger, step, StepRecord(state="asked", asked_at=now, doubtful=doubtful))


def answered(ledger: Ledger, step: Step, result: Result, now: datetime) -> Ledger:
    """Note what became of *step*."""
    record = ledger.steps.get(step) or StepRecord(state="asked", asked_at=now)
    match result:
        case Done(request_id=request_id):
            update = {"state": "done", "request_id": request_id, "problem": None}
        case Refused(code=code) if code == ALREADY_ASKED and record.doubtful:
            # Our own unanswered call got through: that is what this refusal says.
            update = {"state": "done", "problem": None}
        case Refused():
            update = {"state": "refused", "problem": problem(result)}
        case Unknown(reason=reason):
            update = {"state": "unknown", "problem": reason}
    ledger = _put(ledger, step, record.model_copy(update={**update, "answered_at": now}))
    works = all(is_done(ledger, needed) for needed in NEEDED)
    return ledger.model_copy(update={"connected": ledger.connected or works})


def token_obtained(ledger: Ledger, now: datetime) -> Ledger:
    """With a new token, what it is needed for is asked anew; what Meta takes only once is not."""
    again = {step: ledger.steps[step] for step in ONE_TIME if step in ledger.steps}
    if "exchange" in ledger.steps:
        again["exchange"] = ledger.steps["exchange"]
    return answered(ledger.model_copy(update={"steps": again}), "exchange", Done(), now)


def coexistence(found: PhoneNumber) -> Result:
    """Judge whether a number is one that a phone and the API share."""
    if found.on_business_app:
        return Done()
    return Refused(
        None,
        "the number is not in the WhatsApp Business app (is_on_biz_app is false), so there is no "
        "phone to share it with",
    )


def only_number(found: Collection[PhoneNumber]) -> PhoneNumber | Refused:
    """The account's one number that is in the Business app; a person decides where it is not one."""
    shared = [number for number in found if number.on_business_app]
    if len(shared) == 1:
        return shared[0]
    if not shared:
        return Refused(None, "no number of this account is in the WhatsApp Business app")
    names = ", ".join(sorted(number.number for number in shared))
    return Refused(
        None,
        f"several numbers of this account are in the Business app: {names}. Say phone_number_id",
    )


def is_done(ledger: Ledger, step: Step) -> bool:
    """Whether Meta is known to have taken *step*."""
    record = ledger.steps.get(step)
    return record is not None and record.state == "done"


def shown_state(record: StepRecord, now: datetime) -> str:
    """The state of a step as people see it: what was asked long ago will not be answered."""
    stale = record.state == "asked" and now - record.asked_at >= ANSWER_WITHIN
    return "unknown" if stale else record.state


def problem(refused: Refused) -> str:
    """Meta's words, with its number."""
    number = "" if refused.code is None else f" (Meta's error {refused.code})"
    return f"{refused.message}{number}"


def what_to_do(step: Step, record: StepRecord, now: datetime) -> str | None:
    """What a person should do about a step that is not done; ``None`` when nothing."""
    state = shown_state(record, now)
    if state in ("done", "asked"):
        return None
    text = record.problem or ""
    if step == "exchange":
        return NEW_CODE
    if str(ALREADY_ASKED) in text or str(TOO_LATE) in text:
        return (
            "Meta takes this request once, within 24 hours of the onboarding: have the business "
            "disconnect in the app and go through Embedded Signup again. Everything else works."
        )
    if state == "unknown" and step in ONE_TIME:
        return (
            "Meta may have taken the request, or not. If nothing arrives in some minutes, ask again "
            "within 24 hours of the onboarding: POST /numbers/{number}/resume. If Meta had taken it, "
            "it says so and nothing is lost."
        )
    return "Mend what Meta names, then POST /numbers/{number}/resume."


def may_still_be_taken(record: StepRecord | None) -> bool:
    """Whether a one-time request can still be won: neither taken nor refused for good."""
    if record is None or record.state in ("asked", "unknown"):
        return True
    text = record.problem or ""
    final = str(ALREADY_ASKED) in text or str(TOO_LATE) in text
    return record.state == "refused" and not final


def _may_ask(step: Step, record: StepRecord, now: datetime, *, ask_unknown: bool) -> bool:
    match shown_state(record, now):
        case "done":
            return step not in ONE_TIME
        case "asked":
            return False
        case "unknown":
            return step not in ONE_TIME or ask_unknown
        case _:
            return True


def _why_not(record: StepRecord, now: datetime) -> str:
    match shown_state(record, now):
        case "done":
            return "was done already"
        case "asked":
            return "is being asked at this moment"
        case _:
            return "was asked and never answered: it is asked again only when a person says so"


def _put(ledger: Ledger, step: Step, record: StepRecord) -> Ledger:
    return ledger.model_copy(update={"steps": {**ledger.steps, step: record}})
