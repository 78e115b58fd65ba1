"""The router's settings. See the README beside this package for what each is for."""

from pathlib import Path

from pydantic import Field, SecretStr

from saath.events import PlainPolicy
from saath.settings import SecretList, Settings
from saath_router.policy import Policy, overlay


class RouterSection(PlainPolicy, extra="forbid"):
    """
    How numbers are answered that do not say it themselves.

    ``policy_file`` says it for some or all of them, and is read again when it changes.
    """

    policy_file: Path | None = None

    def policy(self) -> Policy:
        """These settings as the rules read them."""
        return overlay(Policy(), self)


class PolicySettings(Settings):
    """What of the environment says how numbers are answered."""

    router: RouterSection = RouterSection()


class RouterSettings(PolicySettings):
    """
    What the router reads from the environment.

    ``installation_key`` names conversations and may never change. ``turn_keys`` sign turns, newest
    first; the sender has the same.
    """

    installation_key: SecretStr = Field(min_length=16)
    turn_keys: SecretList
