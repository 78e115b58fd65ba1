"""A number's life: every word of Meta's, every finding of the probe, from every state."""

from datetime import timedelta

import pytest
from tests.unit.sync.samples import NOW

from saath.events import Restriction
from saath_sync import life
from saath_sync.life import Disabled, Finding, Life, LifeState, Moved, Probing, Restricted

PROBING = Probing()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = NOW + DAY
BUSINESS = Restriction(kind="business_initiated", until=NOW + HOUR)


def at(state: LifeState) -> Life:
    return Life(state=state, since=NOW - DAY, said_at=NOW - DAY)


def moved(to: LifeState, *, reconnecting: bool = False, at_minute: float = 0) -> Moved:
    return Moved(NOW + MINUTE * at_minute, to, "Meta says so", reconnecting=reconnecting)


@pytest.mark.parametrize(
    ("state", "word", "becomes"),
    [
        ("active", moved("offboarded"), "offboarded"),
        ("active", moved("disconnected"), "disconnected"),
        ("active", moved("removed"), "removed"),
        ("active", moved("active", reconnecting=True), "active"),
        ("offboarded", moved("active", reconnecting=True), "offboarded"),
        ("offboarded", moved("disconnected"), "disconnected"),
        ("offboarded", moved("removed"), "removed"),
        ("disconnected", moved("offboarded"), "disconnected"),
        ("disconnected", moved("active", reconnecting=True), "disconnected"),
        ("disconnected", moved("removed"), "removed"),
        ("removed", moved("offboarded"), "removed"),
        ("removed", moved("disconnected"), "removed"),
        ("removed", moved("active", reconnecting=True), "removed"),
    ],
)
def test_what_meta_says_moves_a_number(state: LifeState, word: Moved, becomes: LifeState) -> None:
    assert life.heard(at(state), word).state == becomes


def test_an_older_word_that_comes_later_changes_nothing() -> None:
    away = life.heard(at("active"), moved("offboarded", at_minute=0))
    back = life.heard(away, moved("active", reconnecting=True, at_minute=10))

    assert life.heard(back, moved("offboarded", at_minute=5)) == back


def test_the_same_word_again_changes_nothing() -> None:
    once = life.heard(at("active"), moved("offboarded"))

    assert life.heard(once, moved("offboarded")) == once


def twice(state: Life, finding: Finding) -> Life:
    first = life.probed(state, finding, "found", LATER, PROBING)
    return life.probed(first, finding, "found", LATER + PROBING.again_after, PROBING)


@pytest.mark.parametrize(
    ("state", "finding", "becomes"),
    [
        ("active", "connected", "active"),
        ("active", "not_connected", "offboarded"),
        ("active", "gone", "disconnected"),
        ("offboarded", "connected", "active"),
        ("offboarded", "not_connected", "offboarded"),
        ("offboarded", "gone", "disconnected"),
        ("disconnected", "connected", "active"),
        ("disconnected", "not_connected", "disconnected"),
        ("disconnected", "gone", "disconnected"),
        ("removed", "connected", "removed"),
        ("removed", "not_connected", "removed"),
        ("removed", "gone", "removed"),
    ],
)
def test_what_the_probe_finds_twice_moves_a_number(
    state: LifeState, finding: Finding, becomes: LifeState
) -> None:
    assert twice(at(state), finding).state == becomes


def test_one_finding_against_a_number_may_be_a_fault_of_metas() -> None:
    first = life.probed(at("active"), "gone", "found", LATER, PROBING)
    soon = life.probed(first, "gone", "found", LATER + PROBING.again_after - MINUTE, PROBING)
    well = life.probed(soon, "connected", "found", LATER + HOUR, PROBING)

    assert (
        first.state,
        soon.state,
        life.probed(well, "gone", "", LATER + 2 * HOUR, PROBING).state,
    ) == (
        "active",
        "active",
        "active",
    )


def test_health_lags_so_nothing_is_found_against_a_number_that_was_just_connected() -> None:
    new = life.connected(Life(), NOW)
    early = life.probed(new, "not_connected", "found", NOW + MINUTE, PROBING)

    assert (
        life.probed(early, "not_connected", "found", NOW + 12 * MINUTE, PROBING).state == "active"
    )


def test_a_reconnection_is_believed_when_the_probe_sees_it_and_that_is_tried_at_once() -> None:
    away = life.probed(
        life.heard(at("active"), moved("offboarded")), "not_connected", "", NOW, PROBING
    )
    said = life.heard(away, moved("active", reconnecting=True, at_minute=1))
    not_yet = life.probed(said, "not_connected", "found", NOW + 2 * MINUTE, PROBING)
    seen = life.probed(not_yet, "connected", "found", NOW + 3 * MINUTE, PROBING)

    assert (life.probe_due(said, PROBING), not_yet.state, seen.state, seen.reconnecting) == (
        None,
        "offboarded",
        "active",
        False,
    )


