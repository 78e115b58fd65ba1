"""``messaging_handovers``: a thread passes to Meta's own agent, or from it. Pure."""

from dataclasses import replace
from functools import partial
from typing import Literal

from saath.events import Contact, JsonObject, ThreadControlChanged
from saath.identity import digest_id
from saath.topics import INBOUND
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.contacts import contact, nobody
from saath_ingest.fields.frame import Frame, frame_of
from saath_ingest.fields.remainder import Told, remainder
from saath_ingest.fields.unrecognised import FRAME, attempt
from saath_ingest.fields.values import canonical, mapping, moment, text

PASSED, TAKEN = "control_passed", "control_taken"

# Meta's own agent, as the roles of owners and of apps call it.
AGENT = frozenset({"ai_agent", "meta_business_agent"})

TOLD: Told = {
    **FRAME,
    "recipient": {"display_phone_number": "address", "phone_number_id": "address"},
    "sender": {"phone_number": "address", "wa_id": "address", "user_id": "address"},
    "timestamp": moment,
    "type": text,
}


def read(change: Change) -> tuple[Placed, ...]:
    """The one handover that a change is. Its number stands in ``recipient``, not in ``metadata``."""
    metadata = mapping(change.value.get("metadata")) or change.value.get("recipient")
    about = replace(change, value={**change.value, "metadata": metadata})
    changed = partial(control_changed, frame_of(about))
    return (attempt(about, change.value, INBOUND, changed),)


def control_changed(frame: Frame, value: JsonObject) -> ThreadControlChanged:
    """
    Who holds the thread now.

    Raises:
        Unreadable: it names no customer, or it cannot be told who holds the thread.
    """
    kind = text(value.get("type")) or next((k for k in (PASSED, TAKEN) if k in value), "")
    said, who = mapping(value.get(kind)), customer(frame, mapping(value.get("sender")))
    if who is None:
        raise Unreadable("a handover without a customer")
    return ThreadControlChanged(
        id=digest_id("thread_", frame.number, canonical(value)),
        time=moment(value.get("timestamp")) or frame.received_at,
        number=frame.number,
        contact=who,
        holder=holder(kind, said),
        action=kind or None,
        reason=text(said.get("metadata")),
        details=remainder(value, {**TOLD, kind: {"metadata": text}}, frame.said(who)),
    )


def holder(kind: str, said: JsonObject) -> Literal["meta", "app"]:
    """
    Meta's agent where it is the new owner. Where it was the old one, we are.

    Meta tells of ``control_passed`` whoever is the owner now, of ``control_taken`` whoever was: without
    roles the first says that it is us. A thread that was taken by one app from another is nobody's
    whom we can name: between the two of them we cannot tell which we are.

    Raises:
        Unreadable: nothing says so.
    """
    new, previous = (
        {text(said.get(f"{side}_owner_{key}")) for key in ("role", "app_role")}
        for side in ("new", "previous")
    )
    if new & AGENT:
        return "meta"
    if previous & AGENT or kind == PASSED:
        return "app"
    raise Unreadable("a handover that does not say who holds the thread")


def customer(frame: Frame, sender: JsonObject) -> Contact | None:
    """The customer whose thread it is. Meta leaves a phone number out where there is none to say."""
    at = sender.get("phone_number") or sender.get("wa_id")
    who = contact(frame.known, at, sender.get("user_id"))
    return frame.sole if nobody(who) else who
