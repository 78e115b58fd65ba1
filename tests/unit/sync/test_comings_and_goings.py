"""A number that goes and comes back: what is over must not come back with it, and no alarm be false."""

from datetime import datetime, timedelta

from tests.unit.sync.samples import NOW, NUMBER
from tests.unit.sync.test_living import DAY, HOUR, owner, record, said, words, working

from saath.topics import ACCOUNTS
from saath_sync import life
from saath_sync.facts import Probed
from saath_sync.handler import STATE, SyncHandler
from saath_sync.life import Life, Moved, Probing

MINUTE = timedelta(minutes=1)


def restricted(until: datetime) -> SyncHandler:
    handler = working()
    update = said("ACCOUNT_RESTRICTION")
    kind = "RESTRICTED_BIZ_INITIATED_MESSAGING"
    update.details["restriction_info"] = [
        {"restriction_type": kind, "expiration": int(until.timestamp())}
    ]
    list(handler.handle(record(update, ACCOUNTS), NOW))
    return handler


def found(handler: SyncHandler, finding: life.Finding, at: datetime) -> list[str]:
    return words(handler.handle_fact(Probed(NUMBER, finding, "found", at), at))


def test_a_restriction_that_ended_while_nobody_was_there_is_lifted_by_whoever_takes_over() -> None:
    until = NOW + HOUR
    state = [o for o in restricted(until).finish({}, NOW) if o.topic is STATE]
    later = until + HOUR
    successor = owner(later)
    for output in state:
        successor.restore(output.key or b"", output.value)

    assert (successor.next_due(), words(successor.fire(later, later))) == (until, ["active"])


def test_a_restriction_is_lifted_although_something_else_happens_at_the_moment_it_ends() -> None:
    until = NOW + HOUR
    handler = restricted(until)
    found(handler, "connected", until + MINUTE)

    assert words(handler.fire(until + MINUTE, until + MINUTE)) == ["active"]


def test_a_word_that_comes_again_after_the_probe_has_found_otherwise_changes_nothing() -> None:
    away = Moved(NOW, "offboarded", "Meta says so")
    gone = life.heard(Life(since=NOW - DAY, said_at=NOW - DAY), away)
    back = life.probed(gone, "connected", "found", NOW + HOUR, Probing())

    assert (back.state, life.heard(back, away)) == ("active", back)


def test_a_disconnection_of_before_that_comes_late_does_not_end_a_new_connection() -> None:
    old = Life(since=NOW - DAY, said_at=NOW - DAY)
    anew = life.connected(old, NOW)

    assert life.heard(anew, Moved(NOW - HOUR, "disconnected", "PARTNER_REMOVED")).state == "active"
