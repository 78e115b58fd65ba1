"""What a new owner knows before it has read any request again."""

from tests.unit.sender.facts import NUMBER, TEMPLATE
from tests.unit.sender.test_sender import Partition

from saath_sender.cursors import Cursor, lane_key
from saath_sender.handler import SenderHandler
from saath_sender.lanes import Limits
from saath_sender.ledger import Origin
from saath_sender.shelves import Shelves


def new_owner(p: Partition, seconds: float) -> Partition:
    """The next owner, restored as the partition does it; nothing is read again yet."""
    after = p.succeeded(seconds)
    after.handler = SenderHandler(after.handler.at, after.handler.partition)
    for key, value in after.state.items():
        after.handler.books.restore(key, value)
    after.handler.books.restored()
    after.chooser = type(after.chooser)(after.handler)
    return after


def test_what_was_half_sent_long_ago_is_not_forgotten_before_it_is_read_again() -> None:
    p = Partition()
    p.bulk("b0", messages=[TEMPLATE, TEMPLATE])
    p.send()
    p.handler.open = False
    p.commit()
    after = new_owner(p, seconds=3600)
    after.commit()
    after.catch_up()
    after.handler.open = True

    assert [str(name) for name in after.sent()] == [f"{NUMBER}/b0/1"]


def test_what_was_finished_ages_on_over_a_restart() -> None:
    p = Partition()
    p.bulk("b0", "b1")
    p.run(0.5)
    p.commit()
    after = new_owner(p, seconds=3600)
    after.handler.books.read_to = after.now.wall.timestamp()
    after.commit()

    assert [key for key in after.state if b"/b" in key] == []


def test_a_lane_that_is_done_before_its_cursor_was_written_anew_has_none_for_the_next_owner() -> (
    None
):
    shelves = Shelves(Limits(10), 0.01)
    shelves.restore("outbound.v1", NUMBER, Cursor(3, (4,), ((6, 9),)))
    over = [shelves.is_over(NUMBER, Origin("outbound.v1", offset)) for offset in range(2, 8)]
    lane = shelves.lane("outbound.v1", NUMBER)
    lane.caught_up()
    shelves.touch("outbound.v1", NUMBER)

    assert over == [True, False, True, False, True, True]
    assert [*shelves.cursors()] == [(lane_key("outbound.v1", NUMBER), None)]
