"""
Whether a bot answers at all: one alarm for a bot that is down, not a call for every conversation. Pure.
"""

from datetime import datetime, timedelta

from saath.events import BotAnsweredAgain, BotFellSilent, Event, Model
from saath.identity import digest_id
from saath_router.policy import Policy

# So many of a bot's turns are looked at, if they are not older than that.
TURNS_MAX = 50
REMEMBERED_FOR = timedelta(hours=1)
# Of fewer, a share says nothing: one of three missed is a bad minute.
TURNS_MIN = 10


class BotRecord(Model):
    """What became of a bot's last turns on a number: when, in unix seconds, and whether it missed it."""

    number: str
    bot: str
    turns: tuple[tuple[int, bool], ...] = ()
    silent: bool = False


def after(
    record: BotRecord, *, missed: bool, cause: str, policy: Policy, now: datetime
) -> tuple[BotRecord, tuple[Event, ...]]:
    """The record after one more turn was answered or *missed*, and what is to be said of it."""
    oldest = int((now - REMEMBERED_FOR).timestamp())
    turns = (*(t for t in record.turns if t[0] >= oldest), (int(now.timestamp()), missed))
    turns = turns[-TURNS_MAX:]
    record = record.model_copy(update={"turns": turns})
    missed_of, share_max = sum(late for _, late in turns), policy.missed_share_max
    if not record.silent and len(turns) >= TURNS_MIN and missed_of > share_max * len(turns):
        silent = record.model_copy(update={"silent": True})
        said = BotFellSilent(
            id=_id("bot_silent_", record, cause),
            bot=record.bot,
            missed=missed_of,
            asked=len(turns),
            time=now,
            number=record.number,
            causation=cause,
        )
        return silent, (said,)
    if record.silent and not missed and missed_of <= share_max * len(turns):
        return record.model_copy(update={"silent": False}), (_again(record, cause, now),)
    return record, ()


def _again(record: BotRecord, cause: str, now: datetime) -> BotAnsweredAgain:
    return BotAnsweredAgain(
        id=_id("bot_again_", record, cause),
        bot=record.bot,
        time=now,
        number=record.number,
        causation=cause,
    )


def _id(kind: str, record: BotRecord, cause: str) -> str:
    return digest_id(kind, record.number, record.bot, cause)
