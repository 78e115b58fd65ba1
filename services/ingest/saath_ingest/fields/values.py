"""Meta's values, read leniently: any of them may be absent, retyped or absurd. Pure."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from saath.events import JsonObject, Problem

# A record's key and a message's id go into headers and hash rings; Meta's longest are near 200.
ID_MAX = 1024

_DIGITS_MAX = 32
_SPACERS = str.maketrans("", "", "+-() .\u00a0")

# A timestamp outside of this is milliseconds, an error, or nobody's message.
_SECONDS_MAX = 4_102_444_800  # 2100-01-01


def text(value: Any) -> str | None:
    """A text that says something. Ids are documented as text and have been seen as numbers."""
    # By far the most are text, and this is asked forty times an update.
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def identifier(value: Any) -> str | None:
    """An id of Meta's, of a length that can be one."""
    found = value if isinstance(value, str) else text(value)
    return found if found and len(found) <= ID_MAX else None


def account_id(value: Any) -> str | None:
    """The id of an account or a phone number: digits."""
    found = text(value)
    return found if found and _are_digits(found) else None


def whole(value: Any) -> int | None:
    """A whole number, written as one or as text."""
    if isinstance(value, str):
        return int(value) if len(value) <= 18 and value.isascii() and value.isdecimal() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def moment(value: Any) -> datetime | None:
    """Unix seconds, as text or as a number, where they are a time that can be meant."""
    seconds = whole(value)
    if seconds is None or not 0 < seconds < _SECONDS_MAX:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def mapping(value: Any) -> JsonObject:
    """An object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> Sequence[Any]:
    """A list. One thing where a list is documented is a list of one."""
    match value:
        case list():
            return value
        case None:
            return ()
        case _:
            return (value,)


def digits(value: Any) -> str | None:
    """A phone number as digits; numbers like ``+1 555-078-3881`` stand in older webhooks."""
    found = text(value)
    if found is None:
        return None
    if _are_digits(found):
        return found
    if found[:1].isalpha():  # a business-scoped user id: it need not be looked through
        return None
    found = found.translate(_SPACERS)
    return found if _are_digits(found) else None


def _are_digits(found: str) -> bool:
    # As [0-9]{1,32}, a quarter faster, and asked nine times an update.
    return found.isdecimal() and found.isascii() and len(found) <= _DIGITS_MAX


def address(value: Any) -> str | None:
    """A phone number as digits, or whatever else stands for somebody."""
    return digits(value) or identifier(value)


def boolean(value: Any) -> bool | None:
    """True or false, written as that."""
    return value if isinstance(value, bool) else None


def problems(value: Any) -> tuple[Problem, ...]:
    """Meta's ``errors``."""
    return tuple(
        Problem(
            code=whole(error.get("code")),
            title=text(error.get("title")),
            message=text(error.get("message")),
            details=text(mapping(error.get("error_data")).get("details")),
            href=text(error.get("href")),
        )
        for error in sequence(value)
        if isinstance(error, dict)
    )


def canonical(value: Any) -> str:
    """JSON that is the same for the same value, whatever order its keys came in."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
