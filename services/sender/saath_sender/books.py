"""
The books of one partition: lanes, ledger, and the records that the next transaction will write.

Memory runs ahead of Kafka by one transaction at most; when that fails, the partition starts again
from what Kafka holds. So whatever changes here puts its record into the outbox at once.
"""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

import structlog
from prometheus_client import Counter

from saath.events import OutcomeEvent, short_name
from saath.kafka.changelog import POSITIONS_KEY, positions_output, read_positions
from saath.kafka.records import Output, output
from saath.topics import OUTCOMES, state_topic
from saath_sender import ledger
from saath_sender.causes import Cause
from saath_sender.cursors import decode_cursor, parse_lane_key
from saath_sender.jobs import JOB_BYTES, Job, NumberWork, State
from saath_sender.lanes import Lane
from saath_sender.ledger import Begun, Doubt, Entry, Finished, Ledger, Name, Origin
from saath_sender.metrics import SENT
from saath_sender.pauses import Pauses, parse_pause_key
from saath_sender.shelves import Shelves
from saath_sender.slowed import Slowed, decode_slowed, parse_slowed_key

log = structlog.get_logger()

STATE = state_topic("sender")
RELEASED_KEY = b"~released"
LEASE_KEY = b"~lease"


@cache  # to look one up takes four times as long as to count
def _counted(event_type: str) -> tuple[str, Counter]:
    name = short_name(event_type)
    return name, SENT.labels(name.split(".")[1])


