"""What is parked behind another is read again whatever becomes of that one."""

from datetime import timedelta

import pytest
from tests.unit.sender.facts import NOW, NUMBER, number
from tests.unit.sender.test_parking import OTHER, ROOM, WROTE, Crowd, crowd

from saath.events import MessageDropped, MessageExpired, MessageRefused, NumberRecorded
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE
from saath_sender.causes import Cause, InPause, InState, Restricted, TemplatePaused, is_over
from saath_sender.ledger import Finished, Name, Origin
from saath_sender.lost import lanes_lost
from saath_sender.results import InDoubt
from saath_sender.scopes import EVERYTHING, Scope
from saath_sender.settings import SenderSection

SOON = (NOW + timedelta(seconds=30)).isoformat()


def after_soon(p: Crowd) -> list[str]:
    """What leaves once half a minute and a little more is over."""
    p.seconds += 30
    p.commit()
    return p.run(2.0)


@pytest.mark.parametrize("before", [0, 2 * ROOM], ids=["at work", "parked"])
def test_what_is_parked_behind_what_expires_goes_then(before: int) -> None:
    p = crowd()
    p.pause()
    p.crowd(before)
    p.marketing("theirs", WROTE, expires_at=SOON)
    if not before:
        p.crowd(2 * ROOM)
    p.service("after", topic=OUTBOUND)
    p.service("third", topic=OUTBOUND)
    held = p.run(2.0)

    assert (held, after_soon(p)) == ([], ["after", "third"])
    assert [event.request for event in p.told_of(MessageExpired)] == ["theirs"]


@pytest.mark.parametrize("behind", [("after", "another-topic"), ("another-topic",)])
def test_what_waits_behind_what_was_sent_by_another_record_meanwhile_goes_then(
    behind: tuple[str, ...],
) -> None:
    p = crowd()
    p.pause()
    p.crowd(2 * ROOM)
    p.marketing("theirs", WROTE, expires_at=SOON)
    for name in behind:
        p.service(name, topic=OUTBOUND if name == "after" else OUTBOUND_BULK)
    p.run(1.0)
    p.service("theirs", topic=OUTBOUND_PEOPLE)
    first = p.run(1.0)
    for asked in p.handler.fence.asked_by_persons(NUMBER):
        p.handler.fence.person_repeated(asked)  # the router has seen its outcome

    assert (first, after_soon(p)) == (["theirs"], [*behind])


@pytest.mark.parametrize("behind", [("after", "another-topic"), ("another-topic",)])
def test_what_waits_behind_what_retention_took_goes_then(behind: tuple[str, ...]) -> None:
    p = crowd()
    p.pause()
    p.crowd(2 * ROOM)
    p.marketing("theirs", WROTE)
    for name in behind:
        p.service(name, topic=OUTBOUND if name == "after" else OUTBOUND_BULK)
    held = p.run(1.0)
    lanes_lost(p.handler.books, p.handler.fence, OUTBOUND.name, 2 * ROOM + 1, p.now.wall)

    assert (held, p.run(2.0)) == ([], [*behind])


