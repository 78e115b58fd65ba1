"""What a campaign must know: since when no person has a conversation, and who wants no marketing."""

from typing import Any

import pytest
from tests.unit.router.build import (
    CUSTOMER,
    HOUR,
    NUMBER,
    Story,
    accepted,
    asked,
    at,
    echoed,
    received,
    thread_control,
)
from tests.unit.router.partition import CONVERSATION, Partition, owned

from saath.events import (
    Contact,
    ContactPreferenceChanged,
    Event,
    MessageFailed,
    MessageRejected,
    OwnershipRecorded,
    Problem,
)
from saath.topics import OUTCOMES
from saath_router.eviction import is_idle

DAYS = 24 * HOUR


def said(value: str, seconds: float, category: str = "marketing_messages") -> Event:
    return ContactPreferenceChanged(
        id=f"p_{value}_{seconds}",
        time=at(seconds),
        number=NUMBER,
        contact=CUSTOMER,
        category=category,
        value=value,
    )


def failed(code: int, seconds: float) -> Event:
    return MessageFailed(
        id=f"w1:failed:{code}:{seconds}",
        time=at(seconds),
        number=NUMBER,
        message_id=f"w{seconds}",
        contact=CUSTOMER,
        errors=(Problem(code=code),),
    )


def rejected(code: int, seconds: float) -> Event:
    return MessageRejected(
        id=f"out_{code}_{seconds}",
        time=at(seconds),
        number=NUMBER,
        request="r1",
        by="campaign",
        to=f"+{CUSTOMER.phone}",
        error=Problem(code=code),
    )


@pytest.mark.parametrize(
    ("events", "stopped"),
    [
        ([said("stop", 1)], True),
        ([said("stop", 1), said("resume", 2)], False),
        ([said("stop", 1), said("signup", 2)], False),
        ([said("resume", 2), said("stop", 1)], False),
        ([said("resume", 1), said("stop", 1)], True),
        ([said("stop", 1), said("resume", 1)], True),
        ([said("stop", 1), said("think about it", 2)], True),
        ([said("stop", 1, category="utility_messages")], None),
        ([failed(131050, 1)], True),
        ([failed(131050, 1), said("resume", 2)], False),
        ([rejected(131050, 1)], True),
        ([failed(131049, 1)], None),
        ([failed(131026, 1)], None),
    ],
)
def test_the_customers_last_word_counts(events: list[Event], stopped: bool | None) -> None:
    story = Story()
    for event in events:
        story.hears(event)

    assert story.state.marketing_stopped is stopped


@pytest.mark.parametrize(
    ("events", "hours"),
    [
        ([failed(131049, 0)], 24),
        ([rejected(131049, HOUR)], 25),
        ([failed(131049, HOUR), failed(131049, 0)], 25),
        ([failed(131050, 0)], None),
    ],
)
def test_who_has_had_enough_for_now_rests_a_day(events: list[Event], hours: int | None) -> None:
    story = Story()
    for event in events:
        story.hears(event)

    until = None if hours is None else at(hours * HOUR)
    assert story.state.marketing_rests_until == until


def test_a_person_leaves_when_it_is_released_or_when_their_lease_was_over() -> None:
    released, quiet, meta, bot = Story(), Story(), Story(), Story()
    released.hears(echoed("e1", 0))
    released.is_told(asked("release", "1"), HOUR)
    quiet.hears(echoed("e1", 0))
    quiet.hears(received("m1", 3 * DAYS))
    meta.hears(echoed("e1", 0))
    meta.hears(thread_control("meta", 2 * HOUR))
    bot.hears(received("m1", 0))
    owners = [story.state.owner for story in (released, quiet, meta, bot)]
    left = [story.state.person_left_at for story in (released, quiet, meta, bot)]

    assert owners == ["bot", "bot", "meta", "bot"]
    assert left == [at(HOUR), at(12 * HOUR), at(2 * HOUR), None]


def test_a_person_who_has_it_still_has_not_left() -> None:
    story = Story()
    story.hears(echoed("e1", 0))
    story.hears(echoed("e2", HOUR))

    assert story.state.person_left_at is None


def test_who_wants_no_marketing_is_not_forgotten_and_may_be_once_they_do() -> None:
    story = Story()
    story.hears(said("stop", 0))
    stopped = is_idle(story.state, at(365 * DAYS))
    story.hears(said("resume", 1))

    assert (stopped, is_idle(story.state, at(365 * DAYS))) == (False, True)


def about(record: OwnershipRecorded) -> dict[str, Any]:
    return record.model_dump(
        include={"owner", "epoch", "marketing_stopped", "marketing_rests_until", "person_left_at"},
        exclude_none=True,
    )


def test_owners_say_so_of_a_customer_who_never_wrote_and_say_when_it_is_taken_back() -> None:
    router = Partition()
    told = [
        *owned(router.reads(said("stop", 1))),
        *owned(router.reads(rejected(131049, 2), topic=OUTCOMES)),
        *owned(router.reads(said("resume", 3))),
    ]
    nobody: dict[str, Any] = {"owner": "bot", "epoch": 0}
    rests = {"marketing_rests_until": at(2 + DAYS)}

    assert [about(record) for record in told] == [
        nobody | {"marketing_stopped": True},
        nobody | {"marketing_stopped": True} | rests,
        nobody | {"marketing_stopped": False} | rests,
    ]
    assert {record.conversation for record in told} == {CONVERSATION}


def test_a_year_and_a_restart_later_a_stop_holds_and_is_in_owners_still() -> None:
    router = Partition()
    router.reads(said("stop", 1))
    swept = router.fires(365 * DAYS)
    router.restarts()
    swept += router.fires(366 * DAYS)
    [again] = owned(router.reads(received("m1", 367 * DAYS), now=367 * DAYS))

    assert (swept, again.marketing_stopped) == ([], True)


def test_owners_say_when_a_person_left() -> None:
    router = Partition()
    router.reads(echoed("e1", 0))
    release = {"id": "1", "number": NUMBER, "command": "release", "phone": CUSTOMER.phone}
    told = owned(router.is_told(release, HOUR))

    assert [(record.owner, record.person_left_at) for record in told] == [("bot", at(HOUR))]


@pytest.mark.parametrize("stopped_first", [True, False])
def test_what_two_conversations_say_holds_for_the_one_that_they_are(stopped_first: bool) -> None:
    one, other = Contact(phone=CUSTOMER.phone), Contact(user_id="US.1")
    first, second = (one, other) if stopped_first else (other, one)
    router = Partition()
    for n, contact in enumerate((one, other)):
        router.reads(received(f"m{n}", n).model_copy(update={"contact": contact}))
    router.reads(said("stop", 3).model_copy(update={"contact": first}))
    router.reads(echoed("e1", 4).model_copy(update={"contact": second}))
    both = Contact(phone=CUSTOMER.phone, user_id="US.1")
    told = owned(
        router.reads(
            received("m3", 2 * DAYS).model_copy(update={"contact": both}), now=2 * DAYS + 1
        )
    )
    kept = [record for record in told if not record.redirect][-1]

    assert (kept.marketing_stopped, kept.owner) == (True, "bot")
    assert kept.person_left_at == at(4 + 12 * HOUR)


def test_an_accepted_message_says_nothing_of_marketing() -> None:
    story = Story()
    story.hears(accepted("w1", 1, by="campaign"))

    assert (story.state.marketing_stopped, story.state.marketing_rests_until) == (None, None)
