"""The grant: who may ask for sends without a turn, and that nobody can make one up."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous import URLSafeSerializer

from saath.cli.grant import granted
from saath.errors import TokenRefused
from saath.grants import Grant, Grants
from saath.tokens import TurnToken, TurnTokens

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
GRANT = Grant("shop", ("1", "2"), ("marketing", "utility"), 1_800_000_000)
# What signs turns, signing what a grant says.
TURNS = URLSafeSerializer(
    ["key"], salt="saath.turn", signer_kwargs={"digest_method": hashlib.sha256}
)
TEXTS = st.text(max_size=20)
SEVERAL = st.lists(TEXTS, max_size=4).map(tuple)


@given(st.builds(Grant, TEXTS, SEVERAL, SEVERAL, st.integers()))
def test_a_grant_is_read_as_it_was_signed(grant: Grant) -> None:
    grants = Grants(["key"])

    assert grants.read(grants.sign(grant)) == grant


def test_it_verifies_with_any_of_the_keys_and_is_signed_with_the_first() -> None:
    old, both = Grants(["old"]), Grants(["new", "old"])

    assert both.read(old.sign(GRANT)) == GRANT
    with pytest.raises(TokenRefused):
        old.read(both.sign(GRANT))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "g1.",
        "g1.forged",
        Grants(["another"]).sign(GRANT),
        Grants(["key"]).sign(GRANT) + "x",
        Grants(["key"]).sign(GRANT).removeprefix("g1."),
        TurnTokens(["key"]).sign(TurnToken("t", "1", "c", 1, "b", 1)),
        "g1." + str(TURNS.dumps(["shop", ["*"], ["*"], 1_900_000_000])),
        "g1." + TurnTokens(["key"]).sign(TurnToken("t", "1", "c", 1, "b", 1)).removeprefix("t1."),
    ],
)
def test_what_was_not_signed_as_a_grant_is_none(text: str) -> None:
    with pytest.raises(TokenRefused):
        Grants(["key"]).read(text)


def test_it_is_good_for_what_it_names_and_for_all_where_it_says_so() -> None:
    every = Grant("shop", ("*",), ("*",), 1)

    assert [g.covers_number(n) for g in (GRANT, every) for n in ("2", "3")] == [
        True, False, True, True,
    ]  # fmt: skip
    assert [g.covers_class(c) for g in (GRANT, every) for c in ("utility", "service")] == [
        True, False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("until", "ends"),
    [
        ("90d", NOW + timedelta(days=90)),
        ("12h", NOW + timedelta(hours=12)),
        ("2027-01-01", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2027-01-01T12:00:00+02:00", datetime(2027, 1, 1, 10, tzinfo=UTC)),
    ],
)
def test_the_command_takes_a_time_or_how_long(until: str, ends: datetime) -> None:
    given_ = granted("shop", ["1"], ["utility"], until, NOW)

    assert given_ == Grant("shop", ("1",), ("utility",), int(ends.timestamp()))


@pytest.mark.parametrize(
    ("who", "number", "class_", "until", "named"),
    [
        (" ", "1", "utility", "1d", "--who"),
        ("shop", "+49151", "utility", "1d", "--number"),
        ("shop", "1", "advertising", "1d", "--class"),
        ("shop", "1", "utility", "soon", "--until"),
        ("shop", "1", "utility", "2026-09-30", "--until"),
    ],
)
def test_what_would_be_no_use_is_refused_by_name(
    who: str, number: str, class_: str, until: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        granted(who, [number], [class_], until, NOW)

    assert (left.value.code, named in capsys.readouterr().err) == (2, True)
