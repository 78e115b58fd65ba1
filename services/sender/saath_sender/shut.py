"""
Service windows that Meta has said are shut (131047), whatever ``owners`` says. Pure.

The router hears of it from the outcome, and says so on ``owners``; until then, this is known here alone.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from saath.events import OwnershipRecorded

SERVICE_WINDOW = timedelta(hours=24)
SHUT_MAX = 20_000


@dataclass(slots=True)
class ShutWindows:
    """One partition's: until when each window was thought to be open, by conversation."""

    _until: OrderedDict[str, float] = field(default_factory=OrderedDict)
    shut_max: int = SHUT_MAX

    def shut(self, owner: OwnershipRecorded | None, at: datetime) -> None:
        """Meta said at *at* that this window is shut; not one that the customer has opened since."""
        if owner is None or owner.window_until is None or owner.conversation is None:
            return
        if at < owner.window_until - SERVICE_WINDOW:
            return
        self._until[owner.conversation] = owner.window_until.timestamp()
        self._until.move_to_end(owner.conversation)
        if len(self._until) > self.shut_max:
            self._until.popitem(last=False)

    def seen(self, owner: OwnershipRecorded | None) -> OwnershipRecorded | None:
        """*owner* without the window that is shut; one that the customer has opened since is open."""
        if not self._until or owner is None or owner.window_until is None:
            return owner
        until = self._until.get(owner.conversation or "")
        if until is None:
            return owner
        if owner.window_until.timestamp() > until:
            del self._until[owner.conversation or ""]
            return owner
        return owner.model_copy(update={"window_until": None})
