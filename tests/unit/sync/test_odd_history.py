"""Histories that nobody would write, and Meta or a file may hold all the same: none stops another."""

import json
import sqlite3
from datetime import datetime

import pytest
from tests.unit.sync.gathering import gather, recorded
from tests.unit.sync.samples import NOW, NUMBER, WRITTEN, chunk, declined, message, seconds
from tests.unit.sync.stage import Stage
from tests.unit.sync.test_handler import record
from tests.unit.sync.test_tender import Topic, history_of, replayed, tending

from saath.events import Content, Event, HistoryIncomplete, MessageBackfilled
from saath_sync import incomplete, store, tender
from saath_sync.decide import decide
from saath_sync.incomplete import Waiting
from saath_sync.ledger import History, Ledger, Replay
from saath_sync.own_history import read_lines
from saath_sync.phases import CHUNKS_MAX, PHASES_MAX, Due, Patience, due
from saath_sync.ready import as_outputs
from saath_sync.scratch import Scratch

ABSURD = 2**70
YEAR_1 = datetime.fromisoformat("0001-01-01T00:00:00+14:00")
YEAR_9999 = datetime.fromisoformat("9999-12-31T23:59:59-14:00")


def after(*events: Event) -> Ledger:
    ledger: Ledger | None = None
    for offset, event in enumerate(events):
        ledger = decide(event, ledger, offset, NOW)
    assert ledger is not None
    return ledger


def history_after(*events: Event) -> History:
    history = after(*events).history
    assert history is not None
    return history


@pytest.mark.parametrize("number", [ABSURD, -1, PHASES_MAX])
async def test_an_absurd_phase_is_replayed_as_one_without_a_number(number: int) -> None:
    stage, topic = Stage(), Topic()
    async with stage.pod() as connector:
        numbers = connector.numbers
        topic.arrive(numbers.handlers[0], message("a", phase=number), chunk(number, 1, 100))
        async with tending(numbers, topic):
            await replayed(numbers, 1)
        found = [phase.phase for phase in history_of(numbers, NUMBER).phases]

    assert found == [None]


@pytest.mark.parametrize("at", [YEAR_1, YEAR_9999])
def test_a_time_that_no_clock_in_utc_can_show_is_handed_on_as_it_is(at: datetime) -> None:
    old = message("a").model_copy(update={"time": at})
    base = Scratch(NUMBER, 0)
    base.add(recorded([(0, old)]))
    base.line_up(Replay(phase=0, since=0, until=1))

    [out] = as_outputs(base.page(0, 10), NUMBER, 24)

    assert MessageBackfilled.model_validate_json(out.value or b"").time == at


async def test_one_numbers_history_that_cannot_be_replayed_ends_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add = Scratch.add

    def stumbles(self: Scratch, records: list[object]) -> None:
        if any(b"bad" in (r.value or b"") for r in records):  # type: ignore[attr-defined]
            raise ZeroDivisionError
        add(self, records)  # type: ignore[arg-type]

    monkeypatch.setattr(Scratch, "add", stumbles)
    monkeypatch.setattr(tender, "REPLAYS_MAX", 1)
    stage, topic = Stage(), Topic()
    async with stage.pod() as connector:
        numbers = connector.numbers
        handler = numbers.handlers[0]
        for event in (message("bad"), chunk(0, 1, 100)):
            told = event.model_copy(update={"number": "1"})
            handler.handle(record(told, len(topic.events)), NOW)
            topic.events.append(told)
        topic.arrive(handler, message("good"), chunk(0, 1, 100))
        async with tending(numbers, topic):
            await replayed(numbers, 1)

    # It rests, and does not hold the place of another number.
    assert topic.reads.count((0, 2)) == 1


async def test_a_disk_on_which_nothing_can_be_begun_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage, topic = Stage(), Topic()
    begun: list[str] = []
    connect = sqlite3.connect

    def full_at_first(name: str, **how: bool) -> sqlite3.Connection:
        begun.append(name)
        if len(begun) == 1:
            raise sqlite3.OperationalError("unable to open database file")
        return connect(name, **how)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", full_at_first)
    async with stage.pod() as connector:
        numbers = connector.numbers
        topic.arrive(numbers.handlers[0], message("a", 1), chunk(0, 1, 100))
        async with tending(numbers, topic):
            await replayed(numbers, 1)

    assert (len(begun), topic.reads) == (2, [(0, 2)])


def test_what_is_kept_of_a_number_fits_one_record_whatever_its_chunks_are_called() -> None:
    phases = after(*(chunk(phase, 1, ABSURD) for phase in range(2000)))
    assert len(phases.history.phases if phases.history else ()) == PHASES_MAX + 1
    assert phases.history is not None
    assert phases.history.progress == 100

    [full] = [p for p in phases.history.phases if p.phase == 0]
    orders = tuple(10**17 + order for order in range(CHUNKS_MAX))
    every = tuple(p.model_copy(update={"chunks": orders}) for p in phases.history.phases)
    ledger = phases.model_copy(
        update={"history": phases.history.model_copy(update={"phases": every})}
    )
    for order in (5, 10**18, -3):
        ledger = decide(chunk(full.phase, order), ledger, 9000, NOW)

    assert ledger.history is not None
    assert {len(phase.chunks) for phase in ledger.history.phases} == {CHUNKS_MAX}
    assert len(store.snapshot(ledger)) < 2 * 1024 * 1024 - 64 * 1024


