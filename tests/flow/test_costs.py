"""``saath costs`` on a real broker: what Meta counted, from the log, by number and day."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from tests.flow.logged import OTHER, log_of
from tests.flow.shell import Desk
from tests.unit.costs.told import MARKETING, NUMBER, SERVICE, echoed, priced, status

from saath.events import Event, MessagePriced, Pricing
from saath.settings import KafkaSettings, TopicSettings

RATES = "valid_from,market,recipients,category,rate,currency\n2026-10-01,x,+49,{},2.5,XXX\n"
DAY = 24 * 60
NEXT_YEAR = Pricing(model="PMP", type="next_year", category="marketing")


def sent(
    name: str, minutes: float, pricing: Pricing, *fates: str, number: str = NUMBER, after: float = 1
) -> list[Event]:
    """A message through the API as the log tells it: its price with ``sent``, then what became of it."""
    told: list[Event] = [status("sent", minutes, pricing, name, number=number)]
    told.append(priced(minutes, pricing, name, number=number))
    return told + [status(f, minutes + after, pricing, name, number=number) for f in fates]


@pytest.fixture
def desk(kafka: KafkaSettings, topics: TopicSettings) -> Desk:
    made = Desk(kafka, topics)
    events = [
        *sent("wamid.A", 0, MARKETING, "delivered", "read"),
        *sent("wamid.B", 1, SERVICE, "read"),
        *sent("wamid.C", 2, MARKETING, "failed"),
        *sent("wamid.D", 3, MARKETING),
        *sent("wamid.F", 4, NEXT_YEAR, "delivered"),
        # Priced before midnight, read two days later: it is of the first day, and of no other.
        *sent("wamid.G", 700, MARKETING, "delivered", after=2 * DAY),
        *sent("wamid.H", DAY, SERVICE, "delivered"),
        *sent("wamid.I", 5, MARKETING, "delivered", number=OTHER),
        echoed(6), echoed(7, "wamid.K"),
    ]  # fmt: skip
    log_of(made, events)
    return made


def told(desk: Desk, *more: str) -> dict[str, Any]:
    found = desk.saath("costs", "--json", *more)
    assert found.exit_code == 0, found.output + found.stderr
    read: dict[str, Any] = json.loads(found.stdout)
    return read


def lines(read: dict[str, Any]) -> list[tuple[Any, ...]]:
    names = ("day", "charge", "type", "category", "market", "messages")
    return [tuple(item[name] for name in names) for item in read["items"]]


FIRST = [
    ("2026-11-24", "free", "free_customer_service", "service", "+49", 1),
    ("2026-11-24", "unknown", "next_year", "marketing", "+49", 1),
    ("2026-11-24", "paid", "regular", "marketing", "+49", 2),
]
SECOND = [("2026-11-25", "free", "free_customer_service", "service", "+49", 1)]


def test_each_message_counts_once_on_the_day_of_its_price_and_failed_ones_do_not(
    desk: Desk,
) -> None:
    read = told(desk, "--number", NUMBER)

    assert lines(read) == [*FIRST, *SECOND]
    rest = {name: read[name] for name in ("app_messages", "waiting", "failed", "differing")}
    assert rest == {"app_messages": 2, "waiting": 1, "failed": 1, "differing": 0}
    assert "cost" not in read


def test_ranges_that_adjoin_count_nothing_twice_and_leave_nothing_out(desk: Desk) -> None:
    midnight = "2026-11-25T00:00:00Z"

    before = told(desk, "--number", NUMBER, "--to", midnight)
    after = told(desk, "--number", NUMBER, "--from", midnight)

    assert (lines(before), lines(after)) == (FIRST, SECOND)
    assert (before["app_messages"], after["app_messages"]) == (2, 0)


def test_days_are_those_of_the_time_zone_that_is_named(desk: Desk) -> None:
    read = told(desk, "--number", NUMBER, "--timezone", "Asia/Kolkata")

    assert [line for line in lines(read) if line[1] == "paid"] == [
        ("2026-11-24", "paid", "regular", "marketing", "+49", 1),
        ("2026-11-25", "paid", "regular", "marketing", "+49", 1),
    ]


def test_money_is_an_estimate_from_the_rates_that_are_given(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(RATES.format("marketing"))

    read = told(desk, "--number", NUMBER, "--rates", str(path))
    shown = desk.saath("costs", "--number", NUMBER, "--rates", str(path)).stdout

    assert (read["currency"], read["cost"], read["messages_without_cost"]) == ("XXX", "5.0", 1)
    assert "5.0000 XXX, and 1 messages of unknown cost: an estimate from --rates" in shown
    assert ("saved_estimate" in read, "would have cost" in shown) == (False, False)


def test_what_the_app_saved_is_said_as_an_estimate_where_there_is_a_rate(
    desk: Desk, tmp_path: Path
) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(RATES.format("service"))

    read = told(desk, "--number", NUMBER, "--rates", str(path))
    shown = desk.saath("costs", "--number", NUMBER, "--rates", str(path)).stdout

    assert (read["saved_estimate"], read["saved_for_messages"]) == ("5.0", 2)
    assert "Estimate: through the API, 2 of the 2 written in the app would have cost" in shown


def test_a_spreadsheet_has_a_row_a_line(desk: Desk) -> None:
    found = desk.saath("costs", "--csv")
    rows = list(csv.DictReader(found.stdout.splitlines()))

    assert [(row["number"], row["charge"], row["messages"], row["cost"]) for row in rows] == [
        (NUMBER, "free", "1", "0"),
        (NUMBER, "unknown", "1", ""),
        (NUMBER, "paid", "2", ""),
        (NUMBER, "free", "1", "0"),
        (OTHER, "paid", "1", ""),
    ]


def test_a_price_that_differs_later_is_said(desk: Desk) -> None:
    again = MessagePriced.model_validate(
        priced(9, SERVICE).model_dump() | {"id": "other", "differs": True}
    )
    log_of(desk, [again])

    assert told(desk, "--number", NUMBER)["differing"] == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [("day,rate\n", "the first line must be"), (RATES.format(""), "line 2: a category is needed")],
)
def test_rates_that_cannot_be_read_are_refused_by_their_line(
    desk: Desk, tmp_path: Path, content: str, sentence: str
) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(content)

    refused = [desk.saath("costs", "--rates", str(p)) for p in (path, tmp_path / "none.csv")]

    assert [told.exit_code for told in refused] == [2, 2]
    assert (sentence in refused[0].stderr, "No such file" in refused[1].stderr) == (True, True)
