"""``history``: what the payload files do not show."""

from typing import Any

import pytest
from tests.unit.ingest.bodies import (
    CUSTOMER,
    DISPLAY_PHONE,
    USER_ID,
    body,
    change,
    events,
    places,
    text,
)

from saath.events import (
    Contact,
    HistoryChunkReceived,
    HistoryMediaReceived,
    MessageBackfilled,
)

CHUNK = {"phase": 0, "chunk_order": 1, "progress": 55}


def history(*items: Any, **value: Any) -> dict[str, Any]:
    return body(change("history", history=list(items), **value))


def chunk(*threads: Any, **metadata: Any) -> dict[str, Any]:
    return {"metadata": CHUNK | metadata, "threads": list(threads)}


def thread(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"id": CUSTOMER, "messages": list(messages), **more}


def backfilled(message: Any, **more: Any) -> MessageBackfilled:
    event = events(history(chunk(thread(message, **more))))[0]
    assert isinstance(event, MessageBackfilled)
    return event


def test_everything_of_history_says_that_it_is_history() -> None:
    data = history(
        chunk(thread(text())), {"errors": [{"code": 2593109}]}, messages=[text("wamid.M")]
    )

    assert {event.origin for event in events(data)} == {"history"}


def test_a_chunk_comes_after_its_messages_and_counts_those_that_could_be_read() -> None:
    data = history(chunk(thread(text("wamid.A"), text(id=None)), "odd", thread(text("wamid.B"))))

    assert places(data) == [
        ("history.v1", "message.backfilled.v1"),
        ("accounts.v1", "webhook.unrecognised.v1"),
        ("accounts.v1", "webhook.unrecognised.v1"),
        ("history.v1", "message.backfilled.v1"),
        ("history.v1", "history.chunk_received.v1"),
    ]
    last = events(data)[-1]
    assert isinstance(last, HistoryChunkReceived)
    assert (last.phase, last.chunk, last.progress, last.messages) == (0, 1, 55, 2)


def test_two_chunks_of_one_order_with_other_messages_are_two_chunks() -> None:
    ids = [
        events(history(chunk(thread(text(name)))))[-1].id
        for name in ("wamid.A", "wamid.A", "wamid.B")
    ]

    assert (ids[0] == ids[1], ids[0] == ids[2]) == (True, False)


@pytest.mark.parametrize("metadata", [{}, {"phase": "0"}, {"phase": None}, {"progress": "all"}])
def test_a_chunk_that_does_not_say_which_it_is_counts_all_the_same(metadata: Any) -> None:
    last = events(history({"metadata": metadata, "threads": [thread(text())]}))[-1]

    assert isinstance(last, HistoryChunkReceived)
    assert last.messages == 1


@pytest.mark.parametrize(
    ("item", "author"),
    [
        (text(), "customer"),
        (text(**{"from": DISPLAY_PHONE}), "business"),
        (text(**{"from": DISPLAY_PHONE, "to": CUSTOMER}), "business"),
        (text(**{"from": "+1 555-078-3881"}), "business"),
        (text(**{"from": "a number the business had before", "to": CUSTOMER}), "business"),
        (text(**{"from": "491700000000"}), "business"),
        (text(**{"from": USER_ID}), "customer"),
        (text(**{"from": None, "from_user_id": USER_ID}), "customer"),
        (text(**{"from": CUSTOMER, "to": DISPLAY_PHONE}), "customer"),
        (text(**{"from": None}), "customer"),
    ],
)
def test_who_wrote_an_old_message(item: dict[str, Any], author: str) -> None:
    event = backfilled(item, context={"user_id": USER_ID})

    assert (event.author, event.contact) == (author, Contact(phone=CUSTOMER, user_id=USER_ID))


def test_a_thread_is_named_by_a_user_id_where_the_phone_is_withheld() -> None:
    event = backfilled(
        text(**{"from": DISPLAY_PHONE}), id=USER_ID, context={"username": "sh", "user_id": USER_ID}
    )

    assert event.contact == Contact(user_id=USER_ID, username="sh")


def test_an_old_message_keeps_its_own_content_and_its_status_apart() -> None:
    event = backfilled(text(history_context={"status": "READ"}, to_user_id=None))

    assert (event.status, event.content.model_dump()) == (
        "READ",
        {"type": "text", "text": {"body": "Hello"}},
    )


def test_media_that_follow_by_themselves_complete_a_message_by_its_id() -> None:
    image = {"type": "image", "image": {"id": "1"}}
    ours = text("wamid.O") | image | {"from": DISPLAY_PHONE, "to": CUSTOMER}
    data = body(change("history", messages=[text("wamid.C") | image, ours], message_echoes=[ours]))

    found = [
        (event.id, event.author, event.contact.phone)
        for event in events(data)
        if isinstance(event, HistoryMediaReceived)
    ]

    assert found == [
        ("wamid.C:media", "customer", CUSTOMER),
        ("wamid.O:media", "business", CUSTOMER),
        ("wamid.O:media", "business", CUSTOMER),
    ]


@pytest.mark.parametrize("item", [{}, [], "odd", {"errors": ["odd"]}, {"poems": 1}])
def test_history_that_is_neither_chunk_nor_refusal_is_kept_unrecognised(item: Any) -> None:
    assert places(history(item)) == [("accounts.v1", "webhook.unrecognised.v1")]


def test_a_refusal_beside_a_chunk_hides_neither() -> None:
    assert places(history(chunk(thread(text())) | {"errors": [{"code": 1}]})) == [
        ("history.v1", "history.declined.v1"),
        ("history.v1", "message.backfilled.v1"),
        ("history.v1", "history.chunk_received.v1"),
    ]
