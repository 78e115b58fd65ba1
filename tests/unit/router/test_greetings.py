"""The app's own greetings: learned, logged as what they are, and what they took over given back."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from tests.unit.router.build import (
    EVERYONE,
    HOUR,
    NUMBER,
    accepted,
    at,
    backfilled,
    echoed,
    received,
)
from tests.unit.router.partition import INSTALLATION, KEY, Partition, on, owned, types

from saath.codec import encode
from saath.events import (
    Contact,
    Content,
    Event,
    MessageBackfilled,
    MessageEchoed,
    MessageReceived,
    NumberPolicy,
    OwnerChanged,
    TurnOffered,
)
from saath.identity import conversation_id
from saath.kafka.records import Output
from saath.topics import CONVERSATIONS, INBOUND, OUTCOMES, TURNS
from saath_router.conversation import Conversation
from saath_router.greetings import TEXTS_MAX, Greetings, Heard, heard, mistaken
from saath_router.numbers import Numbers
from saath_router.policy import Policy, overlay
from saath_router.texts import text_key

GREETING = "Welcome to the shop! We answer within the hour."
ANOTHER = "We are closed at the moment, please come again tomorrow."


def of(
    customer: int, event: MessageReceived | MessageEchoed | MessageBackfilled
) -> MessageReceived | MessageEchoed | MessageBackfilled:
    return event.model_copy(update={"contact": Contact(phone=f"49151{customer:08}")})


def name(customer: int) -> str:
    return conversation_id(KEY, NUMBER, f"phone:49151{customer:08}")


class Shop(Partition):
    """A number whose app greets every customer."""

    numbered = count()

    def hears(self, customer: int, seconds: float) -> list[Output]:
        return self.reads(of(customer, received(f"m{next(self.numbered)}", seconds)), now=seconds)

    def writes(
        self, customer: int, seconds: float, text: str = GREETING, content: Content | None = None
    ) -> list[Output]:
        said = content or Content.of_text(text)
        echo = of(customer, echoed(f"e{next(self.numbered)}", seconds, said))
        return self.reads(echo, now=seconds)

    def greets(self, customer: int, seconds: float, text: str = GREETING) -> list[Output]:
        """A customer writes, and the app greets three seconds later."""
        return self.hears(customer, seconds) + self.writes(customer, seconds + 3, text)

    def owner(self, customer: int) -> str:
        return self.handler._store.get_or_new(name(customer), NUMBER).owner


def judgements(outputs: list[Output]) -> list[bool | None]:
    return [
        fact.automatic for fact in on(CONVERSATIONS, outputs) if isinstance(fact, MessageEchoed)
    ]


def changes(outputs: list[Output]) -> list[tuple[str | None, str, str]]:
    return [
        (fact.conversation, fact.owner, fact.reason)
        for fact in on(CONVERSATIONS, outputs)
        if isinstance(fact, OwnerChanged)
    ]


def greeted_twice() -> Shop:
    """Two customers were greeted; nobody knows yet that it was the app."""
    shop = Shop()
    shop.greets(1, 0)
    shop.greets(2, 100)
    return shop


def test_a_text_that_nobody_knows_yet_is_a_persons() -> None:
    shop = Shop()

    outputs = shop.greets(1, 0)

    assert (judgements(outputs), shop.owner(1)) == ([False], "human")


def test_the_third_contact_a_text_goes_to_at_once_shows_that_it_is_the_apps() -> None:
    shop = greeted_twice()

    outputs = shop.greets(3, 200)

    assert (judgements(outputs), shop.owner(3)) == ([True], "bot")
    assert types(TURNS, outputs)[:1] == ["TurnOffered"]
    assert "TurnWithdrawn" not in types(TURNS, outputs)


def test_what_it_took_over_before_is_given_back_and_whoever_waits_is_answered() -> None:
    shop = greeted_twice()

    outputs = shop.greets(3, 200)

    given_back = [(name(n), "bot", "that was the app's greeting") for n in (1, 2)]
    turns = [turn for turn in on(TURNS, outputs) if isinstance(turn, TurnOffered)]
    assert changes(outputs)[1:] == given_back
    assert [turn.conversation for turn in turns] == [name(3), name(1), name(2)]
    assert turns[1].messages[0].content.text == "Is it there in blue?"
    assert [record.owner for record in owned(outputs)][-2:] == ["bot", "bot"]


def test_it_is_given_back_once() -> None:
    shop = greeted_twice()
    shop.greets(3, 200)

    assert changes(shop.greets(4, 300)) == [(name(4), "bot", "first message")]


def test_nobody_is_asked_again_whose_message_is_too_old_by_then() -> None:
    shop = greeted_twice()

    outputs = shop.greets(3, HOUR)

    assert len(changes(outputs)) == 3
    assert types(TURNS, outputs) == ["TurnOffered"]


def test_a_conversation_in_which_a_person_wrote_since_stays_theirs() -> None:
    shop = greeted_twice()
    shop.writes(1, 150, "Hello, Ana here.")

    outputs = shop.greets(3, 200)

    assert [conversation for conversation, *_ in changes(outputs)] == [name(3), name(2)]
    assert (shop.owner(1), shop.owner(2)) == ("human", "bot")


def test_a_conversation_that_a_person_took_over_by_command_since_stays_theirs() -> None:
    shop = greeted_twice()
    told = {"id": "x1", "number": NUMBER, "command": "take over", "conversation": name(1)}
    shop.is_told(told, now=150)

    shop.greets(3, 200)

    assert (shop.owner(1), shop.owner(2)) == ("human", "bot")


def test_a_person_who_wrote_from_a_tool_since_keeps_the_conversation() -> None:
    shop = greeted_twice()
    to_first = {"to": "4915100000001"}
    shop.reads(
        accepted("w1", 150, by="person").model_copy(update=to_first), topic=OUTCOMES, now=150
    )

    shop.greets(3, 200)

    assert (shop.owner(1), shop.owner(2)) == ("human", "bot")


def test_a_person_who_types_what_the_app_says_keeps_the_conversation() -> None:
    shop = greeted_twice()
    shop.greets(3, 200)
    shop.writes(1, 300)

    shop.greets(4, 400)

    assert shop.owner(1) == "human"


def test_a_conversation_that_was_greeted_twice_is_given_back_too() -> None:
    shop = greeted_twice()
    shop.greets(1, 150)

    shop.greets(3, 200)

    assert (shop.owner(1), shop.owner(2)) == ("bot", "bot")


def test_a_person_who_wrote_before_it_was_given_back_and_is_read_later_has_it_again() -> None:
    shop = greeted_twice()
    shop.greets(3, 200)

    late = of(1, echoed("late", 150, Content.of_text("Hello, Ana here.")))
    shop.reads(late, now=210)

    assert shop.owner(1) == "human"


def test_an_automatic_text_takes_nothing_over_and_renews_no_lease() -> None:
    shop = greeted_twice()
    shop.greets(3, 200)
    shop.writes(3, 260, "Hello, Ana here.")

    outputs = shop.greets(3, 300)

    assert types(CONVERSATIONS, outputs) == ["MessageReceived", "MessageEchoed"]
    assert (judgements(outputs), owned(outputs)[0].lease_until) == (
        [True],
        at(260) + EVERYONE.human_hold,
    )


def test_a_bot_sees_that_the_app_wrote_it() -> None:
    shop = greeted_twice()
    shop.greets(3, 200)

    (turn,) = [turn for turn in on(TURNS, shop.hears(3, 260)) if isinstance(turn, TurnOffered)]

    assert [message.author for message in turn.recent] == ["customer", "automatic"]


def test_a_known_text_long_after_the_customers_message_is_a_persons() -> None:
    shop = greeted_twice()
    shop.greets(3, 200)

    assert judgements(shop.writes(3, 300)) == [False]


@pytest.mark.parametrize(
    "text", ["Yes, of course.", ANOTHER], ids=["too short to tell", "another each time"]
)
def test_other_texts_stay_a_persons(text: str) -> None:
    shop = Shop()
    texts = [text] * 4 if text != ANOTHER else [f"{text} {n}" for n in range(4)]

    outputs = [shop.greets(n, n * 100, said) for n, said in enumerate(texts)]

    assert [judgements(output) for output in outputs] == [[False]] * 4


def test_one_contact_who_gets_a_text_three_times_teaches_nothing() -> None:
    shop = Shop()

    outputs = [shop.greets(1, n * 100) for n in range(4)]

    assert [judgements(output) for output in outputs] == [[False]] * 4


def test_a_text_that_comes_late_to_three_contacts_teaches_nothing() -> None:
    shop = Shop()
    for customer in range(4):
        shop.hears(customer, customer * 100)
        shop.writes(customer, customer * 100 + 11)

    assert [shop.owner(customer) for customer in range(4)] == ["human"] * 4


def test_case_and_spaces_make_no_other_text() -> None:
    shop = greeted_twice()

    outputs = shop.greets(3, 200, f"  {GREETING.upper().replace(' ', '  ')}")

    assert judgements(outputs) == [True]


def test_a_group_teaches_nothing() -> None:
    shop = Shop()
    in_group = Content.model_validate(
        {"type": "text", "text": {"body": GREETING}, "group_id": "g1"}
    )
    for customer in range(4):
        shop.hears(customer, customer * 100)
        shop.writes(customer, customer * 100 + 3, content=in_group)

    assert judgements(shop.greets(5, 500)) == [False]


def test_what_was_learned_outlives_a_restart() -> None:
    shop = greeted_twice()
    shop.restarts()
    shop.greets(3, 200)
    shop.restarts()

    assert (judgements(shop.greets(4, 300)), shop.owner(1)) == ([True], "bot")


def test_a_listed_text_is_automatic_at_once_and_at_any_time() -> None:
    policy = overlay(EVERYONE, NumberPolicy(automatic_texts=("  we're away ",)))
    shop = Shop(installation=replace(INSTALLATION, numbers=Numbers(policy)))
    shop.hears(1, 0)

    outputs = shop.writes(1, 500, "We're away")

    assert (judgements(outputs), shop.owner(1)) == ([True], "bot")


def past(customer: int, seconds: float, after: float = 4) -> list[Event]:
    wrote = backfilled(f"h{customer}", seconds)
    greeted = backfilled(f"hg{customer}", seconds + after, "business", Content.of_text(GREETING))
    return [of(customer, wrote), of(customer, greeted)]


def test_history_teaches_greetings_and_gives_nothing_back() -> None:
    shop = Shop()
    shop.greets(1, 0)

    outputs = shop.reads(*(event for n in range(5, 9) for event in past(n, -1000)), now=50)
    first = shop.greets(2, 100)

    assert set(types(CONVERSATIONS, outputs)) == {"MessageBackfilled"}
    assert (judgements(first), shop.owner(1)) == ([True], "bot")


def test_history_in_which_the_business_took_its_time_teaches_nothing() -> None:
    shop = Shop()
    shop.reads(*(event for n in range(5, 9) for event in past(n, -1000, after=60)), now=50)

    assert judgements(shop.greets(2, 100)) == [False]


def test_what_customers_write_teaches_nothing() -> None:
    """An advertisement's link fills in the same words for everybody."""
    shop = Shop()
    for n in range(5, 9):
        again = backfilled(f"again{n}", -998, "customer", Content.of_text(GREETING))
        shop.reads(of(n, backfilled(f"h{n}", -1000)), of(n, again), now=50)

    assert judgements(shop.greets(2, 100)) == [False]


