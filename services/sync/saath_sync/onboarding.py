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
from saath.events import NumberPolicy
from saath_sync.description import Profile
from saath_sync.ledger import Ledger, Step, StepRecord

# Without these the number does not work; without its past it does.
# What only reads comes before what changes something, so that a refusal leaves nothing to undo.
NEEDED: tuple[Step, ...] = ("exchange", "facts", "subscribe")
ADOPTED: tuple[Step, ...] = ("facts", "subscribe")
ONE_TIME: tuple[Step, ...] = ("contacts", "history")

# No call of ours waits longer for its answer, so what was asked before that will not be answered.
ANSWER_WITHIN = timedelta(seconds=60)

ALREADY_ASKED, TOO_LATE = 2593107, 2593108
NO_PROBLEM: dict[str, object] = {"problem": None, "code": None, "subcode": None}
# What became of a one-time request in an onboarding before this one: it says nothing of this one.
EARLIER = "asked in an earlier onboarding"


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
    subcode: int | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or none that says what happened."""

    reason: str


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """What the Graph API says of a business number. ``profile``: ``None`` where it did not say it."""

    number: str
    display_phone: str | None = field(default=None, repr=False)
    on_business_app: bool = False
    platform: str | None = None
    profile: Profile | None = None


Result = Done | Refused | Unknown
Token = SecretStr


def wanted(ledger: Ledger) -> tuple[Step, ...]:
    """The steps of this number's onboarding, in their order."""
    if ledger.adopted:
        return ADOPTED
    return (*NEEDED, "contacts", "history") if ledger.wants_history else (*NEEDED, "contacts")


def needed(ledger: Ledger) -> tuple[Step, ...]:
    """The steps without which this number does not work."""
    return ADOPTED if ledger.adopted else NEEDED


def next_step(
    ledger: Ledger, now: datetime, *, tried: Collection[Step] = (), ask_unknown: bool = False
) -> Step | None:
    """
    The step to ask next, of those not *tried* in this run; ``None`` when none may be asked.

    The exchange is not among them: it needs a new code, which only a person can bring. Nothing goes
    before a call that is under way: Meta wants the contacts asked for before the history.
    """
    for step in wanted(ledger):
        record = ledger.steps.get(step)
        if is_done(ledger, step):
            continue
        if step == "exchange":
            return None
        allowed = record is None or _may_ask(step, record, now, ask_unknown=ask_unknown)
        if allowed and step not in tried:
            return step
        if step in NEEDED or (record and shown_state(record, now) == "asked"):
            return None
    return None


def first_failed(ledger: Ledger) -> Step | None:
    """The first step that is not done, of those without which the number does not work."""
    return next((step for step in needed(ledger) if not is_done(ledger, step)), None)


def asked(ledger: Ledger, step: Step, now: datetime, *, ask_unknown: bool) -> Ledger:
    """
    Store the intent to ask *step*.

    Raises:
        StepRefused: it is being asked at this moment, it was done, its answer is unknown, or the
            number was adopted and it is none of an adoption's.
    """
    if ledger.adopted and step in ONE_TIME:
        raise StepRefused(f"{step} is never asked for a number that was connected elsewhere")
    record = ledger.steps.get(step)
    if record is not None and not _may_ask(step, record, now, ask_unknown=ask_unknown):
        raise StepRefused(f"{step} {_why_not(record, now)}")
    doubtful = record is not None and (record.doubtful or record.state in ("asked", "unknown"))
    earlier = (
        record.answered_at if record and step == "exchange" and is_done(ledger, step) else None
    )
    begun = StepRecord(state="asked", asked_at=now, doubtful=doubtful, answered_at=earlier)
    return _put(ledger, step, begun)


def answered(ledger: Ledger, step: Step, result: Result, now: datetime) -> Ledger:
    """Note what became of *step*."""
    record = ledger.steps.get(step) or StepRecord(state="asked", asked_at=now)
    works = ledger.connected or is_done(ledger, step)
    if step == "exchange" and works and not isinstance(result, Done):
        return _without_new_code(ledger, record)
    match result:
        case Done(request_id=request_id):
            update = {"state": "done", "request_id": request_id, **NO_PROBLEM}
        case Refused(code=code) if code == ALREADY_ASKED and record.doubtful:
            # Our own unanswered call got through: that is what this refusal says.
            update = {"state": "done", **NO_PROBLEM}
        case Refused():
            said = {"code": result.code, "subcode": result.subcode}
            update = {"state": "refused", "problem": problem(result), **said}
        case Unknown(reason=reason):
            update = {**NO_PROBLEM, "state": "unknown", "problem": reason}
    ledger = _put(ledger, step, record.model_copy(update={**update, "answered_at": now}))
    works = first_failed(ledger) is None
    return ledger.model_copy(update={"connected": ledger.connected or works})


