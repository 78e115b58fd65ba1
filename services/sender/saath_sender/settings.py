"""The sender's settings. See the README beside this package for what each is for."""

from pydantic import Field

from saath.graph import GraphSettings
from saath.secrets import CredentialSettings
from saath.settings import SecretList, Section, Settings


class SenderSection(Section):
    """
    How the sender works. The defaults are what the promises were measured with.

    ``lane_max``: requests of one number and topic held in memory. ``in_doubt_without_webhooks``: end
    a doubt by the clock alone, also while no webhook of the number arrives. ``cap_counts_read_marks``:
    a read mark takes a slot of the cap, as a message does.
    """

    cap_margin_seconds: float = Field(default=0.01, ge=0, le=1)
    lane_max: int = Field(default=500, ge=2)
    begun_ahead_seconds: float = Field(default=0.25, gt=0, le=1)
    lease_seconds: float = Field(default=2.0, ge=0.5, le=10)
    fence_seconds: float = Field(default=0.5, ge=0.05, le=5)
    in_doubt_for_seconds: float = Field(default=60.0, gt=0)
    in_doubt_without_webhooks: bool = False
    unknown_number_for_seconds: float = Field(default=60.0, ge=0)
    pause_seconds: float = Field(default=60.0, gt=0)
    cap_counts_read_marks: bool = True


class SenderSettings(Settings):
    """
    What the sender reads from the environment.

    ``turn_keys`` verify turns, newest first; the router has the same.
    """

    turn_keys: SecretList
    sender: SenderSection = SenderSection()
    graph: GraphSettings = GraphSettings()
    credentials: CredentialSettings = CredentialSettings()
