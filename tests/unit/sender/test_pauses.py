"""What Meta takes no more of waits, the rest goes on; and what ends that."""

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.sender.facts import (
    CONVERSATION,
    NOW,
    NUMBER,
    TEMPLATE,
    TEXT,
    TOKENS,
    number,
    outright,
    ownership,
    reply,
)
from tests.unit.sender.test_sender import PARTITION, PARTITIONS, Partition

from saath.codec import decode, encode
from saath.events import (
    Contact,
    MessageExpired,
    MessageFailed,
    NumberPaused,
    NumberRecorded,
    NumberResumed,
    Problem,
    Restriction,
)
from saath.kafka.records import Output
from saath.topics import OUTBOUND, OUTBOUND_PEOPLE, OUTCOMES
from saath_sender.choose import Chooser
from saath_sender.decide import Facts, Hold, decide
from saath_sender.handler import SenderHandler
from saath_sender.installation import Installation
from saath_sender.pauses import PAUSE_PREFIX
from saath_sender.requests import Request
from saath_sender.results import Pause, RetryAfter, classify
from saath_sender.scopes import scopes_of
from saath_sender.waits import growing

OTHER = "16505550002"
PAYMENT, TOKEN, LOCKED, TEMPLATE_PAUSED, SPAM, GONE, APP_LIMIT = (
    classify(400, {"error": {"code": code}})
    for code in (131042, 190, 131031, 132015, 131048, 133010, 4)
)


class Number(Partition):
    """A partition whose number and token are in our hands, with what it tells on ``outcomes``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.recorded: NumberRecorded = number()
        self.credential = "first"
        self.told: list[object] = []
        at = Installation(
            TOKENS.read,
            lambda _: self.recorded,
            PARTITIONS,
            self.rules,
            credential_name=lambda _: self.credential,
        )
        self.handler = SenderHandler(at, PARTITION)
        for key, value in self.state.items():
            self.handler.books.restore(key, value)
        self.chooser = Chooser(self.handler)
        self.handler.open = True
        self.handler.fence.owner_read(CONVERSATION.encode(), encode(ownership())[1])

    def commit(self) -> list[Output]:
        outputs = super().commit()
        self.told += [decode(o.headers, o.value) for o in outputs if o.topic is OUTCOMES]
        return outputs

    def told_of(self, *kinds: type) -> list[Any]:
        self.commit()
        return [event for event in self.told if isinstance(event, kinds)]

    def paid(self, name: str, to: str = OTHER, **more: Any) -> None:
        """A bot's template to somebody who has not written."""
        basis = {"number": NUMBER, "to": to, "class": "utility", "messages": [TEMPLATE]}
        self.asked(OUTBOUND, id=name, **(basis | more))

    def succeeded_by(self, credential: str = "first") -> "Number":
        after = Number(self.state, self.log, self.seconds + 3, self.offsets, self.rules)
        after.credential = credential
        after.catch_up()
        return after


def test_a_payment_problem_holds_what_is_paid_and_answers_go_on() -> None:
    p = Number()
    p.paid("paid-1")
    refused = p.send(PAYMENT)
    p.paid("paid-2", to="16505550003")
    p.replied()

    assert (refused, p.run(5.0)) == (["paid-1"], ["t_1"])


def test_after_a_pause_one_message_tries_and_the_rest_goes_when_it_is_taken() -> None:
    p = Number()
    for n in range(4):
        p.paid(f"paid-{n}", to=f"1650555000{n}")
    p.send(PAYMENT)
    p.seconds += 61
    p.commit()
    flights = p.fly()
    for _ in range(20):
        p.seconds += 0.05
        p.commit()
        flights += p.fly()
    alone = [flight.job.request.id for flight in flights]
    p.chooser.answered(flights[0], classify(200, {"messages": [{"id": "wamid.1"}]}), p.now)

    assert (alone, sorted(p.run(3.0))) == (["paid-0"], ["paid-1", "paid-2", "paid-3"])


def test_a_pause_is_told_with_its_class_and_told_again_when_tried_in_vain_and_when_it_is_over() -> (
    None
):
    p = Number()
    p.paid("paid-1")
    p.send(PAYMENT)
    p.seconds += 61
    p.send(PAYMENT)
    p.seconds += 121
    p.run(0.5)
    paused, resumed = p.told_of(NumberPaused), p.told_of(NumberResumed)

    assert [(e.scope, e.code, e.since - NOW, e.until - NOW) for e in paused] == [
        ("paid", 131042, timedelta(0), timedelta(seconds=60)),
        ("paid", 131042, timedelta(0), timedelta(seconds=61 + 120)),
    ]
    assert [(e.scope, e.code, e.since, e.number) for e in resumed] == [
        ("paid", 131042, NOW, NUMBER)
    ]
    assert len({e.id for e in (*paused, *resumed)}) == 3


