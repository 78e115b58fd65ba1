"""Whether somebody may ask for what they ask for without a turn. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from saath.errors import TokenRefused
from saath.events import SendRequest
from saath.grants import Grant

ReadGrant = Callable[[str], Grant]


@dataclass(frozen=True, slots=True)
class GrantRules:
    """How grants are read, if they can be, and the topics on which nobody asks without one."""

    read: ReadGrant | None = None
    required: frozenset[str] = frozenset()

    def check(self, asked: SendRequest, topic: str, written_at: datetime) -> Grant | str | None:
        """
        The grant of a request without a turn; ``None`` where none is needed, why not where it fails.

        It is judged by when the request was written: one that waited is as good as it was, and the same
        request is judged the same whenever it is read.
        """
        if asked.grant is None:
            return f"a request on {topic} needs a grant" if topic in self.required else None
        if self.read is None:
            return "no grant can be checked here: SAATH_GRANT_KEYS is not set"
        try:
            grant = self.read(asked.grant)
        except TokenRefused as error:
            return str(error)
        return _unfit(grant, asked, written_at) or grant


def _unfit(grant: Grant, asked: SendRequest, written_at: datetime) -> str | None:
    if written_at.timestamp() >= grant.until:
        return "the grant had expired when this was written"
    if not grant.covers_number(str(asked.number)):
        return "the grant is not for this number"
    if not grant.covers_class(str(asked.message_class)):
        return f"the grant is not for class {asked.message_class}"
    return None


NO_GRANTS = GrantRules()