@pytest.mark.parametrize(
    ("origin", "days", "expected"),
    [("live", 7, ("c1",)), ("live", 9, ()), ("history", 0, ())],
)
def test_only_a_greeting_of_now_gives_back(
    origin: str, days: int, expected: tuple[str, ...]
) -> None:
    greeting = echoed("e1", 0, Content.of_text(GREETING)).model_copy(update={"origin": origin})
    key = text_key(GREETING) or ""
    known = Greetings(number=NUMBER, texts={key: Heard(took_over=("c1",))})

    assert mistaken(known, greeting, at(days * 24 * HOUR)) == expected


def test_a_redriven_greeting_gives_nothing_back() -> None:
    shop = greeted_twice()
    shop.hears(3, 200)
    headers, value = encode(of(3, echoed("e3", 203, Content.of_text(GREETING))))
    again = [*headers, ("saath_redriven", b"router.dlq.v1/0/5")]

    shop.batch([shop.record(INBOUND, again, value)], at(210))

    assert (shop.owner(1), shop.owner(2)) == ("human", "human")


def test_what_people_type_does_not_push_out_what_was_learned() -> None:
    greetings = Greetings(number=NUMBER, texts={"x": Heard(conversations=("a", "b", "c"))})
    policy = Policy(auto_reply_window=timedelta(seconds=10))
    for n in range(2 * TEXTS_MAX):
        state = Conversation(id=f"c{n}", number=NUMBER, history_asked_at=at(0))
        said = Content.of_text(f"A long enough text, number {n}")
        greetings = heard(greetings, (backfilled("h", 1, "business", said),), state, policy)

    assert (len(greetings.texts), "x" in greetings.texts) == (TEXTS_MAX, True)
