"""Messages that may have arrived: what settles them, and what becomes of them when nothing does."""

from collections.abc import Callable, Set
from typing import Protocol

import structlog

from saath.events import StatusEvent
from saath.identity import parse_callback
from saath_sender import outcomes
from saath_sender.books import Books
from saath_sender.clock import Now
from saath_sender.jobs import Job, State
from saath_sender.ledger import Begun, Doubt, Name
from saath_sender.outcomes import Message
from saath_sender.settings import SenderSection

log = structlog.get_logger()


class Accept(Protocol):
    """Ends a message that Meta took under this name."""

    def __call__(self, job: Job, message_id: str, now: Now) -> None: ...


class Doubts:
    """The doubts of one partition. *message_of* puts a job's message into its conversation."""

    def __init__(
        self,
        books: Books,
        rules: SenderSection,
        accept: Accept,
        message_of: Callable[[Job], Message],
    ) -> None:
        self._books, self._rules = books, rules
        self._accept, self._message_of = accept, message_of
        self._arrived: dict[Name, str] = {}
        self._heard: dict[str, float] = {}

    def heard(self, number: str, at: float) -> None:
        """A webhook of *number* was read; *at* is unix seconds."""
        self._heard[number] = at

    def keep(self, numbers: Set[str]) -> None:
        """Forget when the others were heard of: a doubt is settled by what is heard after it began."""
        self._heard = {number: at for number, at in self._heard.items() if number in numbers}

    def status_read(self, number: str, event: StatusEvent) -> None:
        """Meta speaks of a message, perhaps of one that we do not know to have arrived."""
        callback = parse_callback(event.callback)
        if callback is None:
            return
        name = Name(number, callback.request, callback.index)
        if isinstance(self._books.ledger.get(name), Begun | Doubt):
            self._arrived[name] = event.message_id

    def arrived(self, job: Job) -> str | None:
        """Meta's name of the current message, where a status has come before the answer."""
        return self._arrived.get(job.name)

    def forget(self, job: Job) -> None:
        """The current message has its outcome."""
        self._arrived.pop(job.name, None)

    def leave(self, job: Job, reason: str, inbound: int, now: Now) -> None:
        """Nobody knows whether the current message arrived; perhaps a status has said so already."""
        if arrived := self.arrived(job):
            self._accept(job, arrived, now)
            return
        doubt = Doubt(job.origin, inbound, now.wall.timestamp(), job.attempt)
        outcome = outcomes.in_doubt(self._message_of(job), reason, job.attempt, now.wall)
        self._books.doubt(job, doubt, outcome)

    def settle(self, now: Now) -> None:
        """End the doubts that a status has settled, and those that have lasted long enough."""
        for work in self._books.numbers.values():
            for name, job in [*work.doubts.items()]:
                if (arrived := self.arrived(job)) and job.state is not State.FLYING:
                    self._accept(job, arrived, now)
                elif job.state is State.DOUBT and job.doubt and self._lasted(job.doubt, name, now):
                    self._end(job, now)

    def _end(self, job: Job, now: Now) -> None:
        message = self._message_of(job)
        if job.request.in_doubt == "resend" and job.attempt == 1:
            log.info("message.sent_again", conversation_id=message.conversation)
            self._books.send_again(job)
        else:
            reason = "no status arrived; not sent again"
            self._books.end(job, outcomes.dropped(message, reason, now.wall), now.wall)

    def _lasted(self, doubt: Doubt, name: Name, now: Now) -> bool:
        """While Meta delivers nothing for this number, the status may be among what is to come."""
        heard = self._heard.get(name.number, 0.0) > doubt.since
        rules, waited = self._rules, now.wall.timestamp() - doubt.since
        if waited >= max(rules.in_doubt_for_seconds, rules.in_doubt_at_most_seconds):
            # A number may have fallen silent for good, and no request stays open for ever.
            return True
        lasted = waited >= rules.in_doubt_for_seconds
        return lasted and (heard or rules.in_doubt_without_webhooks)
