"""Ingest's settings, read from the environment once, in ``main``."""

import json
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


SecretList = Annotated[
    tuple[Annotated[SecretStr, Field(min_length=1)], ...],
    Field(min_length=1),
    NoDecode,
    BeforeValidator(_split),
]


class IngestSection(Section):
    """How webhooks are received."""

    # Several during a rotation, or where several Meta apps share the address. Comma-separated, or a
    # JSON list where one of them holds a comma.
    app_secrets: SecretList
    verify_tokens: SecretList
    # Meta's largest body is 3 MB.
    body_limit_bytes: int = Field(default=4 * MIB, ge=1024, le=64 * MIB)
    # Bodies, and records that Kafka has not acknowledged; a parsed body takes some eight times its
    # size for a moment, so this is half a GiB at the very worst.
    in_flight_bytes_max: int = Field(default=64 * MIB, ge=1024)
    # Kafka's own default limit of a record is 1 MiB, and headers count.
    record_bytes_max: int = Field(default=900_000, ge=10_000, le=2 * MIB)
    body_timeout_seconds: float = Field(default=20.0, gt=0)
    produce_timeout_seconds: float = Field(default=10.0, gt=0)
    expose_openapi: bool = False

    @model_validator(mode="after")
    def _fits(self) -> "IngestSection":
        if self.in_flight_bytes_max < self.body_limit_bytes:
            raise ValueError("in_flight_bytes_max must hold at least one body_limit_bytes")
        return self

    @property
    def secrets(self) -> Secrets:
        """The secrets in the clear, for the one function that needs them."""
        return Secrets(
            tuple(secret.get_secret_value() for secret in self.app_secrets),
            tuple(token.get_secret_value() for token in self.verify_tokens),
        )


class IngestSettings(Settings):
    """What ingest reads: the common settings and its own section."""

    ingest: IngestSection

    @model_validator(mode="before")
    @classmethod
    def _name_what_is_missing(cls, data: Any) -> Any:
        # Without this a missing section is "SAATH_INGEST: field required", which names no setting.
        return {"ingest": {}, **data} if isinstance(data, dict) else data
