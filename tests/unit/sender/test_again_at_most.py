"""What is to be sent again on a number that is gone: it ends, and holds nobody for ever."""

from datetime import timedelta

from tests.unit.sender.facts import number
from tests.unit.sender.test_pauses import Number

from saath_sender.decide import AGAIN_AT_MOST
from saath_sender.results import InDoubt

KEPT = timedelta(hours=48)


def test_what_cannot_be_sent_again_is_dropped_and_what_waits_behind_it_expires() -> None:
    p, told = Number(), []
    for name in ("first", "second"):
        p.bulk(name, to="16505550002", in_doubt="resend", **{"class": "utility"})
    p.send(InDoubt("no answer"))
    p.recorded = number(state="offboarded")
    for seconds in (3700, (KEPT + AGAIN_AT_MOST).total_seconds(), 1):
        p.seconds += seconds
        p.commit()
        told.append([(type(event).__name__, getattr(event, "request", "")) for event in p.told])
        p.told.clear()

    ended = [event for events in told[1:] for event in events]
    assert ended == [("MessageDropped", "first"), ("MessageExpired", "second")]