def test_what_nothing_tells_the_wholeness_of_is_not_held() -> None:
    patience = Patience(seconds(10), seconds(300), hold=True)

    def next_replay(history: History) -> Due | None:
        return due(history, NOW, NOW + seconds(300), patience)

    assert next_replay(history_after(chunk(None, 1))) == Due(None)
    assert next_replay(history_after(chunk(0, None))) == Due(0)
    assert next_replay(history_after(chunk(0, 2))) is None


def test_a_history_that_meta_breaks_off_with_an_error_is_told_of_as_any() -> None:
    found = incomplete.said(
        after(chunk(0, 2), declined(2593110)), NOW + seconds(300), Waiting(hold=True)
    )

    assert found is not None
    assert isinstance(found[1], HistoryIncomplete)


def line(**said: object) -> bytes:
    full = {"time": "2026-01-01T00:00:00Z", "author": "customer", "phone": "16505551234"} | said
    return json.dumps(full).encode()


def deep(levels: int) -> object:
    found: object = "x"
    for _ in range(levels):
        found = [found]
    return found


TEXT = {"text": "Hello"}
NO_TIME = "time: a time is ISO 8601 with an offset, or seconds since 1970"
NOT_A_TIME = "time: Input should be a valid datetime or date, input is too short"
SPOILT = "content: half of a surrogate pair (a text cut inside an emoji?), or nested too deep"


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({**TEXT, "time": "0001-01-01T00:00:00+14:00"}, "time: it lies before 1970"),
        ({**TEXT, "time": "1969-12-31T23:59:59Z"}, "time: it lies before 1970"),
        ({"content": {"type": "text", "text": {"body": "\ud83d"}}}, SPOILT),
        ({"content": {"type": "text", "text": {"body": "\ud83d"}}, "id": "wamid.1"}, SPOILT),
        ({"content": {"type": "odd", "odd": deep(300)}, "id": "wamid.1"}, SPOILT),
        ({"content": {"type": "odd", "odd": float("nan")}}, "it is not JSON"),
        ({"text": "x" * 262_144}, "it is longer than 262144 bytes"),
        ({**TEXT, "time": "9" * 5000}, NO_TIME),
        ({**TEXT, "time": "\u00b2"}, NOT_A_TIME),
    ],
)
def test_a_line_that_could_not_be_read_again_is_refused(
    told: dict[str, object], reason: str
) -> None:
    messages, refused = read_lines([line(**told), line(text="fine")], NUMBER, 1, 7, NOW)

    assert [(refusal.line, refusal.reason) for refusal in refused] == [(7, reason)]
    assert [message.content.text for message in messages] == ["fine"]


def test_large_messages_go_out_in_smaller_pages_all_of_them() -> None:
    large = [message(f"m{at}", at, content=Content.of_text("x" * 300_000)) for at in range(10)]
    base = Scratch(NUMBER, 0)
    base.add(recorded(enumerate(large)))
    base.line_up(Replay(phase=0, since=0, until=10))

    sizes: list[int] = []
    while page := base.page(sum(sizes), 1000):
        sizes.append(len(page))

    assert sizes == [4, 4, 2]


async def test_large_records_are_read_in_smaller_lots(monkeypatch: pytest.MonkeyPatch) -> None:
    lots: list[int] = []
    add = Scratch.add

    def noted(self: Scratch, records: list[object]) -> None:
        lots.append(len(records))
        add(self, records)  # type: ignore[arg-type]

    monkeypatch.setattr(Scratch, "add", noted)
    stage, topic = Stage(), Topic()
    async with stage.pod() as connector:
        numbers = connector.numbers
        large = [message(f"m{at}", content=Content.of_text("x" * 1_500_000)) for at in range(7)]
        topic.arrive(numbers.handlers[0], *large, chunk(0, 1, 100))
        async with tending(numbers, topic):
            await replayed(numbers, 7)

    assert lots == [3, 3, 2]


def test_of_many_edits_and_deletions_the_last_of_each_counts() -> None:
    def change(name: str, kind: str, at: float, **more: object) -> MessageBackfilled:
        said = {"type": kind, kind: {"original_message_id": "a", **more}}
        return message(name, at, content=Content.model_validate(said))

    def edit(name: str, at: float) -> MessageBackfilled:
        return change(name, "edit", at, message={"type": "text", "text": {"body": name}})

    history = [
        message("a"),
        edit("e1", 1),
        change("r", "revoke", 2),
        edit("e3", 3),
        edit("e2", 2.5),
    ]

    [found] = gather(enumerate(history), Replay(phase=0, since=0, until=5))

    assert isinstance(found, MessageBackfilled)
    assert (found.content.text, found.edited_at, found.revoked_at) == (
        "e3",
        WRITTEN + seconds(3),
        WRITTEN + seconds(2),
    )
