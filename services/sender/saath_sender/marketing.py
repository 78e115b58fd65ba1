"""Whether marketing may go to a customer: not while a person has them, nor where they want none. Pure."""

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from saath.events import Contact, ContactPreferenceChanged, Event, MessageFailed, OwnershipRecorded
from saath.identity import identities
from saath_sender.decide import Decision, Hold, Refuse, Supersede

# Meta's errors: this customer wants none; this one has had enough for a day.
CODES = frozenset({131050, 131049})

UNWANTED = Refuse("the customer wants no marketing", "/to")
ENOUGH = Refuse("Meta takes no marketing for this customer for a day (131049)", "/to")
HELD = Supersede("no marketing while a person has the conversation")
FELT = Supersede("no marketing so soon after a person had the conversation")
UNJUDGED = Hold("a stop of marketing is not judged yet")


def judge(owner: OwnershipRecorded | None, rests: timedelta, now: datetime) -> Decision | None:
    """What stands in the way of marketing, *rests* being how long a person's words are felt."""
    if owner is None:
        return None
    if owner.marketing_stopped:
        return UNWANTED
    if _holds(owner, now):
        return HELD
    left = owner.lease_until if owner.owner == "human" else owner.person_left_at
    if left and now < left + rests:
        return FELT
    until = owner.marketing_rests_until
    return ENOUGH if until and now < until else None


def _holds(owner: OwnershipRecorded, now: datetime) -> bool:
    """A lease that is over leaves the conversation to nobody until the customer writes."""
    return owner.owner == "human" and (owner.lease_until is None or now < owner.lease_until)


# Where it stands in inbound, and whose it is.
Stop = tuple[int, frozenset[str]]


@dataclass(slots=True)
class Unjudged:
    """The stops that are in ``inbound`` and that the router has not decided yet, by number."""

    _stops: dict[str, list[Stop]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self._stops.values()))

    def read(self, number: str, event: Event, offset: int, decided: int) -> None:
        """One fact from Meta; nothing is remembered of what stops no marketing, or is decided."""
        if contact := _stopped(event):
            found = (offset, frozenset(identities(contact)))
            self._keep([*self._stops.get(number, ()), found], number, decided)

    def hold(
        self, number: str, known: Set[str], is_known: Callable[[str], bool], decided: int
    ) -> Hold | None:
        """
        Whether marketing to whoever is *known* by this must wait; the router has decided up to *decided*.

        A stop of somebody who is known by nothing may be anybody's, as an echo to an unknown address.
        """
        if number not in self._stops:
            return None
        left = self._keep(self._stops[number], number, decided)
        theirs = any(who & known or not any(map(is_known, who)) for _, who in left)
        return UNJUDGED if theirs else None

    def _keep(self, stops: list[Stop], number: str, decided: int) -> list[Stop]:
        left = [stop for stop in stops if stop[0] >= decided]
        if left:
            self._stops[number] = left
        else:
            self._stops.pop(number, None)
        return left


def _stopped(event: Event) -> Contact | None:
    """Who is to be sent no marketing, by what Meta says here."""
    match event:
        case ContactPreferenceChanged(category=category, value="stop", contact=contact) if (
            category.startswith("marketing")
        ):
            return contact
        case MessageFailed(errors=problems, contact=contact) if CODES & {p.code for p in problems}:
            return contact
        case _:
            return None
