"""``saath dev``: the whole set-up kept running on this machine, for a user's own bot."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
from rich.console import Console

from saath.kafka.layout import apply
from saath.settings import KafkaSettings, TopicSettings
from saath_demo.stack import Stack, run_stack
from saath_local import ClusterSpec, run_cluster
from saath_sandbox.client import Sandbox
from saath_sandbox.views import RegisteredNumber

BOT = "echo"
PARTITIONS = 4
CUSTOMER = "16505551234"
# A bot that is being written is silent while it is stopped; nobody is to be called for that.
OVERRIDES = {"SAATH_ROUTER__BOT_REPLY_WITHIN_SECONDS": "0"}

GUIDE = """
[bold]Running.[/bold] One number is connected; the bot [bold]{bot}[/bold] answers it. Ctrl-C ends it all.

   Kafka       {kafka}
   Meta        {sandbox}      (a stand-in; its control API is below)
   ingest      {ingest}/webhooks/whatsapp
   router      {router}/readyz
   sender      {sender}/metrics
   sync        {sync}/numbers
   logs        {folder}

[bold]A bot[/bold] (in another terminal; yours needs the same variable)
   export SAATH_KAFKA__BOOTSTRAP_SERVERS={kafka}
   {python} {echo_bot}

[bold]A customer[/bold] writes
   curl -s {sandbox}/control/inbound -d '{{"number": "{number}", "phone": "{customer}", "text": "Hello?"}}'

[bold]A person[/bold] answers from the phone; the bot is quiet from then on
   curl -s {sandbox}/control/echo -d '{{"number": "{number}", "to": "{customer}", "text": "I am here."}}'

[bold]A subscriber[/bold] of the event log (the same variable)
   {python} {subscriber}

[bold]A platform[/bold] that connects numbers
   curl -s -H 'Authorization: Bearer {api_token}' {sync}/numbers/{number}

[bold]What arrived at Meta[/bold], by its own count
   curl -s '{sandbox}/control/report?number={number}'
"""


async def dev(console: Console, folder: Path, kafka_port: int) -> None:
    """Start everything, print how to use it, and keep it running until Ctrl-C or SIGTERM."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopping.set)
    topics = TopicSettings(partitions=PARTITIONS, replication_factor=1)

    async with AsyncExitStack() as exits:
        console.print("Starting Apache Kafka, the four services and a stand-in for Meta …")
        cluster = run_cluster(ClusterSpec(port=kafka_port))
        servers = (await asyncio.to_thread(cluster.__enter__)).bootstrap_servers
        exits.push_async_callback(asyncio.to_thread, cluster.__exit__, None, None, None)
        kafka = KafkaSettings(bootstrap_servers=servers)
        await apply(kafka, topics, "dev")
        stack, meta = await exits.enter_async_context(
            run_stack(kafka, topics, folder, overrides=OVERRIDES)
        )
        number = await _connect(stack, meta)
        console.print(guide(stack, number, folder), soft_wrap=True, highlight=False)
        await _watch(stack, stopping, console)
        console.print("Stopping …")


async def _connect(stack: Stack, meta: Sandbox) -> RegisteredNumber:
    """One number, brought in as a platform would bring in any other."""
    number = await meta.register_number(history={"contacts": 3, "messages": 30, "days": 90})
    body = {
        "code": await meta.issue_code(number.waba_id),
        "waba_id": number.waba_id,
        "answers": "everyone",
        "bot": BOT,
    }
    headers = {"Authorization": f"Bearer {stack.secrets.api_token}"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{stack.ports.url('sync')}/numbers", json=body, headers=headers) as response,
    ):
        if response.status >= 400:
            raise RuntimeError(f"sync did not connect the number: {await response.text()}")
    return number


async def _watch(stack: Stack, stopping: asyncio.Event, console: Console) -> None:
    """Wait for the end; start a service again that has ended, as Kubernetes would."""
    while not stopping.is_set():
        for name, process in list(stack.processes.items()):
            if process.poll() is not None:
                console.print(f"{name} ended with {process.poll()}; starting it again")
                stack.start(name)
        try:
            await asyncio.wait_for(stopping.wait(), 1)
        except TimeoutError:
            continue


def guide(stack: Stack, number: RegisteredNumber, folder: Path) -> str:
    """The addresses, and an example command for each kind of user."""
    return GUIDE.format(
        bot=BOT,
        kafka=stack.kafka.bootstrap_servers,
        number=number.phone_number_id,
        customer=CUSTOMER,
        folder=folder,
        # Not the terminal's own: `make dev` runs from a virtual environment nobody activated.
        python=sys.executable,
        echo_bot=example("echo_bot.py"),
        subscriber=example("subscriber.py"),
        api_token=stack.secrets.api_token,
        **{
            name: stack.ports.url(name)
            for name in ("sandbox", "ingest", "router", "sender", "sync")
        },
    )


def example(name: str) -> Path:
    """Where an example is: beside this package in an installed wheel, else in the checkout."""
    here = Path(__file__).parent
    installed = here / "examples" / name
    return installed if installed.exists() else here.parents[2] / "examples" / name
