"""
Every kind of message that the Cloud API takes on a coexistence number, each held to Meta's limits.

One file a kind. They say what is wrong, and where, and change nothing: what is sent is what was
written, with keys that nobody here has heard of.
"""

from collections.abc import Mapping
from typing import Any

from saath.events import Content
from saath_sender.kinds import (
    contacts,
    interactive,
    location,
    media,
    reaction,
    read,
    template,
    text,
)
from saath_sender.kinds.envelope import envelope_wrong
from saath_sender.kinds.shape import Check, Wrong
from saath_sender.kinds.unavailable import UNAVAILABLE

KINDS: Mapping[str, Check] = {
    "text": text.wrong,
    **media.KINDS,
    "location": location.wrong,
    "contacts": contacts.wrong,
    "reaction": reaction.wrong,
    "interactive": interactive.wrong,
    "template": template.wrong,
    read.TYPE: read.wrong,
}


def wrong(content: Content) -> Wrong | None:
    """What Meta, or we, would not take of *content*; ``None`` where it can be sent."""
    kind, written = content.type, content.model_extra or {}
    if kind in UNAVAILABLE:
        return Wrong(("type",), UNAVAILABLE[kind])
    if kind not in KINDS:
        return Wrong(("type",), f"{kind[:40]!r} cannot be sent, only {', '.join(KINDS)}")
    if kind not in written:
        return Wrong((kind,), f"the object {kind} is missing: a message of type {kind} needs it")
    return envelope_wrong(kind, written, others=KINDS.keys() - {kind}) or _within(
        kind, written[kind]
    )


def _within(kind: str, written: Any) -> Wrong | None:
    found = KINDS[kind](written)
    return found.under(kind) if found else None
