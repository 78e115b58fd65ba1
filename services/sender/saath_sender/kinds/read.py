"""
The customer's message is marked as read, and maybe they are shown that somebody types. Pure.

The one kind that is ours: at Meta it is no message but a status, with neither recipient nor answer.
"""

from typing import Any

from pydantic import ConfigDict

from saath.events import Content
from saath_sender.kinds.shape import Name, Shape, checked

TYPE = "read"


class Read(Shape):
    """``typing`` is shown until our message comes, for 25 s at most."""

    model_config = ConfigDict(extra="forbid")

    message_id: Name
    typing: bool | None = None


wrong = checked(Read)


def body_of(content: Content) -> dict[str, Any]:
    """The mark in Meta's shape."""
    mark = mark_of(content)
    typing = {"typing_indicator": {"type": "text"}} if mark.typing else {}
    return {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": mark.message_id,
        **typing,
    }


def mark_of(content: Content) -> Read:
    """The mark that *content* asks for; it was checked when the request was read."""
    return Read.model_validate((content.model_extra or {})[TYPE])
