"""What Meta counts for a message: said once, however many statuses say it, and again where it differs."""

import pytest
from tests.unit.router.build import Story, kinds, status

from saath.events import MessagePriced, Pricing, StatusEvent

FREE = Pricing(type="free_customer_service", category="service", model="PMP", billable=False)
PAID = Pricing(type="regular", category="marketing", model="PMP", billable=True)


def priced(kind: str, message: str, seconds: float, pricing: Pricing = FREE) -> StatusEvent:
    return status(kind, message, seconds).model_copy(update={"pricing": pricing})


def prices(*heard: StatusEvent) -> list[tuple[str, str | None, bool | None]]:
    story = Story()
    for n, event in enumerate(heard):
        story.hears(event, seconds=10 + n)
    found = [fact for fact in story.log if isinstance(fact, MessagePriced)]
    assert len({fact.id for fact in found}) == len(found)
    return [(fact.message_id, fact.pricing.type, fact.differs) for fact in found]


@pytest.mark.parametrize("kind", ["sent", "delivered", "read", "failed"])
def test_a_price_is_logged_with_whatever_status_says_it(kind: str) -> None:
    assert prices(priced(kind, "w1", 0)) == [("w1", "free_customer_service", None)]


def test_a_price_that_several_statuses_say_is_logged_once() -> None:
    assert len(prices(priced("sent", "w1", 0), priced("delivered", "w1", 1))) == 1


def test_a_price_is_logged_though_its_status_was_overtaken() -> None:
    story = Story()
    story.hears(status("read", "w1", 2))

    decision = story.hears(priced("delivered", "w1", 1), seconds=3)

    assert kinds(decision) == ["MessagePriced"]


def test_another_price_for_the_same_message_is_logged_as_differing() -> None:
    assert prices(priced("sent", "w1", 0), priced("delivered", "w1", 1, PAID)) == [
        ("w1", "free_customer_service", None),
        ("w1", "regular", True),
    ]


def test_statuses_with_two_prices_that_are_delivered_again_say_nothing_new() -> None:
    both = [priced("sent", "w1", 0), priced("delivered", "w1", 1, PAID)]

    assert len(prices(*both, *both, *both)) == 2


def test_each_message_has_a_price_of_its_own() -> None:
    assert prices(priced("sent", "w1", 0), priced("sent", "w2", 0)) == [
        ("w1", "free_customer_service", None),
        ("w2", "free_customer_service", None),
    ]


def test_billable_alone_makes_no_other_price() -> None:
    silent = FREE.model_copy(update={"billable": None})

    assert len(prices(priced("sent", "w1", 0), priced("delivered", "w1", 1, silent))) == 1


def test_a_status_without_a_price_says_none() -> None:
    assert prices(status("sent", "w1", 0)) == []
