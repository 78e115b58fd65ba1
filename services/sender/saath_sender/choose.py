"""Which message goes next, and what becomes of it then. No I/O: ``dispatch`` carries it out."""

from collections.abc import Callable, Iterable

from saath_sender import outcomes
from saath_sender.answers import Answers
from saath_sender.budgets import PairBudgets
from saath_sender.clock import Now
from saath_sender.decide import NOT_FRESH, Decision, Go, Hold
from saath_sender.ending import put_back, stop
from saath_sender.flight import Flight
from saath_sender.handler import SenderHandler
from saath_sender.jobs import LANE_ORDER, Job, NumberWork, State
from saath_sender.metrics import PACE_WAIT
from saath_sender.results import NO_TOKEN, Accepted, Result
from saath_sender.schedule import Schedule
from saath_sender.slowing import Slowing
from saath_sender.waits import growing

FORGET_EVERY_SECONDS = 60.0
RUN_OUT = Hold("the lease has run out")
CLOSING = Hold("the partition is being handed over")


class Chooser:
    """Chooses for all numbers of one partition."""

    def __init__(self, handler: SenderHandler, chance: Callable[[], float] = lambda: 0.0) -> None:
        self._handler, self._books = handler, handler.books
        self._rules = handler.at.rules
        self._budgets, self._slowing = PairBudgets(), Slowing(self._books)
        self._pausing, self._chance = handler.pausing, chance
        self._answers = Answers(handler, self._budgets, self._slowing, chance)
        self._schedule = Schedule()
        self._forgot_at = float("-inf")
        # What is begun and waits for the fence to be read.
        self._stale: set[NumberWork] = set()

    @property
    def waiting(self) -> bool:
        """True while anything is loaded or begun: then time alone may change what can be done."""
        return any(not work.idle for work in self._books.numbers.values())

    def begin(self, now: Now) -> list[Job]:
        """Begin what may leave soon; what is returned may leave once that is committed."""
        begun: list[Job] = []
        self._slowing.look(now)
        self._forget(now)
        for number, work in self._books.numbers.items():
            self._look_up(number, work, now)
            for job in work.run_out(now.boot):
                self._books.give_back(job, now.boot)  # its lease allows nothing: begin it again
            if self._handler.open and work.look_at <= now.boot:
                begun.extend(self._begin(work, now))
                self._handler.parking.make_room(number, work, now)
        return begun

    def _forget(self, now: Now) -> None:
        """What is remembered of numbers that nothing is heard of any more."""
        if now.boot - self._forgot_at < FORGET_EVERY_SECONDS:
            return
        self._forgot_at = now.boot
        self._books.shelves.forget_quiet(now.boot)
        self._pausing.keep(self._books.numbers.keys())
        self._handler.doubts.keep(self._books.numbers.keys())

    def committed(self, begun: Iterable[Job], before: float) -> None:
        """The transaction that began at *before* is committed: the leases run from there."""
        for job in begun:
            if job.state is State.BEGUN:
                job.lease_until = before + self._rules.lease_seconds
                self._schedule.put(self._books.work(job.request.number), before)

    def due(self, now: Now) -> list[Flight]:
        """What leaves now, at most one a number: between two of them there is a pause anyway."""
        flights, stale = [], self._stale
        self._stale = set()
        for work in dict.fromkeys([*self._schedule.due(now.boot), *stale]):
            flights += [self._take_off(job, work, now) for job in self._uncounted(work, now)]
            at = work.pace.next_at(now.boot)
            if not work.begun:
                continue
            if at > now.boot:
                self._schedule.put(work, at)
            elif job := self._best(work, now):
                flights.append(self._take_off(job, work, now))
        return flights

    def next_at(self) -> float | None:
        """When something may be due that is not yet."""
        return self._schedule.next_at()

    def check(self, flight: Flight, now: Now) -> Decision:
        """The last look, immediately before the bytes leave."""
        if not self._handler.open:
            return CLOSING
        if not flight.job.leased(now.boot):
            return RUN_OUT
        return self._handler.decide(flight.job, now)

    def over(self, flight: Flight, now: Now) -> Decision | None:
        """What sends *flight* away from the door before its slot has come; not what may pass by then."""
        decision = self.check(flight, now)
        passing = isinstance(decision, Go | Hold) and decision not in (CLOSING, RUN_OUT)
        return None if passing else decision

    def withheld(self, flight: Flight, decision: Decision, now: Now) -> None:
        """The last look said no: nothing has left."""
        self._pausing.landed(flight.job, now)
        self._free(flight, now.boot)
        if isinstance(decision, Hold):
            put_back(flight.job, decision.seconds, self._books, now)
        else:
            self._stop(flight.job, decision, now)

    def unsent(self, flight: Flight, now: Now) -> None:
        """Meta could not be reached: nothing has left."""
        job = flight.job
        self._pausing.landed(job, now)
        self._free(flight, now.boot)
        put_back(job, growing(1.0, job.unreached, self._chance()), self._books, now)
        job.unreached += 1

    def tokenless(self, flight: Flight, now: Now) -> None:
        """There is no token to send it with: nothing has left."""
        self._free(flight, now.boot)
        self._answers.pause(flight, NO_TOKEN, now)

    def answered(self, flight: Flight, result: Result, now: Now) -> None:
        """Carry out what the answer says."""
        job = flight.job
        # A read mark that went through says nothing of whether messages do.
        self._pausing.landed(job, now, taken=isinstance(result, Accepted))
        self._landed(flight, now.boot)
        self._answers.carry_out(flight, result, now)

    def hand_back(self, now: Now) -> None:
        """The partition is handed over: what was begun and never left is nobody's doubt."""
        for work in self._books.numbers.values():
            for job in [*work.begun]:
                self._books.give_back(job, now.boot)

    def _begin(self, work: NumberWork, now: Now) -> list[Job]:
        begun: list[Job] = []
        cap = work.pace.effective_cap(now.boot)
        ahead = max(1, round(cap * self._rules.begun_ahead_seconds))
        work.look_at = float("inf")
        for topic in LANE_ORDER:
            room = work.room(topic, ahead)
            for job in work.candidates(topic, now.boot) if room > 0 else ():
                if self._began(job, now):
                    begun.append(job)
                    room -= 1
                    if not room:
                        break
        return begun

    def _began(self, job: Job, now: Now) -> bool:
        decision = self._decide(job, now, fresh=True)
        job.held_by = None
        if not isinstance(decision, Go):
            self._put_off(job, decision, now)
        elif not job.request.contents:
            message = job.message(self._handler.owner(job.request))
            self._books.end(job, outcomes.closed(message, now.wall), now.wall)
        else:
            self._books.begin(job, self._handler.inbound_position)
            return True
        return False

    def _free(self, flight: Flight, now: float) -> None:
        flight.stay()
        self._schedule.put(flight.work, now)

    def _landed(self, flight: Flight, now: float) -> None:
        """What waited for this one to the same customer may be due by now."""
        if any(job.recipient == flight.job.recipient for job in flight.work.begun):
            self._schedule.put(flight.work, now)

    def _uncounted(self, work: NumberWork, now: Now) -> list[Job]:
        """Read marks, where they need no slot."""
        if self._rules.cap_counts_read_marks or not any(job.is_mark for job in work.begun):
            return []
        marks = [job for job in work.due(now.boot, self._rules.bulk_one_in) if job.is_mark]
        return [job for job in marks if isinstance(self._decide(job, now), Go)]

    def _best(self, work: NumberWork, now: Now) -> Job | None:
        for job in work.due(now.boot, self._rules.bulk_one_in):
            decision = self._decide(job, now)
            if isinstance(decision, Go):
                return job
            if decision is NOT_FRESH:
                self._stale.add(work)
            else:
                self._put_off(job, decision, now)
        return None

    def _take_off(self, job: Job, work: NumberWork, now: Now) -> Flight:
        self._pausing.leaves(job, self._handler.owner(job.request), now)
        counts = self._rules.cap_counts_read_marks or not job.is_mark
        if counts:
            work.took(job)
        work.begun.remove(job)
        work.flying.add(job.recipient)
        work.look_at = 0.0
        job.state = State.FLYING
        PACE_WAIT.observe(now.boot - max(job.loaded_at, job.not_before))
        slot = work.pace.reserve(now.boot) if counts else None
        if work.begun:
            self._schedule.put(work, work.pace.next_at(now.boot))
        credential = self._pausing.credential(job.request.number)
        pair = None if job.is_mark else self._budgets.of(job.request.number, job.recipient)
        return Flight(job, work, slot, self._handler.inbound_position, pair, credential)

    def _put_off(self, job: Job, decision: Decision, now: Now) -> None:
        if not isinstance(decision, Hold):
            self._stop(job, decision, now)
            return
        job.held_by = decision.cause
        work = self._books.work(job.request.number)
        work.some_held = work.some_held or decision.cause is not None
        if job.state is State.BEGUN:
            put_back(job, decision.seconds, self._books, now)
        else:
            job.not_before = now.boot + decision.seconds
            work.look_at = min(work.look_at, job.not_before)

    def _stop(self, job: Job, decision: Decision, now: Now) -> None:
        stop(job, decision, self._handler.owner(job.request), self._books, now)

    def _decide(self, job: Job, now: Now, *, fresh: bool | None = None) -> Decision:
        # What is no message needs no budget: a read mark, or a turn that is closed without words.
        wordless = job.is_mark or not job.request.contents
        ready = wordless or self._budgets.ready(job.request.number, job.recipient, now.boot)
        return self._handler.decide(job, now, fresh=fresh, pair_ready=ready)

    def _look_up(self, number: str, work: NumberWork, now: Now) -> None:
        """What others say of the number: its cap, and whether a pause of it may be over."""
        recorded = self._handler.at.number(number)
        self._pausing.look(number, recorded)
        self._handler.parking.look(number, work, now)
        if recorded:
            work.pace.cap = recorded.cap_per_second
