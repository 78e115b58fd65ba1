"""
Parking carried out: what is held for long makes room, and is read again when that is over.

``parked`` has what is parked, ``lanes`` how much may be, ``causes`` what holds for long.
"""

from collections.abc import Callable
from datetime import datetime

from saath.events import NumberRecorded, OwnershipRecorded
from saath.identity import identities
from saath_sender.books import Books
from saath_sender.causes import SENDING, Cause, is_over
from saath_sender.clock import Now
from saath_sender.decide import Decision, Hold
from saath_sender.jobs import Job, NumberWork, State, whom_of
from saath_sender.lanes import Lane
from saath_sender.scopes import Scope

# What has expired behind one that has not ends after that one: it is asked about once a minute.
BEHIND_SECONDS = 60.0


class Parking:
    """One partition's. *decide* says whether a job may leave, *paused* what class of a number may not."""

    def __init__(
        self,
        books: Books,
        number: Callable[[str], NumberRecorded | None],
        decide: Callable[[Job, Now], Decision],
        paused: Callable[[str, Scope, datetime], bool],
    ) -> None:
        self._books, self._number = books, number
        self._decide, self._paused = decide, paused

    def loaded(self, job: Job, now: Now) -> None:
        """
        *job* was just read into its lane.

        What goes to somebody for whom something is parked is parked behind it. Else it may stay while
        there is room, so that a short pause costs no second reading.
        """
        if not job.fresh:
            return
        lane = self._books.lane(job.origin.topic, job.request.number)
        if lane.parked and (cause := lane.parked.cause_before(job.whom, job.origin.offset)):
            self._park_behind(job, cause, now)
        elif lane.crowded and (cause := self._held(job, now)):
            self._park(job, cause)

    def make_room(self, number: str, work: NumberWork, now: Now) -> None:
        """Where what is loaded crowds a lane, and was found to be held, the last of it goes."""
        if not work.some_held:
            return
        work.some_held = False  # what is held still, is found to be when it is looked at again
        for lane in work.lanes.values():
            if lane.crowded and (heads := self._held_heads(number, lane, now)):
                self._make_room(lane, heads, now)

    def look(self, number: str, work: NumberWork, now: Now) -> None:
        """What holds for long may be over by now, or may have begun anew; and some may have expired."""
        for lane in work.lanes.values():
            if lane.parked:
                ended = lane.parked.open_where(lambda cause: self._is_over(cause, number, now))
                lane.parked.expire(now.wall.timestamp())
                if ended:
                    _wake(work, lane)

    def conversation_changed(self, name: str, owner: OwnershipRecorded | None) -> None:
        """
        A window that opens, or a person who steps in, changes what holds the conversation's messages.

        What was read before the conversation was known, or joined, goes to it all the same: in its order.
        """
        work = self._books.numbers.get(owner.number or "") if owner else None
        if owner is None or work is None:
            return
        known_as = owner.redirect or name
        for recipient in {name, *identities(owner.addresses)} - {known_as}:
            work.rename(recipient, known_as)
        work.held_no_more(known_as)
        for lane in work.lanes.values():
            if lane.parked:
                lane.parked.call(whom_of(known_as))

    def _held_heads(self, number: str, lane: Lane[Job], now: Now) -> dict[str, Job]:
        """By recipient, the first that is held, if it still is."""
        heads: dict[str, Job] = {}
        over: dict[Cause, bool] = {}
        for job in lane.waiting.values():
            if (cause := job.held_by) and job.fresh:
                if cause not in over:
                    over[cause] = self._is_over(cause, number, now)
                if not over[cause]:
                    heads.setdefault(job.recipient, job)
        return heads

    def _make_room(self, lane: Lane[Job], heads: dict[str, Job], now: Now) -> None:
        for job in reversed([*lane.waiting.values()]):
            if not lane.crowded:
                return
            head = heads.get(job.recipient)
            if head is None or head.held_by is None or not job.fresh:
                continue
            if job is head:
                self._park(job, head.held_by)
            elif job.order > head.order:
                self._park_behind(job, head.held_by, now)

    def _held(self, job: Job, now: Now) -> Cause | None:
        number = self._number(job.request.number)
        quiet = number is None or (
            number.state == SENDING[0] and not (number.restrictions or number.templates)
        )
        if quiet and not self._books.pauses.any(job.request.number):
            return None
        decision = self._decide(job, now)
        job.held_by = decision.cause if isinstance(decision, Hold) else None
        return job.held_by

    def _park(self, job: Job, cause: Cause) -> None:
        self._books.park(job, cause, job.request.expires_at.timestamp())

    def _park_behind(self, job: Job, cause: Cause, now: Now) -> None:
        expires_at = max(job.request.expires_at.timestamp(), now.wall.timestamp() + BEHIND_SECONDS)
        self._books.park(job, cause, expires_at)

    def _is_over(self, cause: Cause, number: str, now: Now) -> bool:
        def paused(scope: Scope) -> bool:
            return self._paused(number, scope, now.wall)

        return is_over(cause, self._number(number), paused, now.wall)


def _wake(work: NumberWork, lane: Lane[Job]) -> None:
    """What is at work of what was held goes before what is read again, which comes after it."""
    for job in lane.waiting.values():
        if job.held_by and job.state is State.WAITING:
            job.not_before = 0.0
    work.look_at = 0.0
