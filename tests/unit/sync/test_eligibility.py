"""Who may be connected, as far as it can be told before a code is spent."""

import csv
from datetime import date
from pathlib import Path

import pytest

import saath_sync
from saath_sync.dialling import COUNTRIES, countries_of
from saath_sync.eligibility import Candidate, NotSupported, Verdict, judged, newest
from saath_sync.settings import countries_not_supported

DATA = Path(str(saath_sync.__file__)).with_name("countries.csv")
SHUT = NotSupported(frozenset({"NG", "ZA", "GB"}), "Meta", date(2026, 2, 4))


@pytest.mark.parametrize(
    ("phone", "countries"),
    [
        ("+234 803 123 4567", ("NG",)),
        ("+49 (170) 1234567", ("DE",)),
        ("77011234567", ("KZ",)),
        ("79161234567", ("RU",)),
        ("+442071234567", ("GB", "GG", "JE", "IM")),
        ("+999123", ()),
        ("", ()),
    ],
)
def test_a_dialling_code_names_the_countries_it_may_be(
    phone: str, countries: tuple[str, ...]
) -> None:
    assert countries_of(phone) == countries


def test_every_country_of_the_data_has_a_dialling_code() -> None:
    known = {country for countries in COUNTRIES.values() for country in countries}
    with DATA.open(encoding="utf-8", newline="") as file:
        named = {c for row in csv.DictReader(file) for c in row["not_supported"].split()}

    assert (len(named), named - known) == (40, set())


@pytest.mark.parametrize(
    ("candidate", "obstacles", "unknown"),
    [
        (Candidate(), [], ["country", "app_version", "app"]),
        (Candidate("+2348031234567", None, "2.24.17", "business"), ["country"], []),
        (Candidate(None, "za", "2.24.17", "business"), ["country"], []),
        (Candidate("+4917012345", None, "2.24.17.81", "business"), [], []),
        # A code of several countries, of which not all are shut, says nothing.
        (Candidate("+442071234567", None, "3.1", "business"), [], ["country"]),
        (Candidate("+442071234567", "GB", "2.25.1", "business"), ["country"], []),
        (Candidate("+4917012345", None, "2.24.16.99", "business"), ["app_version"], []),
        (Candidate("+4917012345", None, "newest", "business"), [], ["app_version"]),
        (Candidate("+4917012345", None, "2.24.17", "consumer"), ["app"], []),
    ],
)
def test_what_is_said_is_judged_and_what_is_not_said_is_unknown(
    candidate: Candidate, obstacles: list[str], unknown: list[str]
) -> None:
    verdict = judged(candidate, SHUT)

    assert [obstacle.what for obstacle in verdict.obstacles] == obstacles
    assert list(verdict.unknown) == unknown


def test_the_newest_row_counts_whatever_the_order() -> None:
    rows = ["date,not_supported,source", "2026-02-04,NG ZA,page", "2025-05-05,DE,changelog"]

    assert newest(rows) == NotSupported(frozenset({"NG", "ZA"}), "page", date(2026, 2, 4))


def test_by_the_data_of_mid_2026_no_country_is_shut_out() -> None:
    said = countries_not_supported(None)

    assert (said.countries, said.on) == (frozenset(), date(2026, 6, 16))


def test_a_setting_counts_above_the_data() -> None:
    said = countries_not_supported(("NG",))

    verdict = judged(Candidate(country="NG", app_version="2.25.1", app="business"), said)
    assert "SAATH_SYNC__COUNTRIES_NOT_SUPPORTED" in verdict.obstacles[0].problem
    assert verdict == Verdict(verdict.obstacles)
