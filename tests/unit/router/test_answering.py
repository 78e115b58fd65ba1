"""Whom bots answer at all, and what a person answers at once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.router.build import (
    CUSTOMER,
    EVERYONE,
    HOLD,
    HOUR,
    NUMBER,
    Story,
    accepted,
    at,
    backfilled,
    closed,
    echoed,
    edited,
    handoff,
    kinds,
    owners,
    received,
    revoked,
    turns,
)
from tests.unit.router.partition import INSTALLATION, Partition, on, types

from saath.events import (
    Condition,
    Contact,
    ContactRecorded,
    Content,
    Event,
    HandoffRequested,
    HandoffRule,
    LeaseRenewed,
    MessageReceived,
    NumberPolicy,
    NumberRecorded,
    OpeningHours,
    OwnerChanged,
    TurnOffered,
)
from saath.topics import CONTACTS, CONVERSATIONS, TURNS
from saath_router.answering import Around
from saath_router.numbers import Numbers
from saath_router.ownership import Decision
from saath_router.policy import Policy, overlay

NEW_ONLY = replace(EVERYONE, answers="new_contacts")
A_PERSON = HandoffRule(name="wants-a-person", when=Condition(words=("person",)))
WITH_RULE = replace(EVERYONE, handoff=(A_PERSON,))
ASKS = Content.of_text("A person, please")


def recorded(**said: Any) -> NumberRecorded:
    about = {"id": "n1", "time": at(0), "number": NUMBER, "state": "active"}
    return NumberRecorded.model_validate({**about, "history_sync": "complete", **said})


def partition_of(number: NumberRecorded | None, policy: Policy = NEW_ONLY) -> Partition:
    numbers = Numbers(policy, recorded=lambda _: number)
    return Partition(installation=replace(INSTALLATION, numbers=numbers))


def entry(who: Contact, *, removed: bool = False) -> ContactRecorded:
    return ContactRecorded(
        id="k1", time=at(0), number=NUMBER, entry="k1", contact=who, removed=removed
    )


def rule_of(decision: Decision | list[Event]) -> tuple[str, str]:
    (message, *_) = decision
    assert isinstance(message, MessageReceived)
    assert message.routed
    return message.routed.to, message.routed.rule


def routed(partition: Partition, event: Event, now: float = 1) -> tuple[str, str]:
    return rule_of(on(CONVERSATIONS, partition.reads(event, now=now)))


def test_nobody_is_answered_and_people_have_it_as_without_a_bot() -> None:
    story = Story(replace(EVERYONE, answers="nobody"))

    assert rule_of(story.hears(received("m1", 0))) == ("nobody", "answers_nobody")
    assert (turns(tuple(story.log)), story.waits(9 * HOUR)) == ([], ())


def test_a_new_contact_is_answered_where_only_those_are() -> None:
    assert routed(partition_of(recorded()), received("m1", 0)) == ("bot", "first_message")


def test_whoever_stands_in_the_address_book_is_not_answered_by_a_bot() -> None:
    partition = partition_of(recorded())
    partition.reads(entry(CUSTOMER), topic=CONTACTS)
    partition.restarts()

    assert routed(partition, received("m1", 0)) == ("nobody", "known_contact")


def test_whoever_was_taken_out_of_the_address_book_is_new_again() -> None:
    partition = partition_of(recorded())
    partition.reads(entry(CUSTOMER), entry(CUSTOMER, removed=True), topic=CONTACTS)

    assert routed(partition, received("m1", 0)) == ("bot", "first_message")


def test_whoever_stands_in_the_history_is_not_answered_by_a_bot() -> None:
    partition = partition_of(recorded())
    partition.reads(backfilled("h1", -1000))
    partition.restarts()

    assert routed(partition, received("m1", 0)) == ("nobody", "known_contact")


def test_everyone_is_answered_where_the_number_says_so() -> None:
    partition = partition_of(recorded(), EVERYONE)
    partition.reads(entry(CUSTOMER), topic=CONTACTS)

    assert routed(partition, received("m1", 0)) == ("bot", "first_message")


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (None, "history_pending"),
        (recorded(state="onboarding"), "history_pending"),
        (recorded(history_sync="asked"), "history_pending"),
        (recorded(history_sync="running"), "history_pending"),
        (recorded(history_sync="running", history_due_at=at(2)), "history_pending"),
        (recorded(history_sync="running", history_due_at=at(1)), "first_message"),
        (recorded(history_sync="declined"), "first_message"),
        (recorded(history_sync="not_asked"), "first_message"),
        (recorded(history_sync="complete"), "first_message"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_nobody_is_new_before_the_history_is_in_or_will_not_come(
    number: NumberRecorded | None, expected: str
) -> None:
    assert routed(partition_of(number), received("m1", 0))[1] == expected


def test_a_known_contacts_greeting_that_is_learned_later_asks_no_bot() -> None:
    """The app greets the owner's mother; when its text is known as a greeting, no bot answers her."""
    partition = partition_of(recorded())
    mother = Contact(phone="4915100000111")
    partition.reads(entry(mother), topic=CONTACTS)
    greeting = Content.of_text("Welcome! We will be with you in a minute.")
    outputs = []
    for n, who in enumerate(
        (mother, Contact(phone="4915100000112"), Contact(phone="4915100000113"))
    ):
        said = {"contact": who}
        outputs += partition.reads(
            received(f"m{n}", n).model_copy(update=said),
            echoed(f"e{n}", n + 1, greeting).model_copy(update=said),
            now=n + 1,
        )

    mothers = {
        fact.conversation
        for fact in on(CONVERSATIONS, outputs)
        if isinstance(fact, MessageReceived) and fact.contact.phone == mother.phone
    }
    asked = [turn for turn in on(TURNS, outputs) if isinstance(turn, TurnOffered)]
    assert mothers.isdisjoint({turn.conversation for turn in asked})
    assert {turn.rule for turn in asked} == {"first_message", "greeting_known"}


