"""``saath demo``: starts everything, shows every promise, and says whether each of them held."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import structlog
from rich.console import Console

from saath.client import ClientSettings, Commander, Sender
from saath.kafka.layout import apply
from saath.settings import KafkaSettings, TopicSettings
from saath_demo import campaign, steps
from saath_demo.scene import BOT, Scene, make_bot
from saath_demo.stack import run_stack
from saath_demo.stage import Check, Stage
from saath_demo.watch import watching
from saath_local import ClusterSpec, run_cluster

STEPS: tuple[tuple[str, Callable[[Scene], Awaitable[None]]], ...] = (
    ("A number is connected", steps.onboarding),
    ("Its 180 days of history come over", steps.history),
    ("A customer writes, a bot answers", steps.bot_answers),
    ("A person answers from the phone", steps.person_steps_in),
    ("While a person has it, the bot is quiet", steps.bot_stays_silent),
    ("The person gives it back", steps.released),
    ("A campaign, the cap, and a customer in between", campaign.cap_and_overtaking),
    ("The sender is killed in the middle", campaign.killed_sender),
    ("What it cost, and whether the log is sound", campaign.money),
)
PARTITIONS = 4
# A demo's patience: what is in doubt after the kill is settled by Meta's status or resent after 3 s, a
# phase of history counts as complete after half a second's quiet, and replays faster than real ones.
OVERRIDES = {
    "SAATH_SENDER__IN_DOUBT_FOR_SECONDS": "3",
    "SAATH_SYNC__HISTORY_QUIET_SECONDS": "0.5",
    "SAATH_SYNC__BACKFILL_PER_SECOND": "2000",
    # Broker, services and Meta share this machine's cores, so what left in time may arrive 50 ms late.
    "SAATH_SENDER__CAP_MARGIN_SECONDS": "0.05",
    # A killed sender's partitions are given to the next one after this.
    "SAATH_KAFKA__SESSION_TIMEOUT_MS": "6000",
    "SAATH_KAFKA__HEARTBEAT_INTERVAL_MS": "1500",
}


async def demo(console: Console, folder: Path) -> bool:
    """Run every step; true when every check held. Logs go to *folder*."""
    stage = Stage(console)
    _log_to(folder / "demo.log")
    console.print("[bold]Saath[/bold]: one WhatsApp number, answered by people and by bots.\n")
    started = time.monotonic()
    async with _scene(stage, folder) as scene:
        console.print(f"\nReady after {time.monotonic() - started:.1f} s. Logs: {folder}")
        for title, step in STEPS:
            with stage.step(title):
                try:
                    await step(scene)
                except (TimeoutError, AssertionError) as error:
                    stage.show(Check("the step comes to its end", str(error), held=False))
    held = sum(check.held for check in stage.checks)
    colour = "green" if stage.held else "red"
    console.print(
        f"\n[bold {colour}]{held} of {len(stage.checks)} checks held[/bold {colour}], "
        f"{time.monotonic() - started:.0f} s in all. Everything was stopped."
    )
    return stage.held


def _log_to(path: Path) -> None:
    """The bot and the tools in this process log too, but not between the lines of the demo."""
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(path.open("a")))
    logging.basicConfig(filename=path, level=logging.WARNING, force=True)


@asynccontextmanager
async def _scene(stage: Stage, folder: Path) -> AsyncIterator[Scene]:
    """Broker, topics, sandbox, four services, one bot, one number; stopped in reverse."""
    topics = TopicSettings(partitions=PARTITIONS, replication_factor=1)
    async with AsyncExitStack() as exits:
        say = stage.console.print
        say("   Apache Kafka …", end=" ")
        cluster = run_cluster(ClusterSpec())
        servers = (await asyncio.to_thread(cluster.__enter__)).bootstrap_servers
        exits.push_async_callback(asyncio.to_thread, cluster.__exit__, None, None, None)
        kafka = KafkaSettings(bootstrap_servers=servers)
        applied = await apply(kafka, topics, "demo")
        say(f"real, on {servers}, {len(applied.created)} topics")
        say("   ingest, router, sender, sync, and a stand-in for Meta …", end=" ")
        stack, meta = await exits.enter_async_context(
            run_stack(kafka, topics, folder, overrides=OVERRIDES)
        )
        verified = await meta.verify_webhook()
        say(f"ready; Meta's challenge answered: {'yes' if verified.ok else 'no'}")
        settings = ClientSettings(kafka=kafka, topics=topics)
        watch = await exits.enter_async_context(watching(settings))
        await exits.enter_async_context(_bot(settings))
        number = await meta.register_number(
            cap=campaign.CAP,
            history={"contacts": 5, "messages": 200, "days": 180, "media": 10},
        )
        yield Scene(
            stage=stage,
            stack=stack,
            meta=meta,
            watch=watch,
            sender=await exits.enter_async_context(Sender(settings=settings)),
            commander=await exits.enter_async_context(Commander(settings=settings)),
            http=await exits.enter_async_context(aiohttp.ClientSession()),
            number=number,
        )


@asynccontextmanager
async def _bot(settings: ClientSettings) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(make_bot(BOT, settings).serve(stopping))
    try:
        yield
    finally:
        stopping.set()
        await task
