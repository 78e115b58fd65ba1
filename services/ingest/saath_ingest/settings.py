"""Ingest's settings, read from the environment once, in ``main``."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import NoDecode

from saath.settings import Section, Settings
from saath_ingest.decide import Secrets

MIB = 1024 * 1024


def _split(value: Any) -> Any:
    """Take ``a,b`` as well as ``["a", "b"]``: a rotation should not need a lesson in quoting."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [part.strip() for part in value.split(",") if part.strip()]


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


_Secrets = Annotated[tuple[Annotated[SecretStr, Field(min_length=1)], ...], Field(min_length=1)]
SecretList = Annotated[_Secrets, NoDecode, BeforeValidator(_split)]

# It stands in a path and in log lines.
AppName = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class AppSection(Section):
    """A Meta app with an address of its own: ``/webhooks/whatsapp/{app}``."""

    app_secrets: SecretList
    verify_tokens: SecretList


Apps = Annotated[dict[AppName, AppSection], NoDecode, BeforeValidator(_json)]


class IngestSection(Section):
    """How webhooks are received."""

    # Several during a rotation, or where several Meta apps share the address. Comma-separated, or a
    # JSON list where one of them holds a comma. Not needed where every app has its own address.
    app_secrets: Annotated[_Secrets | None, NoDecode, BeforeValidator(_split)]
    verify_tokens: Annotated[_Secrets | None, NoDecode, BeforeValidator(_split)]
    # As JSON: {"shop": {"app_secrets": "…", "verify_tokens": "…"}}
    apps: Apps = Field(default_factory=dict)
    # Meta's largest body is 3 MB.
    body_limit_bytes: int = Field(default=4 * MIB, ge=1024, le=64 * MIB)
    # Bodies, and records that Kafka has not acknowledged; a parsed body takes some eight times its
    # size for a moment, so this is half a GiB at the very worst.
    in_flight_bytes_max: int = Field(default=64 * MIB, ge=1024)
    # Kafka's own default limit of a record is 1 MiB, and headers count.
    record_bytes_max: int = Field(default=900_000, ge=10_000, le=2 * MIB)
    headers_timeout_seconds: float = Field(default=10.0, gt=0)
    body_timeout_seconds: float = Field(default=20.0, gt=0)
    produce_timeout_seconds: float = Field(default=10.0, gt=0)
    expose_openapi: bool = False

    @model_validator(mode="before")
    @classmethod
    def _apps_may_be_enough(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("apps"):
            return data if _OWN & data.keys() else data | dict.fromkeys(_OWN)
        return data

    @model_validator(mode="after")
    def _fits(self) -> "IngestSection":
        if self.in_flight_bytes_max < self.body_limit_bytes:
            raise ValueError("in_flight_bytes_max must hold at least one body_limit_bytes")
        if not self.app_secrets and not self.apps:
            raise ValueError("apps names no app, and there are no app_secrets either")
        return self

    @property
    def secrets(self) -> Secrets:
        """Of ``/webhooks/whatsapp``; none where it is not served."""
        return _in_the_clear(self.app_secrets or (), self.verify_tokens or ())

    @property
    def secrets_by_app(self) -> Mapping[str, Secrets]:
        """Of each ``/webhooks/whatsapp/{app}``."""
        return {
            name: _in_the_clear(app.app_secrets, app.verify_tokens)
            for name, app in self.apps.items()
        }


_OWN = frozenset({"app_secrets", "verify_tokens"})


def _in_the_clear(app_secrets: Sequence[SecretStr], verify_tokens: Sequence[SecretStr]) -> Secrets:
    """For the one function that needs them."""
    return Secrets(
        tuple(secret.get_secret_value() for secret in app_secrets),
        tuple(token.get_secret_value() for token in verify_tokens),
    )


class IngestSettings(Settings):
    """What ingest reads: the common settings and its own section."""

    ingest: IngestSection

    @model_validator(mode="before")
    @classmethod
    def _name_what_is_missing(cls, data: Any) -> Any:
        # Without this a missing section is "SAATH_INGEST: field required", which names no setting.
        return {"ingest": {}, **data} if isinstance(data, dict) else data
