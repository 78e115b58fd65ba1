"""One story of several topics, and what followed from what."""

import random

import pytest
from tests.unit.story.log import Log, answered, overtaken

from saath.story import Logged, Story, in_order, shortened
from saath.story.names import is_meant, needle
from saath.topics import TURNS

WAMID = "wamid.HBgNNDkxNTExMjM0NTY3OBUCABIYFDNBRjNBN0Y4QjE2NjAwMDAwMDI2AA=="


def ids(log: tuple[Logged, ...]) -> list[str]:
    return [logged.event.id for logged in log]


def test_what_followed_in_the_same_millisecond_stands_behind_its_cause() -> None:
    log = Log()
    for n in range(3):
        log.received(f"wamid.{n}", 5)
        log.owned("bot", n, 5, "first message", f"wamid.{n}:received")
    for n in range(3):
        log.offered(f"t_{n}", f"wamid.{n}", n, 5)
    random.Random(4).shuffle(log.records)

    assert ids(in_order(log.records)) == [
        f"{name}{n}{what}"
        for n in range(3)
        for name, what in (("wamid.", ":received"), ("owner_", ""), ("t_", ""))
    ]


def test_a_clock_that_was_set_back_turns_no_partitions_order() -> None:
    log = Log()
    for n, seconds in enumerate((5, 2, 6)):
        log.received(f"wamid.{n}", seconds)
    log.offered("t_1", "wamid.1", 1, 5.5)

    assert ids(in_order(log.records)) == [
        "wamid.0:received",
        "wamid.1:received",
        "t_1",
        "wamid.2:received",
    ]


def test_causes_go_back_to_the_customers_message_and_effects_down_to_its_delivery() -> None:
    story = answered().story
    [accepted] = story.named("wamid.B")
    [received] = story.named("wamid.A")

    assert ids(story.causes(accepted)) == ["wamid.A:received", "t_1"]
    assert ids(story.all_effects(received)) == [
        "owner_1",
        "t_1",
        "out_t_1_accepted",
        "wamid.B:delivered",
    ]


def test_around_a_message_stand_what_led_to_it_what_came_of_it_and_who_stepped_in() -> None:
    story = overtaken().story
    [turn] = story.named("t_2")

    signs = story.around(turn)

    assert {found.event.id: signs[found.place] for found in story.log if found.place in signs} == {
        "wamid.C:received": "↑",
        "t_2": "▶",
        "wamid.D:echoed": "•",
        "owner_2": "•",
        "withdrawn_t_2": "↓",
        "out_t_2_superseded": "↓",
    }


def test_events_that_name_each_other_as_cause_have_an_end() -> None:
    log = Log()
    log.owned("bot", 1, 1, "odd", "owner_2")
    log.owned("bot", 2, 2, "odd", "owner_1")
    story = Story(in_order(log.records))
    [first] = story.named("owner_1")

    assert (ids(story.causes(first)), ids(story.all_effects(first))) == (["owner_2"], ["owner_2"])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("wamid.C", ["wamid.C:received"]),
        ("wamid.C:received", ["wamid.C:received"]),
        ("wamid.B", ["out_t_1_accepted"]),
        ("t_2", ["t_2"]),
        ("out_t_2_superseded", ["out_t_2_superseded"]),
        ("unheard of", []),
    ],
)
def test_an_id_names_an_event_a_message_or_a_turn(asked: str, found: list[str]) -> None:
    assert ids(overtaken().story.named(asked)) == found


def test_a_turn_that_retention_took_is_known_by_what_came_of_it() -> None:
    log = overtaken()
    kept = [record for record in log.records if record.topic != TURNS.name]

    assert ids(Story(in_order(kept)).named("t_2")) == ["out_t_2_superseded"]


def test_metas_ids_are_shown_without_the_customer_and_can_be_asked_for_so() -> None:
    short = shortened(WAMID)

    assert (short, shortened(f"{WAMID}:read"), shortened("t_1")) == (
        "wamid.…AwMDAwMDI2AA==",
        "wamid.…AwMDAwMDI2AA==:read",
        "t_1",
    )
    assert (is_meant(short, WAMID), is_meant("wamid.…==", WAMID), needle(short) in WAMID) == (
        True,
        False,
        True,
    )


def test_a_shortened_event_id_finds_its_event() -> None:
    log = Log()
    log.received(WAMID, 1)
    log.received("wamid.other", 2)

    names = (shortened(WAMID), shortened(f"{WAMID}:received"))

    assert [ids(log.story.named(name)) for name in names] == [[f"{WAMID}:received"]] * 2
