"""
Settings: frozen models, read from the environment once, in ``main``.

One ConfigMap feeds all four services: each reads only the sections it declares. A misspelt name is
refused with the nearest right one, because a setting that is silently ignored is found in production.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from saath.errors import Misconfigured
from saath.spelling import did_you_mean

PREFIX = "SAATH_"

# Sections of the other services and of the tools, which a service may find in its environment.
SECTIONS = (
    "KAFKA",
    "TOPICS",
    "INGEST",
    "ROUTER",
    "SENDER",
    "SYNC",
    "GRAPH",
    "CREDENTIALS",
    "SANDBOX",
    "LOCAL",
    "DEV",
    "CLI",
)

# The same, of those that stand alone.
SHARED = ("INSTALLATION_KEY", "TURN_KEYS", "GRANT_KEYS", "REVISION", "NUMBER_TOKEN")

# What Kubernetes adds for a Service named ``saath-ingest``: nobody's spelling, and nobody's setting.
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT(_.+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_.+)?$")
_SERVICE_ADDRESS = ("tcp://", "udp://", "sctp://")

_BROKER = r"(\[[0-9A-Fa-f:.]+\]|[^\s,:\[\]]+)(:\d{1,5})?"

S = TypeVar("S", bound="Settings")


class Section(BaseModel):
    """A group of settings. An unknown name in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SecretList(SecretStr):
    """Several secrets in one variable, separated by commas: the newest first, the others rotating out."""

    def values(self) -> tuple[str, ...]:
        """The secrets, without the blanks around them."""
        return tuple(part.strip() for part in self.get_secret_value().split(",") if part.strip())


def _sendable(said: SecretStr) -> SecretStr:
    token = said.get_secret_value().strip()
    if not (token.isascii() and token.isprintable()):
        raise ValueError("it has characters that no header takes")
    return SecretStr(token)


# A token as a header takes it. Files end their lines, and an HTTP client fails where one is sent on: aiohttp
# with every call, and http.client with the token in its words.
HeaderToken = Annotated[SecretStr, AfterValidator(_sendable)]


class KafkaSettings(Section):
    """How to reach Kafka, under Kafka's own names and in its own units."""

    bootstrap_servers: str = Field(
        default="127.0.0.1:9092", pattern=rf"^\s*{_BROKER}(\s*,\s*{_BROKER})*\s*$"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_cafile: Path | None = None
    ssl_certfile: Path | None = None
    ssl_keyfile: Path | None = None
    ssl_check_hostname: bool = True
    request_timeout_ms: int = Field(default=40_000, ge=1000)
    # The broker has the last word: by default it takes none under 6 s.
    session_timeout_ms: int = Field(default=10_000, ge=1000)
    heartbeat_interval_ms: int = Field(default=3_000, ge=100)
    max_poll_interval_ms: int = Field(default=300_000, ge=1000)

    @model_validator(mode="after")
    def _can_log_in(self) -> "KafkaSettings":
        needed = self.security_protocol.startswith("SASL")
        if needed and not (self.sasl_username and self.sasl_password):
            raise ValueError(f"{self.security_protocol} needs sasl_username and sasl_password")
        return self


class TopicSettings(Section):
    """How topics are named and made."""

    prefix: str = Field(default="saath.", pattern=r"^[a-z0-9.-]*$")
    partitions: int = Field(default=24, ge=1, le=10_000)
    replication_factor: int = Field(default=3, ge=1, le=15)
    min_insync_replicas: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _can_be_written(self) -> "TopicSettings":
        if (self.min_insync_replicas or 1) > self.replication_factor:
            raise ValueError(
                f"min_insync_replicas is {self.min_insync_replicas} and replication_factor "
                f"{self.replication_factor}: no write would ever be acknowledged"
            )
        return self


class Settings(BaseSettings):
    """What every service has."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    kafka: KafkaSettings = KafkaSettings()
    topics: TopicSettings = TopicSettings()
    http_host: str = "127.0.0.1"
    http_port: int = Field(default=8080, ge=0, le=65535)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    # Kubernetes kills us 30 s after SIGTERM; the slowest Graph call may take 20 s and the last
    # commit 2 s, which leaves 3 s for the broker to be slow in.
    shutdown_grace_seconds: float = Field(default=25.0, gt=0)


def load(settings: type[S], environ: Mapping[str, str] | None = None) -> S:
    """
    Read *settings* from the environment.

    Raises:
        Misconfigured: a name is misspelt, a value is missing or impossible.
    """
    environ = os.environ if environ is None else environ
    _refuse_misspelt(settings, environ)
    try:
        return settings()
    except ValidationError as error:
        problems = [
            _sentence(item["loc"], item["msg"]) for item in error.errors(include_input=False)
        ]
        raise Misconfigured("; ".join(problems)) from None
    except SettingsError as error:
        # Its own sentence names the field, and says nothing of what was in it.
        raise Misconfigured(f"{error}: each setting has a variable of its own") from None


def load_or_exit(settings: type[S]) -> S:
    """Read *settings*; say what is wrong on standard error and exit with 2 where they are wrong."""
    try:
        return load(settings)
    except Misconfigured as error:
        refuse(str(error))


def refuse(sentence: str) -> NoReturn:
    """Leave with exit status 2, the one for a setting that only a person can mend."""
    print(f"saath: {sentence}", file=sys.stderr)
    raise SystemExit(2)


def _refuse_misspelt(settings: type[Settings], environ: Mapping[str, str]) -> None:
    known = set(_names(settings, PREFIX))
    foreign = tuple(f"{PREFIX}{section}__" for section in SECTIONS)
    ours = tuple(name for name in foreign if any(n.startswith(name) for n in known))
    elsewhere = {f"{PREFIX}{name}" for name in SHARED}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in known or name in elsewhere:
            continue
        if _SERVICE_LINK.search(name) or value.startswith(_SERVICE_ADDRESS):
            continue
        if name.startswith(foreign) and not name.startswith(ours):
            continue
        hint = did_you_mean(name, known)
        if hint or name.startswith(ours):
            raise Misconfigured(f"{name} is not a setting{hint}")


def _names(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for field, info in model.model_fields.items():
        name = f"{prefix}{field.upper()}"
        candidates = (info.annotation, *get_args(info.annotation))
        nested = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        yield name
        for section in nested:
            yield from _names(section, f"{name}__")


def _sentence(location: tuple[int | str, ...], problem: str) -> str:
    name = PREFIX + "__".join(str(part).upper() for part in location)
    problem = problem.removeprefix("Value error, ")
    return f"{name}: {problem[:1].lower()}{problem[1:]}"
