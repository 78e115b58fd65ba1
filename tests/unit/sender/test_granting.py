"""Who may ask without a turn: what a grant is refused for, by name, and what it says of who asks."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.sender.facts import (
    NOW,
    NUMBER,
    PHONE,
    TEMPLATE,
    TEXT,
    TOKENS,
    number,
    ownership,
    signed,
    source,
)

from saath.client.answers import written as written_json
from saath.errors import Misconfigured
from saath.grants import Grant, Grants
from saath.topics import OUTBOUND, OUTBOUND_BULK, OUTBOUND_PEOPLE, Topic
from saath_sender.app import grant_rules
from saath_sender.decide import ANOTHER, GO, Decision, Facts, decide
from saath_sender.granting import NO_GRANTS, GrantRules
from saath_sender.requests import Refusal, Request, read
from saath_sender.settings import SenderSection, SenderSettings

GRANTS = Grants(["grant key"])
NEEDED = GrantRules(GRANTS.read, frozenset({OUTBOUND.name, OUTBOUND_BULK.name}))
OFF = GrantRules(GRANTS.read)
EARLIER, LATER = NOW - timedelta(seconds=1), NOW + timedelta(seconds=1)
EXPIRED = "the grant had expired when this was written"


def grant(
    numbers: tuple[str, ...] = (NUMBER,),
    classes: tuple[str, ...] = ("utility",),
    until: datetime = LATER,
) -> str:
    return GRANTS.sign(Grant("orders", numbers, classes, int(until.timestamp())))


def asking(rules: GrantRules, topic: Topic = OUTBOUND, **more: Any) -> Request | Refusal:
    basis = {"id": "r_1", "number": NUMBER, "to": PHONE, "class": "utility", "messages": [TEMPLATE]}
    return read(written_json(basis | more), source(topic), TOKENS.read, rules)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (None, f"a request on {OUTBOUND.name} needs a grant"),
        ("g1.forged", "the grant's signature does not verify"),
        ("forged", "not a grant"),
        (signed(), "not a grant"),
        (
            Grants(["other"]).sign(Grant("x", ("*",), ("*",), 9_999_999_999)),
            "the grant's signature does not verify",
        ),
        (grant(until=NOW), EXPIRED),
        (grant(numbers=("2",)), "the grant is not for this number"),
        (grant(classes=("marketing",)), "the grant is not for class utility"),
    ],
)
def test_a_grant_that_is_not_good_is_refused_by_name(written: str | None, reason: str) -> None:
    said: dict[str, Any] = {} if written is None else {"grant": written}
    found = asking(NEEDED, **said)

    assert isinstance(found, Refusal)
    assert (found.reason, found.pointer, found.request) == (reason, "/grant", "r_1")


@pytest.mark.parametrize(
    "written", [grant(), grant(numbers=("*",)), grant(classes=("*",)), grant(numbers=("2", NUMBER))]
)
def test_a_grant_that_is_good_says_who_asks(written: str) -> None:
    found = asking(NEEDED, grant=written)

    assert isinstance(found, Request)
    assert found.granted_to == "orders"


def test_where_none_is_asked_for_one_that_is_not_good_is_refused_all_the_same() -> None:
    found = [asking(OFF, OUTBOUND_PEOPLE), asking(OFF, OUTBOUND_PEOPLE, grant=grant(until=EARLIER))]

    assert [type(one).__name__ for one in found] == ["Request", "Refusal"]


def test_a_topic_that_asks_for_none_takes_requests_without() -> None:
    assert isinstance(asking(NEEDED, OUTBOUND_PEOPLE), Request)


def test_where_no_key_is_set_nobody_is_believed() -> None:
    found = asking(NO_GRANTS, grant=grant())

    assert isinstance(found, Refusal)
    assert found.pointer == "/grant"


def test_a_turn_needs_no_grant() -> None:
    answer = written_json({"turn": signed(), "messages": [TEXT]})

    assert isinstance(read(answer, source(), TOKENS.read, NEEDED), Request)


def test_no_grant_is_in_a_repr() -> None:
    written = grant()
    found = asking(NEEDED, grant=written)

    assert written not in repr(found)


FINE = Facts(owner=ownership(), owners_read=True, undecided=None, fresh=True, number=number())
SALES = FINE._replace(owner=ownership(bot="sales"))


@pytest.mark.parametrize(
    ("facts", "topic", "message", "granted", "decision"),
    [
        (FINE, OUTBOUND, TEXT, True, GO),
        (SALES, OUTBOUND, TEXT, True, ANOTHER),
        # Nobody knows who this is.
        (SALES, OUTBOUND, TEXT, False, GO),
        # A business may say it at any time.
        (SALES, OUTBOUND, TEMPLATE, True, GO),
        (SALES, OUTBOUND_PEOPLE, TEXT, True, GO),
        (SALES, OUTBOUND_BULK, TEXT, True, GO),
        (FINE._replace(owner=ownership(bot=None)), OUTBOUND, TEXT, True, GO),
    ],
)
def test_a_bots_own_words_yield_where_another_bot_has_the_conversation(
    facts: Facts, topic: Topic, message: object, granted: bool, decision: Decision
) -> None:
    found = asking(OFF, topic, messages=[message], **({"grant": grant()} if granted else {}))

    assert isinstance(found, Request)
    assert decide(found, 0, facts, NOW) == decision


@pytest.mark.parametrize(
    ("said", "topics"),
    [
        ("", set()),
        ("outbound", {OUTBOUND.name}),
        (" outbound , outbound.bulk", {OUTBOUND.name, OUTBOUND_BULK.name}),
        ("outbound.people", {OUTBOUND_PEOPLE.name}),
    ],
)
def test_the_setting_names_topics(said: str, topics: set[str]) -> None:
    assert SenderSection(grants_required=said).granted_topics() == topics


def test_another_topic_is_none() -> None:
    with pytest.raises(ValueError, match="grants_required"):
        SenderSection(grants_required="outbound,inbound")


def test_grants_that_nobody_can_check_are_not_asked_for() -> None:
    section = SenderSection(grants_required="outbound")

    with pytest.raises(Misconfigured, match="SAATH_GRANT_KEYS"):
        grant_rules(SenderSettings(turn_keys="k", sender=section))