def test_what_was_under_way_together_is_one_refusal() -> None:
    p = Number()
    for n in range(3):
        p.paid(f"paid-{n}", to=f"1650555000{n}")
    p.commit()
    flights = []
    for _ in range(3):
        flights += p.fly()
        p.seconds += 0.05
    for flight in flights:
        p.chooser.answered(flight, PAYMENT, p.now)

    assert (len(flights), len(p.told_of(NumberPaused))) == (3, 1)


def test_a_pause_that_does_not_hold_its_own_message_holds_all_of_the_number() -> None:
    p = Number()
    p.replied()
    p.send(PAYMENT)

    assert ([e.scope for e in p.told_of(NumberPaused)], p.run(5.0)) == (["everything"], [])


def test_a_dead_token_holds_everything_until_there_is_another() -> None:
    p = Number()
    p.replied()
    p.paid("paid-1")
    p.send(TOKEN)
    dead = p.run(30.0)
    p.credential = "second"

    assert (dead, sorted(p.run(2.0))) == ([], ["paid-1", "t_1"])


def test_a_new_token_that_is_dead_too_is_tried_once() -> None:
    p = Number()
    p.replied(then="done")
    p.send(TOKEN)
    p.credential = "second"
    tries = []
    for _ in range(100):
        tries += p.send(TOKEN)
        p.seconds += 0.05

    assert tries == ["t_1"]


def test_a_new_owner_knows_of_a_pause_and_of_a_token_that_was_changed_meanwhile() -> None:
    p = Number()
    p.paid("paid-1", expires_at=str(NOW + timedelta(hours=5)))
    p.send(TOKEN)
    p.commit()

    assert (p.succeeded_by().run(5.0), p.succeeded_by("second").run(5.0)) == ([], ["paid-1"])


def test_a_pause_that_is_over_is_forgotten_by_the_next_owner_too() -> None:
    p = Number()
    p.paid("paid-1")
    p.send(PAYMENT)
    p.commit()
    kept = [key for key in p.state if key.startswith(PAUSE_PREFIX.encode())]
    p.seconds += 61
    p.run(0.5)
    p.commit()

    left = [key for key in p.state if key.startswith(PAUSE_PREFIX.encode())]
    assert (kept, left) == ([f"pause/{NUMBER}/paid".encode()], [])


def test_a_number_that_is_gone_is_tried_when_numbers_says_that_it_is_active_again() -> None:
    p = Number()
    p.paid("paid-1")
    p.commit()
    p.send(GONE)
    p.recorded = number(state="disconnected")
    gone = p.run(5.0)
    p.recorded = number(time=p.now.wall)

    assert (gone, p.run(2.0)) == ([], ["paid-1"])


def test_a_paused_template_holds_its_own_messages_alone() -> None:
    p = Number()
    p.paid("news-1")
    p.send(TEMPLATE_PAUSED)
    p.paid("news-2", to="16505550003")
    other = {"type": "template", "template": {"name": "other", "language": {"code": "en"}}}
    p.paid("other", to="16505550004", messages=[other])

    assert p.run(5.0) == ["other"]
    assert [(e.scope, e.template) for e in p.told_of(NumberPaused)] == [("template", "news")]


@pytest.mark.parametrize(("cause", "seconds"), [(SPAM, 3 * 3600), (LOCKED, 60), (APP_LIMIT, 60)])
def test_a_pause_lasts_as_long_as_its_cause_says(cause: Pause, seconds: float) -> None:
    p = Number()
    p.paid("paid-1")
    p.send(cause)
    p.seconds += seconds - 2
    early = p.run(1.0)
    p.seconds += 2

    assert (early, p.run(2.0)) == ([], ["paid-1"])


def test_what_is_held_holds_what_its_customer_is_sent_after_it_and_nobody_elses() -> None:
    p = Number()
    owner = ownership(phone=OTHER, conversation="c_2")
    p.handler.fence.owner_read(b"c_2", encode(owner)[1])
    p.paid("advertisement", **{"class": "marketing"})
    p.send(PAYMENT)
    p.paid("words", messages=[TEXT])
    p.replied()

    assert p.run(3.0) == ["t_1"]


def test_what_waits_for_a_pause_expires_at_its_time() -> None:
    p = Number()
    p.paid("paid-1", expires_at=(NOW + timedelta(seconds=30)).isoformat())
    p.send(SPAM)
    p.seconds += 30.1

    assert [e.request for e in p.told_of(MessageExpired)] == ["paid-1"]


