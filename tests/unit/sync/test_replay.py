"""Any order, any duplication, any interruption: the same messages, in time order, each once."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sync.gathering import gather, lined_up, recorded
from tests.unit.sync.samples import IMAGE, NOW, NUMBER, PLACEHOLDER, chunk, media, message

from saath.events import Contact, Event, HistoryMediaReceived, MessageBackfilled
from saath_sync.decide import decide
from saath_sync.ledger import Ledger, Replay, Taken
from saath_sync.phases import Due, asked_anew, replay_begun, replay_finished, replay_progressed
from saath_sync.ready import Old
from saath_sync.scratch import Scratch

Body = tuple[Event, ...]


def body(phase: int, order: int, size: int) -> Body:
    """One chunk as ingest writes it: its messages, and after them the chunk. Times are all mixed up."""
    messages = [
        message(f"w{phase}.{order}.{i}", (order * 7919 + i * 104729) % 50, phase)
        for i in range(size)
    ]
    return (*messages, chunk(phase, order, messages=size))


def offsets(bodies: Sequence[Body]) -> list[tuple[int, Event]]:
    return list(enumerate(event for events in bodies for event in events))


CHUNKS = [body(0, order, 6) for order in range(1, 9)]
IN_TIME_ORDER = sorted(
    (event for events in CHUNKS for event in events if isinstance(event, MessageBackfilled)),
    key=lambda event: (event.time, event.message_id),
)


@settings(deadline=None)
@given(st.permutations(range(8)), st.lists(st.tuples(st.integers(0, 7), st.integers(0, 8))))
def test_any_order_and_any_duplication_give_the_same_sequence(
    order: list[int], again: list[tuple[int, int]]
) -> None:
    arrived = [CHUNKS[index] for index in order]
    for index, at in again:
        arrived.insert(at, CHUNKS[index])
    history = offsets(arrived)

    replayed = gather(history, Replay(phase=0, since=0, until=len(history)))

    assert replayed == IN_TIME_ORDER


@settings(deadline=None)  # the first one waits for a disk
@given(
    arrivals=st.lists(
        st.tuples(
            st.sampled_from(["chunk", "media", "onboarding"]), st.integers(0, 2), st.integers(1, 4)
        ),
        min_size=1,
        max_size=20,
    ),
    replay_after=st.sets(st.integers(0, 20)),
    break_off=st.integers(0, 5),
)
def test_replays_at_any_moment_take_every_message_and_its_media_once(
    arrivals: list[tuple[str, int, int]], replay_after: set[int], break_off: int
) -> None:
    log: list[tuple[int, Event]] = []
    out: list[Old] = []
    ledger: Ledger | None = None
    scratch = Scratch(NUMBER, 0)
    for index, (what, phase, order) in enumerate(arrivals):
        for event in arrived(what, phase, order):
            ledger = decide(event, ledger, len(log), NOW)
            log.append((len(log), event))
        if ledger and what == "onboarding":
            ledger = asked_anew(ledger)
        if index in replay_after or index == len(arrivals) - 1:
            for due in (Due(0), Due(1), Due(2), Due(None, only_media=True)):
                ledger = _replayed(ledger, due, log, out, break_off, scratch)

    messages = {event.message_id for _, event in log if isinstance(event, MessageBackfilled)}
    followed = {event.message_id for _, event in log if isinstance(event, HistoryMediaReceived)}
    assert sorted(told(out, MessageBackfilled)) == sorted(messages)
    late, merged = told(out, HistoryMediaReceived), told(out, MessageBackfilled, with_media=True)
    assert sorted([*late, *merged]) == sorted(messages & followed)


def arrived(what: str, phase: int, order: int) -> Body:
    match what:
        case "chunk":
            return placeholders(phase, order)
        case "media":
            return (media(f"w{phase}.{order}.0"),)
        case _:
            return ()


def placeholders(phase: int, order: int) -> Body:
    """A chunk of media that has not come yet."""
    messages = [
        message(f"w{phase}.{order}.{i}", (order * 31 + i * 17) % 50, phase, PLACEHOLDER)
        for i in range(3)
    ]
    return (*messages, chunk(phase, order, messages=3))


def told(out: Sequence[Old], kind: type[Old], *, with_media: bool = False) -> list[str]:
    return [
        event.message_id
        for event in out
        if isinstance(event, kind) and (not with_media or getattr(event, "content", None) == IMAGE)
    ]


def _replayed(
    ledger: Ledger | None,
    due: Due,
    log: list[tuple[int, Event]],
    out: list[Old],
    break_off: int,
    scratch: Scratch,
) -> Ledger | None:
    """
    Replay what is due; break off after some events and have somebody else go on from there.

    The one has read the history as far as the last replay; the other begins with nothing.
    """
    begun = replay_begun(ledger, due, NOW) if ledger else None
    if begun is None or begun.history is None or begun.history.replay is None:
        return ledger
    replay = begun.history.replay
    for last in (break_off, 1000):
        if last == break_off and (records := recorded(log[scratch.position : replay.until])):
            scratch.add(records)
        mine = lined_up(scratch, replay) if last == break_off else gather(log, replay)
        left = mine[replay.done : last]
        onward = replay_progressed(begun, replay, len(left), len(told(left, MessageBackfilled)))
        assert onward is not None
        assert onward.history is not None
        assert onward.history.replay is not None
        begun, replay = onward, onward.history.replay
        out.extend(left)
    return replay_finished(begun, replay)


def test_messages_of_the_same_second_have_one_order() -> None:
    history = [(0, message("b")), (1, message("a")), (2, message("c"))]

    replayed = gather(history, Replay(phase=0, since=0, until=3))

    assert [event.message_id for event in replayed] == ["a", "b", "c"]


def test_media_stands_for_its_placeholder_also_when_it_came_first() -> None:
    history = [
        (0, media("early")),
        (1, message("early", 1, content=PLACEHOLDER)),
        (2, message("late", 2, content=PLACEHOLDER)),
        (3, message("never", 3, content=PLACEHOLDER)),
        (4, media("late")),
    ]

    replayed = gather(history, Replay(phase=0, since=0, until=5))

    assert [event.content for event in replayed if isinstance(event, MessageBackfilled)] == [
        IMAGE,
        IMAGE,
        PLACEHOLDER,
    ]


def test_media_that_came_too_late_follows_with_its_messages_contact() -> None:
    late = media("a").model_copy(update={"contact": Contact()})
    history = [(0, message("a", content=PLACEHOLDER)), (1, message("b")), (2, late)]

    replayed = gather(
        history, Replay(since=3, until=3, media_since=2, before=(Taken(phase=0, until=2),))
    )

    assert replayed == [media("a")]


def test_a_message_is_taken_by_the_phase_that_showed_it_first() -> None:
    history = [(0, message("a", phase=0)), (1, message("a", phase=1)), (2, message("b", phase=1))]

    replayed = gather(history, Replay(phase=1, since=0, until=3))

    assert [event.message_id for event in replayed] == ["b"]
