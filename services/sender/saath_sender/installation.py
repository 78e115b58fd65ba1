"""What all partitions of one sender share."""

from collections.abc import Callable
from dataclasses import dataclass

from saath.events import NumberRecorded
from saath.tokens import TurnToken
from saath_sender.granting import NO_GRANTS, GrantRules
from saath_sender.pausing import CredentialName
from saath_sender.settings import SenderSection


@dataclass(frozen=True, slots=True)
class Installation:
    """How to read what others have written, and by what rules to go."""

    read_token: Callable[[str], TurnToken]
    number: Callable[[str], NumberRecorded | None]
    partitions: int
    rules: SenderSection
    grants: GrantRules = NO_GRANTS
    credential_name: CredentialName = lambda _: None
