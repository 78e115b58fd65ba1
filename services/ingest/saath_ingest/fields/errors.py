"""``messages``: ``errors[]`` that belong to no message, only to the number. Pure."""

from saath.events import JsonObject, NumberErrorReported
from saath.identity import digest_id
from saath_ingest.fields.change import Unreadable
from saath_ingest.fields.frame import Frame
from saath_ingest.fields.remainder import PROBLEMS, remainder
from saath_ingest.fields.values import canonical, problems


def error_reported(frame: Frame, item: JsonObject) -> NumberErrorReported:
    """
    All of a change's errors; Meta gives them neither an id nor a time.

    Raises:
        Unreadable: there is no error in them.
    """
    found = problems(item.get("errors"))
    if not found:
        raise Unreadable("errors that cannot be read")
    who = frame.sole
    named = canonical(who.model_dump(exclude_none=True)) if who else ""
    return NumberErrorReported(
        id=digest_id("error_", frame.number, named, canonical(item)),
        time=frame.received_at,
        number=frame.number,
        errors=found,
        contact=who,
        details=remainder(item, {"errors": PROBLEMS}),
    )
