"""Who has a conversation now, told from its events alone."""

from datetime import UTC, datetime

from tests.unit.story.log import (
    CONVERSATION,
    NUMBER,
    WORDS,
    Log,
    about,
    answered,
    at,
    overtaken,
)

from saath.events import (
    ConversationMerged,
    ConversationUnattended,
    LeaseRenewed,
    MessagePriced,
    MessageSent,
    OwnershipRecorded,
    Pricing,
    TurnClosed,
    WindowClosed,
)
from saath.story import State, Written, with_record
from saath.story.state import Asked

FREE = Pricing(type="free_customer_service", category="service", billable=False)


def seen(state: State) -> dict[str, object]:
    """All of it but the tally and the messages."""
    return state.model_dump(exclude_defaults=True, exclude={"messages"})


def test_a_conversation_that_a_person_took_over() -> None:
    assert seen(overtaken().state) == {
        "conversation": CONVERSATION,
        "number": NUMBER,
        "owner": "human",
        "epoch": 2,
        "bot": "orders",
        "since": at(12.25),
        "because": "answered from the phone",
        "lease_until": at(43_212),
        "window_until": at(20 + 86_400),
        "waiting_since": at(20),
        "last_activity": at(20),
    }


def test_the_last_messages_say_who_wrote_how_far_they_got_and_what_they_cost() -> None:
    log = answered()
    log.delivered("wamid.B", 1.7, pricing=FREE)
    priced = MessagePriced(id="p", time=at(2), message_id="wamid.B", pricing=FREE, **about())
    log.put(priced, 2)
    log.put(MessageSent(id="late", time=at(1), message_id="wamid.B", contact={}, **about()), 2.5)

    assert (log.state.messages, log.state.prices) == (
        (
            Written(message_id="wamid.A", author="customer", type="text", time=at(0), text=WORDS),
            Written(
                message_id="wamid.B", author="bot", type="text", time=at(0.65), text=WORDS,
                status="delivered", price="free_customer_service service",
            ),
        ),
        {"free_customer_service service": 1},
    )  # fmt: skip


def test_a_status_that_overtook_the_answer_of_the_api_is_not_lost() -> None:
    log = Log()
    log.delivered("wamid.B", 1.0)
    log.accepted("t_1", "wamid.B", 0.9, 1.1)

    assert [message.status for message in log.state.messages] == ["delivered"]


def test_an_open_turn_is_there_until_its_last_message_and_longer_where_time_was_asked_for() -> None:
    log = Log()
    log.received("wamid.A", 0.4)
    log.offered("t_1", "wamid.A", 1, 0.4)
    log.offered("t_2", "wamid.A", 1, 0.5)
    closed = {"by": "bot", "turn_id": "t_2", "request": "t_2", "time": at(100), **about()}
    log.put(TurnClosed(id="o", working_seconds=300, **closed), 100)
    log.accepted("t_1", "wamid.B", 0.65, 101, total=2)

    first, second = log.state.turns
    log.accepted("t_1", "wamid.B2", 0.65, 102, total=2, index=1)

    assert (first.turn, log.state.turns) == (
        "t_1",
        (
            Asked(
                turn="t_2", bot="orders", asked_at=at(0.5), reply_by=at(400), deadline=at(400)
            ),
        ),
    )  # fmt: skip
    assert second.turn == "t_2"


def test_a_greeting_answers_nobody_and_a_person_does() -> None:
    log = Log()
    log.received("wamid.A", 0.4)
    log.echoed("wamid.G", 2, 2.5, automatic=True)
    after_greeting = log.state.waiting_since
    told = ConversationUnattended(id="u", time=at(900), epoch=1, waiting_since=at(0), **about())
    log.put(told, 900)
    reported = (log.state.waiting_since, log.state.unattended)
    log.echoed("wamid.P", 950, 950.5)

    assert (after_greeting, reported, log.state.waiting_since, log.state.unattended) == (
        at(0),
        (at(0), True),
        None,
        False,
    )


def test_the_window_closes_when_meta_says_so_and_a_lease_is_renewed() -> None:
    log = overtaken()
    log.put(WindowClosed(id="w", time=at(30), rule="meta_said_so", **about()), 30)
    log.put(LeaseRenewed(id="l", time=at(31), epoch=2, lease_until=at(50_000), **about()), 31)

    assert (log.state.window_until, log.state.lease_until) == (at(30), at(50_000))


def test_a_joined_conversations_messages_count_and_its_owners_do_not() -> None:
    log = Log()
    log.owned("human", 7, 1, "answered from the phone", "x", conversation="c_younger")
    log.echoed("wamid.P", 0, 1, conversation="c_younger")
    log.put(
        ConversationMerged(
            id="m", time=at(2), into=CONVERSATION, merged="c_younger", epoch=8, **about()
        ),
        2,
    )

    state = log.state

    assert (state.owner, state.epoch, state.merged, len(state.messages)) == (
        None,
        8,
        ("c_younger",),
        1,
    )


def record(epoch: int) -> OwnershipRecorded:
    return OwnershipRecorded(
        id="o", time=at(0), owner="bot", epoch=epoch, bot="orders", addresses={},
        window_until=at(86_400), **about(),
    )  # fmt: skip


def test_owners_fills_what_the_log_did_not_reach_back_to() -> None:
    epoch = int(at(5).timestamp() * 1000)

    assert seen(with_record(State(conversation=CONVERSATION), record(epoch))) == {
        "conversation": CONVERSATION,
        "number": NUMBER,
        "owner": "bot",
        "epoch": epoch,
        "bot": "orders",
        "since": datetime(2026, 11, 24, 12, 0, 5, tzinfo=UTC),
        "window_until": at(86_400),
        "last_activity": at(0),
    }


def test_an_older_record_of_owners_changes_nothing() -> None:
    state = overtaken().state

    assert with_record(state, record(1)) == state
