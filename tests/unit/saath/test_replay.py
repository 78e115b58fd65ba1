"""What may be replayed where, and how: decided before Kafka is asked."""

from typing import Any

import pytest

from saath.kafka.records import Output, Record
from saath.replay import (
    REPLAYED,
    Standing,
    Stands,
    Terms,
    batch_max,
    left,
    refusal,
    replayed,
    standing,
    target,
    wait_seconds,
)
from saath.slices import Offsets, Wanted, offsets
from saath.topics import CONVERSATIONS, OUTCOMES, TOPICS, Topic, partition_for

SAID = (("ce_source", b"/numbers/100"), ("ce_subject", b"c_1"))
CRM = target("crm")


def record(
    topic: Topic = CONVERSATIONS,
    headers: tuple[tuple[str, bytes], ...] = SAID,
    value: bytes | None = b"{}",
) -> Record:
    return Record(topic, 5, 7, 0, b"key", value, headers)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_nothing_is_replayed_onto_a_topic_of_ours_whatever_its_prefix(topic: Topic) -> None:
    names = [topic.full_name(prefix) for prefix in ("saath.", "staging.saath.", "")]

    assert all(refusal(name, "saath.") for name in names)


@pytest.mark.parametrize("name", ["saath.crm", "__consumer_offsets", "a b", "", ".", "x" * 250])
def test_other_names_that_are_no_subscribers_are_refused_too(name: str) -> None:
    assert refusal(name, "saath.")


def test_a_subscribers_own_topic_is_taken_also_where_ours_have_no_prefix() -> None:
    assert [refusal("crm.replay", prefix) for prefix in ("saath.", "")] == [None, None]


@pytest.mark.parametrize(
    ("topic", "spread_by"), [(CONVERSATIONS, "c_1"), (OUTCOMES, "100")], ids=["log", "outcomes"]
)
def test_a_record_goes_where_its_own_topics_rule_says_and_is_marked(
    topic: Topic, spread_by: str
) -> None:
    [made] = replayed(record(topic), CRM, 12, "r1")

    marked = (*SAID, (REPLAYED, b"r1"))
    assert made == Output(CRM, partition_for(spread_by, 12), b"key", b"{}", marked)


def test_what_says_of_nobody_stays_in_order_and_an_erasure_goes_everywhere() -> None:
    odd, erasure = record(headers=()), record(headers=(), value=None)
    placed = [[made.partition for made in replayed(one, CRM, 3, "r1")] for one in (odd, erasure)]

    assert placed == [[2], [0, 1, 2]]


def test_one_numbers_or_conversations_records_are_wanted_and_erasures_always() -> None:
    asked = [Wanted(), Wanted("100"), Wanted("10"), Wanted(conversation="c_1"), Wanted("100", "c")]

    assert [wanted(record()) for wanted in asked] == [True, True, False, True, False]
    assert all(wanted(record(value=None)) for wanted in asked)


def test_terms_are_told_apart_by_every_word_of_them() -> None:
    plain = Terms(topic="conversations.v1", to="crm")
    others: list[dict[str, Any]] = [
        {"to": "x"},
        {"since": "2d"},
        {"until": "2d"},
        {"offsets": ("0:1-",)},
        {"number": "1"},
    ]
    digests = {plain.digest(), *(plain.model_copy(update=o).digest() for o in others)}

    assert (len(digests), Terms(topic="conversations.v1", to="crm").digest() in digests) == (
        6,
        True,
    )


def test_where_it_stands_is_kept_beside_the_offset_and_read_back() -> None:
    at = Stands(3, Standing(terms="t", start=3, end=9)).after(7, 4).after(9, 1)
    kept = standing(at.standing.model_dump_json())

    assert (at.offset, kept) == (9, Standing(terms="t", start=3, end=9, written=5))
    assert (standing(""), standing("somebody's")) == (None, None)


def test_only_what_is_not_through_is_left() -> None:
    through = Stands(9, Standing(terms="t", start=3, end=9))
    under_way = Stands(8, Standing(terms="t", start=3, end=9))

    assert left({0: through, 1: under_way}) == {1: under_way}


def test_a_pace_is_kept_in_small_portions() -> None:
    assert [batch_max(n) for n in (None, 1, 100, 100_000)] == [2000, 1, 25, 2000]
    waits = [wait_seconds(50, 0.1, 100), wait_seconds(50, 9.0, 100), wait_seconds(50, 0.0, None)]
    assert waits == [0.4, 0.0, 0.0]


def test_offsets_are_read_as_they_are_written() -> None:
    assert [offsets("3:100-250"), offsets("0:7-")] == [Offsets(3, 100, 250), Offsets(0, 7)]


@pytest.mark.parametrize("written", ["", "3", "3:1", "3:9-9", "-1:0-3", "a:0-3"])
def test_offsets_that_cannot_be_meant_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"is not like|ends before"):
        offsets(written)
