"""Events that the plain stories do without."""

from datetime import datetime
from typing import Any, Literal

from tests.unit.router.build import CONVERSATION, CUSTOMER, NUMBER, STATUSES, at

from saath.events import (
    CallReported,
    Content,
    Event,
    MessageAccepted,
    MessageDropped,
    MessageEdited,
    MessageExpired,
    MessageLeftInDoubt,
    MessageRefused,
    MessageRejected,
    MessageRevoked,
    MessageShadowed,
    MessageSuperseded,
    OutcomeEvent,
    Pricing,
    Problem,
    StatusEvent,
    Then,
    ThreadControlChanged,
    TurnClosed,
    TurnOffered,
)
from saath.identity import Callback, event_id

Outcome = Literal[
    "accepted", "closed", "working", "superseded", "shadowed", "expired", "refused", "rejected",
    "left_in_doubt", "dropped",
]  # fmt: skip
OUTCOMES: dict[str, type[OutcomeEvent]] = {
    "accepted": MessageAccepted,
    "closed": TurnClosed,
    "working": TurnClosed,
    "superseded": MessageSuperseded,
    "shadowed": MessageShadowed,
    "expired": MessageExpired,
    "refused": MessageRefused,
    "rejected": MessageRejected,
    "left_in_doubt": MessageLeftInDoubt,
    "dropped": MessageDropped,
}


def whole(seconds: float) -> datetime:
    """Meta's times are whole seconds."""
    return at(seconds).replace(microsecond=0)


def about(message: str, what: str, when: datetime) -> dict[str, Any]:
    return {"id": event_id(message, what), "time": when, "number": NUMBER}


def outcome_of(
    kind: Outcome, turn: TurnOffered, seconds: float, index: int, total: int, then: Then | None
) -> OutcomeEvent:
    """What became of one message of the answer to *turn*."""
    said: dict[str, Any] = about(f"{turn.id}/{index}", kind, at(seconds)) | {
        "request": turn.id,
        "index": index,
        "total": total,
        "by": "bot",
        "bot": turn.bot,
        "turn_id": turn.id,
        "epoch": turn.epoch,
        "content": Content.of_text("Yes"),
    }
    match kind:
        case "accepted":
            said |= {"message_id": f"out-{turn.id}-{index}", "to": CUSTOMER.phone, "then": then}
        case "closed":
            said |= {"then": then or "done", "index": 0, "total": 1}
        case "working":
            said |= {"working_seconds": 60, "index": 0, "total": 1}
        case "rejected":
            said |= {"error": Problem(code=131047)}
        case "superseded" | "refused" | "left_in_doubt" | "dropped":
            said |= {"reason": "so it is"}
        case _:
            pass
    return OUTCOMES[kind].model_validate(said)


def status_of(
    kind: str,
    message: str,
    seconds: float,
    *,
    ours: bool = True,
    pricing: Pricing | None = None,
    errors: tuple[Problem, ...] = (),
) -> StatusEvent:
    callback = str(Callback("r1", 0, CONVERSATION, 1)) if ours else None
    return STATUSES[kind](
        **about(message, kind, whole(seconds)),
        message_id=message,
        contact=CUSTOMER,
        callback=callback,
        pricing=pricing,
        errors=errors if kind == "failed" else (),
    )


def changed_hands(name: str, seconds: float, holder: Literal["meta", "app"]) -> Event:
    said = about(name, "thread", whole(seconds))
    return ThreadControlChanged(**said, contact=CUSTOMER, holder=holder)


def revoked(message: str, original: str, seconds: float) -> Event:
    said = about(message, "revoked", whole(seconds))
    return MessageRevoked(
        **said, message_id=message, original_message_id=original, contact=CUSTOMER, by="customer"
    )


def edited(message: str, original: str, seconds: float) -> Event:
    return MessageEdited(
        **about(message, "edited", whole(seconds)),
        message_id=message,
        original_message_id=original,
        contact=CUSTOMER,
        by="customer",
        content=Content.of_text("in green, I meant"),
    )


def called(name: str, seconds: float) -> Event:
    return CallReported(**about(name, "call", whole(seconds)), call_id=name, contact=CUSTOMER)