def adoption_refused(ledger: Ledger | None, now: datetime) -> str | None:
    """Why a number may not be adopted; ``None`` where it may."""
    if ledger is None or ledger.adopted or ledger.life.state != "active":
        return None
    exchange = ledger.steps.get("exchange")
    if exchange is None:
        return None
    match shown_state(exchange, now):
        case "done":
            return (
                f"the number {ledger.number} was connected here with a code: there is nothing to adopt. "
                "Resume goes on with what is missing of it"
            )
        case "asked":
            return f"the number {ledger.number} is being connected at this moment"
        case _:
            return None


def adopted(
    ledger: Ledger | None, number: str, account: str, policy: NumberPolicy, now: datetime
) -> Ledger:
    """
    The ledger of a number that was connected elsewhere.

    What was ever asked once stays known, and from now on none of it is asked.

    Raises:
        StepRefused: it was connected here with a code, or is being connected.
    """
    if why := adoption_refused(ledger, now):
        raise StepRefused(why)
    ledger = ledger or Ledger(number=number)
    kept = {step: ledger.steps[step] for step in ONE_TIME if step in ledger.steps}
    update = {"account": account, "policy": policy, "adopted": True, "steps": kept}
    return ledger.model_copy(update={**update, "wants_history": False})


def token_obtained(ledger: Ledger, now: datetime) -> Ledger:
    """With a new token, what it is needed for is asked anew; what Meta takes only once is not."""
    again = {step: ledger.steps[step] for step in ONE_TIME if step in ledger.steps}
    if "exchange" in ledger.steps:
        again["exchange"] = ledger.steps["exchange"]
    return answered(ledger.model_copy(update={"steps": again}), "exchange", Done(), now)


def is_done(ledger: Ledger, step: Step) -> bool:
    """Whether Meta is known to have taken *step*; a code once, whatever becomes of another one."""
    record = ledger.steps.get(step)
    if record is None:
        return False
    return record.state == "done" or (record.state == "asked" and record.answered_at is not None)


def shown_state(record: StepRecord, now: datetime) -> str:
    """The state of a step as people see it: what was asked long ago will not be answered."""
    stale = record.state == "asked" and now - record.asked_at >= ANSWER_WITHIN
    return "unknown" if stale else record.state


def problem(refused: Refused) -> str:
    """Meta's words, with its number."""
    if refused.code is None:
        return refused.message
    finer = "" if refused.subcode is None else f", subcode {refused.subcode}"
    return f"{refused.message} (Meta's error {refused.code}{finer})"


def may_still_be_taken(record: StepRecord | None) -> bool:
    """Whether a one-time request can still be won: neither taken nor refused for good."""
    if record is None or record.state in ("asked", "unknown"):
        return True
    return record.state == "refused" and not final(record)


def asked_before(ledger: Ledger) -> dict[Step, StepRecord]:
    """The one-time requests as an onboarding after an end finds them: Meta takes them anew."""
    again = {**NO_PROBLEM, "state": "refused", "doubtful": True, "problem": EARLIER}
    return {s: r.model_copy(update=again) for s, r in ledger.steps.items() if s in ONE_TIME}


def is_earlier(record: StepRecord) -> bool:
    """Whether it stands there from an onboarding before: it was not asked in this one."""
    return record.state == "refused" and record.problem == EARLIER


def final(record: StepRecord) -> bool:
    """Whether Meta takes this one-time request no more, in this onboarding."""
    text = record.problem or ""  # ledgers of before had the code in the text alone
    return any(record.code == code or str(code) in text for code in (ALREADY_ASKED, TOO_LATE))


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


def _without_new_code(ledger: Ledger, record: StepRecord) -> Ledger:
    """Another code came to nothing: the token that the number has, if any, is as good as it was."""
    if record.answered_at is None:
        steps = {step: known for step, known in ledger.steps.items() if step != "exchange"}
        return ledger.model_copy(update={"steps": steps})
    was = {"state": "done", "asked_at": record.answered_at, "doubtful": False}
    return _put(ledger, "exchange", record.model_copy(update=was))


def _put(ledger: Ledger, step: Step, record: StepRecord) -> Ledger:
    return ledger.model_copy(update={"steps": {**ledger.steps, step: record}})
