"""A bot that misses over a fifth of its turns: one alarm, and no call for every conversation."""

from typing import Any

import pytest
from tests.unit.router.build import EVERYONE, NUMBER, accepted, at, received
from tests.unit.router.partition import PARTITION, Partition, on

from saath.events import (
    BotAnsweredAgain,
    BotFellSilent,
    Contact,
    ConversationUnattended,
    Event,
    HandoffRequested,
    NumberPolicy,
    TurnOffered,
)
from saath.kafka.records import Output
from saath.topics import CONVERSATIONS, HANDOFFS, OUTCOMES, TURNS, partition_for
from saath_router.policy import overlay
from saath_router.silent_bots import REMEMBERED_FOR, BotRecord, after

OTHER = next(str(n) for n in range(100) if partition_for(str(n), 4) == PARTITION)
MISSED_AT = 60.0


class Bots(Partition):
    """Customers who write one after the other, each in a conversation of their own."""

    asked = 0

    def writes(self, number: str = NUMBER, seconds: float = 0) -> TurnOffered:
        """Somebody new writes, and the bot is asked."""
        self.asked += 1
        who = {"contact": Contact(phone=f"49151{self.asked:07}"), "number": number}
        message = received(f"m{self.asked}", seconds).model_copy(update=who)
        (turn,) = on(TURNS, self.reads(message, now=seconds))
        assert isinstance(turn, TurnOffered)
        return turn

    def answers(self, turn: TurnOffered, seconds: float) -> list[Output]:
        about: dict[str, Any] = {"conversation": turn.conversation, "number": turn.number}
        answer = accepted(f"w{turn.id}", seconds, turn).model_copy(update=about)
        return self.reads(answer, topic=OUTCOMES, now=seconds)


def missed(times: int, *, answered: int = 0) -> tuple[Bots, list[Output]]:
    """So many turns were answered at 1 s, and so many missed a minute after they were offered."""
    bots = Bots()
    for _ in range(answered):
        bots.answers(bots.writes(), 1)
    for _ in range(times):
        bots.writes()
    return bots, bots.fires(MISSED_AT)


def alarms(outputs: list[Output]) -> list[tuple[str, str | None]]:
    return [
        (fact.bot, fact.number)
        for fact in on(HANDOFFS, outputs)
        if isinstance(fact, BotFellSilent | BotAnsweredAgain)
    ]


def calls(outputs: list[Output]) -> int:
    return sum(isinstance(fact, HandoffRequested) for fact in on(HANDOFFS, outputs))


def test_nine_missed_turns_are_nine_calls_and_no_alarm() -> None:
    _, outputs = missed(9)

    assert (calls(outputs), alarms(outputs)) == (9, [])


def test_with_the_tenth_there_is_an_alarm_once_that_says_how_many() -> None:
    bots, outputs = missed(10)

    (alarm,) = [fact for fact in on(HANDOFFS, outputs) if isinstance(fact, BotFellSilent)]
    assert (alarm.bot, alarm.number, alarm.missed, alarm.asked) == ("orders", NUMBER, 10, 10)
    bots.writes(seconds=61)
    assert alarms(bots.fires(200)) == []


@pytest.mark.parametrize(("answered", "expected"), [(8, 0), (7, 1)])
def test_a_fifth_of_missed_turns_is_borne_and_more_is_not(answered: int, expected: int) -> None:
    _, outputs = missed(10 - answered, answered=answered)

    assert len(alarms(outputs)) == expected


def test_while_it_is_silent_it_keeps_the_conversations_and_it_is_said_who_waits() -> None:
    bots, _ = missed(10)
    turn = bots.writes(seconds=100)

    outputs = bots.fires(160)

    (fact,) = on(CONVERSATIONS, outputs)
    assert isinstance(fact, ConversationUnattended)
    assert (fact.conversation, fact.rule, fact.waiting_since) == (
        turn.conversation,
        "bot_silent",
        at(100),
    )
    later = {fact.conversation for fact in on(CONVERSATIONS, bots.fires(4000))}
    assert (calls(outputs), turn.conversation in later) == (0, False)


def test_that_a_bot_is_silent_outlives_a_restart() -> None:
    bots, _ = missed(10)
    bots.writes(seconds=100)
    bots.restarts()

    assert calls(bots.fires(160)) == 0


def test_on_another_number_the_same_bot_is_another() -> None:
    bots, _ = missed(10)
    bots.writes(OTHER, seconds=100)

    outputs = bots.fires(160)

    assert (calls(outputs), alarms(outputs)) == (1, [])


def test_it_is_said_once_that_it_answers_again() -> None:
    bots, _ = missed(10)
    turns = [bots.writes(seconds=100) for _ in range(45)]

    said = [alarms(bots.answers(turn, 101)) for turn in turns]

    assert [where for where, told in enumerate(said) if told] == [39]
    assert said[39] == [("orders", NUMBER)]


def test_after_it_answers_again_a_missed_turn_calls_a_person_again() -> None:
    bots, _ = missed(10)
    for turn in [bots.writes(seconds=100) for _ in range(40)]:
        bots.answers(turn, 101)
    bots.writes(seconds=102)

    assert calls(bots.fires(162)) == 1


def test_an_answer_that_is_delivered_twice_counts_once() -> None:
    bots = Bots()
    turn = bots.writes()
    for _ in range(45):
        bots.answers(turn, 1)
    for _ in range(9):
        bots.writes()

    assert alarms(bots.fires(MISSED_AT)) == [("orders", NUMBER)]


def record(*turns: tuple[int, bool], silent: bool = False) -> BotRecord:
    return BotRecord(number=NUMBER, bot="orders", turns=turns, silent=silent)


def test_turns_of_more_than_an_hour_ago_say_nothing() -> None:
    start = int(at(0).timestamp())
    old = record(*[(start, True)] * 20)

    now_known, said = after(
        old, missed=True, cause="c", policy=EVERYONE, now=at(1) + REMEMBERED_FOR
    )

    assert (len(now_known.turns), said) == (1, ())


def test_the_share_that_is_borne_is_the_numbers_own_choice() -> None:
    start = int(at(0).timestamp())
    nine = record(*[(start, True)] * 9)
    all_of_them = overlay(EVERYONE, NumberPolicy(missed_share_max=1))

    def said(policy: Any) -> list[Event]:
        return [*after(nine, missed=True, cause="c", policy=policy, now=at(1))[1]]

    assert (len(said(EVERYONE)), said(all_of_them)) == (1, [])
