"""Sync's HTTP API, as the commands call it. The bearer token is read from the environment, never printed."""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from saath.errors import RetryLater
from saath.settings import HeaderToken, Section, Settings

# Longer than the longest onboarding of five calls of 20 s; and how often another pod is tried.
TIMEOUT_SECONDS = 150.0
ELSEWHERE_TRIES, ELSEWHERE_SECONDS_MAX = 6, 10.0


def _address(said: str) -> str:
    """An address that can be asked; urllib would find out while asking, and not in a sentence."""
    parts = urllib.parse.urlsplit(said)
    if not (said.isascii() and parts.hostname and parts.port != 0):  # a port that is none raises
        raise ValueError("it is no address such as http://sync.internal:8080")
    return said


class CliSection(Section):
    """Where the commands find sync's HTTP."""

    sync_url: Annotated[str, AfterValidator(_address)] = Field(
        default="http://127.0.0.1:8080", pattern=r"^https?://[^\s?#]+$"
    )


class _Sync(BaseModel):
    """Of sync's own settings, the one that a caller needs."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    api_token: HeaderToken = Field(min_length=16)


class NumberSettings(Settings):
    """What ``saath number`` reads from the environment."""

    sync: _Sync
    cli: CliSection = CliSection()

    @model_validator(mode="before")
    @classmethod
    def _name_what_is_missing(cls, data: Any) -> Any:
        # Without this a missing section is "SAATH_SYNC: field required", which names no setting.
        return {"sync": {}, **data} if isinstance(data, dict) else data


@dataclass(frozen=True, slots=True)
class Answer:
    """What sync said."""

    status: int
    body: Mapping[str, Any] = field(repr=False)

    @property
    def went_well(self) -> bool:
        """Whether it was done."""
        return self.status == 200


@dataclass(frozen=True, slots=True)
class SyncApi:
    """Calls sync. A pod that does not own the number says so, and another one is tried."""

    base: str
    token: SecretStr
    wait: Callable[[float], None] = time.sleep

    def get(self, path: str) -> Answer:
        """Look at something."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Have something done."""
        return self._ask("POST", path, json.dumps(body or {}).encode())

    def post_lines(self, path: str, lines: bytes, **query: str) -> Answer:
        """Hand over some lines of a file."""
        return self._ask("POST", f"{path}?{urllib.parse.urlencode(query)}", lines)

    def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        for _ in range(ELSEWHERE_TRIES - 1):
            answer, after = self._once(method, path, body)
            # 503 says that nothing was asked of Meta, or that what was answered is kept as unknown.
            if answer.status != 503:
                return answer
            self.wait(min(after, ELSEWHERE_SECONDS_MAX))
        return self._once(method, path, body)[0]

    def _once(self, method: str, path: str, body: bytes | None) -> tuple[Answer, float]:
        # The address is http or https: the setting says so.
        request = urllib.request.Request(  # noqa: S310
            f"{self.base.rstrip('/')}{path}",
            data=body,
            method=method,
            headers={"Authorization": f"Bearer {self.token.get_secret_value()}"},
        )
        try:
            with _OPENER.open(request, timeout=TIMEOUT_SECONDS) as response:
                return Answer(response.status, _object(response.read())), 0.0
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _object(error.read())), _seconds(
                    error.headers.get("Retry-After")
                )
        except (OSError, http.client.HTTPException) as error:
            why = getattr(error, "reason", error) or type(error).__name__
            if isinstance(error, http.client.HTTPException):
                why = f"whoever listens there does not speak HTTP ({type(error).__name__})"
            raise RetryLater(
                f"sync does not answer at {self.base} (SAATH_CLI__SYNC_URL): {why}. What it was asked "
                "may have been done; ask again, nothing is asked of Meta twice"
            ) from None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to wherever it leads."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _seconds(said: str | None) -> float:
    return float(said) if said and said.isdigit() else 1.0
