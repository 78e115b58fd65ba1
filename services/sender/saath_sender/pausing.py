"""Pauses carried out: written down, told on ``outcomes``, and ended. ``pauses`` has the rules."""

from collections.abc import Callable, Set
from datetime import UTC, datetime

import structlog

from saath.events import NumberPaused, NumberRecorded, NumberResumed, OwnershipRecorded
from saath.identity import digest_id
from saath.kafka.records import output
from saath.topics import OUTCOMES
from saath_sender.books import Books
from saath_sender.causes import InPause
from saath_sender.clock import Now
from saath_sender.decide import LOOK_AGAIN_SECONDS, Hold
from saath_sender.jobs import Job
from saath_sender.pauses import Paused, encode_pause, pause_key
from saath_sender.results import Pause
from saath_sender.scopes import EVERYTHING, Scope, scopes_of, template_scope, window_open

log = structlog.get_logger()

# Names the token that a number's messages are sent with now, without saying anything of it.
CredentialName = Callable[[str], str | None]


class Pausing:
    """The pauses of one partition, from the first word of Meta's to the last."""

    def __init__(self, books: Books, pause_seconds: float, credential_name: CredentialName) -> None:
        self._books, self._pauses = books, books.pauses
        self._pause_seconds, self._credential_name = pause_seconds, credential_name

    def hold(self, job: Job, owner: OwnershipRecorded | None, now: Now) -> Hold | None:
        """Why the current message may not leave now."""
        number = job.request.number
        if not self._pauses.any(number):
            return None
        scopes = self._scopes(job, owner, now)
        found = self._pauses.holding(number, scopes, job.name, now.wall.timestamp())
        if found is None:
            return None
        scope, paused = found
        return Hold(paused.reason, LOOK_AGAIN_SECONDS, InPause(scope))

    def holds(self, number: str, scope: Scope, now: datetime) -> bool:
        """Whether messages of this class of *number* wait."""
        return self._pauses.holds(number, scope, now.timestamp())

    def look(self, number: str, recorded: NumberRecorded | None) -> None:
        """What ends a pause may have happened by now."""
        if self._pauses.any(number):
            self._pauses.credential_is(number, self._credential_name(number))
        if recorded:
            self._pauses.state_is(number, recorded.state, recorded.time.timestamp())
            self._pauses.templates_are(number, recorded.templates)

    def keep(self, numbers: Set[str]) -> None:
        """Only these are at work."""
        self._pauses.keep(numbers)

    def credential(self, number: str) -> str | None:
        """The name of the token that a message leaves with."""
        return self._credential_name(number)

    def leaves(self, job: Job, owner: OwnershipRecorded | None, now: Now) -> None:
        """The current message is on its way."""
        if self._pauses.any(job.request.number):
            self._pauses.leaves(job.request.number, self._scopes(job, owner, now), job.name)

    def landed(self, job: Job, now: Now, *, taken: bool = False) -> None:
        """It is back; *taken* by Meta, it ends the pauses that it was the trial of."""
        number = job.request.number
        for scope, paused in self._pauses.landed(number, job.name, taken=taken):
            log.info("number.resumed", number=number, scope=str(scope))
            self._books.put(pause_key(number, scope), None)
            at = round(paused.since * 1000)
            event = NumberResumed(
                id=digest_id("resumed_", number, str(scope), str(at)),
                time=now.wall,
                number=number,
                scope=scope.kind,
                template=scope.template,
                language=scope.language,
                reason=paused.reason,
                code=paused.code,
                since=_moment(paused.since),
            )
            self._books.write(output(OUTCOMES, event, self._books.partitions))

    def pause(
        self,
        job: Job,
        cause: Pause,
        owner: OwnershipRecorded | None,
        now: Now,
        credential: str | None = None,
    ) -> None:
        """
        Meta takes no more of *cause*'s class, and has said so to *job*'s message.

        Where that is of another class than we thought, all of the number waits: a pause that does not
        hold its own message would have it tried again at once, and for ever.
        """
        scope = Scope(cause.scope)
        if cause.scope == "template":
            scope = template_scope(job.request, job.index) or EVERYTHING
        if scope not in self._scopes(job, owner, now):
            scope = EVERYTHING
        self.paused(job.request.number, scope, cause, now.wall, credential)

    def failed(self, number: str, cause: Pause, at: datetime) -> None:
        """
        Meta has said so of a message that it had taken before.

        Its status names no template, and a token that is dead is told by an answer.
        """
        if cause.scope != "template" and cause.ends in ("person", "time"):
            self.paused(number, Scope(cause.scope), cause, at)

    def paused(
        self,
        number: str,
        scope: Scope,
        cause: Pause,
        said_at: datetime,
        credential: str | None = None,
    ) -> None:
        """Meta takes no more of *scope*, and has said so at *said_at*."""
        seconds, at = cause.seconds or self._pause_seconds, said_at.timestamp()
        paused = self._pauses.add(number, scope, cause, at, seconds=seconds, credential=credential)
        if paused is None:
            return
        say = log.warning if cause.ends in ("time", "template") else log.error
        say(
            "number.paused",
            number=number,
            scope=str(scope),
            reason=paused.reason,
            code=paused.code,
            seconds=round(paused.until - at),
        )
        self._books.put(pause_key(number, scope), encode_pause(paused))
        event = _told(number, scope, paused, said_at)
        self._books.write(output(OUTCOMES, event, self._books.partitions))

    def _scopes(self, job: Job, owner: OwnershipRecorded | None, now: Now) -> frozenset[Scope]:
        return scopes_of(job.request, job.index, in_window=window_open(owner, now.wall))


def _told(number: str, scope: Scope, paused: Paused, at: datetime) -> NumberPaused:
    return NumberPaused(
        id=digest_id("paused_", number, str(scope), str(round(paused.until * 1000))),
        time=at,
        number=number,
        scope=scope.kind,
        template=scope.template,
        language=scope.language,
        reason=paused.reason,
        code=paused.code,
        since=_moment(paused.since),
        until=_moment(paused.until),
    )


def _moment(unix: float) -> datetime:
    return datetime.fromtimestamp(unix, UTC)
