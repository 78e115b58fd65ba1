"""Webhooks on their way: batched, signed, delivered, delivered again until answered 200."""

import asyncio
from collections import Counter, deque
from collections.abc import Coroutine
from dataclasses import dataclass, field

import aiohttp

from saath_sandbox import webhooks, wire
from saath_sandbox.faults import Faults
from saath_sandbox.settings import Settings
from saath_sandbox.views import Deliveries
from saath_sandbox.webhooks import Update

# A receiver that is down for an hour at 100 updates a second is still caught up with;
# beyond that the process would grow until it is killed.
PENDING_MAX = 500_000
ANSWERS_REMEMBERED = 10_000


@dataclass(slots=True)
class Lane:
    """The updates of one number (or WABA), which keep their order."""

    waiting: deque[Update] = field(default_factory=deque)
    worker: asyncio.Task[None] | None = None


class Delivery:
    """
    Delivers updates to the webhook, each lane in order, the lanes side by side.

    While a POST of a lane is under way its further updates gather, and the next
    POST takes them all, up to `batch_max`: a slow receiver gets fatter bodies,
    not a longer queue. Meta promises no order; `reorder` takes ours away.
    """

    def __init__(self, settings: Settings, faults: Faults, http: aiohttp.ClientSession) -> None:
        self.url = settings.webhook_url
        self._settings = settings
        self._faults = faults
        self._http = http
        self._lanes: dict[str, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(settings.webhook_concurrency)
        self._count: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._seconds: deque[float] = deque(maxlen=ANSWERS_REMEMBERED)

    def put(self, update: Update) -> None:
        """Have the update delivered."""
        if self._count["pending"] >= PENDING_MAX:
            self._count["forgotten"] += 1
            return
        self._count["updates"] += 1
        self._count["pending"] += 1
        lane = self._lanes.setdefault(update.lane, Lane())
        lane.waiting.append(update)
        if lane.worker is None:
            lane.worker = self._spawn(self._work(lane))

    def lost(self) -> None:
        """Count an update that nobody subscribed to."""
        self._count["unsubscribed"] += 1

    @property
    def pending(self) -> int:
        """How many updates wait for a 200."""
        return self._count["pending"]

    async def post(self, body: bytes, signature: str | None) -> int | None:
        """POST once. The status, or None when there was no answer."""
        if self.url is None:
            return None
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
        if signature:
            headers["X-Hub-Signature-256"] = signature
        started = asyncio.get_running_loop().time()
        self._count["posts"] += 1
        try:
            async with self._http.post(self.url, data=body, headers=headers) as answer:
                await answer.read()
                self._seconds.append(asyncio.get_running_loop().time() - started)
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None

    async def forget(self) -> None:
        """Stop, and drop whatever is not delivered."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._lanes.clear()
        self._count.clear()
        self._refused.clear()
        self._seconds.clear()

    def view(self, scheduled: int) -> Deliveries:
        """The counters."""
        seconds = sorted(self._seconds)
        names = ("posts", "updates", "delivered", "delivered_updates", "redelivered")
        more = ("unreachable", "duplicated", "unsubscribed", "forgotten", "pending")
        return Deliveries(
            **{name: self._count[name] for name in (*names, *more)},
            refused=dict(self._refused),
            scheduled=scheduled,
            answer_seconds_p50=_quantile(seconds, 0.5),
            answer_seconds_p99=_quantile(seconds, 0.99),
            answer_seconds_max=seconds[-1] if seconds else None,
        )

    async def _work(self, lane: Lane) -> None:
        while lane.waiting:
            # Zero still yields once, so that what is put in the same breath goes together.
            await asyncio.sleep(self._faults.batch_window_seconds)
            size = min(len(lane.waiting), self._faults.batch_max)
            batch = [lane.waiting.popleft() for _ in range(size)]
            body = wire.encode(webhooks.body(batch))
            if self._faults.reorder:
                delay = self._faults.reorder_delay_seconds()
                self._spawn(self._deliver(body, size, delay))
            else:
                await self._deliver(body, size)
        lane.worker = None

    async def _deliver(self, body: bytes, updates: int, delay_seconds: float = 0) -> None:
        """Deliver these bytes until they are answered 200."""
        signature = wire.sign(self._settings.app_secret, body)
        await asyncio.sleep(delay_seconds)
        pause = self._settings.redelivery_first_seconds
        while not await self._attempt(body, signature):
            await asyncio.sleep(pause)
            pause = min(2 * pause, self._settings.redelivery_max_seconds)
            self._count["redelivered"] += 1
        self._count["delivered"] += 1
        self._count["delivered_updates"] += updates
        self._count["pending"] -= updates
        if self._faults.duplicate():
            self._spawn(self._duplicate(body, signature))

    async def _attempt(self, body: bytes, signature: str) -> bool:
        async with self._slots:
            status = await self.post(body, signature)
        if status is None:
            self._count["unreachable"] += 1
        elif status != 200:
            self._refused[str(status)] += 1
        return status == 200

    async def _duplicate(self, body: bytes, signature: str) -> None:
        await asyncio.sleep(self._faults.reorder_delay_seconds())
        self._count["duplicated"] += 1
        await self._attempt(body, signature)

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _quantile(ordered: list[float], share: float) -> float | None:
    return ordered[int(share * (len(ordered) - 1))] if ordered else None
