"""What Meta says of accounts, as words about the life of their numbers. Pure."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from saath.events import AccountUpdated, NumberRecorded, Restriction, RestrictionKind
from saath_sync.life import Disabled, Moved, Restricted, Warned, Word

KINDS: Mapping[str, RestrictionKind] = {
    "RESTRICTED_BIZ_INITIATED_MESSAGING": "business_initiated",
    "RESTRICTED_CUSTOMER_INITIATED_MESSAGING": "customer_initiated",
    "RESTRICTED_ADD_PHONE_NUMBER_ACTION": "add_number",
}
# What Meta may say that somebody must look at, though nothing is to be done at once.
WARNINGS = ("ACCOUNT_VIOLATION", "PARTNER_CLIENT_CERTIFICATION_NEEDED")


def word_of(update: AccountUpdated) -> Word | None:
    """What *update* says of the life of a number; ``None`` where it says nothing of it."""
    if update.field != "account_update":
        return None
    at, details = update.time, update.details
    match update.event:
        case "ACCOUNT_OFFBOARDED":
            return Moved(at, "offboarded", "the app was registered anew (ACCOUNT_OFFBOARDED)")
        case "ACCOUNT_RECONNECTED":
            return Moved(at, "active", "ACCOUNT_RECONNECTED", reconnecting=True)
        case "PARTNER_REMOVED":
            return Moved(at, "disconnected", _why_removed(details))
        case "PARTNER_APP_UNINSTALLED":
            return Moved(at, "disconnected", "our app was uninstalled (PARTNER_APP_UNINSTALLED)")
        case "ACCOUNT_DELETED":
            return Moved(at, "removed", "the account was deleted (ACCOUNT_DELETED)")
        case "ACCOUNT_RESTRICTION":
            return _restriction(at, details)
        case "DISABLED_UPDATE":
            return _banned(at, details)
        case str() as event if event in WARNINGS:
            return Warned(at, event)
        case _:
            return None


def restrictions_in(details: Mapping[str, Any]) -> tuple[Restriction, ...]:
    """What Meta does not let the number do, until when. A kind nobody has heard of is everything."""
    found = details.get("restriction_info")
    return tuple(
        Restriction(
            kind=KINDS.get(str(item.get("restriction_type")), "everything"),
            until=_moment(item.get("expiration")),
        )
        for item in (found if isinstance(found, list) else ())
        if isinstance(item, dict)
    )


def numbers_meant(update: AccountUpdated, known: Iterable[NumberRecorded]) -> tuple[str, ...]:
    """
    Whom *update* is about: the one of its account with the phone number it names, else all of them.

    Names none where the account has none, or where it names a phone number that we do not know.
    """
    mine = [number for number in known if number.account == update.account]
    phone = _digits(update.details.get("phone_number"))
    if phone:
        mine = [number for number in mine if _digits(number.display_phone) == phone]
    return tuple(sorted(number.number for number in mine if number.number))


def _why_removed(details: Mapping[str, Any]) -> str:
    info = details.get("disconnection_info")
    reason = info.get("reason") if isinstance(info, dict) else None
    by = info.get("initiated_by") if isinstance(info, dict) else None
    said = ", ".join(str(word) for word in (reason, by and f"by {by}") if word)
    return f"the business disconnected us (PARTNER_REMOVED{f': {said}' if said else ''})"


def _restriction(at: datetime, details: Mapping[str, Any]) -> Word:
    """Where it cannot be read what Meta restricts, nothing that was restricted is free because of it."""
    found = restrictions_in(details)
    if not found:
        return Warned(at, "Meta restricts it, and does not say what (ACCOUNT_RESTRICTION)")
    return Restricted(at, found, "Meta restricts it (ACCOUNT_RESTRICTION)")


def _banned(at: datetime, details: Mapping[str, Any]) -> Word | None:
    info = details.get("ban_info")
    match info.get("waba_ban_state") if isinstance(info, dict) else None:
        case "DISABLE":
            return Disabled(at, True, "Meta disabled the account (DISABLE)")
        case "REINSTATE":
            return Disabled(at, False, "Meta enabled the account again (REINSTATE)")
        case "SCHEDULE_FOR_DISABLE":
            return Warned(at, "Meta will disable the account (SCHEDULE_FOR_DISABLE)")
        case _:
            return None


def _moment(seconds: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _digits(phone: Any) -> str:
    return re.sub(r"\D", "", str(phone)) if phone else ""
