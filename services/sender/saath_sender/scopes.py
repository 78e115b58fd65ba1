"""Which classes of message one is of, and so what may be paused without pausing all. Pure."""

from dataclasses import dataclass
from datetime import datetime

from saath.events import OwnershipRecorded, PauseScope
from saath_sender.requests import Request

# Charged for inside the service window as well as outside of it.
ALWAYS_PAID = ("marketing", "authentication")


@dataclass(frozen=True, slots=True)
class Scope:
    """A class of message of one number; where it is one template, ``template`` and ``language`` say which."""

    kind: PauseScope
    template: str | None = None
    language: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}:{self.template}/{self.language}" if self.template else self.kind


EVERYTHING = Scope("everything")


def parse_scope(text: str) -> Scope | None:
    """Read a scope as it stands in a key; ``None`` for one that nobody has heard of."""
    kind, _, which = text.partition(":")
    template, _, language = which.rpartition("/")
    match kind:
        case "everything" | "business_initiated" | "marketing" | "paid" | "replies":
            return Scope(kind)
        case "template" if template:
            return Scope("template", template, language)
        case _:
            return None


def window_open(owner: OwnershipRecorded | None, now: datetime) -> bool:
    """True while the customer's last words allow anything to be sent."""
    until = owner.window_until if owner else None
    return until is not None and now < until


def scopes_of(request: Request, index: int, *, in_window: bool) -> frozenset[Scope]:
    """
    All classes that message *index* of *request* is of; none where nothing is sent.

    What comes inside the service window is a reply, whatever it is; outside of it only templates may come
    (and read marks), and those the business begins. Paid is what Meta charges for: templates outside of the
    window, and inside of it marketing and authentication.
    """
    if not request.contents:
        return frozenset()
    content = request.contents[index]
    is_template = content.type == "template"
    begins = is_template and not in_window
    found = {EVERYTHING, Scope("business_initiated" if begins else "replies")}
    if request.is_marketing:
        found.add(Scope("marketing"))
    if is_template and (not in_window or request.message_class in ALWAYS_PAID):
        found.add(Scope("paid"))
    if template := template_scope(request, index):
        found.add(template)
    return frozenset(found)


def template_scope(request: Request, index: int) -> Scope | None:
    """The template that message *index* is made of, if it is."""
    content = request.contents[index] if request.contents else None
    if content is None or content.type != "template":
        return None
    match (content.model_extra or {}).get("template"):
        case {"name": str() as name, "language": {"code": str() as language}} if name:
            return Scope("template", name, language)
        case _:
            return None
