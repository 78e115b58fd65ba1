"""The drawing of a number's life in the README is the one the code follows."""

import re
from datetime import timedelta
from pathlib import Path

from tests.unit.sync.samples import NOW, NUMBER
from tests.unit.sync.test_account_words import update

from saath.events import NumberState
from saath_sync import life, living
from saath_sync.ledger import Ledger
from saath_sync.life import Finding, Life, LifeState
from saath_sync.living import Rules

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
BEFORE = (
    Ledger(number=NUMBER, life=Life(since=NOW - timedelta(days=1))),
    *(
        Ledger(number=NUMBER, connected=True, life=Life(state=s, since=NOW - timedelta(days=1)))
        for s in STATES
    ),
)


def state(ledger: Ledger) -> NumberState:
    return life.state_of(ledger.life, works=ledger.connected)


def after(ledger: Ledger, what: str) -> Ledger:
    """A number, a day after it came to where it is, when this has happened."""
    if what == "connected":
        # The steps are done, where they can be: an onboarding is under way.
        return ledger.model_copy(update={"connected": True})
    if what == "begun anew":
        return living.connected_anew(ledger, NOW)
    if what.startswith("probe "):
        if not ledger.connected:
            return ledger  # is not asked about
        for minutes in (0, 10):
            finding: Finding = what.removeprefix("probe ")  # type: ignore[assignment]
            at = NOW + timedelta(minutes=minutes)
            ledger = living.probed(ledger, finding, "found", at, Rules())
        return ledger
    return living.account_said(ledger, update(what), NOW).ledger


def test_the_drawing_shows_every_change_of_state_and_no_other() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+): (.+)$", README.read_text(), flags=re.MULTILINE))
    ways = ("connected", "begun anew", *WORDS, *(f"probe {finding}" for finding in FINDINGS))
    real = {
        (state(ledger), state(changed), what)
        for ledger in BEFORE
        for what in ways
        if state(changed := after(ledger, what)) != state(ledger)
    }

    assert drawn == real
