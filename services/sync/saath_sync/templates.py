"""What Meta says of the templates of a number's account: which may not be sent, and which may again. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from saath.events import AccountUpdated, TemplateStatus
from saath.events.numbers import TemplateState

FIELD = "message_template_status_update"
# The other words of Meta's change nothing of whether it may be sent, or whoever sends it is told by Meta.
STATES: Mapping[str, TemplateState] = {
    "APPROVED": "approved",
    "REINSTATED": "approved",
    "PAUSED": "paused",
    "DISABLED": "disabled",
}
# An account has 250 templates at first, and few of them are stopped at a time. One that may be sent is
# kept so that a sender that was refused it learns of that.
STOPPED_MAX, APPROVED_MAX = 250, 20


def status_of(update: AccountUpdated) -> TemplateStatus | None:
    """What *update* says of a template; ``None`` where it says nothing of whether it may be sent."""
    state = STATES.get(update.event or "") if update.field == FIELD else None
    name = _text(update.details, "message_template_name")
    language = _text(update.details, "message_template_language")
    if state is None or not name or not language:
        return None
    # Its webhooks write en-US where its API wants en_US.
    language = language.replace("-", "_")
    return TemplateStatus(name=name, language=language, state=state, at=update.time)


def heard(known: Iterable[TemplateStatus], word: TemplateStatus) -> tuple[TemplateStatus, ...]:
    """What is known after *word*; the same where a later one was heard before."""
    before = [*known]
    of_it = [status for status in before if _which(status) == _which(word)]
    if any(word.at < status.at for status in of_it):
        return tuple(before)
    left = [status for status in before if _which(status) != _which(word)]
    after = sorted([*left, word], key=lambda status: status.at)
    stopped = [status for status in after if status.state != "approved"]
    approved = [status for status in after if status.state == "approved"]
    return (*stopped[-STOPPED_MAX:], *approved[-APPROVED_MAX:])


def _which(status: TemplateStatus) -> tuple[str, str]:
    return status.name, status.language


def _text(details: Mapping[str, Any], name: str) -> str | None:
    found = details.get(name)
    return found if isinstance(found, str) else None