@dataclass(slots=True, eq=False)
class Books:
    """One partition's books. ``positions`` is how far the main reader is, by topic."""

    partition: int
    partitions: int
    shelves: Shelves
    ledger: Ledger = field(default_factory=Ledger)
    pauses: Pauses = field(default_factory=Pauses)
    # The numbers that Meta has slowed, as the changelog says.
    slowed: dict[str, Slowed] = field(default_factory=dict)
    positions: dict[str, int] = field(default_factory=dict)
    # The clean end of the partition's last owner, if it had one.
    released: bool = False
    # How long what it began may leave, as it said itself.
    lease_seconds: float = 0.0
    # What was written by then, in unix seconds, has been read by the main reader, on every topic.
    read_to: float = float("-inf")
    # Somebody waits for what is to be written, so that it must not wait for more.
    urgent: bool = False
    _outbox: list[Output] = field(default_factory=list)
    _last_outcomes: dict[int, Origin] = field(default_factory=dict)
    _live: dict[tuple[str, str], Origin] = field(default_factory=dict)

    def restore(self, key: bytes, value: bytes | None) -> None:
        """Take over one record of the changelog."""
        text = key.decode(errors="replace")
        lane, name = parse_lane_key(text), ledger.parse_name(text)
        if key == POSITIONS_KEY:
            self.positions = read_positions(value)
        elif key == RELEASED_KEY:
            self.released = value is not None
        elif key == LEASE_KEY:
            self.lease_seconds = float(value or 0)
        elif lane:
            self.shelves.restore(*lane, decode_cursor(value) if value else None)
        elif pause := parse_pause_key(text):
            self.pauses.restore(*pause, value)
        elif slow := parse_slowed_key(text):
            self._restore_slowed(slow, decode_slowed(value) if value else None)
        elif name and value:
            self.ledger.put(name, ledger.decode(value))
        elif name:
            self.ledger.drop(name)

    def restored(self) -> None:
        """All of the changelog was taken over: what is finished ages on from here."""
        self.ledger.close_all(self.shelves.is_over)

    @property
    def numbers(self) -> dict[str, NumberWork]:
        """The work of each number."""
        return self.shelves.numbers

    def work(self, number: str) -> NumberWork:
        """All work of *number*."""
        return self.shelves.work(number)

    def lane(self, topic: str, number: str) -> Lane[Job]:
        """The lane of *number* on *topic*."""
        return self.shelves.lane(topic, number)

    def behind(self, topic: str) -> dict[str, Lane[Job]]:
        """
        The lanes of *topic* that are to be read again, by number, once one of them has room enough.

        Then all that have any are read for: they stand in one log, and to read it for each is dear.
        """
        found = {n: lane for n, lane in self.shelves.lanes(topic).items() if lane.hungry}
        return found if any(lane.roomy for lane in found.values()) else {}

    def known(self, number: str, request: str) -> Origin | None:
        """Which record a request with this id came from, if one was seen lately."""
        return self._live.get((number, request)) or self.ledger.origin(number, request)

    def load(self, job: Job) -> None:
        """A request is at work from now on."""
        request = job.request
        source = request.source
        self.lane(source.topic, request.number).load(
            source.offset, job, source.size_bytes + JOB_BYTES
        )
        self.work(request.number).add(job)
        self._live[(request.number, request.id)] = job.origin
        self.ledger.reopen(request.number, request.id)
        self.touch(source.topic, request.number)

    def park(self, job: Job, cause: Cause, expires_at: float) -> None:
        """*cause* holds it for long: it is at work no more until it is read again."""
        request = job.request
        topic, number = request.source.topic, request.number
        self.lane(topic, number).park(job.origin.offset, job.whom, cause, expires_at)
        self.work(number).remove(job)
        self._live.pop((number, request.id), None)
        self.touch(topic, number)

    def touch(self, topic: str, number: str) -> None:
        """The lane has changed: its cursor is written with the next transaction."""
        self.shelves.touch(topic, number)

    def skip(self, topic: str, number: str, offset: int) -> None:
        """Nothing is to be done for the record at *offset*."""
        self.lane(topic, number).finish(offset)
        self.touch(topic, number)

    def pass_over(self, topic: str, number: str | None, offset: int) -> None:
        """
        The record at *offset* was refused: where its lane is read again, it is not refused again.

        Unless there are too many of them for a cursor: then it is, and its outcome has the same id.
        """
        work = self.numbers.get(number or "")
        lane = work.lanes.get(topic) if work else None
        if number and lane and not lane.clean and not lane.spread:
            self.skip(topic, number, offset)

    def begin(self, job: Job, inbound: int) -> None:
        """The message may leave once this is committed."""
        work = self.work(job.request.number)
        job.state, job.lease_until = State.BEGUN, None
        work.begun.append(job)
        self.urgent = self.urgent or job.interactive
        self._put(job.name, Begun(job.origin, inbound, job.attempt))

    def give_back(self, job: Job, not_before: float) -> None:
        """What was begun has surely not left, or was surely not taken: it waits again."""
        self._leave_hand(job)
        job.state, job.not_before = State.WAITING, not_before
        if job.doubt:
            self._put(job.name, job.doubt)
        else:
            self.ledger.drop(job.name)
            self._forget(job.name)

    def doubt(self, job: Job, doubt: Doubt, outcome: OutcomeEvent | None) -> None:
        """Nobody knows whether it arrived. *outcome* says so, unless it was said before."""
        self._leave_hand(job)
        job.state, job.doubt, job.attempt = State.DOUBT, doubt, doubt.attempt
        self.work(job.request.number).doubts[job.name] = job
        self._put(job.name, doubt)
        if outcome:
            self.publish(outcome)

    def send_again(self, job: Job) -> None:
        """Give a message in doubt its second and last attempt."""
        job.state, job.attempt = State.WAITING, job.attempt + 1
        self.work(job.request.number).look_at = 0.0

    def end(self, job: Job, outcome: OutcomeEvent, now: datetime) -> None:
        """The current message has its outcome; the next one's turn, or the request is over."""
        request = job.request
        self._leave_hand(job)
        self.urgent = self.urgent or job.interactive
        self.work(request.number).doubts.pop(job.name, None)
        over_at = max(now.timestamp(), request.fresh_until)
        self._put(job.name, Finished(job.origin, over_at))
        self.publish(outcome)
        job.index += 1
        job.state, job.attempt, job.doubt = State.WAITING, 1, None
        job.tries, job.unreached = 0, 0
        self.touch(request.source.topic, request.number)
        if job.index >= request.total:
            self._last_outcomes[len(self._outbox) - 1] = job.origin
            self._close(job, over_at)

    def end_unread(self, name: Name, origin: Origin, outcome: OutcomeEvent, now: datetime) -> None:
        """The request is over without ever being loaded: its record is gone."""
        self._put(name, Finished(origin, now.timestamp()))
        self.publish(outcome)
        self._last_outcomes[len(self._outbox) - 1] = origin
        self.ledger.close(name.number, name.request, now.timestamp())

    def publish(self, outcome: OutcomeEvent) -> None:
        """Put *outcome* on its topic."""
        name, sent = _counted(outcome.type)
        sent.inc()
        log.info(
            "message.settled",
            outcome=name,
            event_id=outcome.id,
            conversation_id=outcome.conversation,
        )
        self.write(output(OUTCOMES, outcome, self.partitions))

    def write(self, record: Output) -> None:
        """Add a record to the next transaction."""
        self._outbox.append(record)

    def put(self, key: str, value: bytes | None) -> None:
        """Add a record of the changelog to the next transaction."""
        self.write(self._state(key.encode(), value))

    @property
    def pending(self) -> bool:
        """True when there is something to write."""
        return bool(self._outbox)

    def take(self) -> tuple[list[Output], dict[int, Origin]]:
        """
        All that the next transaction writes, and which of it are the last outcomes of a request.

        The positions are written with everything else, so nothing that is finished is read again.
        """
        for name in self.ledger.forget(self.read_to, self.shelves.is_behind):
            self._forget(name)
        outputs, last = self._outbox, self._last_outcomes
        self._outbox, self._last_outcomes, self.urgent = [], {}, False
        outputs.extend(self._state(key.encode(), value) for key, value in self.shelves.cursors())
        outputs.append(positions_output(STATE, self.partition, self.positions))
        if self.released:
            outputs.append(self._state(RELEASED_KEY, None))
            self.released = False
        self.shelves.tidy()
        return outputs, last

    def say_lease(self, seconds: float) -> None:
        """Whoever comes after us must know it before anything of ours is begun."""
        if seconds != self.lease_seconds:
            self.lease_seconds = seconds
            self.write(self._state(LEASE_KEY, str(seconds).encode()))

    def release(self, now: datetime) -> Output:
        """The record that says: nothing is in our hands any more."""
        return self._state(RELEASED_KEY, str(now.timestamp()).encode())

    def _restore_slowed(self, number: str, slowed: Slowed | None) -> None:
        if slowed is None:
            self.slowed.pop(number, None)
        else:
            self.slowed[number] = slowed

    def _leave_hand(self, job: Job) -> None:
        work = self.work(job.request.number)
        if job.state is State.BEGUN:
            work.begun.remove(job)
        elif job.state is State.FLYING:
            work.flying.discard(job.recipient)
        job.lease_until = None
        work.look_at = 0.0

    def _close(self, job: Job, over_at: float) -> None:
        request = job.request
        self.lane(request.source.topic, request.number).finish(request.source.offset)
        self.work(request.number).remove(job)
        self.shelves.call_next(request.source.topic, request.number, job.whom)
        self._live.pop((request.number, request.id), None)
        self.ledger.close(request.number, request.id, over_at)

    def _put(self, name: Name, entry: Entry) -> None:
        self.ledger.put(name, entry)
        self.write(self._state(str(name).encode(), ledger.encode(entry)))

    def _forget(self, name: Name) -> None:
        self.write(self._state(str(name).encode(), None))

    def _state(self, key: bytes, value: bytes | None) -> Output:
        return Output(STATE, self.partition, key, value)
