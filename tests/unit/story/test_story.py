"""Whole conversations, told to people."""

from dataclasses import replace
from datetime import timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from tests.unit.story.log import (
    CONVERSATION,
    SPEECH,
    WORDS,
    Log,
    answered,
    at,
    overtaken,
)

from saath.events import (
    MessageBackfilled,
    MessageFailed,
    Problem,
    Routed,
    ThenHandoff,
    TurnClosed,
)
from saath.events.requests import HandoffWish
from saath.story import Speech, folded, tell
from saath.story.rules import in_words
from saath_router import facts


def test_an_answered_message_is_told_with_reasons_though_an_older_router_named_no_rule() -> None:
    assert answered().told() == [
        "The customer wrote. The bot orders is asked: first message.",
        "From now on the bot answers. First message.",
        "The bot orders was asked to answer until 12:02:00.",
        "Meta took the message of the bot orders.",
        "The message was delivered to the customer's phone.",
    ]


def test_a_person_who_steps_in_is_why_the_bot_did_not_answer() -> None:
    log = overtaken()

    assert log.told()[5:] == [
        "The customer wrote. The bot orders is asked: the bot has the conversation.",
        "The bot orders was asked to answer until 12:02:10.",
        "A person wrote from the phone.",
        (
            "From now on a person answers, until 25 Nov 00:00 (before: the bot). "
            "Answered from the phone."
        ),
        "The bot orders is asked no more. Answered from the phone.",
        (
            "The message of the bot orders was NOT sent: somebody else answers. The conversation is "
            "human's. It was written while epoch 1 held, which ended at 12:00:12: answered from the phone."
        ),
        (
            "The customer wrote. No bot was asked: a person has the conversation since 12:00:12 until "
            "25 Nov 00:00 (answered from the phone)."
        ),
    ]
    assert log.answer("wamid.C") == [
        (
            "The bot orders was asked and said nothing for 1.95 s; then it was asked no more: answered "
            "from the phone. The message of the bot orders was NOT sent: somebody else answers; 2.8 s "
            "after it was asked. A person answered 2 s after the customer wrote."
        )
    ]


def test_a_message_that_nobody_answers_says_how_long_the_customer_has_waited() -> None:
    assert overtaken().answer("wamid.E", 80) == [
        "No bot was asked for it, and nobody has answered it since: 1 min 0 s by now."
    ]


@pytest.mark.parametrize(
    ("routed", "told"),
    [
        (
            Routed(to="bot", rule="lease_over", epoch=1, bot="orders"),
            "The bot orders is asked: the person has been quiet for so long that the bot has it again.",
        ),
        (
            Routed(to="bot", rule="waits_for_more", epoch=1, bot="orders", ask_at=at(30)),
            "The bot orders is asked, but only at 12:00:30: the customer may write more.",
        ),
        (
            Routed(to="nobody", rule="answers_nobody", epoch=0),
            "Nobody is asked to answer: bots answer nobody on this number.",
        ),
        (
            Routed(to="human", rule="handoff_rule", epoch=7),
            "No bot is asked, a person answers: a rule of the number gives such a message to a person.",
        ),
        (
            Routed(to="meta", rule="a_newer_rule", epoch=7),
            "No bot is asked, Meta's own agent answers: a newer rule.",
        ),
    ],
)
def test_what_the_router_decided_is_told_with_its_rule(routed: Routed, told: str) -> None:
    log = Log()
    log.received("wamid.A", 0.4, routed)

    [step] = tell(log.story, CONVERSATION, SPEECH)

    assert (step.because, step.rule, step.epoch) == (told, routed.rule, routed.epoch)


def test_a_held_conversation_says_who_has_it_since_when_and_why() -> None:
    log = Log()
    log.echoed("wamid.P", 0, 0.2)
    log.owned("human", 5, 0.2, "answered from the phone", "wamid.P:echoed", lease_until=at(3600))
    log.received("wamid.A", 9.4, Routed(to="human", rule="human_holds", epoch=5))

    assert log.told()[-1] == (
        "The customer wrote. No bot is asked: a person has the conversation since 12:00:00 until "
        "13:00:00 (answered from the phone)."
    )


def test_a_bot_that_is_to_be_asked_later_is_told_so_until_then() -> None:
    log = Log()
    log.received(
        "wamid.A",
        0.4,
        Routed(to="bot", rule="waits_for_more", epoch=1, bot="orders", ask_at=at(30)),
    )

    assert [log.answer("wamid.A", 20), log.answer("wamid.A", 40)] == [
        ["The bot orders is asked at 12:00:30, if no person answers before."],
        ["No bot was asked for it, and nobody has answered it since: 40 s by now."],
    ]


RULES = get_args(facts.Rule)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_of_the_router_has_a_sentence(rule: str) -> None:
    assert in_words(rule) != rule.replace("_", " ")


def test_a_bots_message_that_left_before_the_person_was_heard_of_says_by_how_much() -> None:
    log = Log()
    log.received("wamid.A", 0.4)
    log.owned("bot", 1, 0.4, "first message", "wamid.A:received", previous="bot")
    log.offered("t_1", "wamid.A", 1, 0.4)
    log.echoed("wamid.D", 1, 4.5)
    log.owned("human", 2, 4.5, "answered from the phone", "wamid.D:echoed")
    log.accepted("t_1", "wamid.B", 3.7, 4.6)

    assert log.told()[-1] == (
        "Meta took the message of the bot orders. A person has it since 12:00:04, when we heard of "
        "it, 800 ms after Meta had taken this. Meta told us 3.5 s after it was written."
    )


