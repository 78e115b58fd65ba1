"""What a number may still do, and whom it knows."""

import pytest

from saath_sandbox.asks import NumberAsk
from saath_sandbox.clock import Clock
from saath_sandbox.numbers import Number, World
from saath_sandbox.settings import Settings
from saath_sandbox.webhooks import Person

NOW = 1_790_000_000.0
HOUR = 3600.0


def number(cap: int = 5) -> Number:
    """A number registered at NOW."""
    clock = Clock(monotonic=lambda: 0.0, unix=lambda: NOW)
    return World(Settings(), clock, seed=1).register(NumberAsk(cap=cap))[0]


@pytest.mark.parametrize(("refused_count", "room_left"), [(False, 5), (True, 2)])
def test_what_was_refused_fills_the_second_only_where_settings_say_so(
    refused_count: bool, room_left: int
) -> None:
    ours = number(cap=5)
    arrivals = [0.0] * 5 + [0.5] * 3 + [1.0] * 5

    admitted = [ours.admit(at, refused_count=refused_count) for at in arrivals]

    assert admitted == [True] * 5 + [False] * 3 + [True] * room_left + [False] * (5 - room_left)


@pytest.mark.parametrize(
    ("wrote_at", "asked_at", "is_open"),
    [
        (NOW - 60, NOW, False),  # before the onboarding: opens nothing
        (NOW, NOW, True),
        (NOW, NOW + 24 * HOUR, True),
        (NOW, NOW + 24 * HOUR + 1, False),
    ],
)
def test_the_window_is_open_for_a_day_and_only_for_who_wrote_since_the_onboarding(
    wrote_at: float, asked_at: float, is_open: bool
) -> None:
    ours = number()
    contact = ours.contact("16505551234", None)
    contact.last_inbound_at = wrote_at

    assert ours.window_open(contact, asked_at) == is_open


def test_a_customer_seen_with_both_addresses_is_one_customer_under_either() -> None:
    ours = number()

    both = ours.contact("16505551234", "US.1349")

    assert ours.contact("16505551234", None) is both
    assert ours.contact(None, "US.1349") is both
    assert both.person == Person("16505551234", "US.1349")


def test_an_address_learned_later_joins_the_customer_already_known() -> None:
    ours = number()
    known = ours.contact("16505551234", None)

    ours.contact("16505551234", "US.1349")

    assert ours.contact(None, "US.1349") is known


def test_a_token_is_good_for_its_waba_and_a_system_token_for_all() -> None:
    clock = Clock(monotonic=lambda: 0.0, unix=lambda: NOW)
    world = World(Settings(system_token="all"), clock, seed=1)
    ours, token = world.register(NumberAsk())
    theirs, _ = world.register(NumberAsk())

    may = [
        (known, waba)
        for known in (token, "all", "none", None)
        for waba in (ours.waba_id, theirs.waba_id)
        if world.may(known, waba)
    ]

    assert may == [(token, ours.waba_id), ("all", ours.waba_id), ("all", theirs.waba_id)]
