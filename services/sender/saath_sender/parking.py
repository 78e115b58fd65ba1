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
from saath_sender.jobs import Job, NumberWork, whom_of
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
        work = self._books.work(job.request.number)
        lane = work.lanes[job.origin.topic]
        if lane.parked and (cause := lane.parked.cause_before(job.whom, job.origin.offset)):
            self._park_behind(job, cause, now)
        elif lane.crowded and (cause := work.held_before(job)):
            self._park_behind(job, cause, now)
        elif lane.crowded and (cause := self._held(job, now)):
            self._park(job, cause)

    def make_room(self, work: NumberWork, now: Now) -> None:
        """Some of what is loaded was found to be held: where that crowds a lane, the last of it goes."""
        for lane in work.lanes.values():
            if lane.crowded:
                self._make_room(lane, now)

    def look(self, number: str, work: NumberWork, now: Now) -> None:
        """What holds for long may be over by now, or may have begun anew; and some may have expired."""
        for lane in work.lanes.values():
            if lane.parked:
                lane.parked.open_where(lambda cause: self._is_over(cause, number, now))
                lane.parked.expire(now.wall.timestamp())

    def conversation_changed(self, name: str, owner: OwnershipRecorded | None) -> None:
        """A window that opens, or a person who steps in, changes what holds the conversation's messages."""
        work = self._books.numbers.get(owner.number or "") if owner else None
        if owner is None or work is None:
            return
        for lane in work.lanes.values():
            if lane.parked:
                for recipient in (name, *identities(owner.addresses)):
                    lane.parked.call(whom_of(recipient))

    def _make_room(self, lane: Lane[Job], now: Now) -> None:
        heads: dict[str, Job] = {}
        for job in lane.waiting.values():
            if job.held_by:
                heads.setdefault(job.recipient, job)
        for job in reversed([*lane.waiting.values()]):
            if not lane.crowded:
                return
            head = heads.get(job.recipient)
            if head and head.held_by and job.fresh and job.order >= head.order:
                if job is head:
                    self._park(job, head.held_by)
                else:
                    self._park_behind(job, head.held_by, now)

    def _held(self, job: Job, now: Now) -> Cause | None:
        number = self._number(job.request.number)
        quiet = number is None or (number.state == SENDING[0] and not number.restrictions)
        if quiet and not self._books.pauses.any(job.request.number):
            return None
        decision = self._decide(job, now)
        job.held_by = decision.cause if isinstance(decision, Hold) else None
        return job.held_by

    def _park(self, job: Job, cause: Cause) -> None:
        self._books.park(job, cause, job.request.expires_at.timestamp())

    def _park_behind(self, job: Job, cause: Cause, now: Now) -> None:
        expires_at = max(
            job.request.expires_at.timestamp(), now.wall.timestamp() + BEHIND_SECONDS
        )
        self._books.park(job, cause, expires_at)

    def _is_over(self, cause: Cause, number: str, now: Now) -> bool:
        def paused(scope: Scope) -> bool:
            return self._paused(number, scope, now.wall)

        return is_over(cause, self._number(number), paused, now.wall)
