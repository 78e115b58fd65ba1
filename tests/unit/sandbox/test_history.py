"""A made-up past: complete, in phases, and the same for the same seed."""

import json
import random
from pathlib import Path
from typing import Any

from saath_sandbox import history
from saath_sandbox.asks import HistorySpec
from saath_sandbox.history import DAY_SECONDS, OldMessage
from saath_sandbox.identifiers import Identifiers
from saath_sandbox.webhooks import Json

PAYLOADS = Path(__file__).parents[2] / "contract" / "payloads"
BUSINESS, NOW = "15550783881", 1_790_000_000
SPEC = HistorySpec(contacts=6, messages=400, media=40, chunk_messages=30)


def past(spec: HistorySpec = SPEC, seed: int = 1) -> list[OldMessage]:
    """A history, oldest first."""
    return history.compose(
        spec, BUSINESS, NOW, random.Random(seed), Identifiers(random.Random(seed))
    )


def delivered(spec: HistorySpec = SPEC) -> tuple[list[Json], list[Json]]:
    """Chunks and media follow-ups, each in the order of arrival."""
    values = history.deliver(past(spec), spec, BUSINESS, random.Random(2))
    chunks = [value["history"][0] for value in values if "history" in value]
    return chunks, [value for value in values if "history" not in value]


def keys(value: Any) -> Any:
    """The shape of a body: its keys, and of lists the first item's."""
    if isinstance(value, dict):
        return {key: keys(item) for key, item in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value else None


def test_the_phases_are_those_of_the_messages_ages() -> None:
    bounds = {0: (0, 1), 1: (1, 90), 2: (90, 180)}

    strays = [
        message
        for message in past()
        if not bounds[message.phase][0]
        <= (NOW - message.timestamp) / DAY_SECONDS
        <= bounds[message.phase][1] + 0.01
    ]

    assert strays == []


def test_every_phase_and_every_customer_has_messages() -> None:
    messages = past()

    assert {message.phase for message in messages} == {0, 1, 2}
    assert len({message.customer for message in messages}) == SPEC.contacts


def test_a_short_history_has_only_the_phases_it_reaches() -> None:
    messages = past(HistorySpec(messages=50, days=20))

    assert {message.phase for message in messages} == {0, 1}


def test_the_chunks_hold_every_message_once() -> None:
    chunks, _ = delivered()

    ids = [
        item["id"] for chunk in chunks for thread in chunk["threads"] for item in thread["messages"]
    ]

    assert sorted(ids) == sorted(message.wamid for message in past())


def test_chunks_arrive_out_of_order_within_their_phase_and_end_at_a_hundred() -> None:
    chunks, _ = delivered()
    places = [(chunk["metadata"]["phase"], chunk["metadata"]["chunk_order"]) for chunk in chunks]

    assert places != sorted(places)
    assert [phase for phase, _ in places] == sorted(phase for phase, _ in places)
    assert max(chunk["metadata"]["progress"] for chunk in chunks) == 100


def test_only_the_media_of_the_last_fourteen_days_follow() -> None:
    _, follow_ups = delivered()
    expected = {
        message.wamid
        for message in past()
        if message.kind == "media" and NOW - message.timestamp < 14 * DAY_SECONDS
    }

    followed = {
        item["id"]
        for value in follow_ups
        for item in (value.get("messages") or value["message_echoes"])
    }

    assert followed == expected
    assert 0 < len(expected) < SPEC.media


def test_no_history_is_one_empty_chunk_at_a_hundred_percent() -> None:
    chunks, _ = delivered(HistorySpec(messages=0))

    assert chunks == [{"metadata": {"phase": 0, "chunk_order": 1, "progress": 100}, "threads": []}]


def test_the_same_seed_makes_the_same_past() -> None:
    assert past(seed=3) == past(seed=3)
    assert past(seed=3) != past(seed=4)


def test_a_chunk_has_the_keys_of_metas_example() -> None:
    example = json.loads((PAYLOADS / "history__chunk_phase1__1.json").read_text())
    wanted = example["entry"][0]["changes"][0]["value"]["history"][0]
    customer, business = wanted["threads"][0]["messages"]

    texts = [message for message in past() if message.kind == "text"]
    theirs = next(m for m in texts if m.sender != BUSINESS).item(BUSINESS)
    ours = next(m for m in texts if m.sender == BUSINESS).item(BUSINESS)

    assert (keys(theirs), keys(ours)) == (keys(customer), keys(business))
    assert keys(delivered()[0][0])["metadata"] == keys(wanted)["metadata"]


def test_chunks_that_never_come_are_the_first_of_the_longest_phase_and_the_end_is_told() -> None:
    spec = SPEC.model_copy(update={"missing": 2})
    whole = {(c["metadata"]["phase"], c["metadata"]["chunk_order"]) for c in delivered()[0]}

    chunks, _ = delivered(spec)

    came = {(c["metadata"]["phase"], c["metadata"]["chunk_order"]) for c in chunks}
    assert whole - came == {(1, 1), (1, 2)}
    assert max(chunk["metadata"]["progress"] for chunk in chunks) == 100


def test_chunks_come_twice_and_hold_nothing_else() -> None:
    chunks, _ = delivered(SPEC.model_copy(update={"duplicates": 1.0}))

    places = [(c["metadata"]["phase"], c["metadata"]["chunk_order"]) for c in chunks]
    assert sorted(places) == sorted([*set(places), *set(places)])


def test_media_come_before_or_after_all_chunks() -> None:
    kinds = {}
    for order in ("before", "after"):
        spec = SPEC.model_copy(update={"media_order": order})
        values = history.deliver(past(spec), spec, BUSINESS, random.Random(2))
        kinds[order] = ["history" in value for value in values]

    assert kinds["before"] == sorted(kinds["before"])
    assert kinds["after"] == sorted(kinds["after"], reverse=True)


def test_greetings_edits_deletions_and_a_groups_talk_are_beside_what_was_there() -> None:
    spec = SPEC.model_copy(
        update={"edits": 3, "revokes": 2, "groups": 4, "greeting": "We answer from nine on."}
    )
    plain = {message.wamid for message in past()}

    more = [message for message in past(spec) if message.wamid not in plain]

    greetings = [message for message in more if message.text == spec.greeting]
    assert len({message.customer for message in greetings}) == spec.contacts
    assert [m.kind for m in more if m.target].count("edit") == 3
    assert [m.kind for m in more if m.target].count("revoke") == 2
    assert len([m for m in more if m.group]) == 4
    assert {message.target for message in more if message.target} < plain