def test_a_bots_message_that_left_after_the_person_was_heard_of_hides_nothing() -> None:
    log = Log()
    log.received("wamid.A", 0.4)
    log.echoed("wamid.D", 1, 1.5)
    log.owned("human", 2, 1.5, "answered from the phone", "wamid.D:echoed")
    log.accepted("t_1", "wamid.B", 3.5, 3.6)

    assert log.told()[-1] == (
        "Meta took the message of the bot orders. A person had the conversation already, known here "
        "for 2 s by then."
    )


def test_delays_are_told_from_the_event_its_cause_and_the_question() -> None:
    story = answered().story

    told = [
        (
            s.type.split(".")[1],
            s.logged_after_ms,
            s.whole_seconds,
            s.after_cause_ms,
            s.after_turn_ms,
        )
        for s in tell(story, CONVERSATION, SPEECH)
    ]

    assert told == [
        ("received", 400, True, None, None),
        ("owner_changed", None, False, 0, None),
        ("offered", None, False, 0, None),
        ("accepted", 50, False, 300, 300),
        ("delivered", 500, True, 800, None),
    ]


def test_a_command_is_named_as_what_gave_the_conversation_back() -> None:
    log = overtaken()
    log.owned("bot", 3, 30, "released by Asha", "cmd-7")
    log.offered("t_3", "wamid.E", 3, 30, causation="cmd-7", reason="released")

    assert log.told()[-2:] == [
        "From now on the bot answers (before: a person). Released by Asha (command cmd-7).",
        "The bot orders was asked to answer until 12:02:30.",
    ]
    assert tell(log.story, CONVERSATION, SPEECH)[-1].after_cause_ms is None


def test_words_of_people_and_bots_are_told_only_when_asked_for() -> None:
    log = overtaken()
    log.called("wamid.E:received", 21, "asked for a person", summary=WORDS, by="orders")

    careful = "".join(s.model_dump_json() for s in tell(log.story, CONVERSATION, SPEECH))
    open_ = [s.words for s in tell(log.story, CONVERSATION, replace(SPEECH, texts=True))]

    assert (WORDS in careful, "Ana" in careful, "4915100000001" in careful) == (False, False, False)
    assert [words for words in open_ if words] == [WORDS] * 7


def test_a_run_of_history_is_one_step() -> None:
    log = Log()
    for n in range(3):
        old = MessageBackfilled(
            id=f"wamid.H{n}:backfilled", time=at(-9000 + n), message_id=f"wamid.H{n}",
            contact={}, content={"type": "text"}, author="customer", origin="history",
            conversation=CONVERSATION,
        )  # fmt: skip
        log.put(old, n)
    log.received("wamid.A", 5.0)

    told = folded(tell(log.story, CONVERSATION, SPEECH))

    assert [(step.what, step.count) for step in told] == [
        ("3 messages came with the phone's history, which never acts.", 3),
        ("The customer wrote.", 1),
    ]


def test_times_in_sentences_are_the_owners_clock_and_another_day_has_its_date() -> None:
    berlin = Speech(ZoneInfo("Europe/Berlin"))

    said = [berlin.time(at(0) + timedelta(hours=hours), at(0)) for hours in (0, 10, 11)]

    assert said == ["13:00:00", "23:00:00", "25 Nov 00:00"]


def test_a_bot_that_says_nothing_is_told_with_the_time_it_has() -> None:
    log = Log()
    log.received("wamid.A", 0.4)
    log.offered("t_1", "wamid.A", 1, 0.4, reply_by=at(60.4))

    assert [log.answer("wamid.A", 30.4), log.answer("t_1", 90.4)] == [
        ["The bot orders was asked 30 s ago and has said nothing; it has until 12:01:00."],
        ["The bot orders was asked 1 min 30 s ago and has said nothing; it had until 12:01:00."],
    ]


def test_a_bot_that_asks_for_time_and_gives_the_conversation_away_is_told_so() -> None:
    log = Log()
    log.received("wamid.A", 0.4)
    log.offered("t_1", "wamid.A", 1, 0.4)
    outcome = {"by": "bot", "bot": "orders", "turn_id": "t_1", "request": "t_1"}
    about = {"conversation": CONVERSATION, "time": at(1)}
    log.put(TurnClosed(id="o1", working_seconds=30, **outcome, **about), 1.4)
    wish = ThenHandoff(handoff=HandoffWish(reason="too hard", summary=WORDS))
    log.put(TurnClosed(id="o2", then=wish, **outcome, **about), 9.4)

    assert log.answer("t_1") == [
        (
            "The bot orders asked for 30 s more, 1 s after it was asked. "
            "The bot orders gave the conversation away without a word, 9 s after it was asked."
        )
    ]


def test_a_message_that_was_taken_and_not_delivered_says_why() -> None:
    log = answered()
    log.records.pop()
    problem = Problem(code=131026, title="Message undeliverable", message="to +4915100000001")
    failed = MessageFailed(
        id="wamid.B:failed", time=at(2), message_id="wamid.B", contact={}, errors=(problem,),
        conversation=CONVERSATION,
    )  # fmt: skip
    log.put(failed, 2.5)

    assert log.answer("wamid.A") == [
        (
            "The bot orders answered 300 ms after it was asked. "
            "The message was not delivered: Message undeliverable (131026)."
        )
    ]
