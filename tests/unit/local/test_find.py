"""Which Kafka tests run on."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from saath_local.find import VARIABLE, Found, NotHere, kafka_for_tests, named_broker


@contextmanager
def closed() -> Iterator[str]:
    raise NotHere("no such thing on this machine")
    yield ""


@contextmanager
def open_way() -> Iterator[str]:
    yield "127.0.0.1:1"


@contextmanager
def never_asked() -> Iterator[str]:
    raise AssertionError("a later way was tried although an earlier one was open")
    yield ""


def test_the_first_way_that_is_open_is_taken_and_says_why_the_others_were_not() -> None:
    ways = {"container": closed, "local broker": open_way, "nothing": never_asked}

    with kafka_for_tests(ways) as found:
        pass

    assert found == Found(
        "127.0.0.1:1", "local broker", ("no container: no such thing on this machine",)
    )
    assert str(found) == (
        "Kafka: local broker, 127.0.0.1:1 (no container: no such thing on this machine)"
    )


def test_no_way_at_all_gives_every_reason() -> None:
    with pytest.raises(NotHere, match=r"no one: .*machine; no other: .*machine"):  # noqa: SIM117
        with kafka_for_tests({"one": closed, "other": closed}):
            pass


def test_a_failure_of_the_test_itself_is_not_taken_for_a_missing_broker() -> None:
    with pytest.raises(NotHere, match="from the test"):  # noqa: SIM117
        with kafka_for_tests({"one": open_way, "other": never_asked}):
            raise NotHere("from the test")


def test_a_broker_that_the_environment_names_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "kafka.example:9092")

    with named_broker() as servers:
        assert servers == "kafka.example:9092"