def test_what_its_customer_lets_go_is_not_parked_by_what_held_it_before_that() -> None:
    p = crowd()
    p.pause(Scope("business_initiated"))
    p.crowd(ROOM // 4 - 2)
    p.run(0.5)
    p.marketing("theirs", OTHER, **{"class": "utility"})
    held = p.run(0.4)
    p.owns("c_new", OTHER)
    for n in range(ROOM // 2):
        p.service(f"s{n}", topic=OUTBOUND)

    assert (held, "theirs" in p.run(3.0)) == ([], True)


@pytest.mark.parametrize("before", [0, 2 * ROOM], ids=["at work", "parked"])
def test_a_customer_who_is_known_by_now_is_the_one_to_whom_something_waits(before: int) -> None:
    p = crowd()
    p.pause()
    p.crowd(before)
    p.marketing("theirs", OTHER)
    p.run(1.0)
    p.owns("c_new", OTHER)
    p.service("after", to=OTHER, topic=OUTBOUND)
    p.service("another-topic", to=OTHER, topic=OUTBOUND_BULK)
    held = p.run(2.0)
    p.resume()
    left = [name for name in p.run(10.0) if not name.startswith("m")]

    assert (held, left) == ([], ["theirs", "after", "another-topic"])


@pytest.mark.parametrize("before", [0, 2 * ROOM], ids=["at work", "parked"])
def test_what_waits_in_a_conversation_that_is_joined_with_another_is_before_what_comes_to_that(
    before: int,
) -> None:
    p = crowd()
    p.owns("c_old", OTHER)
    p.pause()
    p.crowd(before)
    p.marketing("theirs", OTHER)
    p.run(1.0)
    p.owns("c_new", OTHER)
    p.owns("c_old", "", redirect="c_new")
    p.service("after", to=OTHER, topic=OUTBOUND)
    held = p.run(2.0)
    p.resume()
    left = [name for name in p.run(10.0) if not name.startswith("m")]

    assert (held, left) == ([], ["theirs", "after"])


def nothing_at_work() -> Crowd:
    """One customer's is parked, another topic's waits for it, and nobody looks at anything else."""
    p = Crowd(rules=SenderSection(lane_max=2))
    p.pause()
    p.marketing("theirs", WROTE, expires_at=SOON)
    p.service("another-topic", topic=OUTBOUND_BULK)
    p.run(2.0)
    assert (p.at_work(), p.parked(), p.handler.books.work(NUMBER).look_at) == (0, 1, float("inf"))
    return p


def test_where_nothing_else_is_at_work_what_retention_took_lets_go_what_waited_for_it() -> None:
    p = nothing_at_work()
    lanes_lost(p.handler.books, p.handler.fence, OUTBOUND.name, 1, p.now.wall)

    assert p.run(1.0) == ["another-topic"]


def test_where_nothing_else_is_at_work_what_was_sent_already_lets_go_what_waited_for_it() -> None:
    p = nothing_at_work()
    p.handler.books.ledger.put(Name(NUMBER, "theirs", 0), Finished(Origin("elsewhere", 7), 0.0))

    assert after_soon(p) == ["another-topic"]


def test_what_has_expired_behind_one_that_has_not_is_not_read_again_and_again() -> None:
    p = crowd()
    p.pause()
    p.crowd(2 * ROOM)
    p.marketing("theirs", WROTE)
    p.service("after", topic=OUTBOUND, expires_at=SOON)
    held = [*p.run(1.0), *after_soon(p)]
    lane = p.handler.books.lane(OUTBOUND.name, NUMBER)
    p.commit()
    p.handler.parking.look(NUMBER, p.handler.books.work(NUMBER), p.now)

    assert (held, lane.parked.wanted, 2 * ROOM + 1 in lane.parked) == ([], None, True)


def test_what_is_in_doubt_is_not_parked_where_its_next_owner_finds_the_number_paused() -> None:
    p = crowd()
    p.pause()
    p.crowd(2 * ROOM)
    p.run(1.0)
    p.service("doubtful", topic=OUTBOUND)
    p.send(InDoubt("no answer"))
    p.commit()
    after = p.next_owner()
    after.pause(EVERYTHING)
    after.run(1.0)
    lane = after.handler.books.lane(OUTBOUND.name, NUMBER)
    at_work = 2 * ROOM in lane.waiting
    after.seconds += 3601

    assert at_work
    assert [event.request for event in after.told_of(MessageDropped)] == ["doubtful"]


def test_what_is_parked_by_a_pause_is_refused_where_its_number_was_removed() -> None:
    p = crowd()
    p.pause()
    names = p.crowd(2 * ROOM)
    p.run(1.0)
    p.recorded = number(state="removed")
    p.run(2.0)

    assert [event.request for event in p.told_of(MessageRefused)] == names


@pytest.mark.parametrize("recorded", [number(state="removed"), None], ids=["removed", "unknown"])
@pytest.mark.parametrize(
    "cause",
    [
        InPause(EVERYTHING),
        InState("offboarded"),
        Restricted("everything"),
        TemplatePaused(Scope("template", "news", "en")),
    ],
)
def test_nothing_holds_for_long_what_is_of_a_number_that_is_no_more(
    cause: Cause, recorded: NumberRecorded | None
) -> None:
    assert is_over(cause, recorded, lambda _: True, NOW)
