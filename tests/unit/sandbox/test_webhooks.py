"""Webhook bodies against Meta's own examples: the same values make the same body."""

import json
from pathlib import Path
from typing import Any

import pytest

from saath_sandbox import webhooks
from saath_sandbox.webhooks import Json, Person, Update

PAYLOADS = Path(__file__).parents[2] / "contract" / "payloads"

BUSINESS, NUMBER, WABA = "15550783881", "106540352242922", "102290129340398"
SHEENA = Person("16505551234", name="Sheena Nelson")
CUSTOMER = Person("16505551234")


def example(name: str) -> Json:
    """One of the collected bodies."""
    body: Json = json.loads((PAYLOADS / f"{name}.json").read_text())
    return body


def value_of(body: Json) -> Json:
    """The value of the first change."""
    value: Json = body["entry"][0]["changes"][0]["value"]
    return value


def body(field: str, rest: Json) -> Json:
    """One update in its envelope."""
    value = {**webhooks.metadata(BUSINESS, NUMBER), **rest}
    return webhooks.body([Update(NUMBER, WABA, field, value)])


def text(content: str) -> Json:
    return {"type": "text", "text": {"body": content}}


def without_address(item: Json) -> Json:
    """A message as the control API takes it: its type and its object."""
    addressed = ("from", "from_user_id", "to", "to_user_id", "id", "timestamp")
    return {key: value for key, value in item.items() if key not in addressed}


def test_a_text_received_is_metas_example() -> None:
    wanted = example("messages__text__1")
    item = value_of(wanted)["messages"][0]

    made = webhooks.received(SHEENA, item["id"], int(item["timestamp"]), without_address(item))

    assert body("messages", made) == wanted


def test_an_unavailable_stub_is_metas_example() -> None:
    wanted = value_of(example("messages__unsupported_131060_unavailable__1"))["messages"][0]

    assert webhooks.unavailable() == without_address(wanted)


def test_a_system_message_comes_without_contacts() -> None:
    system = {"type": "system", "system": {"type": "user_changed_number", "wa_id": "1650"}}

    made = webhooks.received(SHEENA, "wamid.A", 1, system)

    assert list(made) == ["messages"]


def test_a_withheld_phone_number_is_absent_everywhere() -> None:
    person = Person(user_id="US.1349", name="Sheena Nelson")

    made = webhooks.received(person, "wamid.A", 1, text("Hello"))

    assert made == {
        "contacts": [{"profile": {"name": "Sheena Nelson"}, "user_id": "US.1349"}],
        "messages": [
            {"from_user_id": "US.1349", "id": "wamid.A", "timestamp": "1", **text("Hello")}
        ],
    }


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("smb_message_echoes__text__1", CUSTOMER),
        ("smb_message_echoes__edit__1", CUSTOMER),
        ("smb_message_echoes__revoke__1", CUSTOMER),
        (
            "smb_message_echoes__text_bsuid__1",
            Person("16505551234", "US.13491208655302741918", username="pablomorales"),
        ),
    ],
)
def test_an_echo_is_metas_example(name: str, person: Person) -> None:
    wanted = example(name)
    item = value_of(wanted)["message_echoes"][0]

    made = webhooks.echoed(
        BUSINESS, person, item["id"], int(item["timestamp"]), without_address(item)
    )

    assert body("smb_message_echoes", made) == wanted


@pytest.mark.parametrize("name", ["messages__status_sent__1", "messages__status_failed__1"])
def test_a_status_is_metas_example(name: str) -> None:
    wanted = example(name)
    item = value_of(wanted)["statuses"][0]
    extras = {key: item[key] for key in ("conversation", "pricing", "errors") if key in item}

    made = webhooks.status(item["status"], CUSTOMER, item["id"], int(item["timestamp"]), extras)

    assert body("messages", made) == wanted


def test_contacts_saved_are_metas_example() -> None:
    wanted = example("smb_app_state_sync__bulk__1")
    people = [
        Person("16505551234", name="Pablo Morales"),
        Person("14155550100", name="Barbara J. Johnson"),
        Person("34600000001", name="José Ñandú"),
    ]

    items = [webhooks.contact_state(person, "add", 1738346006) for person in people]

    assert body("smb_app_state_sync", {"state_sync": items}) == wanted


def test_a_contact_removed_is_metas_example() -> None:
    item = webhooks.contact_state(SHEENA, "remove", 1739330100)

    assert body("smb_app_state_sync", {"state_sync": [item]}) == example(
        "smb_app_state_sync__remove__1"
    )


def test_a_declined_history_is_metas_example() -> None:
    made = body("history", webhooks.history_declined())

    assert made == example("history__declined__1")


def test_a_chunk_without_threads_is_metas_example() -> None:
    made = body("history", webhooks.history_chunk(1, 4, 80, []))

    assert made == example("history__progress_only__1")


def test_an_account_update_has_its_time_in_the_entry_and_no_number() -> None:
    update = Update("W", "862475293675413", "account_update", _offboarded(), at=1768477204)

    assert webhooks.body([update]) == example("account_update__ACCOUNT_OFFBOARDED__1")


def test_one_post_carries_many_updates_in_order() -> None:
    updates = [
        Update(NUMBER, WABA, "messages", {"n": 1}),
        Update(NUMBER, WABA, "history", {"n": 2}),
        Update(WABA, WABA, "account_update", _offboarded(), at=5),
        Update(NUMBER, "another", "messages", {"n": 3}),
    ]

    made = webhooks.body(updates)

    assert made["entry"] == [
        {
            "id": WABA,
            "changes": [
                {"value": {"n": 1}, "field": "messages"},
                {"value": {"n": 2}, "field": "history"},
            ],
        },
        {"id": WABA, "time": 5, "changes": [{"value": _offboarded(), "field": "account_update"}]},
        {"id": "another", "changes": [{"value": {"n": 3}, "field": "messages"}]},
    ]


def _offboarded() -> dict[str, Any]:
    return {"event": "ACCOUNT_OFFBOARDED"}
