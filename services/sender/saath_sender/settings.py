"""The sender's settings. See the README beside this package for what each is for."""

from pydantic import Field

from saath.graph import GraphSettings
from saath.secrets import CredentialSettings
from saath.settings import SecretList, Section, Settings

# What is sent again leaves within six hours of its time, or not at all: a doubt that outlasted that would
# drop what was to be sent again. An hour of it is for the second attempt.
IN_DOUBT_MAX_SECONDS = 5 * 3600.0

_TOPIC = r"outbound(\.people|\.bulk)?"


class SenderSection(Section):
    """
    How the sender works. The defaults are what the promises were measured with.

    ``deduct_inbound``, ``deduct_echoes``: what customers write, and people in the app, fills the second
    too. ``cap_counts_read_marks``: a read mark takes a slot, as a message does. ``bulk_one_in``: of so
    many slots one is a campaign's while it waits. ``lane_max``, ``lane_bytes_max``: requests of one
    number and topic held in memory; ``partition_bytes_max``: all of a partition's together.
    ``parked_max``: requests of one number and topic that are held for long and known by their place alone.
    ``in_doubt_without_webhooks``: end a doubt by the clock alone, also while no webhook of the number
    arrives; ``in_doubt_at_most_seconds``: end it by then all the same.
    ``marketing_rests_seconds``: how long after a person had a conversation it gets no marketing.
    ``grants_required``: the topics on which nobody asks without a turn or a grant, separated by commas.
    ``uuid7_required``: refuse ids that do not say when they were made. ``number_gauges``: tell of each number
    on ``/metrics``; they may be many.
    """

    cap_margin_seconds: float = Field(default=0.01, ge=0, le=1)
    deduct_inbound: bool = True
    deduct_echoes: bool = True
    lane_max: int = Field(default=500, ge=2)
    lane_bytes_max: int = Field(default=2 * 1024 * 1024, ge=1024)
    partition_bytes_max: int = Field(default=64 * 1024 * 1024, ge=1024)
    parked_max: int = Field(default=100_000, ge=1)
    bulk_one_in: int = Field(default=10, ge=2, le=1000)
    begun_ahead_seconds: float = Field(default=0.25, gt=0, le=1)
    lease_seconds: float = Field(default=2.0, ge=0.5, le=10)
    handover_seconds: float = Field(default=2.0, ge=0, le=60)
    fence_seconds: float = Field(default=0.5, ge=0.05, le=5)
    in_doubt_for_seconds: float = Field(default=60.0, gt=0, le=IN_DOUBT_MAX_SECONDS)
    in_doubt_without_webhooks: bool = False
    in_doubt_at_most_seconds: float = Field(default=3600.0, gt=0, le=IN_DOUBT_MAX_SECONDS)
    unknown_number_for_seconds: float = Field(default=60.0, ge=0)
    pause_seconds: float = Field(default=60.0, gt=0)
    cap_counts_read_marks: bool = True
    number_gauges: bool = True
    uuid7_required: bool = False
    grants_required: str = Field(default="", pattern=rf"^\s*({_TOPIC}(\s*,\s*{_TOPIC})*)?\s*$")
    # The router knows for seven days after a lease that a person had it.
    marketing_rests_seconds: float = Field(default=24 * 3600.0, ge=0, le=7 * 24 * 3600.0)

    def granted_topics(self) -> frozenset[str]:
        """The topics that ``grants_required`` names, as they are named everywhere else."""
        names = (name.strip() for name in self.grants_required.split(","))
        return frozenset(f"{name}.v1" for name in names if name)


class SenderSettings(Settings):
    """
    What the sender reads from the environment.

    ``turn_keys`` verify turns, newest first; the router has the same. ``grant_keys`` verify grants;
    ``saath grant`` signs with the first of them.
    """

    turn_keys: SecretList
    grant_keys: SecretList | None = None
    sender: SenderSection = SenderSection()
    graph: GraphSettings = GraphSettings()
    credentials: CredentialSettings = CredentialSettings()
