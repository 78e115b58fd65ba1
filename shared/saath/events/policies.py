"""How a number is answered: what its owner may choose, each with the sentence that explains it."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from saath.events.by_hand import BY_HAND, SEVERAL, Chosen, is_by_hand, mistake
from saath.events.conditions import AskRule, BotName, HandoffRule, OpeningHours

Answers = Literal["nobody", "shadow", "new_contacts", "everyone"]

# A leap year: longer is no waiting, and what is much longer is no duration a clock can add.
SECONDS_MAX = 366 * 86_400


def _seconds(sentence: str, *, least: float = 0, most: float = SECONDS_MAX) -> Any:
    return Field(default=None, ge=least, le=most, description=sentence)


def _said(sentence: str) -> Any:
    return Field(default=None, description=sentence)


class PlainPolicy(Chosen):
    """What of a policy is one value each, so that the environment can say it too. ``None``: not said."""

    answers: Answers | None = _said(
        "Whom bots answer: nobody; shadow, whose answers are logged and never sent; new_contacts, who "
        "are neither in the address book nor in the history; everyone."
    )
    bot: BotName | None = _said("The bot that is asked where no rule names another.")
    human_hold_seconds: float | None = _seconds(
        "How long a person who wrote keeps the conversation, from their last message."
    )
    human_hold_after_opening_seconds: float | None = _seconds(
        "They keep it at least until so long after the next opening, where there are opening hours. "
        "0: until human_hold_seconds are over, and no longer."
    )
    automatic_texts: Annotated[tuple[str, ...] | None, SEVERAL] = _said(
        "The app's own greeting and away texts: they take nothing over."
    )
    auto_reply_window_seconds: float | None = _seconds(
        "How soon the app answers by itself; a text that often comes so soon is learned as the app's. "
        "0 learns nothing.",
        most=60,
    )
    bot_reply_within_seconds: float | None = _seconds(
        "How long a bot may say nothing before a person is called. 0 watches no bot."
    )
    silent_bot_hold_seconds: float | None = _seconds(
        "How long a person keeps what a silent bot lost.", least=0.001
    )
    missed_share_max: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Where more than this share of a bot's turns is missed, there is one alarm instead "
        "of a handoff each.",
    )
    human_reply_within_seconds: float | None = _seconds(
        "How long a customer may wait for a person, counted while open, before it is reported. "
        "0 reports nobody."
    )
    release_word: str | None = _said(
        "Written in the app as a whole message, it gives the conversation back to the bot. "
        "Empty: there is none."
    )
    turn_deadline_seconds: float | None = _seconds("How long a bot may take.", least=0.001)
    turn_age_max_seconds: float | None = _seconds(
        "A message older than this when it is read, after an outage, is a person's to answer.",
        least=0.001,
    )
    echo_wait_after_seconds: float | None = _seconds(
        "A message older than this when it is read waits first, for a person's answer to be read too."
    )
    echo_wait_seconds: float | None = _seconds("How long it waits. 0 waits for nothing.", most=3600)
    quiet_seconds: float | None = _seconds(
        "What a customer writes without a pause of this length is one turn. 0: a turn each.",
        most=300,
    )
    window_closing_seconds: float | None = _seconds(
        "So long before the 24 hours end in which one may answer freely, it is said. 0: it is not.",
        most=86_400,
    )


class NumberPolicy(PlainPolicy):
    """
    How a number is answered. What is not said here is said by what comes before: see docs/policies.md.

    The first rule that fits counts. Of rules and texts one list replaces another, whole.
    """

    hours: OpeningHours | None = _said("When people are there. Without it: always.")
    handoff: tuple[HandoffRule, ...] | None = _said(
        "What a person answers at once; the first rule that fits is the reason."
    )
    ask: tuple[AskRule, ...] | None = _said(
        "Which bot is asked; the first rule that fits counts, and `bot` where none does."
    )

    @field_validator("handoff", mode="after")
    @classmethod
    def _names_differ(
        cls, rules: tuple[HandoffRule, ...] | None, info: ValidationInfo
    ) -> tuple[HandoffRule, ...] | None:
        names = [rule.name for rule in rules or ()]
        for index, name in enumerate(names):
            if is_by_hand(info) and name in names[:index]:
                raise mistake(f"{name} is the name of a rule before this one", index, "name")
        return rules


def policy_by_hand(said: object) -> NumberPolicy:
    """
    A policy as a person wrote it.

    Raises:
        ValidationError: a key is misspelt, or a value means nothing.
    """
    return NumberPolicy.model_validate(said, context=BY_HAND)
