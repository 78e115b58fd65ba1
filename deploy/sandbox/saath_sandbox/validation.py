"""Is this a message that Meta would take? Pure: content in, or a `GraphError` out."""

import json
from typing import Any

from saath_sandbox import errors
from saath_sandbox.webhooks import Json

TEXT_MAX, CAPTION_MAX, CALLBACK_MAX = 4096, 1024, 512
MEDIA = ("image", "video", "audio", "document", "sticker")
TYPES = ("text", "template", *MEDIA, "location", "contacts", "reaction", "interactive")


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
    kind = content.get("type", "text")
    if kind not in TYPES:
        named = ", ".join(name.upper() for name in TYPES)
        raise errors.INVALID_PARAMETER.saying(
            f"Param type must be one of {{{named}}} - got {kind!r}"
        )
    if not content.get(kind):
        raise errors.INVALID_PARAMETER.saying(f"The parameter {kind} is required.")
    _check_object(kind, content[kind])


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


def _check_object(kind: str, value: Any) -> None:
    if kind == "contacts":
        return
    if not isinstance(value, dict):
        raise errors.INVALID_PARAMETER.saying(f"The parameter {kind} must be an object.")
    if kind == "text":
        _check_text(value)
    elif kind == "template":
        _check_template(value)
    elif kind in MEDIA:
        _check_media(kind, value)


def _check_text(text: Json) -> None:
    body = text.get("body")
    if not isinstance(body, str) or not body:
        raise errors.INVALID_PARAMETER.saying("The parameter text['body'] is required.")
    if len(body) > TEXT_MAX:
        raise errors.INVALID_PARAMETER.saying(
            f"Param text['body'] must be at most {TEXT_MAX} characters long."
        )


def _check_template(template: Json) -> None:
    language = template.get("language")
    if not isinstance(template.get("name"), str):
        raise errors.INVALID_PARAMETER.saying("The parameter template['name'] is required.")
    if not isinstance(language, dict) or not isinstance(language.get("code"), str):
        raise errors.INVALID_PARAMETER.saying(
            "The parameter template['language']['code'] is required."
        )


def _check_media(kind: str, media: Json) -> None:
    if bool(media.get("id")) == bool(media.get("link")):
        raise errors.PARAMETER_VALUE.saying(f"{kind} needs either an id or a link.")
    link = media.get("link")
    if link and not str(link).startswith(("https://", "http://")):
        raise errors.PARAMETER_VALUE.saying(f"{kind}['link'] is not a URL.")
    if len(media.get("caption", "")) > CAPTION_MAX:
        raise errors.INVALID_PARAMETER.saying(
            f"Param {kind}['caption'] must be at most {CAPTION_MAX} characters long."
        )
