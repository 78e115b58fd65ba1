"""May this message leave now? Pure: no clock, no Kafka, no logging."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from saath.events import NumberRecorded, OwnershipRecorded, RestrictionKind
from saath.tokens import TurnToken
from saath_sender.causes import SENDING, Cause, InState, Restricted, TemplatePaused, restrictions
from saath_sender.requests import Request
from saath_sender.scopes import EVERYTHING, Scope, scopes_of, template_scope, window_open

# What holds all of a number, or a class of it, is looked at again this late: it may hold a whole lane.
LOOK_AGAIN_SECONDS = 1.0
# What is sent again outlives its deadline, but not by what may last for ever: a number that is gone, a
# pause that a person must end. The longest doubt is over by then, and its record still in its topic.
AGAIN_AT_MOST = timedelta(hours=6)
RESTRICTED: dict[RestrictionKind, Scope] = {
    "business_initiated": Scope("business_initiated"),
    "customer_initiated": Scope("replies"),
    "everything": EVERYTHING,
}


@dataclass(frozen=True, slots=True)
class Go:
    """It may leave now."""


@dataclass(frozen=True, slots=True)
class Hold:
    """
    Not now; ask again in so many seconds, in which whatever ends it is known.

    ``cause`` is what may hold it, and others, for long.
    """

    reason: str
    seconds: float = 0.05
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class Supersede:
    """Never: somebody else answers by now."""

    reason: str


@dataclass(frozen=True, slots=True)
class Expire:
    """Never: its time has passed."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Never: it cannot be sent as written."""

    reason: str
    pointer: str | None = None


Decision = Go | Hold | Supersede | Expire | Refuse

GO = Go()
ANOTHER = Supersede("another bot answers")
NOT_FRESH = Hold("the fence read is not fresh")
# A status may come after a doubt has ended and before the second attempt leaves.
ARRIVED = Hold("a status says that it has arrived")


class Facts(NamedTuple):
    """
    All that a decision depends on.

    ``owner`` is the ownership of the turn's conversation, or of the one with the request's address.
    ``owners_read``: owners were read up to a point after the request was. ``undecided``: what the
    router has not judged yet. ``unknown_for``: how long the number has not been in ``numbers``.
    ``paused``: what Meta takes no more of. ``marketing`` is what keeps marketing from this customer.
    """

    owner: OwnershipRecorded | None
    owners_read: bool
    undecided: str | None
    fresh: bool
    number: NumberRecorded | None
    unknown_for: float = 0.0
    paused: Hold | None = None
    pair_ready: bool = True
    again: bool = False
    marketing: "Decision | None" = None


def decide(
    request: Request, index: int, facts: Facts, now: datetime, *, unknown_number_for: float = 60.0
) -> Decision:
    """
    Whether message *index* of *request* may leave, in the order in which the answers matter.

    What can never be sent is said at once. What is sent again after a doubt has outlived its
    deadline, and is judged by its epoch alone; for some hours.
    """
    if now >= request.expires_at + (AGAIN_AT_MOST if facts.again else timedelta(0)):
        return Expire()
    stopped = _yields(request, index, facts)
    return (
        stopped
        or _window(request, index, facts, now)
        or _number(facts, unknown_number_for)
        or _restricted(request, index, facts, now)
        or _template(request, index, facts, now)
        or _paused(facts)
        or GO
    )


def _yields(request: Request, index: int, facts: Facts) -> Decision | None:
    """
    A bot's words yield to a person's, whether they answer a turn or nobody asked for them.

    A template is no answer: it is what a business may say at any time. Marketing yields whoever writes it,
    and to more: to a person's words of a day ago, and to the customer's own.
    """
    unwanted = facts.marketing if request.is_marketing else None
    if request.token:
        return _owned(request.token, facts) or unwanted or _fenced(facts)
    if request.by == "person" or _is_template(request, index):
        return unwanted or (_fenced(facts) if request.is_marketing else None)
    if facts.owner and facts.owner.owner != "bot":
        return unwanted or Supersede(f"the conversation is {facts.owner.owner}'s")
    if request.by == "bot" and _is_anothers(facts.owner, request.granted_to):
        return unwanted or ANOTHER
    return unwanted or _fenced(facts)


