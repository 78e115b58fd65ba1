"""
One partition's sender: records come in, messages are chosen, answers come back. No rule lives here,
and no I/O: ``partition`` and ``dispatch`` bring the records and carry the messages.
"""

from datetime import timedelta

from saath.codec import decode
from saath.errors import PoisonRecord
from saath.events import MessageEchoed, MessageFailed, OwnershipRecorded, StatusEvent
from saath.identity import identities
from saath.kafka.records import Record
from saath.topics import INBOUND
from saath_sender import outcomes
from saath_sender.admission import Admission
from saath_sender.books import Books
from saath_sender.clock import Now
from saath_sender.decide import ARRIVED, Decision, Facts, decide
from saath_sender.doubts import Doubts
from saath_sender.failing import failed_late
from saath_sender.fence import Fence
from saath_sender.heard import fills_the_second
from saath_sender.installation import Installation
from saath_sender.jobs import Job
from saath_sender.lanes import Limits, Memory
from saath_sender.marketing import Unjudged, judge
from saath_sender.outcomes import Message
from saath_sender.parking import Parking
from saath_sender.pausing import Pausing
from saath_sender.recalled import recall
from saath_sender.requests import Request, address_of
from saath_sender.shelves import Shelves
from saath_sender.shut import ShutWindows


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
        self.admission = Admission(
            installation, partition, self.books, self.fence, self.doubts, self.parking
        )
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
        """The main reader has come to a request."""
        self.admission.read(record, now)

    def outbound_read_again(self, record: Record, serving: set[str], now: Now) -> None:
        """The second reader has come to it; *serving* are the numbers it reads for, and still may."""
        self.admission.read_again(record, serving, now)

    def person_remembered(self, record: Record) -> None:
        """After a restart: a person's request that was read and, unless its lane says so, not done."""
        self.admission.person_remembered(record)

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
