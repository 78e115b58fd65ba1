"""Would Meta take this interactive message? Pure: the object in, nothing or a `GraphError` out."""

from typing import Any

from saath_sandbox import errors
from saath_sandbox.fields import kind_of, object_of, required, some, unlike, web_address, words
from saath_sandbox.objects import check_media
from saath_sandbox.webhooks import Json

BODY_MAX, LIST_BODY_MAX, HEADER_MAX, FOOTER_MAX = 1024, 4096, 60, 60
LABEL_MAX, BUTTON_ID_MAX, BUTTONS_MAX = 20, 256, 3
TITLE_MAX, DESCRIPTION_MAX, ROW_ID_MAX, SECTIONS_MAX, ROWS_MAX = 24, 72, 200, 10, 10
HEADERS = ("text", "image", "video", "document")
# Of these the sandbox knows no more than that they exist.
OTHERS = ("flow", "product", "product_list", "carousel", "address_message", "request_contact_info")
# A coexistence number is called on the phone alone.
CALLS = ("call_permission_request", "voice_call")


def check_interactive(interactive: Json) -> None:
    """By the type within."""
    interactive = object_of(interactive, "interactive")
    kind = words(required(interactive, "type", "interactive"), "interactive['type']")
    if kind in CALLS:
        raise errors.UNSUPPORTED_TYPE.saying(f"{kind} is not available for this phone number.")
    check = CHECKS.get(kind)
    if check is None and kind not in OTHERS:
        named = ", ".join(name.upper() for name in (*CHECKS, *OTHERS))
        raise errors.INVALID_PARAMETER.saying(
            f"Param interactive['type'] must be one of {{{named}}} - got {kind!r}"
        )
    _check_around(interactive, kind)
    if check:
        check(object_of(required(interactive, "action", "interactive"), "action"))


def _check_around(interactive: Json, kind: str) -> None:
    kind_of(interactive, "action", dict, "interactive")
    body, footer = interactive.get("body"), interactive.get("footer")
    if body is None and kind in CHECKS:
        raise errors.PARAMETER_MISSING.saying("Body text is required")
    if body is not None:
        most = LIST_BODY_MAX if kind == "list" else BODY_MAX
        text = required(object_of(body, "body"), "text", "body")
        words(text, "interactive['body']['text']", most)
    if footer is not None:
        text = required(object_of(footer, "footer"), "text", "footer")
        words(text, "interactive['footer']['text']", FOOTER_MAX)
    if interactive.get("header") is not None:
        header = object_of(interactive["header"], "header")
        _check_header(header, ("text",) if kind == "list" else HEADERS)


def _check_header(header: Json, allowed: tuple[str, ...]) -> None:
    kind = required(header, "type", "header")
    if kind not in allowed:
        raise errors.PARAMETER_VALUE.saying(f"Header of type {kind} is not supported here.")
    shown = required(header, kind, "header")
    if kind == "text":
        words(shown, "interactive['header']['text']", HEADER_MAX)
    else:
        check_media(kind, shown)


def _check_buttons(action: Json) -> None:
    names = []
    for button in some(required(action, "buttons", "action"), "buttons", BUTTONS_MAX):
        if object_of(button, "button").get("type") != "reply":
            raise errors.PARAMETER_VALUE.saying("Button type must be reply.")
        reply = object_of(required(button, "reply", "button"), "reply")
        names.append(words(required(reply, "id", "reply"), "Button id", BUTTON_ID_MAX))
        words(required(reply, "title", "reply"), "Button title", LABEL_MAX)
    unlike(names, "button id")


def _check_list(action: Json) -> None:
    words(required(action, "button", "action"), "List button", LABEL_MAX)
    sections = some(required(action, "sections", "action"), "sections", SECTIONS_MAX)
    names: list[str] = []
    for section in sections:
        names += _check_section(object_of(section, "section"), alone=len(sections) == 1)
    if len(names) > ROWS_MAX:
        raise errors.PARAMETER_VALUE.saying(f"Total row count exceed max allowed count: {ROWS_MAX}")
    unlike(names, "row id")


def _check_section(section: Json, *, alone: bool) -> list[str]:
    title = section.get("title")
    if not alone or title is not None:
        words(title, "Section title", TITLE_MAX, least=0 if alone else 1)
    names = []
    for row in some(section.get("rows"), "rows", 1000):
        names.append(words(required(object_of(row, "row"), "id", "row"), "Row id", ROW_ID_MAX))
        words(required(row, "title", "row"), "Row title", TITLE_MAX)
        words(row.get("description") or "", "Row description", DESCRIPTION_MAX, least=0)
    return names


def _check_link(action: Json) -> None:
    _check_name(action, "cta_url")
    parameters = object_of(required(action, "parameters", "action"), "parameters")
    words(required(parameters, "display_text", "parameters"), "display_text", LABEL_MAX)
    web_address(required(parameters, "url", "parameters"), "url")


def _check_location_request(action: Json) -> None:
    _check_name(action, "send_location")


def _check_name(action: Json, expected: str) -> None:
    name: Any = required(action, "name", "action")
    if name != expected:
        raise errors.PARAMETER_VALUE.saying(f"action['name'] must be {expected}.")


CHECKS = {
    "button": _check_buttons,
    "list": _check_list,
    "cta_url": _check_link,
    "location_request_message": _check_location_request,
}
