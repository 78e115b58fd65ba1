"""What an answer of Meta's means for the message, its customer and its number. No I/O."""

from collections.abc import Callable

from saath.events import Problem
from saath_sender import outcomes
from saath_sender.budgets import Pair, PairBudgets
from saath_sender.clock import Now
from saath_sender.ending import put_back, reject
from saath_sender.flight import Flight
from saath_sender.handler import SenderHandler
from saath_sender.jobs import Job
from saath_sender.results import (
    Accepted,
    InDoubt,
    Marked,
    MarketingStopped,
    PairBusy,
    Pause,
    Rejected,
    Result,
    RetryAfter,
    SlowDown,
    WindowShut,
)
from saath_sender.slowing import Slowing
from saath_sender.waits import growing

# How soon what was held is looked at again; whatever ends a hold is known to the fence by then.
LOOK_AGAIN_SECONDS = 0.05
# Words to the same customer wait behind a read mark: it is tried once more, and not at all before them.
MARK_RETRY_SECONDS, MARK_ATTEMPTS_MAX = 1.0, 2
PAIR_BUSY = Problem(code=131056, title="the customer was sent too much")


class Answers:
    """Carries them out for one partition, once the message is no longer on its way."""

    def __init__(
        self,
        handler: SenderHandler,
        budgets: PairBudgets,
        slowing: Slowing,
        chance: Callable[[], float],
    ) -> None:
        self._handler, self._books = handler, handler.books
        self._budgets, self._slowing, self._chance = budgets, slowing, chance

    def carry_out(self, flight: Flight, result: Result, now: Now) -> None:
        """What *result* says."""
        job = flight.job
        if job.is_mark and self._mark_answered(job, result, now):
            return
        match result:
            case Accepted(message_id, address):
                self._pair_of(job).accepted()
                self._handler.accept(job, message_id, now, address)
            case _ if arrived := self._handler.doubts.arrived(job):
                # Whatever Meta answered, its webhook says that the message is there.
                self._handler.accept(job, arrived, now)
            case InDoubt() | Marked():
                reason = result.reason if isinstance(result, InDoubt) else "no message was named"
                self._handler.doubts.leave(job, reason, flight.inbound, now)
            case _:
                self._not_taken(flight, result, now)

    def pause(self, flight: Flight, cause: Pause, now: Now) -> None:
        """All of its class waits, and it with them; the queue is kept."""
        job = flight.job
        self._handler.pausing.landed(job, now)
        owner = self._handler.owner(job.request)
        self._handler.pausing.pause(job, cause, owner, now, flight.credential)
        put_back(job, LOOK_AGAIN_SECONDS, self._books, now)

    def _not_taken(self, flight: Flight, result: Result, now: Now) -> None:
        """Meta has it not: never, or later."""
        job, work, number = flight.job, flight.work, flight.job.request.number
        match result:
            case Rejected(problem) | MarketingStopped(problem):
                self._reject(job, problem, now)
            case RetryAfter(seconds, attempts_max, problem):
                if attempts_max and job.tries + 1 >= attempts_max:
                    self._reject(job, problem, now)
                else:
                    put_back(job, growing(seconds, job.tries, self._chance()), self._books, now)
                job.tries += 1
            case SlowDown(seconds):
                self._slowing.slow_down(number, work, seconds, now)
                put_back(job, seconds, self._books, now)
            case PairBusy():
                self._pair_of(job).refused(now.boot)
                put_back(job, LOOK_AGAIN_SECONDS, self._books, now)
            case WindowShut(problem):
                self._handler.windows.shut(self._handler.owner(job.request), now.wall)
                self._reject(job, problem, now)
            case Pause():
                self.pause(flight, result, now)

    def _mark_answered(self, job: Job, result: Result, now: Now) -> bool:
        """What is different for a read mark: no status tells of it, and twice is as good as once."""
        match result:
            case Marked():
                self._handler.mark(job, now)
            case InDoubt() | RetryAfter() | PairBusy():
                if isinstance(result, PairBusy):
                    self._pair_of(job).refused(now.boot)
                job.tries += 1
                message = job.message(self._handler.owner(job.request))
                if message.last and job.tries < MARK_ATTEMPTS_MAX:
                    self._books.give_back(job, now.boot + MARK_RETRY_SECONDS)
                elif isinstance(result, InDoubt):
                    dropped = outcomes.dropped(message, result.reason, now.wall)
                    self._books.end(job, dropped, now.wall)
                else:
                    problem = PAIR_BUSY if isinstance(result, PairBusy) else result.problem
                    self._reject(job, problem, now)
            case _:
                return False
        return True

    def _reject(self, job: Job, problem: Problem, now: Now) -> None:
        reject(job, problem, self._handler.owner(job.request), self._books, now)

    def _pair_of(self, job: Job) -> Pair:
        return self._budgets.of(job.request.number, job.recipient)