def test_a_reconnection_that_is_not_seen_is_looked_for_less_and_less_often() -> None:
    word = moved("active", reconnecting=True)
    said = life.heard(at("offboarded"), word)
    asked, minutes = NOW, []
    for _ in range(12):
        said = life.probed(said, "not_connected", "found", asked, PROBING)
        due = life.probe_due(said, PROBING)
        assert due is not None
        minutes.append((due - asked) / MINUTE)
        asked = due

    assert minutes == [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    assert life.heard(said, word) == said


def not_seen_for(away: timedelta, finding: Finding) -> Life:
    said = life.heard(at("offboarded"), moved("active", reconnecting=True))
    first = life.probed(said, finding, "found", NOW + away, PROBING)
    return life.probed(first, finding, "found", NOW + away + PROBING.again_after, PROBING)


@pytest.mark.parametrize(
    ("away", "finding", "becomes", "reconnecting"),
    [
        (DAY - HOUR, "gone", "offboarded", True),
        (DAY - HOUR, "connected", "active", False),
        (DAY, "gone", "disconnected", False),
        (DAY, "not_connected", "offboarded", False),
        (DAY, "connected", "active", False),
    ],
)
def test_a_reconnection_that_is_not_seen_for_a_day_is_not_waited_for_any_more(
    away: timedelta, finding: Finding, becomes: LifeState, reconnecting: bool
) -> None:
    found = not_seen_for(away, finding)

    assert (found.state, found.reconnecting) == (becomes, reconnecting)


def test_a_new_connection_ends_whatever_was() -> None:
    assert [
        life.connected(at(s), NOW).state for s in ("offboarded", "disconnected", "removed")
    ] == ["active"] * 3


def test_a_restriction_ends_by_its_time_or_by_metas_word() -> None:
    held = life.heard(at("active"), Restricted(NOW, (BUSINESS,), "restricted"))
    freed = life.heard(held, Restricted(NOW + MINUTE, (), "free"))
    stale = life.heard(freed, Restricted(NOW, (BUSINESS,), "restricted"))

    assert (
        life.state_of(held, works=True),
        life.next_lift(held),
        life.state_of(life.lifted(held, NOW + HOUR), works=True),
        life.state_of(freed, works=True),
        stale,
    ) == ("restricted", NOW + HOUR, "active", "active", freed)


RESTRICTED = Restricted(NOW + MINUTE, (BUSINESS,), "restricted")
DISABLED, ENABLED = (
    Disabled(NOW + 2 * MINUTE, True, "disabled"),
    Disabled(NOW + 4 * MINUTE, False, "enabled"),
)
AFTER_IT = Restricted(NOW + 3 * MINUTE, (BUSINESS,), "restricted")
SINCE_THEN = Restricted(NOW + 5 * MINUTE, (BUSINESS,), "restricted")


@pytest.mark.parametrize(
    ("words", "held"),
    [
        ([DISABLED], ["everything"]),
        ([DISABLED, AFTER_IT], ["everything", "business_initiated"]),
        ([AFTER_IT, DISABLED], ["everything", "business_initiated"]),
        ([RESTRICTED, DISABLED], ["everything", "business_initiated"]),
        ([DISABLED, RESTRICTED, DISABLED], ["everything", "business_initiated"]),
        ([DISABLED, AFTER_IT, ENABLED], []),
        ([DISABLED, ENABLED, AFTER_IT], []),
        ([ENABLED, DISABLED, AFTER_IT], []),
        ([DISABLED, SINCE_THEN, ENABLED], ["business_initiated"]),
        ([SINCE_THEN, ENABLED, DISABLED], ["business_initiated"]),
    ],
)
def test_what_is_disabled_is_so_until_it_is_enabled_whatever_is_restricted_besides(
    words: list[Restricted | Disabled], held: list[str]
) -> None:
    found = at("active")
    for word in words:
        found = life.heard(found, word)

    assert [restriction.kind for restriction in found.restrictions] == held


def test_a_restriction_that_is_over_leaves_what_is_disabled() -> None:
    both = life.heard(life.heard(at("active"), DISABLED), AFTER_IT)

    over = life.lifted(both, NOW + HOUR)

    assert (over.restrictions, life.heard(over, ENABLED).restrictions) == ((life.EVERYTHING,), ())


def test_what_is_restricted_and_away_is_away() -> None:
    held = life.heard(at("active"), Restricted(NOW, (BUSINESS,), "restricted"))

    assert life.state_of(life.heard(held, moved("offboarded")), works=True) == "offboarded"
