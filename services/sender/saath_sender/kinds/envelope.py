"""What stands around a message's own object: whom it quotes, and what is not for its writer to say. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from saath_sender.kinds import read
from saath_sender.kinds.shape import Name, Shape, Wrong, checked
from saath_sender.kinds.unavailable import GROUPS, VANISHING, VIEW_ONCE

# Said by the sender. Whoever could write them here could write to somebody else than they may.
OURS: Mapping[str, str] = {
    "to": "whom it goes to is said once for the request, beside messages",
    "recipient": "whom it goes to is said once for the request, in its to",
    "biz_opaque_callback_data": "this is the sender's, which knows its messages by it",
    "status": 'a read mark is written {"type": "read", "read": {"message_id": "…"}}',
    "message_id": 'a read mark is written {"type": "read", "read": {"message_id": "…"}}',
    "typing_indicator": 'it is written {"type": "read", "read": {"message_id": "…", "typing": true}}',
    "group_id": GROUPS,
    "view_once": VIEW_ONCE,
    "ephemeral": VANISHING,
}
ONLY: Mapping[str, str] = {"messaging_product": "whatsapp", "recipient_type": "individual"}


class Context(Shape):
    """The message that this one quotes."""

    message_id: Name


context_wrong = checked(Context)


def envelope_wrong(
    kind: str, written: Mapping[str, Any], *, others: Collection[str]
) -> Wrong | None:
    """What is wrong with *written* around the object of its *kind*; *others* are the other kinds."""
    for name, value in written.items():
        if value is None or name == kind:
            continue
        if name == "recipient_type" and value == "group":
            return Wrong((name,), GROUPS)
        if name in ONLY and value != ONLY[name]:
            return Wrong((name,), f"{name} can only be {ONLY[name]}: leave it out")
        if name in OURS:
            return Wrong((name,), OURS[name])
        if name in others:
            reason = f"a message of type {kind} has no {name}: send it as a message of its own"
            return Wrong((name,), reason)
        if name == "context":
            found = context_wrong(value)
            if found or kind == read.TYPE:
                return (found or Wrong((), "a read mark quotes nothing")).under(name)
    return None
