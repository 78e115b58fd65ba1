"""Moments in their order, whatever is set anew."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.router.build import at

from saath_router.alarms import Alarms

NAMES = st.sampled_from("abcd")
MOMENTS = st.none() | st.integers(0, 5)


@given(st.lists(st.tuples(NAMES, MOMENTS) | st.integers(0, 5)))
def test_what_comes_up_is_what_a_plain_table_would_say(
    steps: list[tuple[str, int | None] | int],
) -> None:
    alarms, table = Alarms(), dict[str, int]()
    for step in steps:
        if isinstance(step, tuple):
            name, moment = step
            alarms.set(name, at(moment) if moment is not None else None)
            table.pop(name, None)
            if moment is not None:
                table[name] = moment
        else:
            popped = alarms.pop(at(step))
            earliest = min(table.values(), default=99)
            if popped is None:
                assert earliest > step
            else:
                assert table.pop(popped) == earliest <= step
        assert alarms.next_due() == (at(min(table.values())) if table else None)


def test_a_moment_that_moves_on_and_on_leaves_no_trail() -> None:
    alarms = Alarms()
    for n in range(1000):
        alarms.set("a", at(n))

    assert (len(alarms._heap), alarms.next_due()) == (1, at(999))
