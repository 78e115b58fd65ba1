"""When a number is open: by its own clock, across changes of the clock, midnights and holidays."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saath.events import OpeningHours
from saath_router.hours import is_open, next_opening, open_until

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MINUTE = timedelta(minutes=1)


def hours(zone: str, *closed: str, **week: str) -> OpeningHours:
    """The hours of *week*, several in a day separated by blanks."""
    spans = {day: text.split() for day, text in week.items()}
    return OpeningHours.model_validate({"timezone": zone, "week": spans, "closed": closed})


def at(text: str, zone: str = "UTC", fold: int = 0) -> datetime:
    """The time that a clock in *zone* shows; of two, the second with *fold* 1."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


ALWAYS = hours("Europe/Berlin", **dict.fromkeys(DAYS, "00:00-24:00"))
KOLKATA = hours("Asia/Kolkata", mon="10:00-13:00 14:00-18:00", tue="10:00-18:00")
# Bars close late; 2026-12-25 is a Friday.
BAR = hours("Europe/Madrid", "2026-12-25", thu="22:00-04:00", fri="22:00-04:00")
NIGHT_IN_YORK = hours("America/New_York", sun="00:00-04:00")


@pytest.mark.parametrize(
    ("opening", "when", "expected"),
    [
        (None, at("2026-11-02 03:00"), True),
        (ALWAYS, at("2026-11-02 03:00"), True),
        # Kolkata is 5:30 ahead: it opens at 04:30 UTC, on a Monday that is still young elsewhere.
        (KOLKATA, at("2026-11-02 04:29:59"), False),
        (KOLKATA, at("2026-11-02 04:30"), True),
        (KOLKATA, at("2026-11-02 13:00", "Asia/Kolkata"), False),
        (KOLKATA, at("2026-11-02 14:00", "Asia/Kolkata"), True),
        (KOLKATA, at("2026-11-02 18:00", "Asia/Kolkata"), False),
        (KOLKATA, at("2026-11-04 12:00", "Asia/Kolkata"), False),
        # What begins on Thursday ends on Friday, though Friday is a holiday; what would begin then does not.
        (BAR, at("2026-12-24 21:59", "Europe/Madrid"), False),
        (BAR, at("2026-12-25 03:59", "Europe/Madrid"), True),
        (BAR, at("2026-12-25 04:00", "Europe/Madrid"), False),
        (BAR, at("2026-12-25 23:00", "Europe/Madrid"), False),
        (BAR, at("2026-12-26 01:00", "Europe/Madrid"), False),
        (BAR, at("2026-12-18 23:00", "Europe/Madrid"), True),
        # The hour that is struck twice on 1 November is open both times.
        (NIGHT_IN_YORK, at("2026-11-01 01:30", "America/New_York", fold=0), True),
        (NIGHT_IN_YORK, at("2026-11-01 01:30", "America/New_York", fold=1), True),
        (NIGHT_IN_YORK, at("2026-11-01 04:00", "America/New_York"), False),
        # St. John's set its clocks back at 00:01, to the day before.
        (
            hours("America/St_Johns", sun="00:00-03:00"),
            at("2006-10-28 23:30", "America/St_Johns", fold=1),
            True,
        ),
    ],
)
def test_it_is_open_by_the_clock_on_the_wall(
    opening: OpeningHours | None, when: datetime, expected: bool
) -> None:
    assert is_open(opening, when) is expected


@pytest.mark.parametrize(
    ("opening", "after", "expected"),
    [
        (None, at("2026-11-02 03:00"), None),
        (ALWAYS, at("2026-11-02 03:00"), None),
        (hours("UTC"), at("2026-11-02 03:00"), None),
        (KOLKATA, at("2026-11-02 03:00"), at("2026-11-02 04:30")),
        # Open already: the next time is what is asked.
        (KOLKATA, at("2026-11-02 04:30"), at("2026-11-02 14:00", "Asia/Kolkata")),
        (KOLKATA, at("2026-11-03 12:00"), at("2026-11-09 04:30")),
        (BAR, at("2026-12-25 12:00"), at("2026-12-31 22:00", "Europe/Madrid")),
        # Berlin's clocks go forward on 29 March: 09:00 there is 08:00 UTC before, and 07:00 after.
        (hours("Europe/Berlin", sat="09:00-12:00", sun="09:00-12:00"), at("2026-03-28 08:00"),
         at("2026-03-29 07:00")),
        # Nobody leaves at midnight where the next day begins with it.
        (hours("UTC", mon="08:00-24:00", tue="00:00-12:00"), at("2026-11-02 09:00"),
         at("2026-11-09 08:00")),
    ],
)  # fmt: skip
def test_the_next_opening_is_the_next_time_somebody_comes_in(
    opening: OpeningHours | None, after: datetime, expected: datetime | None
) -> None:
    assert next_opening(opening, after) == expected


