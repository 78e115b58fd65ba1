"""How a number is answered: the router's defaults, overlaid by what the number's owner chose. Pure."""

from dataclasses import dataclass
from datetime import timedelta

from saath.events import Answers, NumberPolicy


@dataclass(frozen=True, slots=True)
class Policy:
    """
    The rules that hold for one number.

    ``human_hold`` is how long a person who wrote keeps the conversation. A turn that is not
    answered within ``turn_deadline`` is void. A message older than ``turn_age_max`` when it is read
    (after an outage) is not answered by a bot any more.
    """

    answers: Answers = "nobody"
    bot: str = "bot"
    human_hold: timedelta = timedelta(hours=12)
    turn_deadline: timedelta = timedelta(minutes=2)
    turn_age_max: timedelta = timedelta(minutes=15)


def overlay(defaults: Policy, chosen: NumberPolicy | None) -> Policy:
    """*defaults*, with what *chosen* says instead."""
    if chosen is None:
        return defaults
    hold = chosen.human_hold_seconds
    return Policy(
        answers=chosen.answers or defaults.answers,
        bot=chosen.bot or defaults.bot,
        human_hold=defaults.human_hold if hold is None else timedelta(seconds=hold),
        turn_deadline=defaults.turn_deadline,
        turn_age_max=defaults.turn_age_max,
    )
