"""What has no reader, or does not fit it: kept whole, acted on by nobody. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

from saath.events import Event, WebhookUnrecognised
from saath.identity import digest_id
from saath.topics import ACCOUNTS, Topic
from saath_ingest.fields.change import Change, Placed, Unreadable
from saath_ingest.fields.contacts import addresses, strangers
from saath_ingest.fields.remainder import Told, elsewhere, remainder
from saath_ingest.fields.values import account_id, canonical, digits, mapping, moment, sequence


def product(value: Any) -> object:
    """The product that every webhook of ours is about."""
    return value if value == "whatsapp" else None


# What stands beside the items of every change, and says nothing by itself.
FRAME: Told = {
    "messaging_product": product,
    "metadata": {"display_phone_number": digits, "phone_number_id": account_id},
}


def unrecognised(change: Change, reason: str, part: Any = None) -> Placed:
    """
    Keep *part* of a change, or all of it, with the reason why it was not read.

    It goes to the accounts topic, whatever it is about: the live path stays clean of what the
    router cannot know.
    """
    part = change.value if part is None else part
    details = part if isinstance(part, dict) else {"value": part}
    event = WebhookUnrecognised(
        id=digest_id(
            "unrecognised_", change.account, change.number or "", change.field, canonical(details)
        ),
        time=moment(change.entry_time)
        or moment(mapping(part).get("timestamp"))
        or change.received_at,
        number=change.number,
        account=change.account,
        field=change.field[:100] or None,
        reason=reason,
        details=details,
    )
    return Placed(ACCOUNTS, event)


def each(
    change: Change, items: Any, topic: Topic, read: Callable[[Any], Event]
) -> Iterator[Placed]:
    """Read every item by itself: one that cannot be read costs none of its neighbours."""
    for item in sequence(items):
        yield attempt(change, item, topic, read)


def attempt(change: Change, item: Any, topic: Topic, read: Callable[[Any], Event]) -> Placed:
    """Read one item, or say why it could not be."""
    if not isinstance(item, dict):
        return unrecognised(change, "not an object", item)
    try:
        return Placed(topic, read(item))
    except Unreadable as error:
        return unrecognised(change, str(error), item)
    except Exception as error:
        # The last net. What falls into it is our mistake and not Meta's, but a 5xx would make the
        # whole body come back for seven days, with up to a thousand good updates in it.
        return unrecognised(change, f"the reader failed: {type(error).__name__}", item)


def left_over(change: Change, placed: Sequence[Placed], *read: str) -> Iterator[Placed]:
    """What stands in a change beside the lists that were *read*, so that nothing is dropped."""
    rest = remainder(change.value, _beside(read)) or {}
    if contacts := change.value.get("contacts"):
        rest |= {"contacts": left} if (left := [*strangers(contacts, met(placed))]) else {}
    if rest:
        yield unrecognised(change, "no reader for part of this change", rest)
    elif not placed:
        yield unrecognised(change, "nothing in it to read")


@cache
def _beside(read: Sequence[str]) -> Told:
    """How the keys of a change are read whose lists are these: they come from our own readers."""
    return {**FRAME, **dict.fromkeys(("contacts", *read), elsewhere)}


def met(placed: Iterable[Placed]) -> set[str]:
    """The addresses of everybody whom an event is about."""
    people = (getattr(item.event, "contact", None) for item in placed)
    return {name for who in people if who for name in addresses(who)}
