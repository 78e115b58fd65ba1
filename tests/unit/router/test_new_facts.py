"""Facts of a customer that are no messages: they are logged where they belong, and act on nothing."""

from typing import Any

import pytest
from tests.unit.router.build import CUSTOMER, NUMBER, Story, at, kinds, received, without_windows
from tests.unit.router.partition import Partition, on

from saath.channels import CHANNELS
from saath.events import (
    CallReported,
    Contact,
    ContactIdentityChanged,
    ContactPreferenceChanged,
    Event,
    MessageLinkClicked,
)
from saath.topics import CONVERSATIONS

ABOUT: dict[str, Any] = {"time": at(1), "number": NUMBER}
STOP = ContactPreferenceChanged(
    **ABOUT, id="p", contact=CUSTOMER, category="marketing_messages", value="stop"
)
CALL = CallReported(**ABOUT, id="wacid.A:connect", call_id="wacid.A", contact=CUSTOMER)
CLICK = MessageLinkClicked(**ABOUT, id="k", contact=CUSTOMER, details={"action_type": "click"})
NEW_ID = ContactIdentityChanged(
    **ABOUT,
    id="i",
    contact=CUSTOMER.model_copy(update={"user_id": "US.2"}),
    previous_user_id="US.1",
)
FACTS = pytest.mark.parametrize("fact", [STOP, CALL, CLICK, NEW_ID], ids=lambda f: type(f).__name__)


class Router(Partition):
    """A partition, and the log it writes."""

    def logs(self, *events: Event) -> list[Event]:
        """What of *events* it writes to the log, windows left out."""
        return [*without_windows(tuple(on(CONVERSATIONS, self.reads(*events, now=2))))]


@FACTS
def test_it_lands_in_the_log_of_the_conversation_with_that_customer(fact: Event) -> None:
    router = Router()
    message, *_ = router.logs(received("m1", 0))

    assert router.logs(fact) == [fact.model_copy(update={"conversation": message.conversation})]


@FACTS
def test_delivered_twice_it_is_logged_once(fact: Event) -> None:
    assert len(Router().logs(fact, fact)) == 1


@FACTS
def test_it_changes_no_owner_opens_no_window_and_asks_no_bot(fact: Event) -> None:
    story = Story()

    decision = story.hears(fact)

    state = story.state
    assert kinds(decision) == [type(fact).__name__]
    assert (state.epoch, state.window_until, state.turns, state.recent) == (0, None, {}, ())


@pytest.mark.parametrize("who", [None, Contact()])
def test_a_click_of_nobody_known_is_passed_over(who: Contact | None) -> None:
    assert Router().logs(CLICK.model_copy(update={"contact": who})) == []


def test_after_a_new_user_id_both_lead_to_the_same_conversation() -> None:
    router = Router()
    router.logs(received("m1", 0), NEW_ID)
    by_new_id = received("m2", 2).model_copy(update={"contact": Contact(user_id="US.2")})

    names = {event.conversation for event in (*router.logs(by_new_id), *router.logs(STOP))}

    assert len(names) == 1


def test_it_stands_on_the_log_by_its_contract() -> None:
    assert {type(f) for f in (STOP, CALL, CLICK, NEW_ID)} <= {*CHANNELS[CONVERSATIONS]}
