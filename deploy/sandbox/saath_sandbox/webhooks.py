"""Webhook bodies, shaped as Meta shapes them. Pure: values in, dictionaries out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Update:
    """One change of one field: the smallest thing a webhook can carry."""

    lane: str  # whose order it belongs to: a number, or a WABA
    waba_id: str
    field: str
    value: Json
    at: int | None = None  # `entry.time`, which only account-level fields have


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, as far as one webhook shows them."""

    phone: str | None = None
    user_id: str | None = None
    name: str | None = None
    username: str | None = None


def body(updates: Sequence[Update]) -> Json:
    """One POST's body. Neighbours of the same WABA share an entry; order is kept."""
    entries: list[Json] = []
    for update in updates:
        head: Json = {"id": update.waba_id}
        if update.at is not None:
            head["time"] = update.at
        if not entries or {k: v for k, v in entries[-1].items() if k != "changes"} != head:
            entries.append({**head, "changes": []})
        entries[-1]["changes"].append({"value": update.value, "field": update.field})
    return {"object": "whatsapp_business_account", "entry": entries}


def metadata(display_phone_number: str, phone_number_id: str) -> Json:
    """What every phone-level value begins with."""
    return {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": display_phone_number,
            "phone_number_id": phone_number_id,
        },
    }


def contact(person: Person) -> Json:
    """An item of `contacts[]`. What the person withholds is absent, not empty."""
    profile = {"name": person.name, "username": person.username}
    return _present(
        {
            "profile": _present(profile) or None,
            "wa_id": person.phone,
            "user_id": person.user_id,
        }
    )


def received(person: Person, wamid: str, timestamp: int, message: Mapping[str, Any]) -> Json:
    """What follows `metadata` when a customer writes; *message* is `type` and its object."""
    item = _present(
        {
            "from": person.phone,
            "from_user_id": person.user_id,
            "id": wamid,
            "timestamp": str(timestamp),
        }
    )
    item.update(message)
    if message.get("type") == "system":  # the one type that comes without contacts
        return {"messages": [item]}
    return {"contacts": [contact(person)], "messages": [item]}


def echoed(
    business: str, person: Person, wamid: str, timestamp: int, message: Mapping[str, Any]
) -> Json:
    """What follows `metadata` when a person answers in the Business app."""
    item = _present(
        {
            "from": business,
            "to": person.phone,
            "to_user_id": person.user_id,
            "id": wamid,
            "timestamp": str(timestamp),
        }
    )
    item.update(message)
    if person.user_id is None:
        return {"message_echoes": [item]}
    return {"contacts": [contact(person)], "message_echoes": [item]}


def status(
    kind: str,
    person: Person,
    wamid: str,
    timestamp: int,
    extras: Mapping[str, Any],
) -> Json:
    """What follows `metadata` for a status; *extras* are callback data, price and the like."""
    item = _present(
        {
            "id": wamid,
            "status": kind,
            "timestamp": str(timestamp),
            "recipient_id": person.phone,
            "recipient_user_id": person.user_id if kind != "failed" else None,
        }
    )
    item.update(_present(extras))
    if person.user_id is None or kind == "failed":
        return {"statuses": [item]}
    return {"contacts": [contact(person)], "statuses": [item]}


def contact_state(person: Person, action: str, timestamp: int) -> Json:
    """An item of `state_sync[]`: a contact saved in the phone's address book, or removed."""
    removed = action == "remove"
    first_name = person.name.split(" ")[0] if person.name else None
    return {
        "type": "contact",
        "contact": _present(
            {
                "full_name": None if removed else person.name,
                "first_name": None if removed else first_name,
                "phone_number": person.phone,
                "user_id": person.user_id,
                "username": person.username,
            }
        ),
        "action": action,
        "metadata": {"timestamp": str(timestamp)},
    }


def history_chunk(phase: int, chunk_order: int, progress: int, threads: list[Json]) -> Json:
    """What follows `metadata` for a part of the history."""
    where = {"phase": phase, "chunk_order": chunk_order, "progress": progress}
    return {"history": [{"metadata": where, "threads": threads}]}


def history_declined() -> Json:
    """What follows `metadata` when the business chose not to share its history."""
    title = "History sync is turned off by the business from the WhatsApp Business App"
    details = {"details": "History sharing is turned off by the business"}
    return {
        "history": [
            {"errors": [{"code": 2593109, "title": title, "message": title, "error_data": details}]}
        ]
    }


def unavailable() -> Json:
    """The 131060 stub: the real message may follow under the same id."""
    title = "This message is unavailable."
    return {
        "type": "unsupported",
        "errors": [
            {
                "code": 131060,
                "title": title,
                "message": title,
                "error_data": {"details": "This message is currently unavailable."},
            }
        ],
        "unsupported": {"type": "unknown"},
    }


def _present(values: Mapping[str, Any]) -> Json:
    return {key: value for key, value in values.items() if value is not None}
