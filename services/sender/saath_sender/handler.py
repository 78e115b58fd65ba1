"""
One partition's sender: records come in, messages are chosen, answers come back. No rule lives here,
and no I/O: ``partition`` and ``dispatch`` bring the records and carry the messages.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import structlog

from saath.codec import decode
from saath.errors import PoisonRecord
from saath.events import (
    MessageEchoed,
    MessageFailed,
    NumberRecorded,
    OwnershipRecorded,
    StatusEvent,
)
from saath.identity import identities
from saath.kafka.records import Record, dead_letter
from saath.metrics import RECORDS_CONSUMED, RECORDS_DEAD_LETTERED
from saath.tokens import TurnToken
from saath.topics import INBOUND, OUTBOUND_PEOPLE, dlq_topic, partition_for
from saath_sender import age, outcomes, shadow
from saath_sender.age import moved, says_nothing, source_of
from saath_sender.books import Books
from saath_sender.clock import Now
from saath_sender.decide import ARRIVED, Decision, Facts, decide
from saath_sender.doubts import Doubts
from saath_sender.failing import failed_late
from saath_sender.fence import Fence
from saath_sender.granting import NO_GRANTS, GrantRules
from saath_sender.heard import fills_the_second
from saath_sender.jobs import Job, State
from saath_sender.lanes import Limits, Memory
from saath_sender.ledger import Begun, Doubt, Finished
from saath_sender.marketing import Unjudged, judge
from saath_sender.metrics import FORWARDED, REPEATED
from saath_sender.outcomes import Message
from saath_sender.parking import Parking
from saath_sender.pausing import CredentialName, Pausing
from saath_sender.recalled import recall
from saath_sender.requests import Refusal, Request, address_of, number_of_key, read
from saath_sender.settings import SenderSection
from saath_sender.shelves import Shelves
from saath_sender.shut import ShutWindows

log = structlog.get_logger()

DLQ = dlq_topic("sender")


@dataclass(frozen=True, slots=True)
class Installation:
    """What all partitions of one sender share."""

    read_token: Callable[[str], TurnToken]
    number: Callable[[str], NumberRecorded | None]
    partitions: int
    rules: SenderSection
    grants: GrantRules = NO_GRANTS
    credential_name: CredentialName = lambda _: None


class SenderHandler:
    """Holds one partition's state and takes in everything that changes it."""

    def __init__(self, installation: Installation, partition: int) -> None:
        self.at, self.partition = installation, partition
        rules = installation.rules
        memory = Memory(rules.partition_bytes_max)
        limits = Limits(rules.lane_max, rules.lane_bytes_max, memory, rules.parked_max)
        shelves = Shelves(limits, rules.cap_margin_seconds)
        self.books = Books(partition, installation.partitions, shelves)
        self.fence = Fence()
        self.stops_unjudged = Unjudged()
        self.doubts = Doubts(self.books, rules, self.accept, self._message)
        self.pausing = Pausing(self.books, rules.pause_seconds, installation.credential_name)
        self.parking = Parking(
            self.books, installation.number, self._decide_at_once, self.pausing.holds
        )
        self.windows = ShutWindows()
        # Up to when the fence read allows posts, and from when it is known that all was read.
        self.fresh_until = float("-inf")
        self.read_through = float("-inf")
        self.inbound_position = 0
        # Nothing may leave before the last owner's lease is over, nor once we hand over.
        self.open = False

    def oldest_inbound(self) -> int | None:
        """Where statuses of what may have left begin; ``None`` when nothing is unresolved."""
        return min((entry.inbound for _, entry in self.books.ledger.unresolved()), default=None)

    def inbound_read(self, record: Record, now: Now) -> None:
        """One fact from Meta: an echo stops bots, a status settles a doubt, a message fills the cap."""
        self.inbound_position = record.offset + 1
        try:
            event = decode(record.headers, record.value)
        except PoisonRecord:
            return  # the router says so, and dead-letters it
        number = event.number or ""
        self.doubts.heard(number, record.timestamp_ms / 1000)
        if number and fills_the_second(event, self.at.rules, now.wall):
            self.books.work(number).pace.hear(now.boot)
        if isinstance(event, MessageEchoed):
            self.fence.echo_read(number, event.contact, record.offset)
        elif isinstance(event, StatusEvent):
            self.doubts.status_read(number, event)
            if isinstance(event, MessageFailed):
                failed_late(number, event, self.pausing, self.windows, self.fence)
        decided = self.fence.watermark.get(INBOUND.name, 0)
        self.stops_unjudged.read(number, event, record.offset, decided)

    def owner_read(self, record: Record) -> None:
        """Who owns a conversation now; or how far the router has decided."""
        key = record.key or b""
        self.fence.owner_read(key, record.value)
        name = key.decode(errors="replace")
        self.parking.conversation_changed(name, self.fence.owner(name))

    def outcome_read(self, record: Record) -> None:
        """After a restart: what a person sent and the router has not decided yet."""
        recall(record, self.fence)

    def outbound_read(self, record: Record, now: Now) -> None:
        """
        The main reader has come to a request.

        The record's key says whose lane it stands in. What a lane has no room for is not even looked
        into, but for people's, which hold bots back from now on.
        """
        RECORDS_CONSUMED.labels(record.topic.name).inc()
        number, request = number_of_key(record.key), None
        if number is None or partition_for(number, self.at.partitions) != self.partition:
            self._admit(self._read(record), record, None, now)
        else:
            if record.topic is OUTBOUND_PEOPLE:
                request = self._read(record)
                self._hold_for(request, number)
            if self.books.lane(record.topic.name, number).read(record.offset) == "loaded":
                self._admit(request or self._read(record), record, number, now)
            self.books.touch(record.topic.name, number)
        self.books.positions[record.topic.name] = record.offset + 1

    def person_remembered(self, record: Record) -> None:
        """After a restart: a person's request that was read and, unless its lane says so, not done."""
        if number := number_of_key(record.key):
            lane = self.books.lane(record.topic.name, number)
            if lane.behind and not lane.is_finished(record.offset):
                self._hold_for(self._read(record), number)

    def outbound_read_again(self, record: Record, serving: set[str], now: Now) -> None:
        """The second reader has come to it; *serving* are the numbers it reads for, and still may."""
        number = number_of_key(record.key)
        if number not in serving:
            return
        match self.books.lane(record.topic.name, number).read_again(record.offset):
            case "loaded":
                self._admit(self._read(record), record, number, now)
            case "behind":
                serving.discard(number)
            case "finished" | "parked":
                pass
        self.books.touch(record.topic.name, number)

    def _hold_for(self, request: Request | Refusal, number: str) -> None:
        """What a person writes to somebody holds the bots there."""
        if isinstance(request, Request) and request.to and request.number == number:
            self.fence.person_asked(request.origin, number, request.to)

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
        self.books.pass_over(record.topic.name, lane, record.offset)

    def decide(
        self, job: Job, now: Now, *, fresh: bool | None = None, pair_ready: bool = True
    ) -> Decision:
        """May *job*'s message leave now? *fresh* overrides what the fence read says."""
        if self.doubts.arrived(job):
            return ARRIVED
        request = job.request
        owner = self.owner(request)
        undecided = None
        yields = request.by != "person" or request.is_marketing
        if yields and not self.fence.quiet(request.number):
            known = identities(owner.addresses) if owner else ()
            undecided = self.fence.undecided(request.number, known, job.origin)
        facts = Facts(
            owner=owner,
            owners_read=self.read_through >= job.loaded_at,
            undecided=undecided,
            fresh=now.boot < self.fresh_until if fresh is None else fresh,
            number=self.at.number(request.number),
            unknown_for=now.boot - job.loaded_at,
            paused=self.pausing.hold(job, owner, now),
            pair_ready=pair_ready,
            again=job.attempt > 1,
            marketing=self._marketing(request, owner, now) if request.is_marketing else None,
        )
        unknown_for = self.at.rules.unknown_number_for_seconds
        return decide(request, job.index, facts, now.wall, unknown_number_for=unknown_for)

    def _decide_at_once(self, job: Job, now: Now) -> Decision:
        """The same where the fence is not read for it: it is asked what holds *job* for long."""
        return self.decide(job, now, fresh=True)

    def _marketing(
        self, request: Request, owner: OwnershipRecorded | None, now: Now
    ) -> Decision | None:
        """What keeps marketing from whom *request* goes to: what is known, or logged and not judged."""
        fence, number = self.fence, request.number
        rests = timedelta(seconds=self.at.rules.marketing_rests_seconds)
        known = {*(identities(owner.addresses) if owner else ()), *filter(None, (request.to,))}

        def is_known(identity: str) -> bool:
            return fence.conversation_of(number, identity) is not None

        decided = fence.watermark.get(INBOUND.name, 0)
        unjudged = self.stops_unjudged.hold(number, known, is_known, decided)
        return judge(owner, rests, now.wall) or unjudged

    def owner(self, request: Request) -> OwnershipRecorded | None:
        """The ownership that *request* is judged by."""
        token = request.token
        name = (
            token.conversation
            if token
            else self.fence.conversation_of(request.number, request.to or "")
        )
        return self.windows.seen(self.fence.owner(name)) if name else None

    def accept(self, job: Job, message_id: str, now: Now, went_to: str | None = None) -> None:
        """Meta took the current message. Where it says itself where that went, it is believed."""
        owner = self.owner(job.request)
        to = went_to or address_of(job.request, owner)
        self.fence.person_wrote_to(job.origin, to)
        outcome = outcomes.accepted(job.message(owner), message_id, to, now.wall)
        self.doubts.forget(job)
        self.books.end(job, outcome, now.wall)

    def mark(self, job: Job, now: Now) -> None:
        """Meta did what a read mark asked."""
        self.books.end(job, outcomes.read_marked(self._message(job), now.wall), now.wall)

    def _message(self, job: Job) -> Message:
        return job.message(self.owner(job.request))

    def _read(self, record: Record) -> Request | Refusal:
        request = read(record.value, source_of(record), self.at.read_token, self.at.grants)
        if isinstance(request, Request) and self.at.rules.uuid7_required:
            return says_nothing(request) or request
        return request

    def _refuse(self, refusal: Refusal, record: Record, now: Now) -> None:
        log.warning("request.refused", reason=refusal.reason, topic=record.topic.name)
        if refusal.unreadable:
            RECORDS_DEAD_LETTERED.labels(record.topic.name, "PoisonRecord").inc()
            self.books.write(dead_letter(record, DLQ, refusal.reason, now.wall))
        for index in range(refusal.total):
            if outcome := outcomes.unread(refusal, source_of(record), index, now.wall):
                self.books.publish(outcome)

    def _forward(self, record: Record, number: str) -> None:
        """
        Another number's lane is its place, or no lane is the one it stands in.

        A client whose default hash is not Java's wrote it here, or one that leaves out the key.
        """
        FORWARDED.inc()
        self.books.write(moved(record, number, self.at.partitions))

    def _load(self, request: Request, now: Now) -> None:
        """Put a request to work where its last owner left it."""
        origin = request.origin
        topic, number = request.source.topic, request.number
        known = self.books.known(number, request.id)
        repeated = known and known != origin
        if repeated:
            REPEATED.inc()
            log.info("request.repeated", topic=topic, offset=request.source.offset)
        entries = self.books.ledger.of(number, request.id)
        index = next(i for i in count() if not isinstance(entries.get(i), Finished))
        if repeated or index >= request.total:
            self.fence.person_repeated(origin)
            self.books.skip(topic, number, request.source.offset)
            return
        job = Job(request, self._recipient(request), loaded_at=now.boot, index=index)
        entry = entries.get(index)
        self.books.load(job)
        if request.too_old and not (known or entries):
            age.refuse(job, self.books, now)
        elif request.token and request.token.shadow:
            shadow.tell(job, self.books, now)
        else:
            self._take_over(job, entry, now)
            self.parking.loaded(job, now)

    def _take_over(self, job: Job, entry: object, now: Now) -> None:
        """What the last owner had begun may have left; what it left in doubt is in doubt still."""
        match entry:
            case Begun() if job.is_mark:
                job.state = State.WAITING  # twice is as good as once
            case Begun():
                job.attempt = entry.attempt
                self.doubts.leave(job, "its sender stopped while sending it", entry.inbound, now)
            case Doubt():
                self.books.doubt(job, entry, None)
            case _:
                job.state = State.WAITING

    def _recipient(self, request: Request) -> str:
        if request.token:
            return request.token.conversation
        to = request.to or ""
        return self.fence.conversation_of(request.number, to) or to
