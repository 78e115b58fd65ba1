"""The way to Kafka, which may not be there: made in the background, and made again when it breaks."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

import structlog

from saath.errors import RetryLater
from saath.kafka.layout import Layout
from saath.kafka.records import Output
from saath_ingest.in_flight import InFlight
from saath_ingest.outbox import size_of
from saath_ingest.time_limit import TimeLimit

log = structlog.get_logger()

Acknowledgement = asyncio.Future[Any]


class Carrier(Protocol):
    """What the uplink needs of a publisher."""

    async def send_output(self, output: Output) -> Acknowledgement:
        """Buffer a record; the future resolves when it is durable."""
        ...

    async def reachable(self) -> bool:
        """Whether any broker answers."""
        ...


@dataclass(slots=True)
class Link:
    """A connection while it lasts, the topics it found, and what it has not heard back of."""

    carrier: Carrier
    layout: Layout
    unheard: set[Acknowledgement] = field(default_factory=set)


Connect = Callable[[], AbstractAsyncContextManager[Link]]


class Uplink:
    """
    Publishes while there is a link, and says what is wrong while there is none.

    A link is replaced when Kafka refuses a record for good: aiokafka has counted the record's
    sequence number by then, and would have every later one of that partition refused too. A broker
    that is merely away is waited for: the producer itself tries again for as long as it takes.
    """

    def __init__(
        self,
        connect: Connect,
        in_flight: InFlight,
        *,
        retry_seconds: float = 1.0,
        check_seconds: float = 2.0,
    ) -> None:
        self._connect, self._in_flight = connect, in_flight
        self._retry_seconds, self._check_seconds = retry_seconds, check_seconds
        self._link: Link | None = None
        self._broken = asyncio.Event()
        self._problem: str | None = "Kafka has not been reached yet"
        self._keeper: asyncio.Task[None] | None = None
        self._limit = cache(TimeLimit)

    async def __aenter__(self) -> "Uplink":
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._keeper:
            self._keeper.cancel()
            with suppress(asyncio.CancelledError):
                await self._keeper

    def problem(self) -> str | None:
        """A sentence while nothing can be published."""
        return self._problem

    @property
    def layout(self) -> Layout:
        """
        The topics' partition counts.

        Raises:
            RetryLater: Kafka is not there.
        """
        return self._working().layout

    async def publish(self, outputs: Sequence[Output], *, timeout_seconds: float) -> None:
        """
        Write *outputs* in their order, and return when all of them are durable.

        Raises:
            RetryLater: they are not, as far as is known. Some may be, or may become so.
        """
        link = self._working()
        try:
            with self._limit(timeout_seconds):
                sent, heard = await self._hand_over(link, outputs)
                await heard
        except TimeoutError:
            raise RetryLater(
                f"Kafka did not acknowledge all of it within {timeout_seconds:g} seconds"
            ) from None
        except Exception as error:
            raise self._break(link, error) from error
        for acknowledgement in sent:
            if acknowledgement.cancelled():
                raise RetryLater("the connection to Kafka was given up")
            if (refusal := acknowledgement.exception()) is not None:
                raise self._break(link, refusal)

    async def _hand_over(
        self, link: Link, outputs: Sequence[Output]
    ) -> tuple[Sequence[Acknowledgement], asyncio.Future[None]]:
        """
        Give *outputs* to the producer, and count them as held until it has spoken of them all.

        Returns what it will say of each, and a future of the caller's own that ends with the last:
        to cancel that one leaves the others alone.
        """
        share, sent = self._in_flight.share(), list[Acknowledgement]()
        share.hold(sum(map(size_of, outputs)))
        try:
            for record in outputs:
                sent.append(await link.carrier.send_output(record))
        finally:
            heard = _all_heard(link, sent, share.release)
        return sent, heard

    def _working(self) -> Link:
        if self._link is None or self._problem:
            raise RetryLater(self._problem or "Kafka is not reached")
        return self._link

    def _break(self, link: Link, error: BaseException) -> RetryLater:
        sentence = f"Kafka refused a record: {type(error).__name__}"
        if link is self._link:  # else it has been replaced meanwhile, and the new one is sound
            self._note(sentence)
            self._broken.set()
        return RetryLater(sentence)

    async def _keep(self) -> None:
        while True:
            try:
                async with self._connect() as self._link:
                    self._broken.clear()
                    self._note(None)
                    await self._watch(self._link)
            except Exception as error:  # whatever it is, a minute later it may be gone
                self._note(f"{error}" or type(error).__name__)
            finally:
                self._drop()
            await asyncio.sleep(self._retry_seconds)

    async def _watch(self, link: Link) -> None:
        """Ask now and then whether the brokers are there, until a record was refused."""
        while not self._broken.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._broken.wait(), self._check_seconds)
                return
            answered = False
            with suppress(TimeoutError):
                answered = await asyncio.wait_for(link.carrier.reachable(), 5.0)
            if not self._broken.is_set():
                self._note(None if answered else "no Kafka broker answers any more")

    def _drop(self) -> None:
        link, self._link = self._link, None
        for unheard in list(link.unheard if link else ()):
            unheard.cancel()

    def _note(self, problem: str | None) -> None:
        """Say it once when it changes, not every second while it lasts."""
        if problem == self._problem:
            return
        self._problem = problem
        if problem:
            log.warning("kafka.lost", problem=problem)
        else:
            log.info("kafka.reached")


def _all_heard(
    link: Link, sent: Sequence[Acknowledgement], release: Callable[[], None]
) -> asyncio.Future[None]:
    """Call *release*, and end the future, once Kafka has spoken of everything that was *sent*."""
    waiting, heard = len(sent), asyncio.get_running_loop().create_future()

    def settle() -> None:
        release()
        if not heard.done():
            heard.set_result(None)

    def hear(acknowledgement: Acknowledgement) -> None:
        nonlocal waiting
        waiting -= 1
        link.unheard.discard(acknowledgement)
        if not acknowledgement.cancelled():
            acknowledgement.exception()  # an error that nobody looks at complains
        if not waiting:
            settle()

    link.unheard.update(sent)
    for acknowledgement in sent:
        acknowledgement.add_done_callback(hear)
    if not sent:
        settle()
    return heard
