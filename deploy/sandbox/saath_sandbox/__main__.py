"""`python -m saath_sandbox`: the stand-in for Meta, until SIGTERM."""

import asyncio
import gc
import signal
import sys
from typing import NoReturn

from aiohttp import web
from pydantic import ValidationError

from saath_sandbox.app import sandbox
from saath_sandbox.clock import Clock
from saath_sandbox.settings import Settings, misspelt

# Long polls and hanging answers are cut rather than waited for: gone within a second.
SHUTDOWN_SECONDS = 0.2


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stopping.set)

    async with sandbox(settings, Clock()) as app:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
            _collect_less()
            port = runner.addresses[0][1]
            print(f"sandbox ready on http://{settings.host}:{port}", flush=True)
            await stopping.wait()
        finally:
            await runner.cleanup()


def main() -> None:
    """Read the settings, say what is wrong with them, serve."""
    if wrong := misspelt():
        leave("\n".join(wrong), 2)
    try:
        settings = Settings(_cli_parse_args=True)
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        leave("\n".join(wrong), 2)
    try:
        asyncio.run(serve(settings))
    except OSError as error:
        leave(f"the sandbox cannot listen on {settings.host}:{settings.port}: {error.strerror}", 1)


def leave(sentence: str, status: int) -> NoReturn:
    """End with a sentence instead of a traceback."""
    print(sentence, file=sys.stderr)
    sys.exit(status)


def _collect_less() -> None:
    # A full collection stops the process for tens of milliseconds, and arrivals would
    # bunch behind it: what is here to stay is taken out of its way.
    gc.collect()
    gc.freeze()


if __name__ == "__main__":
    main()