def test_a_shadow_is_asked_without_owning_anything_and_nobody_watches_it() -> None:
    story = Story(replace(EVERYONE, answers="shadow"))

    message, turn = story.hears(received("m1", 0))[::2]

    assert isinstance(turn, TurnOffered)
    assert (rule_of((message,)), turn.shadow, turn.reply_by, turn.epoch) == (
        ("bot", "shadow"),
        True,
        None,
        0,
    )
    assert (story.state.turns, story.state.watched, story.waits(9 * HOUR)) == ({}, {}, ())


def test_a_shadow_is_asked_also_while_a_person_has_it_and_changes_nothing() -> None:
    story = Story(replace(EVERYONE, answers="shadow"))
    story.hears(echoed("e1", 0))
    epoch = story.state.epoch

    decision = story.hears(received("m1", 5))

    assert (turns(decision), owners(decision)) == ([("orders", ["m1"])], [])
    assert (story.state.owner, story.state.epoch) == ("human", epoch)


def test_a_shadow_is_asked_about_a_burst_as_a_bot_is() -> None:
    story = Story(replace(EVERYONE, answers="shadow", quiet=timedelta(seconds=4)))
    story.hears(received("m1", 0))
    story.hears(received("m2", 1))

    decision = story.waits(5)

    assert turns(decision) == [("orders", ["m1", "m2"])]
    assert (owners(decision), story.state.pending) == ([], ())


def test_after_the_trial_the_bot_gets_the_conversation_like_any_other() -> None:
    story = Story(replace(EVERYONE, answers="shadow"))
    story.hears(received("m1", 0))
    story.policy = EVERYONE

    assert owners(story.hears(received("m2", 5))) == [("bot", "first_message")]


