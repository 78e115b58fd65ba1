"""``saath-ingest``: read the settings, start the web server, stop when told to."""

import signal
import socket
import sys

import structlog
import uvicorn

from saath import log as logs
from saath.errors import Misconfigured
from saath.kafka.client import CLOSE_TIMEOUT_SECONDS, connection
from saath.service import client_id, collect_less
from saath.settings import load_or_exit, refuse
from saath_ingest.app import build
from saath_ingest.protocol import hurried
from saath_ingest.settings import IngestSettings

log = structlog.get_logger()

# Kept longer than a load balancer keeps them, or it would now and then write into a closed one.
KEEP_ALIVE_SECONDS = 75


class Server(uvicorn.Server):
    """uvicorn, saying where it listens once it does."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen; with port 0 only now is the port known."""
        await super().startup(sockets=sockets)
        if self.should_exit:
            return
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        log.info("service.started", host=host, port=port)


def main() -> None:
    """Run until SIGTERM or SIGINT, then answer what has been asked and leave."""
    settings = load_or_exit(IngestSettings)
    logs.configure("ingest", settings.log_level, settings.log_format)
    try:
        connection(settings.kafka, client_id("ingest"))
    except Misconfigured as error:
        refuse(str(error))
    # A thread that reads a large body gives the interpreter back after this; the default of 5 ms
    # would be added to every step of every other request meanwhile.
    sys.setswitchinterval(0.0005)
    app = build(settings)
    collect_less()
    config = uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        loop="uvloop",
        http=hurried(settings.ingest.headers_timeout_seconds),
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nobody here asks who called
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        # What is left is for the producer's last flush.
        timeout_graceful_shutdown=max(
            1, int(settings.shutdown_grace_seconds - CLOSE_TIMEOUT_SECONDS)
        ),
    )
    # uvicorn stops cleanly, and then raises the signal again for whoever had it before: that is us.
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: sys.exit(0))
    try:
        Server(config).run()
    finally:
        log.info("service.stopped")


if __name__ == "__main__":
    main()
