"""
Requests come in: each is put to work in its lane, parked, refused, moved to where it belongs, or known.

No rule lives here, and no I/O: ``intake`` brings the records.
"""

from functools import cache
from itertools import count

import structlog

from saath.kafka.records import Record, dead_letter
from saath.metrics import RECORDS_CONSUMED, RECORDS_DEAD_LETTERED
from saath.topics import OUTBOUND_PEOPLE, dlq_topic, partition_for
from saath_sender import age, outcomes, shadow
from saath_sender.age import moved, says_nothing, source_of
from saath_sender.books import Books
from saath_sender.clock import Now
from saath_sender.doubts import Doubts
from saath_sender.fence import Fence
from saath_sender.installation import Installation
from saath_sender.jobs import Job, State
from saath_sender.ledger import Begun, Doubt, Finished
from saath_sender.metrics import FORWARDED, REPEATED
from saath_sender.parking import Parking
from saath_sender.requests import Refusal, Request, number_of_key, read

log = structlog.get_logger()

DLQ = dlq_topic("sender")

_consumed = cache(RECORDS_CONSUMED.labels)  # to look one up takes four times as long as to count


class Admission:
    """Takes in the requests of one partition."""

    def __init__(
        self,
        installation: Installation,
        partition: int,
        books: Books,
        fence: Fence,
        doubts: Doubts,
        parking: Parking,
    ) -> None:
        self.at, self._partition = installation, partition
        self._books, self._fence = books, fence
        self._doubts, self._parking = doubts, parking

    def read(self, record: Record, now: Now) -> None:
        """
        The main reader has come to a request.

        The record's key says whose lane it stands in. What a lane has no room for is not even looked
        into, but for people's, which hold bots back from now on.
        """
        _consumed(record.topic.name).inc()
        number, request = number_of_key(record.key), None
        if number is None or partition_for(number, self.at.partitions) != self._partition:
            self._admit(self._read(record), record, None, now)
        else:
            if record.topic is OUTBOUND_PEOPLE:
                request = self._read(record)
                self._hold_for(request, number)
            if self._books.lane(record.topic.name, number).read(record.offset) == "loaded":
                self._admit(request or self._read(record), record, number, now)
            self._books.touch(record.topic.name, number)
        self._books.positions[record.topic.name] = record.offset + 1

    def person_remembered(self, record: Record) -> None:
        """After a restart: a person's request that was read and, unless its lane says so, not done."""
        if number := number_of_key(record.key):
            lane = self._books.lane(record.topic.name, number)
            if lane.behind and not lane.is_finished(record.offset):
                self._hold_for(self._read(record), number)

    def read_again(self, record: Record, serving: set[str], now: Now) -> None:
        """The second reader has come to it; *serving* are the numbers it reads for, and still may."""
        number = number_of_key(record.key)
        if number not in serving:
            return
        lane = self._books.lane(record.topic.name, number)
        whom = lane.parked.whom_at(record.offset)
        match lane.read_again(record.offset):
            case "loaded":
                self._admit(self._read(record), record, number, now)
                if whom is not None and not lane.has(record.offset):
                    # It ended as it was read, and others waited for it.
                    self._books.shelves.call_next(record.topic.name, number, whom)
            case "behind":
                serving.discard(number)
            case "finished" | "parked":
                pass
        self._books.touch(record.topic.name, number)

    def _hold_for(self, request: Request | Refusal, number: str) -> None:
        """What a person writes to somebody holds the bots there."""
        if isinstance(request, Request) and request.to and request.number == number:
            self._fence.person_asked(request.origin, number, request.to)

    def _admit(
        self, request: Request | Refusal, record: Record, lane: str | None, now: Now
    ) -> None:
        """Put to work what stands in its number's *lane*; anything else ends here."""
        if isinstance(request, Request) and request.number == lane:
            self._load(request, now)
            return
        if isinstance(request, Refusal):
            self._refuse(request, record, now)
        else:
            self._forward(record, request.number)
        self._books.pass_over(record.topic.name, lane, record.offset)

    def _read(self, record: Record) -> Request | Refusal:
        request = read(record.value, source_of(record), self.at.read_token, self.at.grants)
        if isinstance(request, Request) and self.at.rules.uuid7_required:
            return says_nothing(request) or request
        return request

    def _refuse(self, refusal: Refusal, record: Record, now: Now) -> None:
        log.warning("request.refused", reason=refusal.reason, topic=record.topic.name)
        if refusal.unreadable:
            RECORDS_DEAD_LETTERED.labels(record.topic.name, "PoisonRecord").inc()
            self._books.write(dead_letter(record, DLQ, refusal.reason, now.wall))
        for index in range(refusal.total):
            if outcome := outcomes.unread(refusal, source_of(record), index, now.wall):
                self._books.publish(outcome)

    def _forward(self, record: Record, number: str) -> None:
        """
        Another number's lane is its place, or no lane is the one it stands in.

        A client whose default hash is not Java's wrote it here, or one that leaves out the key.
        """
        FORWARDED.inc()
        self._books.write(moved(record, number, self.at.partitions))

    def _load(self, request: Request, now: Now) -> None:
        """Put a request to work where its last owner left it."""
        origin = request.origin
        topic, number = request.source.topic, request.number
        known = self._books.known(number, request.id)
        repeated = known and known != origin
        if repeated:
            REPEATED.inc()
            log.info("request.repeated", topic=topic, offset=request.source.offset)
        entries = self._books.ledger.of(number, request.id)
        index = next(i for i in count() if not isinstance(entries.get(i), Finished))
        if repeated or index >= request.total:
            self._fence.person_repeated(origin)
            self._books.skip(topic, number, request.source.offset)
            return
        job = Job(request, self._recipient(request), loaded_at=now.boot, index=index)
        entry = entries.get(index)
        self._books.load(job)
        if request.too_old and not (known or entries):
            age.refuse(job, self._books, now)
        elif request.token and request.token.shadow:
            shadow.tell(job, self._books, now)
        else:
            self._take_over(job, entry, now)
            self._parking.loaded(job, now)

    def _take_over(self, job: Job, entry: object, now: Now) -> None:
        """What the last owner had begun may have left; what it left in doubt is in doubt still."""
        match entry:
            case Begun() if job.is_mark:
                job.state = State.WAITING  # twice is as good as once
            case Begun():
                job.attempt = entry.attempt
                self._doubts.leave(job, "its sender stopped while sending it", entry.inbound, now)
            case Doubt():
                self._books.doubt(job, entry, None)
            case _:
                job.state = State.WAITING

    def _recipient(self, request: Request) -> str:
        if request.token:
            return request.token.conversation
        to = request.to or ""
        return self._fence.conversation_of(request.number, to) or to