@pytest.mark.parametrize("epoch", ["never owned", "the bot's"])
def test_a_rule_gives_a_message_to_a_person_and_calls_one(epoch: str) -> None:
    story = Story(WITH_RULE)
    if epoch == "the bot's":
        story.hears(accepted("w0", -5, story.is_asked("m0", -10)))

    decision = story.hears(received("m1", 0, ASKS))

    changed, called = decision[-2:]
    assert isinstance(changed, OwnerChanged)
    assert isinstance(called, HandoffRequested)
    assert rule_of(decision) == ("human", "handoff_rule")
    assert (changed.owner, changed.rule, changed.reason, changed.lease_until) == (
        "human",
        "handoff_rule",
        "rule wants-a-person",
        at(0) + HOLD,
    )
    assert (called.rule, called.reason) == ("handoff_rule", "rule wants-a-person")


def test_a_rule_withdraws_the_turn_that_is_open() -> None:
    story = Story(WITH_RULE)
    story.is_asked("m0", 0)

    assert kinds(story.hears(received("m1", 1, ASKS))) == [
        "MessageReceived",
        "OwnerChanged",
        "TurnWithdrawn",
        "HandoffRequested",
    ]


def test_the_message_says_the_epoch_that_the_rule_has_made() -> None:
    story = Story(WITH_RULE)

    (message, *_) = story.hears(received("m1", 0, ASKS))

    assert isinstance(message, MessageReceived)
    assert message.routed
    assert message.routed.epoch == story.state.epoch > 0


def test_a_rule_asks_nothing_while_a_person_has_it() -> None:
    story = Story(WITH_RULE)
    story.hears(echoed("e1", 0))

    assert kinds(story.hears(received("m1", 5, ASKS))) == ["MessageReceived"]


def test_a_rule_renews_the_lease_of_a_person_who_went_quiet_and_calls_one() -> None:
    story = Story(WITH_RULE)
    story.hears(echoed("e1", 0))
    later = HOLD.total_seconds()

    decision = story.hears(received("m1", later, ASKS))

    assert kinds(decision) == ["MessageReceived", "LeaseRenewed", "HandoffRequested"]
    assert [f.lease_until for f in decision if isinstance(f, LeaseRenewed)] == [at(later) + HOLD]


def test_the_first_rule_that_fits_is_the_reason() -> None:
    other = HandoffRule(name="second", when=Condition(words=("please",)))
    story = Story(replace(EVERYONE, handoff=(A_PERSON, other)))

    called = story.hears(received("m1", 0, ASKS))[-1]

    assert isinstance(called, HandoffRequested)
    assert called.reason == "rule wants-a-person"


@pytest.mark.parametrize(
    ("when", "message"),
    [
        (Condition(patterns=(r"\d{6}",)), Content.of_text("order 123456")),
        (Condition(types=("audio",)), Content.model_validate({"type": "audio", "audio": {}})),
        (
            Condition(ad_sources=("any",)),
            Content.model_validate(
                {"type": "text", "text": {"body": "hi"}, "referral": {"source_id": "1"}}
            ),
        ),
        (Condition(contacts=("+49 151 00000001",)), Content.of_text("hi")),
        (Condition(words=("व्यक्ति",)), Content.of_text("मुझे व्यक्ति चाहिए")),
    ],
    ids=["pattern", "type", "ad", "contact", "another language"],
)
def test_every_kind_of_rule_gives_a_message_to_a_person(when: Condition, message: Content) -> None:
    story = Story(replace(EVERYONE, handoff=(HandoffRule(name="r", when=when),)))

    assert owners(story.hears(received("m1", 0, message))) == [("human", "handoff_rule")]


# START is a Thursday noon in UTC: 17:30 in Kolkata.
OPEN = OpeningHours.model_validate(
    {"timezone": "Asia/Kolkata", "week": {"thu": ["09:00-17:00"], "fri": ["09:00-17:00"]}}
)
CLOSED = HandoffRule(name="closed", when=Condition(closed=True))


@pytest.mark.parametrize(("before", "to"), [(HOUR, "bot"), (0, "human")])
def test_a_rule_for_closed_hours_goes_by_the_numbers_own_clock(before: float, to: str) -> None:
    story = Story(replace(EVERYONE, hours=OPEN, handoff=(CLOSED,)))

    assert rule_of(story.hears(received("m1", -before)))[0] == to


