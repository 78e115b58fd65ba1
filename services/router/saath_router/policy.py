"""How a number is answered: the router's defaults, overlaid by what the number's owner chose. Pure."""

from dataclasses import dataclass, replace
from datetime import timedelta

from saath.events import Answers, NumberPolicy
from saath_router.texts import normalised_all


@dataclass(frozen=True, slots=True)
class Policy:
    """
    The rules that hold for one number.

    ``human_hold`` is how long a person who wrote keeps the conversation. A turn that is not
    answered within ``turn_deadline`` is void. A message older than ``turn_age_max`` when it is read
    (after an outage) is not answered by a bot any more. ``automatic_texts`` (normalised) are the
    app's own, and so is what follows customers' messages within ``auto_reply_window`` again and again.

    A bot that neither answers within ``bot_reply_within`` nor says that it is done or working loses
    the conversation for ``silent_bot_hold``. A customer who waits for a person longer than
    ``human_reply_within`` is unattended. Zero turns either off.
    """

    answers: Answers = "nobody"
    bot: str = "bot"
    human_hold: timedelta = timedelta(hours=12)
    turn_deadline: timedelta = timedelta(minutes=2)
    turn_age_max: timedelta = timedelta(minutes=15)
    automatic_texts: frozenset[str] = frozenset()
    auto_reply_window: timedelta = timedelta(seconds=10)
    bot_reply_within: timedelta = timedelta(seconds=60)
    silent_bot_hold: timedelta = timedelta(minutes=15)
    human_reply_within: timedelta = timedelta(minutes=15)


def overlay(defaults: Policy, chosen: NumberPolicy | None) -> Policy:
    """*defaults*, with what *chosen* says instead."""
    if chosen is None:
        return defaults
    return replace(
        defaults,
        answers=chosen.answers or defaults.answers,
        bot=chosen.bot or defaults.bot,
        human_hold=_seconds(chosen.human_hold_seconds, defaults.human_hold),
        automatic_texts=defaults.automatic_texts
        if chosen.automatic_texts is None
        else normalised_all(chosen.automatic_texts),
        auto_reply_window=_seconds(chosen.auto_reply_window_seconds, defaults.auto_reply_window),
        bot_reply_within=_seconds(chosen.bot_reply_within_seconds, defaults.bot_reply_within),
        human_reply_within=_seconds(chosen.human_reply_within_seconds, defaults.human_reply_within),
    )


def _seconds(chosen: float | None, default: timedelta) -> timedelta:
    return default if chosen is None else timedelta(seconds=chosen)
