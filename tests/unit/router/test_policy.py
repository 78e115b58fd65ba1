"""A number's own choices over the router's defaults."""

from datetime import timedelta

import pytest

from saath.events import NumberPolicy
from saath_router.policy import Policy, overlay

DEFAULTS = Policy(answers="everyone", bot="orders", human_hold=timedelta(hours=2))


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (None, DEFAULTS),
        (NumberPolicy(), DEFAULTS),
        (
            NumberPolicy(answers="nobody"),
            Policy(answers="nobody", bot="orders", human_hold=timedelta(hours=2)),
        ),
        (
            NumberPolicy(bot="returns", human_hold_seconds=60),
            Policy(answers="everyone", bot="returns", human_hold=timedelta(seconds=60)),
        ),
        (
            NumberPolicy(human_hold_seconds=0),
            Policy(answers="everyone", bot="orders", human_hold=timedelta(0)),
        ),
    ],
)
def test_what_a_number_chose_goes_before_the_defaults(
    chosen: NumberPolicy | None, expected: Policy
) -> None:
    assert overlay(DEFAULTS, chosen) == expected


def test_nobody_is_answered_where_nothing_is_said() -> None:
    assert overlay(Policy(), None).answers == "nobody"
