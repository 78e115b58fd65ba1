"""Would Meta take the object of this type? Pure: the object in, nothing or a `GraphError` out."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from saath_sandbox import errors
from saath_sandbox.fields import kind_of, object_of, required, some, web_address, words
from saath_sandbox.webhooks import Json

TEXT_MAX, CAPTION_MAX, CARDS_MAX = 4096, 1024, 257
CAPTIONED = ("image", "video", "document")
LATITUDE_MAX, LONGITUDE_MAX = 90.0, 180.0


def check_text(text: Json) -> None:
    """Words, and perhaps a preview."""
    text = object_of(text, "text")
    body = text.get("body")
    if not isinstance(body, str) or not body:
        raise errors.INVALID_PARAMETER.saying("The parameter text['body'] is required.")
    if len(body) > TEXT_MAX:
        raise errors.INVALID_PARAMETER.saying(
            f"Param text['body'] must be at most {TEXT_MAX} characters long."
        )
    kind_of(text, "preview_url", bool, "text")


def check_template(template: Json) -> None:
    """A template by name and language; its parameters have a type, and words their text."""
    template = object_of(template, "template")
    language = template.get("language")
    if not isinstance(template.get("name"), str) or not template["name"]:
        raise errors.INVALID_PARAMETER.saying("The parameter template['name'] is required.")
    if not isinstance(language, dict) or not isinstance(language.get("code"), str):
        raise errors.INVALID_PARAMETER.saying(
            "The parameter template['language']['code'] is required."
        )
    components = template.get("components")
    if components is not None and not isinstance(components, list):
        raise errors.INVALID_PARAMETER.saying("Param template['components'] must be an array.")
    for component in components or ():
        _check_component(object_of(component, "template['components'][]"))


def check_media(kind: str, media: Json) -> None:
    """A file by its id or by a link, never both."""
    media = object_of(media, kind)
    if bool(media.get("id")) == bool(media.get("link")):
        raise errors.PARAMETER_VALUE.saying(f"{kind} needs either an id or a link.")
    if media.get("link"):
        web_address(media["link"], f"{kind}['link']")
    else:
        words(media["id"], f"{kind}['id']")
    kind_of(media, "voice", bool, kind)
    kind_of(media, "filename", str, kind)
    caption = media.get("caption") or ""
    if caption and kind not in CAPTIONED:
        raise errors.INVALID_PARAMETER.saying(f"Unexpected key 'caption' on param {kind}")
    if not isinstance(caption, str) or len(caption) > CAPTION_MAX:
        raise errors.INVALID_PARAMETER.saying(
            f"Param {kind}['caption'] must be at most {CAPTION_MAX} characters long."
        )


def check_location(location: Json) -> None:
    """A place: degrees, as numbers or as strings of digits."""
    location = object_of(location, "location")
    for axis, most in (("latitude", LATITUDE_MAX), ("longitude", LONGITUDE_MAX)):
        value = required(location, axis, "location")
        try:
            inside = not isinstance(value, bool) and abs(float(value)) <= most
        except (TypeError, ValueError, OverflowError):
            inside = False
        if not inside:
            raise errors.PARAMETER_VALUE.saying(f"location['{axis}'] is out of range.")
    kind_of(location, "name", str, "location")
    kind_of(location, "address", str, "location")


def check_contacts(cards: Any) -> None:
    """Cards, each with a name."""
    for card in some(cards, "contacts", CARDS_MAX):
        name = object_of(required(object_of(card, "contacts[]"), "name", "contacts[]"), "name")
        words(required(name, "formatted_name", "contacts[]['name']"), "formatted_name")
        kind_of(card, "phones", list, "contacts[]")
        for phone in card.get("phones") or ():
            kind_of(object_of(phone, "phone"), "phone", str, "contacts[]['phones'][]")


def check_reaction(reaction: Json) -> None:
    """An emoji for a message; none takes it back."""
    reaction = object_of(reaction, "reaction")
    words(required(reaction, "message_id", "reaction"), "reaction['message_id']")
    emoji = words(required(reaction, "emoji", "reaction"), "reaction['emoji']", least=0)
    if any(c.isspace() or (c.isascii() and c.isalpha()) for c in emoji):
        raise errors.PARAMETER_VALUE.saying("reaction['emoji'] is not an emoji.")


def _check_component(component: Json) -> None:
    kind = words(required(component, "type", "template['components'][]"), "type").lower()
    if kind == "button":
        required(component, "sub_type", "template['components'][]")
        index = str(required(component, "index", "template['components'][]"))
        if not (index.isascii() and index.isdigit()):
            raise errors.PARAMETER_VALUE.saying("The button's index is not valid.")
    parameters = component.get("parameters") or []
    if not isinstance(parameters, list):
        raise errors.INVALID_PARAMETER.saying("Param parameters must be an array.")
    for parameter in parameters:
        of_type = words(required(object_of(parameter, "parameters[]"), "type", "parameter"), "type")
        if of_type == "text":
            words(required(parameter, "text", "parameter"), "text")


CHECKS: Mapping[str, Callable[[Any], None]] = {
    "text": check_text,
    "template": check_template,
    **{kind: partial(check_media, kind) for kind in (*CAPTIONED, "audio", "sticker")},
    "location": check_location,
    "contacts": check_contacts,
    "reaction": check_reaction,
}
