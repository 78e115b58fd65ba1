"""How a number is answered: the router's defaults, overlaid by what the number's owner chose. Pure."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from saath.events import Answers, AskRule, HandoffRule, NumberPolicy, OpeningHours, PlainPolicy
from saath_router.hours import next_opening, open_until
from saath_router.rules import Facts, first_match
from saath_router.texts import normalised, normalised_all


@dataclass(frozen=True, slots=True)
class Policy:
    """
    The rules that hold for one number, and what holds where nobody says otherwise.

    What each is for is said once, beside ``NumberPolicy``. Here ``automatic_texts`` and ``release_word``
    are normalised, and a duration of zero turns off what it bounds.
    """

    answers: Answers = "new_contacts"
    bot: str = "bot"
    human_hold: timedelta = timedelta(hours=12)
    human_hold_after_opening: timedelta = timedelta(hours=2)
    automatic_texts: frozenset[str] = frozenset()
    auto_reply_window: timedelta = timedelta(seconds=10)
    bot_reply_within: timedelta = timedelta(seconds=60)
    silent_bot_hold: timedelta = timedelta(minutes=15)
    missed_share_max: float = 0.2
    human_reply_within: timedelta = timedelta(minutes=15)
    release_word: str | None = None
    turn_deadline: timedelta = timedelta(minutes=2)
    turn_age_max: timedelta = timedelta(minutes=15)
    echo_wait_after: timedelta = timedelta(minutes=2)
    echo_wait: timedelta = timedelta(seconds=30)
    quiet: timedelta = timedelta(0)
    window_closing: timedelta = timedelta(hours=1)
    hours: OpeningHours | None = None
    handoff: tuple[HandoffRule, ...] = ()
    ask: tuple[AskRule, ...] = ()


SUFFIX = "_seconds"


def chosen_name(name: str) -> str:
    """What a field of ``Policy`` is called where people choose it: with its unit."""
    return name if name in NumberPolicy.model_fields else name + SUFFIX


_NAMES = {chosen_name(field.name): field.name for field in fields(Policy)}


def overlay(defaults: Policy, *chosen: PlainPolicy | None) -> Policy:
    """*defaults*, with what was *chosen* instead; what comes later goes before."""
    said: dict[str, Any] = {}
    for choice in chosen:
        for name in choice.model_fields_set if choice is not None else ():
            value = getattr(choice, name)
            if value is not None and name in _NAMES:
                said[_NAMES[name]] = _read(name, value)
    return replace(defaults, **said) if said else defaults


def chosen_by(policy: Policy) -> NumberPolicy:
    """*policy* as somebody would have to choose it: the other way round from ``overlay``."""
    said: dict[str, Any] = {}
    for name, field in _NAMES.items():
        value = getattr(policy, field)
        if isinstance(value, timedelta):
            value = value.total_seconds()
        said[name] = tuple(sorted(value)) if isinstance(value, frozenset) else value
    return NumberPolicy.model_construct(**said)


def _read(name: str, value: Any) -> Any:
    if name.endswith(SUFFIX):
        return timedelta(seconds=value)
    if name == "automatic_texts":
        return _texts(value)
    if name == "release_word":
        return normalised(value) or None
    return value


@lru_cache(maxsize=1024)
def _texts(texts: tuple[str, ...]) -> frozenset[str]:
    # Asked of every record, and away texts are long.
    return normalised_all(texts)


def hold_until(policy: Policy, wrote_at: datetime) -> datetime:
    """
    Until when a person who wrote then keeps the conversation.

    For ``human_hold``; and where it is closed before that is over, into the next opening: whoever wrote
    at closing time is there again in the morning, and reads on.
    """
    hold, after = policy.human_hold, policy.human_hold_after_opening
    until = wrote_at + hold
    if not after or open_until(policy.hours, wrote_at, hold.total_seconds()) == until:
        return until
    opening = next_opening(policy.hours, wrote_at)
    return max(until, opening + after) if opening else until


def bot_for(policy: Policy, facts: Facts) -> str:
    """The bot that is asked to answer such a message."""
    rule = first_match(policy.ask, facts, policy.hours)
    return rule.bot if rule else policy.bot
