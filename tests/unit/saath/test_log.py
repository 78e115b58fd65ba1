"""What reaches a log: types and places, no texts that may be a customer's; a storm is one line."""

import io
import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog

from saath.errors import RetryLater
from saath.log import AT_WORK, SELDOM_SECONDS, Seldom, configure, places, signed, where_it_stands

PHONE = "4915112345678x"


def fail(error: BaseException) -> list[dict[str, Any]]:
    try:
        raise error
    except BaseException as raised:
        return places((type(raised), raised, raised.__traceback__))


@pytest.mark.parametrize("error", [ValueError(PHONE), KeyError(PHONE), AssertionError(PHONE)])
def test_the_text_of_an_error_that_may_repeat_a_customer_is_left_out(error: Exception) -> None:
    assert PHONE not in json.dumps(fail(error))


@pytest.mark.parametrize("error", [RetryLater("no broker"), OSError("no route"), RuntimeError("x")])
def test_the_text_of_an_error_that_speaks_of_us_is_said(error: Exception) -> None:
    assert fail(error)[0]["exc_value"] == str(error)


def test_causes_and_parts_of_a_group_are_treated_alike() -> None:
    try:
        try:
            raise KeyError(PHONE)
        except KeyError as error:
            raise RetryLater("no broker") from error
    except RetryLater as error:
        inner = error

    said = json.dumps(fail(ExceptionGroup("several", [inner, ValueError(PHONE)])))

    assert (PHONE in said, "no broker" in said, "KeyError" in said) == (False, True, True)


@pytest.mark.parametrize("style", ["json", "console"])
def test_neither_style_of_log_repeats_a_customer(
    style: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    structlog.reset_defaults()
    configure("test", "INFO", style)
    try:
        int(PHONE)
    except ValueError:
        structlog.get_logger().exception("record.dead_lettered")
        logging.getLogger("another").exception("failed")
    finally:
        structlog.reset_defaults()
        logging.basicConfig(handlers=[], force=True)

    assert (PHONE in out.getvalue(), out.getvalue().count("ValueError")) == (False, 2)


def test_a_line_says_which_record_is_at_work_unless_it_speaks_of_another() -> None:
    line: dict[str, Any] = {"event": "x", "offset": 8}
    at_work = AT_WORK.set(("inbound.v1", 3, 7))
    during = where_it_stands(None, "info", line)
    AT_WORK.reset(at_work)

    assert (during, where_it_stands(None, "info", line)) == (
        {"topic": "inbound.v1", "partition": 3, "offset": 8, "event": "x"},
        {"event": "x", "offset": 8},
    )


@pytest.mark.parametrize(
    ("method", "level"), [("info", "info"), ("exception", "error"), ("warn", "warning")]
)
def test_a_line_says_whose_it_is_how_much_it_matters_and_when_it_was_said(
    method: str, level: str
) -> None:
    sign = signed("saath-test", lambda: datetime(2026, 11, 25, 1, 2, 3, 400, tzinfo=UTC))

    assert sign(None, method, {"event": "x"}) == {
        "event": "x",
        "service": "saath-test",
        "level": level,
        "timestamp": "2026-11-25T01:02:03.000400Z",
    }


def record(name: str, text: str, at: float) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.ERROR, "", 0, text, ("a",), None)
    made.created = at
    return made


def test_aiokafka_says_the_same_once_in_half_a_minute() -> None:
    seldom = Seldom()
    times = [0.0, 0.1, SELDOM_SECONDS - 0.1, SELDOM_SECONDS, SELDOM_SECONDS + 1]

    said = [seldom.filter(record("aiokafka.client", "Unable connect to %s", at)) for at in times]

    assert said == [True, False, False, True, False]


def test_what_is_new_or_another_librarys_is_always_said() -> None:
    seldom = Seldom()
    lines = [("aiokafka", "one %s"), ("aiokafka", "two %s"), ("uvicorn", "x"), ("uvicorn", "x")]

    assert all(seldom.filter(record(name, text, 0.0)) for name, text in lines)
