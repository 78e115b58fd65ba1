"""What an event has no attribute for, as Meta wrote it: nothing that a body says is dropped. Pure."""

from collections.abc import Callable, Container
from typing import Any, Literal, TypeAlias

from saath.events import JsonObject
from saath_ingest.fields.values import address, identifier, moment, text, whole

# For each key that an event speaks of, how it is read: what its reader cannot read is left over.
# An ``"address"`` is told where the event says the same address somewhere; a list of one holds how
# each item of a list is read.
How: TypeAlias = (
    "Callable[[Any], object] | Literal['address'] | dict[str, How] | list[dict[str, How]]"
)
Told: TypeAlias = dict[str, How]

# They say nothing, so nothing is lost with them.
NOTHING: tuple[Any, ...] = (None, "", [], {})

PROBLEMS: How = [
    {
        "code": whole,
        "title": text,
        "message": text,
        "href": text,
        "error_data": {"details": text},
    }
]

ADDRESSES: Told = {
    "from": "address",
    "from_user_id": "address",
    "from_parent_user_id": "address",
    "to": "address",
    "to_user_id": "address",
    "to_parent_user_id": "address",
}

# What the event around a message says in its own words; everything else of it is its content.
MESSAGE: Told = {**ADDRESSES, "id": identifier, "timestamp": moment}


def remainder(item: JsonObject, told: Told, said: Container[str] = ()) -> JsonObject | None:
    """
    What of *item* is not *told*; ``None`` where all of it is.

    *said* are the addresses that the event holds: the customer's and the business's own.
    """
    rest: JsonObject = {}
    for key, part in item.items():
        how = told.get(key)
        if how is None:
            left = part
        elif callable(how):  # by far the most, so it is asked here too
            left = None if how(part) is not None else part
        else:
            left = left_of(part, how, said)
        if left is not None and left not in NOTHING:
            rest[key] = left
    return rest or None


def left_of(part: Any, how: How, said: Container[str] = ()) -> Any:
    """What is left of one value that is read like this; ``None`` where nothing is."""
    if callable(how):
        return None if how(part) is not None else part
    if how == "address":
        # Most are written as the event says them, and need not be read.
        told = isinstance(part, str) and part in said
        return None if told or address(part) in said else part
    if isinstance(how, dict):
        return remainder(part, how, said) if isinstance(part, dict) else part
    items = part if isinstance(part, list) else [part]
    left = [left_of(item, how[0], said) for item in items]
    return [item for item in left if item not in NOTHING]


def an_object(value: Any) -> object:
    """Read as an object, all of it."""
    return value if isinstance(value, dict) else None


def elsewhere(value: Any) -> object:
    """Whatever it is, it is read by somebody else."""
    return (value,)
