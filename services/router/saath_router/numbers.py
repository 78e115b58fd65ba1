"""What holds for a number by now: its policy, of all who had a say, and whether its history is in. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from saath.events import NumberPolicy, NumberRecorded, SyncState
from saath_router.policy import Policy, overlay

RecordedOf = Callable[[str], NumberRecorded | None]
ChosenOf = Callable[[str], tuple[NumberPolicy, ...]]

# History that was never asked for does not come; what was declined or has failed neither.
_MAY_COME: frozenset[SyncState] = frozenset({"asked", "accepted", "running"})


@dataclass(slots=True)
class Numbers:
    """
    The numbers of an installation. Who says it later in this order, is believed:

    the router's settings, the policy file, the number as it was connected, a command.
    """

    defaults: Policy
    recorded: RecordedOf = lambda number: None
    filed: ChosenOf = lambda number: ()
    _known: dict[str, tuple[tuple[NumberPolicy, ...], Policy]] = field(default_factory=dict)

    def policy(self, number: str, commanded: NumberPolicy | None) -> Policy:
        """The rules that hold for *number*, put together again only when somebody says otherwise."""
        filed, recorded = self.filed(number), self.recorded(number)
        connected = recorded.policy if recorded else None
        chosen = tuple([said for said in (*filed, connected, commanded) if said is not None])
        if not chosen:
            return self.defaults
        known = self._known.get(number)
        if known and len(known[0]) == len(chosen) and all(map(_is, known[0], chosen)):
            return known[1]
        policy = _placed(overlay(self.defaults, *chosen), recorded)
        self._known[number] = (chosen, policy)
        return policy

    def history_pending(self, number: str, now: datetime) -> bool:
        """
        True while nobody can say who is new here, because the number's history may still come.

        So it is before a number is connected, and with one that nobody has told us of.
        """
        recorded = self.recorded(number)
        if recorded is None or recorded.state == "onboarding":
            return True
        overdue = recorded.history_due_at is not None and now >= recorded.history_due_at
        return recorded.history_sync in _MAY_COME and not overdue


def _placed(policy: Policy, recorded: NumberRecorded | None) -> Policy:
    """Hours that name no time zone are by the number's own clock."""
    zone = recorded.timezone if recorded else None
    if policy.hours is None or policy.hours.timezone or not zone:
        return policy
    return replace(policy, hours=policy.hours.model_copy(update={"timezone": zone}))


def _is(one: object, other: object) -> bool:
    return one is other
