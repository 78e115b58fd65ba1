"""The drawing of a number's life in the README is the one the code follows."""

import re
from datetime import timedelta
from pathlib import Path

from tests.unit.sync.samples import NOW
from tests.unit.sync.test_account_words import update

from saath_sync import life
from saath_sync.account_words import word_of
from saath_sync.life import Finding, Life, LifeState, Probing

README = Path(__file__).parents[3] / "services" / "sync" / "README.md"
STATES: tuple[LifeState, ...] = ("active", "offboarded", "disconnected", "removed")
FINDINGS: tuple[Finding, ...] = ("connected", "not_connected", "gone")
WORDS = (
    "ACCOUNT_OFFBOARDED",
    "ACCOUNT_RECONNECTED",
    "PARTNER_REMOVED",
    "PARTNER_APP_UNINSTALLED",
    "ACCOUNT_DELETED",
)


def after(state: LifeState, what: str) -> LifeState:
    """Where a number is that was in *state* for a day when this happened."""
    before = Life(state=state, since=NOW - timedelta(days=1))
    if what == "connected":
        return life.connected(before, NOW).state
    if what.startswith("probe "):
        for minutes in (0, 10):
            finding: Finding = what.removeprefix("probe ")  # type: ignore[assignment]
            at = NOW + timedelta(minutes=minutes)
            before = life.probed(before, finding, "found", at, Probing())
        return before.state
    word = word_of(update(what))
    assert word is not None
    return life.heard(before, word).state


def test_the_drawing_shows_every_change_of_state_and_no_other() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+): (.+)$", README.read_text(), flags=re.MULTILINE))
    ways = ("connected", *WORDS, *(f"probe {finding}" for finding in FINDINGS))
    real = {
        (state, new, what)
        for state in STATES
        for what in ways
        if (new := after(state, what)) != state
    }

    assert drawn - {("onboarding", "active", "connected")} == real
