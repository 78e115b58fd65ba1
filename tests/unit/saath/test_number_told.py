"""``saath number show``: what is said of a number as it stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from saath.cli.number import certainty, shown, standing, waiting
from saath.events import NumberRecorded, Restriction, TemplateStatus
from saath.kafka.standing import LaneSeen, PauseSeen, Standing, is_finished
from saath.story import Speech

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
SPEECH = Speech(UTC, texts=False)
PAUSE = PauseSeen("paid", "a payment problem", 131042, NOW, NOW + timedelta(minutes=5))


def recorded(**changes: object) -> NumberRecorded:
    basis = {"id": "n", "time": NOW, "number": "1", "state": "active", "display_phone": "+491511"}
    return NumberRecorded.model_validate(basis | changes)


FINE = Standing(
    number="1",
    at=NOW,
    recorded=recorded(),
    sender_known=True,
    pauses=(),
    in_doubt=0,
    lanes=(LaneSeen("outbound.v1", 0, None, whole=True),),
    sent=3,
    last_sent=NOW,
    sent_whole=True,
)
BEGINS = Restriction(kind="business_initiated", until=NOW + timedelta(hours=1))
STOPPED = (
    TemplateStatus(name="news", language="en_US", state="paused", at=NOW),
    TemplateStatus(name="over", language="en", state="paused", at=NOW - timedelta(hours=7)),
    TemplateStatus(name="sale", language="en", state="disabled", at=NOW),
    TemplateStatus(name="free", language="en", state="approved", at=NOW),
)
OVER = Restriction(kind="customer_initiated", until=NOW)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (recorded(), ["It is connected."]),
        (
            recorded(state="disconnected"),
            ["It is disconnected, and somebody must connect it again: nothing is sent."],
        ),
        (
            recorded(state="restricted", restrictions=(BEGINS, OVER)),
            [
                "Meta restricts it.",
                (
                    "Nothing is sent to customers who have not written in 24 hours until 13:00:00: "
                    "Meta restricts the number."
                ),
            ],
        ),
        (
            recorded(templates=STOPPED),
            [
                "It is connected.",
                "The template news (en_US) is not sent: Meta has paused it since 12:00:00.",
                "The template sale (en) is refused: Meta has disabled it since 12:00:00.",
            ],
        ),
        (
            recorded(state="restricted"),
            [
                "Meta restricts it.",
                "Nothing is sent: Meta restricts the number, and numbers does not say in what.",
            ],
        ),
        (
            None,
            ["It is not on numbers: requests wait a minute for that, and are refused then."],
        ),
    ],
)
def test_a_numbers_state_is_told_with_what_follows_from_it(
    number: NumberRecorded | None, said: list[str]
) -> None:
    found = list(standing(replace(FINE, recorded=number), SPEECH))

    assert [sentence for sentence in found if not sentence.startswith("At most")] == said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, []),
        ({"quality_rating": "GREEN"}, ["Meta says: quality GREEN."]),
        (
            {
                "verified_name": "Lucky Shrub",
                "quality_rating": "YELLOW",
                "throughput": "STANDARD",
                "messaging_limit": "TIER_250",
                "country": "IN",
                "timezone": "Asia/Kolkata",
            },
            [
                "Customers see it as Lucky Shrub.",
                "Meta says: quality YELLOW, throughput STANDARD, messaging limit TIER_250.",
                "It is in IN, Asia/Kolkata.",
            ],
        ),
    ],
)
def test_a_number_is_described_as_far_as_it_is_known(
    facts: dict[str, str], said: list[str]
) -> None:
    found = list(standing(replace(FINE, recorded=recorded(**facts)), SPEECH))

    assert found[1:-1] == said


@pytest.mark.parametrize(
    ("pause", "said"),
    [
        (
            PAUSE,
            (
                "Nothing that costs money is sent since 12:00:00: a payment problem (Meta's 131042); "
                "one message tries again at 12:05:00."
            ),
        ),
        (
            PauseSeen("template:news", "the template is paused", 132015, NOW, NOW),
            (
                "The template news is not sent since 12:00:00: the template is paused (Meta's 132015); "
                "the next message tries again."
            ),
        ),
        (
            PauseSeen("everything", "there is no access token", None, NOW, NOW),
            "Nothing is sent since 12:00:00: there is no access token; the next message tries again.",
        ),
    ],
)
def test_a_pause_is_told_with_its_class_its_reason_and_when_it_is_tried(
    pause: PauseSeen, said: str
) -> None:
    assert next(waiting(replace(FINE, pauses=(pause,)), SPEECH)) == said


@pytest.mark.parametrize(
    ("lane", "said"),
    [
        (LaneSeen("outbound.v1", 9, NOW, whole=True), []),
        (
            LaneSeen("outbound.v1", 9, NOW, whole=True, parked=1),
            ["1 of bots' requests is held and lets past what may be sent."],
        ),
        (
            LaneSeen("outbound.bulk.v1", 200_000, NOW, whole=True, parked=100_000, stopped=True),
            [
                (
                    "100000 of campaigns' requests are held and are more than the sender reads past: what "
                    "came after them on that topic waits too, whatever it is, until some of them have ended."
                )
            ],
        ),
    ],
)
def test_what_is_held_for_long_is_said_and_whether_others_get_past_it(
    lane: LaneSeen, said: list[str]
) -> None:
    sentences = list(waiting(replace(FINE, lanes=(lane,)), SPEECH))

    assert sentences[:-1] == said


@pytest.mark.parametrize(
    ("offset", "done"),
    [(4, False), (5, True), (9, False), (10, True), (15, True), (20, True), (21, False)],
)
def test_a_cursor_of_the_sender_is_read_as_it_means_it(offset: int, done: bool) -> None:
    cursor = {"next": 3, "finished": frozenset({5}), "spans": [[7, 8], [10, 20], [30, 40]]}

    assert is_finished(cursor, offset) == done


def test_what_was_not_read_and_what_was_not_counted_is_said() -> None:
    lane = LaneSeen("outbound.v1", 7, NOW, whole=False, unsure=2)

    said = list(certainty(replace(FINE, lanes=(lane,), sender_known=False)))

    assert [sentence.split(":")[0] for sentence in said] == [
        "No sender has written anything for this partition yet",
        (
            "The sender writes down what it has finished up to 5 s late; how far Meta has slowed it is "
            "known to its /metrics alone."
        ),
        "Not all was read in the time given (--seconds).",
        "2 records beside these have a key that names no number, and were not counted.",
    ]


def test_programs_are_told_the_problems_and_nobodys_phone_number() -> None:
    found = replace(FINE, recorded=recorded(state="offboarded"), pauses=(PAUSE,), in_doubt=1)

    data = shown(found)

    assert data["problems"] == ["not_active", "paused", "in_doubt"]
    assert "491511" not in str(data)
