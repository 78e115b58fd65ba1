"""HTTP connections that do not wait for ever for a request to begin."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


def hurried(headers_within_seconds: float) -> type[HttpToolsProtocol]:
    """
    uvicorn's protocol, closing what has not sent its headers within this time.

    uvicorn itself waits for ever for a first request and for the end of its headers, so a few
    thousand clients that send one letter a minute would take every connection there is.
    """

    class Hurried(HttpToolsProtocol):
        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._expect_headers()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            self._expect_headers()

        def on_headers_complete(self) -> None:
            self._expect_nothing()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._expect_nothing()
            super().connection_lost(exc)

        def _expect_headers(self) -> None:
            # The time runs from the connection's start, or from the first letter of a later request.
            if self._late is None:
                self._late = self.loop.call_later(headers_within_seconds, self.transport.close)

        def _expect_nothing(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    return Hurried