@pytest.mark.parametrize(
    ("opening", "since", "waited", "expected"),
    [
        (None, at("2026-11-02 03:00"), timedelta(minutes=15), at("2026-11-02 03:15")),
        (ALWAYS, at("2026-11-02 03:00"), timedelta(minutes=15), at("2026-11-02 03:15")),
        (hours("UTC"), at("2026-11-02 03:00"), timedelta(minutes=15), None),
        (KOLKATA, at("2026-11-02 03:00"), timedelta(minutes=15), at("2026-11-02 04:45")),
        # Over the break at noon, over the night, and just at the end of a day.
        (KOLKATA, at("2026-11-02 07:20"), timedelta(minutes=15), at("2026-11-02 08:35")),
        (KOLKATA, at("2026-11-02 12:20"), timedelta(minutes=15), at("2026-11-03 04:35")),
        (KOLKATA, at("2026-11-02 12:20"), timedelta(minutes=10), at("2026-11-02 12:30")),
        # What overlaps is counted once.
        (hours("UTC", mon="09:00-12:00 10:00-13:00 10:30-11:00"), at("2026-11-02 09:00"),
         timedelta(hours=3, minutes=30), at("2026-11-02 12:30")),
        # Midnight and two in the morning are three hours apart when clocks go back, one when forward.
        (NIGHT_IN_YORK, at("2026-11-01 04:00"), timedelta(hours=5), at("2026-11-01 09:00")),
        (NIGHT_IN_YORK, at("2026-03-08 05:00"), timedelta(hours=3), at("2026-03-08 08:00")),
        (NIGHT_IN_YORK, at("2026-03-08 05:00"), timedelta(hours=3, minutes=1), at("2026-03-15 04:01")),
        (BAR, at("2026-12-25 02:00", "Europe/Madrid"), timedelta(hours=3),
         at("2026-12-31 23:00", "Europe/Madrid")),
    ],
)  # fmt: skip
def test_waiting_is_counted_while_it_is_open(
    opening: OpeningHours | None, since: datetime, waited: timedelta, expected: datetime | None
) -> None:
    assert open_until(opening, since, waited.total_seconds()) == expected


def test_what_a_newer_writer_says_in_another_way_is_left_out() -> None:
    odd = hours("Mars/Olympus", mon="09:00-12:00 noonish 14:00-15:00")

    assert [is_open(odd, at(f"2026-11-02 {clock}")) for clock in ("11:00", "13:00", "14:00")] == [
        True,
        False,
        True,
    ]


CLOCKS = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
SPANS = st.tuples(CLOCKS, CLOCKS).map("-".join)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
# Minutes about the days on which the clocks of those zones are set.
STARTS = st.builds(
    lambda day, minute: day + minute * MINUTE,
    st.sampled_from(
        [at(f"2026-{d}") for d in ("03-06", "03-27", "04-03", "10-02", "10-23", "10-30")]
    ),
    st.integers(0, 4 * 24 * 60),
)


@st.composite
def any_hours(draw: st.DrawFn) -> OpeningHours:
    """Some hours, on some days, with some holidays about those days."""
    week = {day: draw(st.lists(SPANS, max_size=3)) for day in DAYS}
    closed = draw(st.lists(st.sampled_from(["2026-03-08", "2026-03-29", "2026-10-25"]), max_size=2))
    zone = draw(st.sampled_from(ZONES))
    return OpeningHours.model_validate({"timezone": zone, "week": week, "closed": closed})


@settings(max_examples=60, deadline=None)
@given(any_hours(), STARTS, st.integers(1, 600))
def test_as_many_minutes_are_open_until_then_as_were_waited(
    opening: OpeningHours, since: datetime, minutes: int
) -> None:
    until = open_until(opening, since, minutes * 60)

    end = until or since + timedelta(days=8)
    step = (since + n * MINUTE for n in range(int((end - since) / MINUTE)))
    counted = sum(is_open(opening, moment) for moment in step)
    assert counted == minutes if until else counted <= minutes


@settings(max_examples=100, deadline=None)
@given(any_hours(), STARTS, STARTS, st.integers(0, 600), st.integers(0, 600))
def test_who_begins_to_wait_later_or_waits_longer_is_done_no_earlier(
    opening: OpeningHours, one: datetime, other: datetime, some: int, more: int
) -> None:
    early, late = sorted((one, other))

    first = open_until(opening, early, some * 60)
    second = open_until(opening, late, (some + more) * 60)

    assert first is None or second is None or first <= second


@settings(max_examples=100, deadline=None)
@given(any_hours(), STARTS)
def test_it_is_closed_just_before_an_opening_and_open_from_then_on(
    opening: OpeningHours, after: datetime
) -> None:
    opens = next_opening(opening, after)

    assert opens is None or (
        opens > after,
        is_open(opening, opens - MINUTE),
        is_open(opening, opens),
    ) == (
        True,
        False,
        True,
    )
