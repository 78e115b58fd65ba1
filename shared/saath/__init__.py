"""
Saath: one WhatsApp number, answered by people from the Business app and by bots.

``saath.events`` and the rest of the contract need pydantic only. The names below are the client's,
imported when they are first used, and need the extra: ``pip install 'saath[client]'``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saath.client import (
        Answer,
        Bot,
        ClientSettings,
        Commander,
        Done,
        Handoff,
        Pass,
        Reply,
        Sender,
        Subscriber,
        request_for,
    )
    from saath.events import TurnOffered

__all__ = [
    "Answer",
    "Bot",
    "ClientSettings",
    "Commander",
    "Done",
    "Handoff",
    "Pass",
    "Reply",
    "Sender",
    "Subscriber",
    "TurnOffered",
    "request_for",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'saath' has no attribute {name!r}")
    try:
        module = import_module("saath.events" if name == "TurnOffered" else "saath.client")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("saath"):
            raise
        raise ImportError(
            f"saath.{name} needs {error.name}, which is not installed: pip install 'saath[client]'"
        ) from error
    return getattr(module, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
