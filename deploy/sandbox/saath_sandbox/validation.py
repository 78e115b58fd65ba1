"""Is this a message that Meta would take? Pure: content in, or a `GraphError` out."""

import json

from saath_sandbox import errors
from saath_sandbox.interactive import check_interactive
from saath_sandbox.objects import CHECKS
from saath_sandbox.webhooks import Json

CALLBACK_MAX = 512
TYPES = {**CHECKS, "interactive": check_interactive}


def parse(body: bytes) -> Json:
    """The request as an object, or a refusal."""
    try:
        content = json.loads(body)
    except ValueError:
        raise errors.INVALID_PARAMETER.saying("The request's body is not JSON.") from None
    if not isinstance(content, dict):
        raise errors.INVALID_PARAMETER.saying("The request's body is not an object.")
    if content.get("messaging_product") != "whatsapp":
        raise errors.INVALID_PARAMETER.saying("The parameter messaging_product is required.")
    return content


def is_read_mark(content: Json) -> bool:
    """Whether this marks a message read (and maybe shows us typing) rather than sends one."""
    return "status" in content and "message_id" in content


def check_read_mark(content: Json) -> None:
    """Refuse what is no read mark of a message that could exist."""
    if content["status"] != "read":
        raise errors.INVALID_PARAMETER.saying("Param status must be one of {READ}")
    if not str(content["message_id"]).startswith("wamid."):
        raise errors.PARAMETER_VALUE.saying("message_id is not a message's id.")
    typing = content.get("typing_indicator")
    if typing is not None and typing != {"type": "text"}:
        raise errors.INVALID_PARAMETER.saying(
            "Param typing_indicator['type'] must be one of {TEXT}"
        )


def check_message(content: Json, business: str) -> None:
    """Refuse what Meta would not take, with its code."""
    to = recipient(content)
    if to.lstrip("+") == business:
        raise errors.TO_ITSELF
    callback = content.get("biz_opaque_callback_data", "")
    if not isinstance(callback, str) or len(callback) > CALLBACK_MAX:
        raise errors.INVALID_PARAMETER.saying(
            f"Param biz_opaque_callback_data must be at most {CALLBACK_MAX} characters long."
        )
    if content.get("recipient_type", "individual") != "individual":
        # Groups are the app's alone on a number like ours.
        raise errors.INVALID_PARAMETER.saying("Param recipient_type must be one of {INDIVIDUAL}")
    _check_context(content.get("context"))
    kind = content.get("type", "text")
    if not isinstance(kind, str) or kind not in TYPES:
        named = ", ".join(name.upper() for name in TYPES)
        raise errors.INVALID_PARAMETER.saying(
            f"Param type must be one of {{{named}}} - got {kind!r}"
        )
    if not content.get(kind):
        raise errors.INVALID_PARAMETER.saying(f"The parameter {kind} is required.")
    TYPES[kind](content[kind])


def recipient(content: Json) -> str:
    """Whom it is for: the phone number, else the user id. With both, `to` wins."""
    to = content.get("to") or content.get("recipient")
    if not isinstance(to, str):
        raise errors.INVALID_PARAMETER.saying("The parameter to is required.")
    if content.get("to") and not digits(to).isdecimal():
        raise errors.PARAMETER_VALUE.saying("Param to is not a phone number.")
    return to


def digits(phone: str) -> str:
    """A phone number as webhooks write it: digits only, no plus sign."""
    return phone.translate(str.maketrans("", "", "+ -().")) or "?"


def _check_context(context: object) -> None:
    match context:
        case None:
            return
        case {"message_id": str() as quoted} if quoted:
            return
        case _:
            raise errors.PARAMETER_MISSING.saying(
                "The parameter context['message_id'] is required."
            )
