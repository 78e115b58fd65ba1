"""What is in memory is counted, and let go of."""

import pytest

from saath.errors import RetryLater
from saath_ingest.in_flight import InFlight


def test_more_than_the_bound_is_not_let_in_until_somebody_lets_go() -> None:
    in_flight = InFlight(100)
    first, second = in_flight.share(), in_flight.share()
    first.admit(80)

    with pytest.raises(RetryLater):
        second.admit(21)
    first.release()
    second.admit(100)

    assert in_flight.bytes == 100


def test_what_was_let_in_may_go_out_over_the_bound() -> None:
    in_flight = InFlight(100)
    in_flight.share().admit(100)

    in_flight.share().hold(50)

    assert in_flight.bytes == 150


def test_letting_go_twice_is_letting_go_once() -> None:
    in_flight = InFlight(100)
    first, second = in_flight.share(), in_flight.share()
    first.admit(40)
    second.admit(60)

    first.release()
    first.release()

    assert in_flight.bytes == 60
