"""Sync's settings. See the README beside this package for what each is for."""

from collections.abc import Sequence
from datetime import timedelta
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from saath.events import Answers
from saath.graph import GraphSettings
from saath.secrets import CredentialSettings
from saath.settings import Section, Settings
from saath_sync.eligibility import NotSupported, newest
from saath_sync.heartbeat import Heartbeats
from saath_sync.incomplete import Waiting
from saath_sync.life import Probing
from saath_sync.living import Rules
from saath_sync.phases import Patience
from saath_sync.zones import checked


class SyncSection(Section):
    """Meta's app that numbers are connected to, who may connect them, and how history is paced."""

    app_id: str = Field(pattern=r"^[0-9]{1,32}$")
    app_secret: SecretStr = Field(min_length=1)
    # Whoever has it can connect numbers: give it to the onboarding page's own back end only.
    api_token: SecretStr = Field(min_length=16)
    # How numbers are answered whose onboarding does not say it; the router's settings where empty.
    answers: Answers | None = None
    bot: str | None = None
    # A phase that looks whole is replayed when no chunk of it came for this long.
    history_quiet_seconds: float = Field(default=10.0, ge=0.05)
    # Whatever has come is replayed when no chunk of the number came for this long.
    chunk_patience_seconds: float = Field(default=300.0, ge=0.1)
    # What becomes of a phase that is not whole by then: replayed as it is, or held until somebody says so.
    incomplete_history: Literal["replay", "hold"] = "replay"
    # Where nothing more of the history came by a day after the connection, it is overdue after this.
    history_patience_seconds: float = Field(default=3600.0, ge=0)
    # History messages put on backfill, all numbers of a pod together: live traffic goes first.
    backfill_per_second: int = Field(default=100, ge=1, le=100_000)

    expose_openapi: bool = False
    # What a number may send and receive in a second, where its onboarding does not say it: Meta's own.
    cap_per_second: int = Field(default=20, ge=1, le=1000)
    # Countries (ISO 3166) whose numbers Meta does not take; the newest row of countries.csv where empty.
    countries_not_supported: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] | None = None

    # The time zone of numbers whose country has several, or is unknown, where nobody says it.
    timezone: Annotated[str, AfterValidator(checked)] | None = None

    # The app on the phone must be opened now and then, or Meta disconnects the number.
    heartbeat_at_risk_days: float = Field(default=10.0, gt=0)
    heartbeat_lost_days: float = Field(default=13.0, gt=0)
    # Meta takes the requests for a number's past for 24 hours; so long before the end it is told.
    deadline_warnings_hours: tuple[float, ...] = (12.0, 4.0, 1.0)
    # How often Meta is asked how a number stands, and how many questions an hour a pod may ask.
    probe_every_hours: float = Field(default=6.0, gt=0)
    # Found twice, with so much between, it is not connected; and not so soon after a connection.
    probe_again_minutes: float = Field(default=10.0, gt=0)
    probe_grace_minutes: float = Field(default=10.0, ge=0)
    # So long it is asked often whether a reconnection that Meta has told of has come true.
    probe_reconnecting_hours: float = Field(default=24.0, gt=0)
    probes_per_hour: int = Field(default=1000, ge=1)

    def rules(self) -> Rules:
        """These settings as a number's life is watched by."""
        return Rules(
            heartbeats=Heartbeats(
                at_risk=timedelta(days=self.heartbeat_at_risk_days),
                lost=timedelta(days=self.heartbeat_lost_days),
            ),
            warn_before=[timedelta(hours=h) for h in self.deadline_warnings_hours],
            probing=Probing(
                every=timedelta(hours=self.probe_every_hours),
                grace=timedelta(minutes=self.probe_grace_minutes),
                again_after=timedelta(minutes=self.probe_again_minutes),
                reconnecting_for=timedelta(hours=self.probe_reconnecting_hours),
            ),
            waiting=Waiting(
                patience=timedelta(seconds=self.chunk_patience_seconds),
                hold=self.incomplete_history == "hold",
            ),
        )

    @model_validator(mode="after")
    def _in_order(self) -> "SyncSection":
        if self.heartbeat_at_risk_days >= self.heartbeat_lost_days:
            raise ValueError("heartbeat_at_risk_days must be less than heartbeat_lost_days")
        hours = self.deadline_warnings_hours
        if list(hours) != sorted(set(hours), reverse=True) or not all(0 < h < 24 for h in hours):
            raise ValueError("deadline_warnings_hours must fall, each between 0 and 24")
        return self

    def patience(self) -> Patience:
        """These settings as the ledger reads them."""
        return Patience(
            whole=timedelta(seconds=self.history_quiet_seconds),
            incomplete=timedelta(seconds=self.chunk_patience_seconds),
            hold=self.incomplete_history == "hold",
        )


def countries_not_supported(said: Sequence[str] | None) -> NotSupported:
    """What the setting says; the newest row of the data beside this module where it says nothing."""
    if said is not None:
        return NotSupported(frozenset(said), "SAATH_SYNC__COUNTRIES_NOT_SUPPORTED")
    return newest(files(__package__).joinpath("countries.csv").read_text("utf-8").splitlines())


class SyncSettings(Settings):
    """
    What sync reads from the environment.

    ``installation_key`` names the entries of address books and may never change; the router has the same.
    """

    installation_key: SecretStr = Field(min_length=16)
    sync: SyncSection
    graph: GraphSettings = GraphSettings()
    credentials: CredentialSettings = CredentialSettings()

    @model_validator(mode="before")
    @classmethod
    def _name_what_is_missing(cls, data: Any) -> Any:
        # Without this a missing section is "SAATH_SYNC: field required", which names no setting.
        return {"sync": {}, **data} if isinstance(data, dict) else data
