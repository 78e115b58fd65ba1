"""
Two conversations turn out to be one contact's: they are joined, and it is said. Pure.

The older id stays. A person who holds either of them holds both, and no turn of before is valid.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from saath.events import ConversationMerged, OwnerChanged
from saath.identity import digest_id
from saath_router.answering import Around, ask_whoever_waits
from saath_router.conversation import SEEN_MAX, STATUSES_MAX, Conversation, merged
from saath_router.facts import about, call, no_call, owner_changed, to_bot, turns_withdrawn
from saath_router.marketing import together as marketing_together
from saath_router.memory import (
    MARKED_BYTES,
    RANKED_BYTES,
    together_beside,
    together_dated,
    together_plain,
)
from saath_router.ownership import Decision
from saath_router.policy import Policy
from saath_router.recent import together

REASON = "two conversations were one contact's"


@dataclass(frozen=True, slots=True)
class Joined:
    """The one that stays, before its own facts; and what is said in it and in the other."""

    before: Conversation
    kept: Decision
    gone: Decision


def older_first(one: Conversation, other: Conversation) -> tuple[Conversation, Conversation]:
    """Which of the two stays. One whose start is not known any more has been forgotten: it is older."""

    def started(state: Conversation) -> tuple[float, str]:
        return (state.started_at.timestamp() if state.started_at else 0.0, state.id)

    first, second = sorted((one, other), key=started)
    return first, second


def join(
    older: Conversation,
    younger: Conversation,
    policy: Policy,
    cause: str,
    now: datetime,
    around: Around,
) -> Joined:
    """What follows when *younger* is found to be *older*."""
    joined = _together(older, younger)
    before = joined.model_copy(update=marketing_together(older, younger, now))
    changed = _owner(older, younger, before, policy, cause, now)
    epoch = changed.epoch if changed else 0
    following: Decision = (changed,) if changed else ()
    following += turns_withdrawn(older, REASON, cause, now)
    if younger.handoff_open:
        following += call(older, "merged", REASON, cause, now)
    if changed and changed.bot:
        following += ask_whoever_waits(
            before, policy, now, cause, around, epoch=epoch, bot=changed.bot, rule="merged"
        )
    gone = (*turns_withdrawn(younger, REASON, cause, now), *no_call(younger, cause, now))
    return Joined(
        before,
        (_said(older, younger, older, epoch, cause, now), *following),
        (*gone, _said(older, younger, younger, epoch, cause, now)),
    )


def _owner(
    older: Conversation,
    younger: Conversation,
    before: Conversation,
    policy: Policy,
    cause: str,
    now: datetime,
) -> OwnerChanged | None:
    """A person who has either, has both; then Meta's agent; then the bot of the one that stays."""
    owned = [state for state in (older, younger) if state.epoch]
    if not owned:
        return None
    happened = max(state.owner_since for state in owned if state.owner_since)
    leases = [state.lease_until for state in owned if _is_a_persons(state, now)]
    until = max((lease for lease in leases if lease), default=None)
    if leases:
        return owner_changed(before, "human", "merged", REASON, cause, happened, now, until)
    if any(state.owner == "meta" for state in owned):
        return owner_changed(before, "meta", "merged", REASON, cause, happened, now)
    bot = older.bot or younger.bot or policy.bot
    return to_bot(before, bot, "merged", REASON, cause, happened, now)


def _is_a_persons(state: Conversation, now: datetime) -> bool:
    return state.owner == "human" and (state.lease_until is None or now < state.lease_until)


def _together(older: Conversation, younger: Conversation) -> Conversation:
    """*older* with all that is known of *younger*; the owner is still the older's."""
    seen, second = together_dated(older.seen, younger.seen, SEEN_MAX)
    forgotten = None if second is None else datetime.fromtimestamp(second, UTC)
    windows = [s for s in (older, younger) if s.window_until]
    window = max(windows, key=lambda s: (s.window_until, s.id), default=older)
    return older.model_copy(
        update={
            "contact": merged(older.contact, younger.contact),
            "epoch": max(older.epoch, younger.epoch),
            "started_at": min(filter(None, (older.started_at, younger.started_at)), default=None),
            "passed_to": None,
            "window": window.window,
            "window_until": window.window_until,
            "waiting_since": min(
                filter(None, (older.waiting_since, younger.waiting_since)), default=None
            ),
            "unattended": older.unattended and younger.unattended,
            "watched": {},
            # Where nobody has either yet, nobody is asked now; they wait on together.
            "pending": tuple(sorted((*older.pending, *younger.pending), key=lambda m: m.time)),
            "pending_due": max(
                filter(None, (older.pending_due, younger.pending_due)), default=None
            ),
            "pending_bot": older.pending_bot or younger.pending_bot,
            "recent": together(older.recent, younger.recent),
            "statuses": together_beside(
                older.statuses, younger.statuses, RANKED_BYTES, STATUSES_MAX
            ),
            "prices": together_beside(older.prices, younger.prices, MARKED_BYTES, STATUSES_MAX),
            "ours": together_plain(older.ours, younger.ours, STATUSES_MAX),
            "seen": seen,
            "seen_history": together_plain(older.seen_history, younger.seen_history, SEEN_MAX),
            "forgotten_before": max(
                filter(None, (older.forgotten_before, younger.forgotten_before, forgotten)),
                default=None,
            ),
        }
    )


def _said(
    older: Conversation,
    younger: Conversation,
    where: Conversation,
    epoch: int,
    cause: str,
    now: datetime,
) -> ConversationMerged:
    return ConversationMerged(
        id=digest_id("merged_", older.id, younger.id, where.id),
        into=older.id,
        merged=younger.id,
        epoch=epoch,
        **about(where, cause, now),
    )
