"""What a subscriber sees: every event of the public topics, kept, and waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from saath.client import ClientSettings, Subscriber
from saath.events import Event
from saath.topics import CONVERSATIONS, HANDOFFS, NUMBERS, OUTCOMES, TURNS, Topic

E = TypeVar("E", bound=Event)

WATCHED = (CONVERSATIONS, TURNS, HANDOFFS, NUMBERS, OUTCOMES)


class Watch:
    """Events by topic in the order they were read, ``read_committed``, from the beginning."""

    def __init__(self) -> None:
        self._events: dict[str, list[Event]] = {topic.name: [] for topic in WATCHED}
        self._grown = asyncio.Condition()

    def events(self, model: type[E], topic: Topic = CONVERSATIONS) -> list[E]:
        """All events of this type so far."""
        return [event for event in self._events[topic.name] if isinstance(event, model)]

    async def wait_for(
        self,
        model: type[E],
        matches: Callable[[E], bool] = lambda _: True,
        *,
        topic: Topic = CONVERSATIONS,
        count: int = 1,
        timeout: float = 20.0,
        on_growth: Callable[[int], None] = lambda _: None,
    ) -> list[E]:
        """
        Wait until *count* events match; return them.

        Raises:
            TimeoutError: fewer came; the message says how many.
        """
        found: list[E] = []

        def enough() -> bool:
            nonlocal found
            found = [event for event in self.events(model, topic) if matches(event)]
            on_growth(len(found))
            return len(found) >= count

        try:
            async with asyncio.timeout(timeout), self._grown:
                await self._grown.wait_for(enough)
        except TimeoutError:
            name = model.__name__
            raise TimeoutError(f"{len(found)} of {count} {name} after {timeout:.0f} s") from None
        return found

    async def follow(self, topic: Topic, settings: ClientSettings) -> None:
        """Read *topic* for ever."""
        subscriber = Subscriber(None, settings=settings, from_beginning=True, topic=topic)
        async with subscriber:
            async for event in subscriber:
                async with self._grown:
                    self._events[topic.name].append(event)
                    self._grown.notify_all()


@asynccontextmanager
async def watching(settings: ClientSettings) -> AsyncIterator[Watch]:
    """Follow all watched topics in the background."""
    watch = Watch()
    tasks = [asyncio.create_task(watch.follow(topic, settings)) for topic in WATCHED]
    try:
        yield watch
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
