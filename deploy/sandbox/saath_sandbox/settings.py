"""Settings, from the command line or `SAATH_SANDBOX_*`. Read once, in `main`."""

import difflib
import os
from collections.abc import Mapping

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SAATH_SANDBOX_"


class Settings(BaseSettings):
    """The stand-in for Meta: one app, any number of business numbers."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="forbid",
        cli_prog_name="saath_sandbox",
        cli_kebab_case=True,
        cli_implicit_flags=True,
    )

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65535, description="0 takes a free one; the ready line names it")
    webhook_url: str | None = Field(None, description="where webhooks go; can be set later")
    app_id: str = "1000000000000001"
    # A stand-in's secrets guard nothing; known defaults save every test a line.
    app_secret: str = "sandbox-app-secret"  # noqa: S105
    verify_token: str = "sandbox-verify-token"  # noqa: S105
    system_token: str | None = Field(None, description="a token that is good for every number")
    seed: int | None = Field(
        None, description="same seed, same ids; without one each run has its own"
    )

    cap: int = Field(20, ge=1, description="messages in any sliding second, per number")
    cap_counts_inbound: bool = False
    cap_counts_refused: bool = Field(False, description="whether what was refused fills the second")
    cap_counts_read_marks: bool = False
    pair_limit: bool = Field(True, description="burst 45, then one per 6 s to the same customer")
    service_window: bool = Field(True, description="131047 outside of 24 h, except for templates")
    code_lives_seconds: float = 30.0

    sent_after_seconds: float = 0.05
    delivered_after_seconds: float = 0.15
    read_after_seconds: float | None = None

    webhook_concurrency: int = Field(4, ge=1, description="POSTs in flight, over all numbers")
    webhook_timeout_seconds: float = 10.0
    batch_window_seconds: float = Field(0.0, description="how long an update waits for company")
    batch_max: int = Field(1000, ge=1, le=1000, description="updates in one POST")
    redelivery_first_seconds: float = 0.2
    redelivery_max_seconds: float = 5.0
    # A message is about 1 kB here; what is beyond is forgotten, oldest first.
    messages_kept: int = Field(200_000, ge=1)


def misspelt(environment: Mapping[str, str] = os.environ) -> list[str]:
    """One sentence for each `SAATH_SANDBOX_…` that names no setting."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    sentences = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
            sentences.append(f"{name} is not a setting; the nearest is {near}")
    return sentences