def _is_anothers(owner: OwnershipRecorded | None, bot: str | None) -> bool:
    """Who asks without a turn and without a grant is nobody we know; the conversation may be theirs."""
    return owner is not None and None not in (owner.bot, bot) and owner.bot != bot


def _owned(token: TurnToken, facts: Facts) -> Decision | None:
    owner = facts.owner
    if owner and owner.redirect:
        return Supersede("the conversation was joined with another")
    if owner is None or owner.epoch < token.epoch:
        # The router wrote this epoch before it signed the token, so it is us who have not read it.
        if not facts.owners_read:
            return Hold("owners are being read")
        return Supersede("the conversation's ownership is unknown")
    if owner.owner != "bot":
        return Supersede(f"the conversation is {owner.owner}'s")
    if owner.epoch != token.epoch:
        return Supersede("the conversation has changed hands since")
    if owner.bot is not None and owner.bot != token.bot:
        return ANOTHER
    return None


def _fenced(facts: Facts) -> Decision | None:
    if facts.undecided:
        return Hold(facts.undecided)
    return None if facts.fresh else NOT_FRESH


def _window(request: Request, index: int, facts: Facts, now: datetime) -> Decision | None:
    if _is_template(request, index) or request.is_mark(index):
        return None
    if window_open(facts.owner, now):
        return None
    if not facts.owners_read:
        return Hold("owners are being read")
    reason = "the service window is closed, only a template may be sent"
    return Refuse(reason, f"/messages/{index}/type")


def _is_template(request: Request, index: int) -> bool:
    return not request.contents or request.contents[index].type == "template"


def _number(facts: Facts, unknown_number_for: float) -> Decision | None:
    if facts.number is None:
        if facts.unknown_for < unknown_number_for:
            return Hold("the number is unknown")
        return Refuse("the number is unknown", "/number")
    if facts.number.state == "removed":
        return Refuse("the number was removed", "/number")
    state = facts.number.state
    if state not in SENDING:
        return Hold(f"the number is {state}", LOOK_AGAIN_SECONDS, InState(state))
    return None


def _restricted(request: Request, index: int, facts: Facts, now: datetime) -> Decision | None:
    """A restriction of Meta's holds its class of messages; one that says nothing of that, all."""
    number = facts.number
    if number is None or (not number.restrictions and number.state != "restricted"):
        return None
    scopes = scopes_of(request, index, in_window=window_open(facts.owner, now))
    for kind in restrictions(number, now):
        if RESTRICTED.get(kind) in scopes:
            reason = f"Meta restricts the number: {kind}"
            return Hold(reason, LOOK_AGAIN_SECONDS, Restricted(kind))
    return None


def _template(request: Request, index: int, facts: Facts, now: datetime) -> Decision | None:
    """Meta has paused it, which holds it, or disabled it."""
    scope = template_scope(request, index) if facts.number and facts.number.templates else None
    if facts.number is None or scope is None:
        return None
    for status in facts.number.templates:
        if (status.name, status.language) == (scope.template, scope.language):
            if status.paused(now):
                reason, cause = "Meta has paused the template", TemplatePaused(scope)
                return Hold(reason, LOOK_AGAIN_SECONDS, cause)
            if status.state == "disabled":
                reason = "Meta has disabled the template"
                return Refuse(reason, f"/messages/{index}/template/name")
    return None


def _paused(facts: Facts) -> Decision | None:
    if facts.paused:
        return facts.paused
    if not facts.pair_ready:
        return Hold("the customer has been sent as much as Meta allows")
    return None
