"""
Meta's Graph API over aiohttp: a request, and the answer as it came. What an answer means is decided
by whoever asked.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import aiohttp
from aiohttp.payload import Payload
from pydantic import Field, SecretStr
from yarl import URL

from saath.errors import SaathError
from saath.settings import HeaderToken, Section

# An absurd ``Retry-After`` must not silence a number for good; Meta's own waits are minutes.
WAIT_SECONDS_MAX = 3600.0


class GraphSettings(Section):
    """Where the Graph API is. ``access_token`` is one system token for all numbers, if there is one."""

    base_url: str = Field(default="https://graph.facebook.com", pattern=r"^https?://[^/]+$")
    version: str = Field(default="v25.0", pattern=r"^v\d+\.\d+$")
    access_token: HeaderToken | None = None
    # Sync takes a call for unanswered after 60 s, so none may wait longer.
    timeout_seconds: float = Field(default=20.0, gt=0, le=55)
    connect_timeout_seconds: float = Field(default=5.0, gt=0)


class GraphUnreachable(SaathError):
    """
    No answer came: whether the request arrived is unknown.

    The text is the kind of error only; an address may hold a secret in its query.
    """


@dataclass(frozen=True, slots=True)
class GraphAnswer:
    """What the Graph API said. ``body`` is empty where it was no JSON object."""

    status: int
    body: Mapping[str, Any] = field(repr=False)
    retry_after_seconds: float | None = None

    @property
    def error(self) -> Mapping[str, Any] | None:
        """The ``error`` object, if there is one. Throttling comes as HTTP 400: go by its code."""
        error = self.body.get("error")
        return error if isinstance(error, dict) else None


class GraphClient:
    """Calls the Graph API. Use it as an async context manager."""

    def __init__(self, settings: GraphSettings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None
        # A number's messages all go to one address, and to read one costs as much as to write a message.
        self._url = lru_cache(maxsize=4096)(self._read_url)

    async def __aenter__(self) -> "GraphClient":
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(
                total=self._settings.timeout_seconds,
                sock_connect=self._settings.connect_timeout_seconds,
            ),
            # Whoever calls has a limit of its own; waiting for a connection would only hide it.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(
        self, path: str, token: SecretStr | None = None, params: Mapping[str, str] | None = None
    ) -> GraphAnswer:
        """
        GET *path*, which is what follows the version.

        Raises:
            GraphUnreachable: no answer came.
        """
        return await self._ask("GET", path, token, params=params)

    async def post(
        self,
        path: str,
        token: SecretStr | None = None,
        body: Mapping[str, Any] | Payload | None = None,
    ) -> GraphAnswer:
        """
        POST *body* to *path*: an object that becomes JSON, or a payload that writes itself.

        Raises:
            GraphUnreachable: no answer came.
        """
        if isinstance(body, Payload):
            return await self._ask("POST", path, token, data=body)
        return await self._ask("POST", path, token, json=body)

    def _read_url(self, path: str) -> URL:
        return URL(f"{self._settings.base_url}/{self._settings.version}/{path.lstrip('/')}")

    async def _ask(
        self, method: str, path: str, token: SecretStr | None, **arguments: Any
    ) -> GraphAnswer:
        if self._session is None:
            raise RuntimeError("use GraphClient as an async context manager")
        url = self._url(path)
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        try:
            async with self._session.request(
                method, url, headers=headers, allow_redirects=False, **arguments
            ) as response:
                raw = await response.read()
                wait = _seconds(response.headers.get("Retry-After"))
                return GraphAnswer(response.status, _object(raw), wait)
        except (aiohttp.ClientError, OSError) as error:  # a timeout is an OSError
            raise GraphUnreachable(type(error).__name__) from None


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _seconds(text: str | None) -> float | None:
    try:
        return min(WAIT_SECONDS_MAX, max(0.0, float(text))) if text else None
    except ValueError:
        return None
