"""A service's life: start, run its workers, stop. The same for all four."""

import asyncio
import gc
import os
import platform
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TypeVar

import structlog
from aiohttp import web

from saath.errors import Misconfigured
from saath.http import Health, probe_app
from saath.log import configure
from saath.metrics import BUILD_INFO
from saath.settings import Settings, load_or_exit, refuse

log = structlog.get_logger()

Worker = Callable[[asyncio.Event], Awaitable[None]]
S = TypeVar("S", bound=Settings)


Resources = Callable[[S, asyncio.Event], AbstractAsyncContextManager[Sequence[Worker]]]


def run(name: str, settings_type: type[S], resources: Resources[S]) -> None:
    """
    A service's whole ``main``: read the environment, serve until SIGTERM, leave.

    Exit status 2 for what only a person can mend (a setting, a missing topic), with a sentence.
    """
    settings = load_or_exit(settings_type)
    configure(name, settings.log_level, settings.log_format)
    collect_less()
    stopping = asyncio.Event()
    try:
        asyncio.run(
            serve(
                resources(settings, stopping),
                stopping=stopping,
                grace_seconds=settings.shutdown_grace_seconds,
            )
        )
    except Exception as error:
        cause = _first(error)
        if isinstance(cause, Misconfigured):
            refuse(str(cause))
        # Said here, and not by the interpreter, whose traceback repeats whatever an error's text holds.
        log.exception("service.failed")
        raise SystemExit(1) from None


def collect_less() -> None:
    """
    Look for garbage less often, and not among what was there at the start.

    Reading and writing records makes many objects and hardly a cycle; with Python's defaults a good
    part of the processor goes into looking for some.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def _first(error: BaseException) -> BaseException:
    """The first error of a group of groups, as task groups raise them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def serve(
    resources: AbstractAsyncContextManager[Sequence[Worker]],
    *,
    stopping: asyncio.Event,
    grace_seconds: float,
) -> None:
    """
    Run the workers until SIGTERM, or until one of them fails.

    A failed worker takes the process down: Kubernetes restarts pods, not coroutines, and half a
    service is harder to notice than none.
    """
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopping.set)

    async with (
        resources as workers,
        asyncio.timeout(None) as deadline,
        asyncio.TaskGroup() as group,
    ):
        for worker in workers:
            group.create_task(_run(worker, stopping))
        await stopping.wait()
        log.info("service.stopping")
        deadline.reschedule(loop.time() + grace_seconds)


async def _run(worker: Worker, stopping: asyncio.Event) -> None:
    await worker(stopping)
    if not stopping.is_set():
        raise RuntimeError(f"{worker!r} ended although nobody asked it to")


@asynccontextmanager
async def probes(health: Health, host: str, port: int) -> AsyncIterator[int]:
    """
    Serve ``/livez``, ``/readyz`` and ``/metrics``; yields the port, chosen by the system if 0.

    Raises:
        Misconfigured: the port is taken, or the host is not this machine's.
    """
    say_build()
    runner = web.AppRunner(probe_app(health), access_log=None)
    await runner.setup()
    try:
        with listening(host, port):
            await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@contextmanager
def listening(host: str, port: int) -> Iterator[None]:
    """
    Say in a sentence that one cannot listen there.

    Raises:
        Misconfigured: the port is taken, or the host is not this machine's.
    """
    try:
        yield
    except OSError as error:
        raise Misconfigured(
            f"SAATH_HTTP_HOST and SAATH_HTTP_PORT: cannot listen on {host}:{port} "
            f"({os.strerror(error.errno) if error.errno else error})"
        ) from error


def say_build() -> None:
    """Tell the metrics which version runs, and of which revision, where the image says it."""
    BUILD_INFO.labels(build_version(), os.environ.get("SAATH_REVISION", "unknown")).set(1)


def build_version() -> str:
    """The installed version of Saath."""
    try:
        return version("saath")
    except PackageNotFoundError:
        return "0"


def client_id(service: str) -> str:
    """The group's name and the pod's, as brokers and their logs will show it."""
    return f"saath-{service}-{os.environ.get('HOSTNAME') or platform.node() or 'local'}"
