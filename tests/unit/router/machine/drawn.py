"""What may come: policies, contents, the end of a bot's words, how late, how long nothing happens."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from tests.unit.router.build import HOUR

from saath.events import (
    AskRule,
    Condition,
    Content,
    HandoffRule,
    HandoffWish,
    OpeningHours,
    PassWish,
    Pricing,
    Problem,
    ThenHandoff,
    ThenPass,
)
from saath.events.conditions import Week
from saath_router.answering import Around
from saath_router.policy import Policy

DAY = 24 * HOUR
GREETING = "Thank you for your message, we shall answer soon."
RELEASE = "bot on"

# How long before now something happened: at once, a little late, or much too late.
LATE = st.sampled_from([0, 0, 0, 0, 1, 5, 130, 600, HOUR, 13 * HOUR, 25 * HOUR, 9 * DAY])
# And by a clock that is ahead of ours, a little or for good.
LATE_OR_AHEAD = LATE | st.sampled_from([-30, -400 * DAY])
# Outcomes are the sender's, which is behind by minutes and not by days.
LATE_OUTCOMES = st.sampled_from([0, 0, 0, 1, 5, 600])
STEPS = st.sampled_from([0.3, 1, 5, 30, 70, 400, HOUR, 13 * HOUR, 23.5 * HOUR, 30 * HOUR, 40 * DAY])
MESSAGES = st.sampled_from([f"m{n}" for n in range(8)])


def _content(kind: str, **more: Any) -> Content:
    return Content.model_validate({"type": kind, **more})


CONTENTS = st.sampled_from(
    [
        Content.of_text("Is it there in blue?"),
        Content.of_text("And in red?"),
        Content.of_text("a person, please"),
        _content("text", text={"body": "as I said"}, context={"id": "in-m0"}),
        _content("text", text={"body": "to everybody"}, group_id="g1"),
        _content("image", image={"id": "1", "caption": "this one"}),
        _content("reaction", reaction={"emoji": "👍", "message_id": "out-m0"}),
        _content("system", system={"type": "user_changed_number", "wa_id": "4915100000009"}),
        _content("request_welcome"),
    ]
)
ECHOES = st.sampled_from(
    [
        Content.of_text("Yes, it is."),
        Content.of_text("Yes, it is."),
        Content.of_text(RELEASE),
        Content.of_text(GREETING),
        _content("reaction", reaction={"emoji": "👍", "message_id": "in-m0"}),
        _content("text", text={"body": "to everybody"}, group_id="g1"),
    ]
)
THENS = st.sampled_from(
    [
        None,
        None,
        "done",
        ThenHandoff(handoff=HandoffWish(reason="asked")),
        ThenPass(pass_to=PassWish(bot="orders")),
        ThenPass(pass_to=PassWish(bot="pictures", summary="wants two")),
    ]
)
PRICES = st.sampled_from(
    [None, None, Pricing(model="PMP", category="service"), Pricing(model="PMP", category="utility")]
)
ERRORS = st.sampled_from([(), (Problem(code=131047),), (Problem(code=131026),)])
HOURS = OpeningHours(
    timezone="Europe/Berlin",
    week=Week(**dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-17:00",))),
)
HANDOFF = (
    HandoffRule(name="asks-for-one", when=Condition(words=("a person",))),
    HandoffRule(name="closed", when=Condition(closed=True, types=("image",))),
)
ASK = (AskRule(bot="pictures", when=Condition(types=("image",))),)


def seconds(*choices: float) -> st.SearchStrategy[timedelta]:
    return st.sampled_from([timedelta(seconds=choice) for choice in choices])


POLICIES = st.builds(
    Policy,
    answers=st.sampled_from(["everyone"] * 4 + ["new_contacts", "shadow", "nobody"]),
    bot=st.just("orders"),
    human_hold=seconds(12 * HOUR, 12 * HOUR, 60, 0),
    human_hold_after_opening=seconds(2 * HOUR, 0),
    automatic_texts=st.sampled_from([frozenset(), frozenset({GREETING.casefold()})]),
    bot_reply_within=seconds(60, 60, 0),
    silent_bot_hold=seconds(900, 1),
    human_reply_within=seconds(900, 900, 0),
    release_word=st.sampled_from([None, RELEASE]),
    turn_age_max=seconds(900, 900, 2),
    echo_wait_after=seconds(120, 120, 0),
    echo_wait=seconds(30, 30, 0),
    quiet=seconds(0, 0, 5),
    window_closing=seconds(HOUR, 0, DAY),
    hours=st.sampled_from([None, None, HOURS]),
    handoff=st.sampled_from([(), HANDOFF]),
    ask=st.sampled_from([(), ASK]),
)
AROUND = st.builds(
    Around,
    may_act=st.sampled_from([True] * 5 + [False]),
    known_contact=st.booleans(),
    history_pending=st.sampled_from([False, False, True]),
    silent_bots=st.sampled_from([frozenset(), frozenset(), frozenset({"orders"})]),
)