def test_a_lease_from_closing_time_reaches_into_the_next_opening_and_is_renewed_by_words() -> None:
    story = Story(replace(EVERYONE, hours=OPEN))
    next_opening = datetime(2026, 10, 2, 3, 30, tzinfo=UTC)

    story.hears(echoed("e1", 0))
    first = story.state.lease_until
    story.hears(echoed("e2", 16 * HOUR))

    assert (first, story.state.lease_until) == (
        next_opening + timedelta(hours=2),
        # Written on Friday morning, and it is opened next on Thursday.
        datetime(2026, 10, 8, 5, 30, tzinfo=UTC),
    )


def test_a_customer_who_waits_for_a_person_waits_in_opening_hours_only() -> None:
    story = Story(replace(EVERYONE, hours=OPEN))
    story.hears(echoed("e1", 0))
    story.hears(received("m1", 60))

    due = datetime(2026, 10, 2, 3, 45, tzinfo=UTC)
    seconds = (due - at(0)).total_seconds()
    assert (story.waits(seconds - 1), kinds(story.waits(seconds))) == (
        (),
        ["ConversationUnattended"],
    )


GROUP = Content.model_validate({"type": "text", "text": {"body": "hi"}, "group_id": "g1"})
THUMB = Content.model_validate({"type": "reaction", "reaction": {"message_id": "m1"}})


@pytest.mark.parametrize(
    "event",
    [
        edited("m1", 5, "other words", "business"),
        revoked("m1", 5, "business"),
        edited("m1", 5, "other words", "customer"),
        revoked("m1", 5, "customer"),
        echoed("e1", 5, THUMB),
        echoed("e1", 5, GROUP),
        backfilled("h1", 5, "business"),
        received("g1", 5, GROUP),
        received("g1", 5, THUMB),
    ],
    ids=lambda event: f"{type(event).__name__}-{getattr(event, 'by', '')}",
)
@pytest.mark.parametrize("owner", ["bot", "human"])
def test_what_is_no_message_changes_neither_owner_nor_lease_nor_turn(
    event: Event, owner: str
) -> None:
    story = Story()
    story.is_asked("m1", 0)
    if owner == "human":
        story.hears(echoed("e0", 1))
    before = story.state

    decision = story.hears(event)

    after = story.state
    assert len(decision) == 1
    for name in ("owner", "epoch", "lease_until", "owner_since", "turns", "watched"):
        assert getattr(after, name) == getattr(before, name)


def test_a_reaction_from_the_phone_is_no_answer_to_what_waits() -> None:
    story = Story(overlay(EVERYONE, NumberPolicy(release_word="#bot")))
    story.hears(echoed("e1", 0))
    story.hears(received("m1", 5))
    story.hears(echoed("e2", 6, THUMB))

    assert turns(story.hears(echoed("e3", 7, Content.of_text("#bot")))) == [("orders", ["m1"])]


def test_a_bot_that_hands_over_calls_a_person_also_where_one_was_called_before() -> None:
    """Called for words that were not sent; nobody came, and the bot went on."""
    story = Story()
    story.hears(received("m0", 0), seconds=HOUR)
    turn = story.is_asked("m1", 2 * HOUR)

    decision = story.hears(closed(turn, 2 * HOUR + 5, handoff("discount asked")))

    assert kinds(decision) == ["TurnClosed", "OwnerChanged", "HandoffRequested"]


def test_what_is_known_around_counts_only_where_new_contacts_alone_are_answered() -> None:
    story = Story()
    story.around = Around(known_contact=True, history_pending=True)

    assert rule_of(story.hears(received("m1", 0))) == ("bot", "first_message")


def test_history_of_a_customer_asks_nobody_whatever_waits() -> None:
    partition = partition_of(recorded(), EVERYONE)

    assert types(CONVERSATIONS, partition.reads(backfilled("h1", -5))) == ["MessageBackfilled"]
