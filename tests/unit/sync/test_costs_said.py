"""What sync's partition writes of costs: the state first, then the fact, and the rest when it is due."""

from datetime import timedelta

from tests.unit.costs.told import MARKETING, status
from tests.unit.sync.samples import NOW, NUMBER
from tests.unit.sync.test_handler import OURS, owner, record

from saath.codec import decode
from saath.events import CostsRecorded, StatusEvent
from saath.kafka.records import Output, Record
from saath.topics import COSTS, INBOUND
from saath_sync.handler import STATE, SyncHandler


def delivered(name: str) -> Record:
    event = status("delivered", 0, MARKETING, name, number=NUMBER, time=NOW)
    assert isinstance(event, StatusEvent)
    return record(event, 0, INBOUND)


def messages(outputs: list[Output]) -> list[int]:
    facts = [decode(out.headers, out.value) for out in outputs if out.topic == COSTS]
    return [f.lines[0].messages for f in facts if isinstance(f, CostsRecorded)]


def handed(handler: SyncHandler, name: str) -> list[Output]:
    assert [*handler.handle(delivered(name), NOW)] == []
    return [*handler.finish({}, NOW)]


def test_a_status_is_counted_and_the_day_is_said_after_its_state() -> None:
    written = handed(owner(), "wamid.A")

    assert [out.topic for out in written] == [STATE, STATE, COSTS]
    assert (written[-1].key, written[-1].partition) == (
        f"{NUMBER}/{NOW.date().isoformat()}".encode(),
        OURS,
    )


def test_what_follows_within_the_minute_is_said_when_that_is_over() -> None:
    handler = owner()
    first, second = handed(handler, "wamid.A"), handed(handler, "wamid.B")

    due = handler.next_due()
    later = NOW + timedelta(minutes=1)
    fired = [*handler.fire(later, later)]

    assert (messages(first), messages(second), messages(fired)) == ([1], [], [2])
    assert (due, handler.next_due()) == (later, None)


def test_whoever_takes_the_partition_over_goes_on_counting() -> None:
    one, other = owner(), owner()
    for out in handed(one, "wamid.A"):
        if out.topic == STATE:
            other.restore(out.key or b"", out.value)

    written = handed(other, "wamid.B")
    again = handed(other, "wamid.A")

    assert (messages(written), again, other.ledgers) == ([2], [], {})


def test_a_status_that_cannot_be_read_is_left_to_the_router() -> None:
    odd = delivered("wamid.A")._replace(value=b"{}")

    assert ([*owner().handle(odd, NOW)], [*owner().finish({}, NOW)]) == ([], [])
