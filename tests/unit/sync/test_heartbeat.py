"""The app's heartbeat: days in milliseconds, because time is an argument."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.sync.samples import NOW

from saath_sync import heartbeat
from saath_sync.heartbeat import Heartbeat, Heartbeats

RULES = Heartbeats()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_silence_is_at_risk_after_ten_days_and_lost_after_thirteen_once_each() -> None:
    beat = Heartbeat(seen_at=NOW)
    said = []
    for day in range(30):
        if word := heartbeat.due(beat, NOW + day * DAY, RULES):
            said.append((day, word))
            beat = beat.model_copy(update={"told": word})

    assert said == [(10, "at_risk"), (13, "lost")]


def test_after_a_long_outage_of_ours_the_graver_alone_is_said() -> None:
    assert heartbeat.due(Heartbeat(seen_at=NOW), NOW + 20 * DAY, RULES) == "lost"


def test_a_sign_that_was_long_under_way_does_not_end_a_silence_of_more_than_ten_days() -> None:
    told = Heartbeat(seen_at=NOW, told="at_risk")
    late = heartbeat.seen(told, NOW + HOUR, NOW + 12 * DAY, RULES)
    fresh = heartbeat.seen(told, NOW + 12 * DAY, NOW + 12 * DAY, RULES)

    assert (late.told, fresh.told) == ("at_risk", None)


def test_a_busy_number_is_noted_once_an_hour() -> None:
    beat = Heartbeat(seen_at=NOW)

    assert heartbeat.seen(beat, NOW + HOUR / 2, NOW + HOUR, RULES) is beat
    assert heartbeat.seen(beat, NOW + HOUR, NOW + HOUR, RULES).seen_at == NOW + HOUR


def test_a_sign_from_the_future_is_one_of_now() -> None:
    assert heartbeat.seen(None, NOW + DAY, NOW, RULES).seen_at == NOW


@given(st.lists(st.floats(0.01, 20), min_size=1, max_size=40), st.floats(0.1, 5))
def test_no_alarm_within_ten_days_of_a_sign_and_never_two_of_one_kind_for_a_silence(
    gaps: list[float], step: float
) -> None:
    now, last = NOW, NOW
    beat, said = Heartbeat(seen_at=NOW), list[tuple[datetime, str]]()
    for gap in gaps:
        until = now + gap * DAY
        while now < until:
            if (due := heartbeat.next_due(beat, RULES)) and due <= now:
                word = heartbeat.due(beat, now, RULES)
                assert word is not None
                # What is noted once an hour may be an hour behind what was seen.
                assert now - last >= (RULES.at_risk if word == "at_risk" else RULES.lost) - HOUR
                said.append((last, word))
                beat = beat.model_copy(update={"told": word})
            now += step * DAY
        last = now
        beat = heartbeat.seen(beat, now, now, RULES)

    assert len(said) == len(set(said))
