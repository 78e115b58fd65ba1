"""A bot's time as a member of its group: records in, turns to the desk, offsets back."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import structlog

from saath.client.answers import Answer, request_for
from saath.client.desk import Job, TurnDesk
from saath.client.offsets import Progress
from saath.codec import decode
from saath.errors import PoisonRecord, RetryLater
from saath.events import Event, TurnOffered, TurnWithdrawn
from saath.kafka.failures import translated
from saath.kafka.group import GroupReader
from saath.kafka.publisher import Publisher
from saath.kafka.records import Record
from saath.settings import KafkaSettings
from saath.topics import OUTBOUND

log = structlog.get_logger()

Handler = Callable[[TurnOffered], Awaitable[Answer]]

# Turns read beyond those being answered. Withdrawals stand behind them on the same topic, so reading
# ahead is what lets a bot that is busy hear of them; a turn is a few kilobytes.
READ_AHEAD = 500
COMMIT_EVERY_SECONDS = 0.5
PUBLISH_AGAIN_SECONDS = 1.0


def utcnow() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass
class Session:
    """One membership of one bot, from its assignment to its end."""

    bot: str
    handler: Handler
    concurrency: int
    reader: GroupReader
    publisher: Publisher
    kafka: KafkaSettings
    now: Callable[[], datetime] = utcnow
    _progress: Progress = field(default_factory=Progress, init=False)
    _desk: TurnDesk = field(init=False)

    def __post_init__(self) -> None:
        self._desk = TurnDesk(
            self.concurrency, answer=self._answer, publish=self._publish, finished=self._finish
        )

    async def run(
        self, stopping: asyncio.Event, ready: asyncio.Event, grace_seconds: float
    ) -> None:
        """
        Answer turns until *stopping*; then let those that run end, and commit what is finished.

        Raises:
            RetryLater: Kafka is gone; what was not committed will be read again.
        """
        commit_at = 0.0
        loop = asyncio.get_running_loop()
        try:
            while not stopping.is_set():
                records = await self.reader.read(self.concurrency + READ_AHEAD - len(self._desk))
                if self.reader.assigned is not None:
                    self._desk.lose(self._progress.keep(self.reader.assigned))
                    ready.set()
                for record in records:
                    self._take(record)
                if self._desk.failure is not None:
                    raise self._desk.failure
                if loop.time() >= commit_at:
                    await self._commit()
                    commit_at = loop.time() + COMMIT_EVERY_SECONDS
        finally:
            await self._desk.close(grace_seconds if stopping.is_set() else 0.0)
            await self._commit()

    def _take(self, record: Record) -> None:
        if not self._progress.begin(record.partition, record.offset):
            return  # in hand already: a rebalance took us back to what is committed
        match self._event(record):
            case TurnOffered(bot=self.bot) as turn:
                self._desk.take(Job(turn, record.partition, record.offset))
                return
            case TurnWithdrawn(conversation=conversation, turn_id=turn_id):
                self._desk.withdraw(conversation or turn_id, turn_id)
        self._progress.finish(record.partition, record.offset)

    def _event(self, record: Record) -> Event | None:
        try:
            return decode(record.headers, record.value)
        except PoisonRecord as error:
            log.warning(
                "record.skipped",
                partition=record.partition,
                offset=record.offset,
                reason=str(error),
            )
            return None

    async def _answer(self, turn: TurnOffered) -> bytes | None:
        """The request for *turn*; ``None`` where it stays unanswered, which the router notices."""
        bound = log.bind(turn_id=turn.id, conversation_id=turn.conversation)
        if self.now() >= turn.deadline:
            bound.warning("turn.expired", deadline=turn.deadline.isoformat())
            return None
        try:
            return request_for(turn, await self.handler(turn))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            bound.error("turn.failed", error="CancelledError", where=[])
        except Exception as error:
            # Not its message: it may repeat what the customer wrote.
            bound.error("turn.failed", error=type(error).__name__, where=_places(error))
        return None

    async def _publish(self, turn: TurnOffered, request: bytes) -> None:
        bound = log.bind(turn_id=turn.id, conversation_id=turn.conversation)
        while self.now() < turn.deadline:
            try:
                with translated(self.kafka):
                    await self.publisher.publish_json(OUTBOUND, turn.number or "", request)
                bound.info("turn.answered")
                return
            except RetryLater as error:
                bound.warning("turn.not_published", reason=str(error))
                await asyncio.sleep(PUBLISH_AGAIN_SECONDS)
            except PoisonRecord as error:
                bound.error("turn.failed", error="PoisonRecord", reason=str(error), where=[])
                return
        bound.warning("turn.expired", deadline=turn.deadline.isoformat())

    def _finish(self, job: Job) -> None:
        self._progress.finish(job.partition, job.offset)

    async def _commit(self) -> None:
        positions = self._progress.uncommitted()
        if await self.reader.commit(positions):
            self._progress.committed(positions)


def _places(error: BaseException) -> list[str]:
    """Where in the code *error* came by: files, lines and functions, no values."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames][-8:]