def failed(code: int, phone: str = OTHER, at: timedelta = timedelta(0)) -> MessageFailed:
    return MessageFailed(
        id=f"f{code}",
        time=NOW + at,
        number=NUMBER,
        message_id="wamid.x",
        contact=Contact(phone=phone),
        errors=(Problem(code=code),),
    )


def test_a_window_that_meta_calls_shut_is_shut_until_the_customer_writes() -> None:
    p = Number()
    p.replied("t_1")
    p.send(classify(400, {"error": {"code": 131047}}))
    p.replied("t_2")
    shut = p.run(1.0)
    opened = ownership(window_until=NOW + timedelta(hours=24))
    p.handler.fence.owner_read(CONVERSATION.encode(), encode(opened)[1])
    p.replied("t_3")

    assert (shut, p.run(1.0)) == ([], ["t_3"])


def test_a_status_that_tells_of_a_payment_problem_pauses_what_is_paid() -> None:
    p = Number()
    p.from_meta(failed(131042))
    p.paid("paid-1")
    p.replied()

    assert p.run(3.0) == ["t_1"]


def restricted(*restrictions: Restriction, state: str = "restricted") -> Facts:
    return Facts(
        owner=ownership(),
        owners_read=True,
        undecided=None,
        fresh=True,
        number=number(state=state, restrictions=restrictions),
    )


UNTIL = NOW + timedelta(hours=1)
BEGINS = Restriction(kind="business_initiated", until=UNTIL)
MARKETING: dict[str, Any] = {"class": "marketing", "messages": [TEMPLATE]}
ANSWERS = Restriction(kind="customer_initiated", until=UNTIL)


@pytest.mark.parametrize(
    ("restrictions", "held"),
    [
        ((BEGINS,), ["template"]),
        ((ANSWERS,), ["reply"]),
        ((BEGINS, ANSWERS), ["reply", "template"]),
        ((Restriction(kind="everything"),), ["reply", "template"]),
        ((Restriction(kind="add_number", until=UNTIL),), []),
        ((Restriction(kind="business_initiated", until=NOW),), []),
        ((), ["reply", "template"]),
    ],
)
@pytest.mark.parametrize("state", ["restricted", "active"])
def test_a_restriction_holds_its_class_while_it_lasts(
    restrictions: tuple[Restriction, ...], held: list[str], state: str
) -> None:
    facts = restricted(*restrictions, state=state)
    decisions = {
        "reply": decide(reply(), 0, facts, NOW),
        "template": decide(outright(), 0, facts._replace(owner=None), NOW),
    }

    found = [name for name, decision in decisions.items() if isinstance(decision, Hold)]
    # A number that is active and has no restriction is free.
    assert found == ([] if state == "active" and not restrictions else held)


@pytest.mark.parametrize(
    ("request_", "in_window", "scopes"),
    [
        (reply(), True, {"everything", "replies"}),
        (
            outright(),
            False,
            {"everything", "business_initiated", "paid", "template:news/en"},
        ),
        (outright(), True, {"everything", "replies", "template:news/en"}),
        (
            reply(**MARKETING),
            True,
            {"everything", "replies", "marketing", "paid", "template:news/en"},
        ),
        (
            outright(OUTBOUND_PEOPLE, messages=[TEXT]),
            True,
            {"everything", "replies"},
        ),
        (reply(messages=[], then="done"), True, set()),
    ],
)
def test_a_messages_classes_follow_from_its_request_and_the_window(
    request_: Request, in_window: bool, scopes: set[str]
) -> None:
    assert {str(scope) for scope in scopes_of(request_, 0, in_window=in_window)} == scopes


def test_waits_grow_and_chance_spreads_them() -> None:
    waits = [growing(2.0, tries, 0.0) for tries in range(7)]

    assert waits == [2, 4, 8, 16, 32, 60, 60]
    assert (growing(2.0, 1, 1.0), growing(600.0, 3, 0.0)) == (6.0, 600.0)


def test_an_outage_is_waited_out_until_the_message_expires_and_no_longer() -> None:
    p = Number()
    p.replied()
    problem = Problem(code=2)
    tries = 0
    for _ in range(62 * 20):
        tries += len(p.send(RetryAfter(2.0, None, problem)))
        p.seconds += 0.05

    # At 0, 2, 6, 14, 30 seconds; the next would have been at 62, and it may be sent for 60.
    assert (tries, [e.request for e in p.told_of(MessageExpired)]) == (5, ["t_1"])


def test_what_cannot_reach_meta_waits_longer_each_time() -> None:
    p = Number()
    p.replied()
    at = []
    for _ in range(40 * 20):
        p.commit()
        for flight in p.choose():
            at.append(round(p.seconds - 1000))
            p.chooser.unsent(flight, p.now)
        p.seconds += 0.05

    assert at == [0, 1, 3, 7, 15, 31]
