"""Business numbers and the accounts they belong to."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from saath.events.base import Contact, Event, JsonObject, Model, Private, Problem
from saath.events.policies import NumberPolicy

NumberState = Literal["onboarding", "active", "restricted", "offboarded", "disconnected", "removed"]
RestrictionKind = Literal["business_initiated", "customer_initiated", "everything", "add_number"]
PauseScope = Literal["everything", "business_initiated", "marketing", "paid", "replies", "template"]
TemplateState = Literal["approved", "paused", "disabled"]
SyncState = Literal["not_asked", "asked", "accepted", "running", "complete", "declined", "failed"]


class AccountUpdated(Event):
    """Something changed at account level; there is no number id in it, only the account's."""

    type: Literal["io.saath.account.updated.v1"] = "io.saath.account.updated.v1"
    account: str
    field: str
    event: str | None = None
    details: Annotated[JsonObject, Private]

    @property
    def source(self) -> str:
        """The account speaks here, not a number."""
        return f"/accounts/{self.account}"


class GroupChanged(Event):
    """
    Something about an API group; coexistence numbers have none, so it is kept and nothing more.

    ``field`` is the webhook's, ``details`` what Meta wrote.
    """

    type: Literal["io.saath.group.changed.v1"] = "io.saath.group.changed.v1"
    field: str
    details: Annotated[JsonObject, Private]


class NumberErrorReported(Event):
    """
    Meta reported errors of a number that belong to no message, such as a rate limit that was hit.

    Meta says no time, so the same errors twice are one event with one id. ``contact`` is who stood
    beside them, where that is one only.
    """

    type: Literal["io.saath.number.error_reported.v1"] = "io.saath.number.error_reported.v1"
    errors: tuple[Problem, ...]
    contact: Contact | None = None
    details: Annotated[JsonObject | None, Private] = None


class WebhookUnrecognised(Event):
    """Something Meta sent that we have no name for; kept whole, acted on by nobody."""

    type: Literal["io.saath.webhook.unrecognised.v1"] = "io.saath.webhook.unrecognised.v1"
    account: str | None = None
    field: str | None = None
    reason: str
    details: Annotated[JsonObject, Private]


class Restriction(Model):
    """What Meta does not let a number do for the present; ``until`` is absent where Meta says no end."""

    kind: RestrictionKind
    until: AwareDatetime | None = None


# Meta pauses a template for three hours the first time and for six the second, and disables it the third.
# A word of its end may be lost: an hour later than that, one is tried.
TEMPLATE_PAUSE_MAX = timedelta(hours=7)


class TemplateStatus(Model):
    """
    What Meta has said last, at ``at``, of one template of a number's account.

    ``paused`` may be sent again in hours; ``disabled`` may not, unless somebody appeals.
    """

    name: str
    language: str
    state: TemplateState
    at: AwareDatetime

    def paused(self, now: datetime) -> bool:
        """True while Meta takes none of it for a time."""
        return self.state == "paused" and now < self.at + TEMPLATE_PAUSE_MAX


class NumberRecorded(Event):
    """
    The latest state of a business number. Compacted by number.

    ``offboarded``: Meta may connect it again by itself; ``disconnected``: somebody must; ``removed``: it
    is gone. ``restrictions``: what Meta does not let it do, which may be all. ``history_due_at``: what
    of its history has not come by then will not come. ``verified_name``, ``quality_rating``,
    ``throughput`` and ``messaging_limit`` are Meta's words, looked up every few hours; ``country`` is by
    ISO 3166, ``timezone`` a name of the tz database. ``templates``: those of its account that Meta has
    stopped, and those that it has let go on lately; of any other it has said nothing.
    """

    type: Literal["io.saath.number.recorded.v1"] = "io.saath.number.recorded.v1"
    state: NumberState
    restrictions: tuple[Restriction, ...] = ()
    templates: tuple[TemplateStatus, ...] = ()
    account: str | None = None
    display_phone: Annotated[str | None, Private] = None
    verified_name: str | None = None
    quality_rating: str | None = None
    throughput: str | None = None
    messaging_limit: str | None = None
    country: str | None = None
    timezone: str | None = None
    cap_per_second: int = Field(default=20, ge=1, le=1000)
    policy: NumberPolicy = NumberPolicy()
    contacts_sync: SyncState = "not_asked"
    history_sync: SyncState = "not_asked"
    history_progress: int = 0
    history_messages: int = 0
    history_due_at: AwareDatetime | None = None
    problem: str | None = None


class CredentialRecorded(Event):
    """A number's access token, encrypted. Compacted by number."""

    type: Literal["io.saath.credential.recorded.v1"] = "io.saath.credential.recorded.v1"
    ciphertext: Annotated[str, Private]


class CostLine(Model):
    """
    Messages that Meta counted alike, and that arrived.

    ``charge`` is what ``type`` means; ``unknown`` is not nothing. ``market`` is the calling code of the
    customers' phone numbers (``+49``), or the country of their user ids (``DE``).
    """

    charge: Literal["free", "paid", "unknown"]
    type: str | None = None
    category: str | None = None
    market: str | None = None
    messages: int


class CostsRecorded(Event):
    """
    What Meta counted of one number's messages of one day (UTC), as it stands. Compacted by both.

    A message is of the day its price was first said on. ``waiting`` have not arrived yet, ``failed``
    never will: neither is charged. ``differing`` of them were told another price later; the first
    counts. ``app_messages`` were written in the Business app, and are free.
    """

    type: Literal["io.saath.number.costs_recorded.v1"] = "io.saath.number.costs_recorded.v1"
    day: date
    lines: tuple[CostLine, ...] = ()
    app_messages: int = 0
    waiting: int = 0
    failed: int = 0
    differing: int = 0


class NumberPaused(Event):
    """
    The sender has stopped sending a class of a number's messages; what is queued is kept.

    Told again when it was tried in vain: ``since`` stays, ``until`` moves on. ``until`` is when one
    message tries again; ``code`` is Meta's, where there was one. Of ``scope`` ``template`` only the one
    template in the one ``language`` is meant.
    """

    type: Literal["io.saath.number.paused.v1"] = "io.saath.number.paused.v1"
    scope: PauseScope
    template: str | None = None
    language: str | None = None
    reason: str
    code: int | None = None
    since: AwareDatetime
    until: AwareDatetime


class NumberResumed(Event):
    """The sender sends a class of a number's messages again: one of them was taken by Meta."""

    type: Literal["io.saath.number.resumed.v1"] = "io.saath.number.resumed.v1"
    scope: PauseScope
    template: str | None = None
    language: str | None = None
    reason: str
    code: int | None = None
    since: AwareDatetime
