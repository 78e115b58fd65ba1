"""A template that Meta has paused waits until Meta lets it go on; one that it has disabled is refused."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.sender.facts import NOW, number, outright, ownership
from tests.unit.sender.test_pauses import TEMPLATE_PAUSED, Number

from saath.events import MessageRefused, NumberPaused, NumberResumed, TemplateStatus
from saath_sender.causes import TemplatePaused
from saath_sender.decide import GO, Facts, Hold, Refuse, decide
from saath_sender.pauses import parse_pause_key, pause_key
from saath_sender.scopes import Scope

NEWS = Scope("template", "news", "en")
HELD = Hold("Meta has paused the template", 1.0, TemplatePaused(NEWS))


def status(state: Any, at: datetime = NOW, name: str = "news", language: str = "en") -> Any:
    return TemplateStatus(name=name, language=language, state=state, at=at)


def template(name: str = "news", language: str = "en") -> dict[str, Any]:
    return {"type": "template", "template": {"name": name, "language": {"code": language}}}


@pytest.mark.parametrize(
    ("said", "decision"),
    [
        (status("paused"), HELD),
        (status("paused", NOW - timedelta(hours=6, minutes=59)), HELD),
        # It may be that Meta has said so and nobody heard it.
        (status("paused", NOW - timedelta(hours=7)), GO),
        (
            status("disabled", NOW - timedelta(days=90)),
            Refuse("Meta has disabled the template", "/messages/0/template/name"),
        ),
        (status("approved"), GO),
        (status("paused", name="other"), GO),
        (status("paused", language="de"), GO),
    ],
)  # fmt: skip
def test_what_numbers_says_of_a_template_holds_for_that_one_alone(
    said: TemplateStatus, decision: object
) -> None:
    facts = Facts(
        owner=ownership(), owners_read=True, undecided=None, fresh=True,
        number=number(templates=(said,)),
    )  # fmt: skip
    asked = outright(messages=[template()])

    assert decide(asked, 0, facts, NOW) == decision
    words = outright(messages=[{"type": "text", "text": {"body": "news"}}])
    assert decide(words, 0, facts, NOW) == GO


def test_a_turn_that_is_closed_without_words_is_of_no_template() -> None:
    p = Number()
    p.recorded = number(templates=(status("disabled"),))
    p.replied(messages=[], then="done")

    assert [event.type.split(".")[3] for event in p.told_of(object)] == ["closed"]


def test_the_same_template_in_another_language_goes_on() -> None:
    p = Number()
    p.paid("news-1", messages=[template()])
    p.send(TEMPLATE_PAUSED)
    p.paid("news-2", to="16505550003", messages=[template()])
    p.paid("news-de", to="16505550004", messages=[template(language="de")])

    assert p.run(5.0) == ["news-de"]
    [paused] = p.told_of(NumberPaused)
    assert (paused.scope, paused.template, paused.language) == ("template", "news", "en")


def approved(p: Number, seconds: float = 0.0, **which: Any) -> None:
    """Meta lets it go on, so many seconds from now; ``numbers`` says so."""
    said = status("approved", p.now.wall + timedelta(seconds=seconds), **which)
    p.recorded = number(templates=(said,))


def refused_once() -> Number:
    p = Number()
    p.paid("news-1", messages=[template()])
    p.paid("news-2", to="16505550003", messages=[template()])
    p.send(TEMPLATE_PAUSED)
    p.seconds += 60
    return p


def test_a_template_that_was_refused_goes_on_when_meta_lets_it() -> None:
    p = refused_once()
    held = p.run(5.0)
    approved(p)

    assert (held, p.run(2.0)) == ([], ["news-1", "news-2"])
    [resumed] = p.told_of(NumberResumed)
    assert (resumed.template, resumed.language) == ("news", "en")


@pytest.mark.parametrize(
    "said",
    [{"language": "de"}, {"name": "other"}, {"seconds": -3600.0}],
    ids=["another language", "another template", "said before it was refused"],
)
def test_nothing_else_that_meta_says_of_templates_ends_its_pause(said: dict[str, Any]) -> None:
    p = refused_once()
    approved(p, **said)

    assert p.run(60.0) == []


def test_refused_once_more_after_meta_let_it_go_on_it_waits_as_long_as_any() -> None:
    p = refused_once()
    approved(p)
    again = p.send(TEMPLATE_PAUSED) or p.send(TEMPLATE_PAUSED)
    waits = p.run(60.0)
    p.seconds += 60
    approved(p)

    assert (again, waits, p.run(2.0)) == (["news-1"], [], ["news-1", "news-2"])


def test_a_new_owner_acts_on_what_was_said_while_nobody_was_there() -> None:
    p = refused_once()
    p.commit()
    p.chooser.hand_back(p.now)
    p.commit()
    after = p.succeeded_by()
    approved(after, seconds=-1.0)

    assert after.run(2.0) == ["news-1", "news-2"]


def test_a_disabled_template_is_refused_where_it_stands() -> None:
    p = Number()
    p.recorded = number(templates=(status("disabled"),))
    p.paid("news-1", messages=[template()])

    [refused] = p.told_of(MessageRefused)
    assert (refused.reason, refused.pointer) == (
        "Meta has disabled the template",
        "/messages/0/template/name",
    )


@pytest.mark.parametrize("scope", [NEWS, Scope("paid"), replace(NEWS, template="a:b")])
def test_which_template_it_is_is_read_back_from_the_key(scope: Scope) -> None:
    assert parse_pause_key(pause_key("1", scope)) == ("1", scope)
