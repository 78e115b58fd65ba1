"""Every kind of message, held to Meta's limits: one just inside is taken, one just outside refused."""

from typing import Any

import pytest
from tests.unit.sender.facts import asked, reply, signed
from tests.unit.sender.kinds import examples
from tests.unit.sender.kinds.examples import (
    AUDIO,
    BUTTONS,
    CONTACTS,
    DOCUMENT,
    IMAGE,
    LINK,
    LIST,
    LOCATION,
    REACTION,
    READ,
    REPLY,
    SENT,
    STICKER,
    TEMPLATE,
    TEXT,
    TYPING,
    WAMID,
    Json,
    message,
    with_value,
)

from saath_sender.kinds import KINDS
from saath_sender.requests import Refusal

SOME = {**SENT, "read": READ, "typing": TYPING}
BUTTON = {"type": "reply", "reply": {"id": "x", "title": "X"}}


def buttons(count: int) -> list[Json]:
    return [{"type": "reply", "reply": {"id": str(n), "title": str(n)}} for n in range(count)]


def rows(count: int, first: int = 0) -> list[Json]:
    return [{"id": str(n), "title": str(n)} for n in range(first, first + count)]


def sections(*sizes: int) -> list[Json]:
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return [
        {"title": str(n), "rows": rows(size, start)}
        for n, (size, start) in enumerate(zip(sizes, starts, strict=True))
    ]


def pointer_of(content: Any) -> str | None:
    """Where *content* is refused; ``None`` where it is taken."""
    found = asked(turn=signed(), messages=[content])
    if not isinstance(found, Refusal):
        return None
    assert found.pointer is not None
    assert found.pointer.startswith("/messages/0")
    return found.pointer.removeprefix("/messages/0")


@pytest.mark.parametrize("content", SOME.values(), ids=SOME)
def test_what_meta_takes_is_taken_as_it_was_written(content: Json) -> None:
    [kept] = reply(messages=[content]).contents

    assert kept.model_dump() == content


def test_every_kind_has_an_example() -> None:
    assert {content["type"] for content in SOME.values()} == set(KINDS)


# example, where, a value just inside of the limit, one just outside, where that is refused if elsewhere
LIMITS: list[tuple[Json, str, Any, Any, str | None]] = [
    (TEXT, "/text/body", "x" * 4096, "x" * 4097, None),
    (TEXT, "/text/body", "x", "", None),
    (TEXT, "/text/body", "x", 7, None),
    (TEXT, "/text/body", "x", ..., None),
    (TEXT, "/text/preview_url", False, "yes", None),
    (TEXT, "/text", {"body": "x"}, "x", None),
    (IMAGE, "/image/caption", "x" * 1024, "x" * 1025, None),
    (IMAGE, "/image/caption", None, ["x"], None),
    (IMAGE, "/image/id", "1", "", None),
    (IMAGE, "/image/id", "1", 1, None),
    (IMAGE, "/image/id", "1", ..., "/image"),
    (IMAGE, "/image/link", None, "https://example.com/a.jpg", "/image"),
    (examples.VIDEO, "/video/link", "http://a.example/v.mp4", "ftp://a.example/v.mp4", None),
    (examples.VIDEO, "/video/link", "https://a.example", "https://", None),
    (examples.VIDEO, "/video/link", "https://a.example/?q=%20", "https://a.example/a b", None),
    (examples.VIDEO, "/video/link", "https://[::1]/v.mp4", "https://[::1/v.mp4", None),
    (examples.VIDEO, "/video/view_once", False, True, None),
    (AUDIO, "/audio/caption", None, "words", None),
    (AUDIO, "/audio/voice", False, 1, None),
    (DOCUMENT, "/document/filename", "a.pdf", 1, None),
    (DOCUMENT, "/document/caption", "x" * 1024, "x" * 1025, None),
    (STICKER, "/sticker/caption", "", "words", None),
    (STICKER, "/sticker", {"id": "1"}, {}, "/sticker"),
    (LOCATION, "/location/latitude", 90, 90.000001, None),
    (LOCATION, "/location/latitude", -90, -91, None),
    (LOCATION, "/location/latitude", "52.52", "north", None),
    (LOCATION, "/location/latitude", "-90", "90.1", None),
    (LOCATION, "/location/latitude", 0, True, None),
    (LOCATION, "/location/latitude", 0.0, ..., None),
    (LOCATION, "/location/longitude", 180, 180.5, None),
    (LOCATION, "/location/longitude", -180.0, -(10**400), None),
    (LOCATION, "/location/name", "Shop", 1, None),
    (CONTACTS, "/contacts", CONTACTS["contacts"] * 257, CONTACTS["contacts"] * 258, None),
    (CONTACTS, "/contacts", CONTACTS["contacts"], [], None),
    (CONTACTS, "/contacts", CONTACTS["contacts"], {"name": "x"}, None),
    (CONTACTS, "/contacts/0/name", {"formatted_name": "S"}, {"first_name": "S"},
     "/contacts/0/name/formatted_name"),
    (CONTACTS, "/contacts/0/phones/0/phone", "+1", 1, None),
    (REACTION, "/reaction/emoji", "", ..., None),
    (REACTION, "/reaction/emoji", "\u2764\ufe0f", "love", None),
    (REACTION, "/reaction/emoji", "1\ufe0f\u20e3", " ", None),
    (REACTION, "/reaction/emoji", "\U0001f64f", 1, None),
    (REACTION, "/reaction/message_id", WAMID, "", None),
    (BUTTONS, "/interactive/body/text", "x" * 1024, "x" * 1025, None),
    (BUTTONS, "/interactive/body", {"text": "x"}, ..., None),
    (BUTTONS, "/interactive/footer/text", "x" * 60, "x" * 61, None),
    (BUTTONS, "/interactive/header", {"type": "text", "text": "x" * 60},
     {"type": "text", "text": "x" * 61}, "/interactive/header/text"),
    (BUTTONS, "/interactive/header", {"type": "video", "video": {"id": "1"}}, {"type": "video"},
     "/interactive/header/video"),
    (BUTTONS, "/interactive/header", {"type": "document", "document": {"id": "1"}},
     {"type": "document", "document": {}}, "/interactive/header/document"),
    (BUTTONS, "/interactive/header/type", "image", "audio", None),
    (BUTTONS, "/interactive/action/buttons", buttons(3), buttons(4), None),
    (BUTTONS, "/interactive/action/buttons", buttons(1), [], None),
    (BUTTONS, "/interactive/action/buttons", [BUTTON], [BUTTON, BUTTON],
     "/interactive/action/buttons/1/reply/id"),
    (BUTTONS, "/interactive/action/buttons/0/reply/id", "x" * 256, "x" * 257, None),
    (BUTTONS, "/interactive/action/buttons/0/reply/title", "x" * 20, "x" * 21, None),
    (BUTTONS, "/interactive/action/buttons/1/reply/title", "x", "", None),
    (BUTTONS, "/interactive/action/buttons/0/type", "reply", "url", None),
    (BUTTONS, "/interactive/type", "button", "menu", None),
    (BUTTONS, "/interactive/type", "button", ..., None),
    (LIST, "/interactive/body/text", "x" * 4096, "x" * 4097, None),
    (LIST, "/interactive/header", {"type": "text", "text": "x"},
     {"type": "image", "image": {"id": "1"}}, "/interactive/header/type"),
    (LIST, "/interactive/action/button", "x" * 20, "x" * 21, None),
    (LIST, "/interactive/action/sections", sections(*[1] * 10), sections(*[1] * 11), None),
    (LIST, "/interactive/action/sections", sections(5, 5), sections(5, 6), None),
    (LIST, "/interactive/action/sections", sections(1), [], None),
    (LIST, "/interactive/action/sections", [{"rows": rows(1)}],
     [*sections(1), {"rows": rows(1, 5)}], "/interactive/action/sections/1/title"),
    (LIST, "/interactive/action/sections/0/title", "x" * 24, "x" * 25, None),
    (LIST, "/interactive/action/sections/0/rows", rows(1), [], None),
    (LIST, "/interactive/action/sections/0/rows/0/id", "x" * 200, "x" * 201, None),
    (LIST, "/interactive/action/sections/1/rows/0/id", "other", "express", None),
    (LIST, "/interactive/action/sections/0/rows/0/title", "x" * 24, "x" * 25, None),
    (LIST, "/interactive/action/sections/0/rows/0/description", "x" * 72, "x" * 73, None),
    (LINK, "/interactive/action/parameters/display_text", "x" * 20, "x" * 21, None),
    (LINK, "/interactive/action/parameters/url", "https://a.example", "a.example", None),
    (LINK, "/interactive/action/name", "cta_url", "url", None),
    (examples.ASK_LOCATION, "/interactive/action/name", "send_location", "location", None),
    (examples.FLOW, "/interactive/body/text", "x" * 1024, "x" * 1025, None),
    (examples.PRODUCT, "/interactive/action", {}, "x", None),
    (TEMPLATE, "/template/name", "x", "", None),
    (TEMPLATE, "/template/language", {"code": "en"}, {}, "/template/language/code"),
    (TEMPLATE, "/template/components", [], {}, None),
    (TEMPLATE, "/template/components/1/parameters/0/text", "x", ..., None),
    (TEMPLATE, "/template/components/1/parameters/0/type", "text", ..., None),
    (TEMPLATE, "/template/components/2/index", 1, "first", None),
    (TEMPLATE, "/template/components/2/index", "9", -1, None),
    (TEMPLATE, "/template/components/2/sub_type", "url", ..., None),
    (REPLY, "/context/message_id", WAMID, "", None),
    (REPLY, "/context", {"message_id": WAMID}, WAMID, None),
    (TYPING, "/read/message_id", WAMID, ..., None),
    (TYPING, "/read/typing", False, "yes", None),
    (READ, "/read/tpying", ..., True, None),
    (READ, "/context", None, {"message_id": WAMID}, None),
    (TEXT, "/recipient_type", "individual", "group", None),
    (TEXT, "/recipient_type", None, "broadcast", None),
    (TEXT, "/messaging_product", "whatsapp", "sms", None),
    (TEXT, "/to", None, "+16505551234", None),
    (TEXT, "/recipient", None, "US.1349", None),
    (TEXT, "/biz_opaque_callback_data", None, "mine", None),
    (TEXT, "/status", None, "read", None),
    (TEXT, "/image", None, {"id": "1"}, None),
    (TEXT, "/group_id", None, "g", None),
    (TEXT, "/ephemeral", None, True, None),
]  # fmt: skip


@pytest.mark.parametrize(("example", "where", "inside", "outside", "refused_at"), LIMITS)
def test_a_limit_is_held_to_the_last_character(
    example: Json, where: str, inside: Any, outside: Any, refused_at: str | None
) -> None:
    within = example if inside is ... else with_value(example, where, inside)
    beyond = with_value(example, where, outside)

    assert (pointer_of(within), pointer_of(beyond)) == (None, refused_at or where)


@pytest.mark.parametrize(
    ("content", "where", "says"),
    [
        ({"type": "poll", "poll": {}}, "/type", "'poll' cannot be sent, only text, image,"),
        ({"type": "text"}, "/text", "the object text is missing"),
        ({"type": "call", "call": {}}, "/type", "no calls through the API"),
        ({"type": "group_invite"}, "/type", "no groups through the API"),
        ({"type": "live_location"}, "/type", "live location is off"),
        ({"type": "edit"}, "/type", "in the app only"),
        (
            examples.interactive("call_permission_request"),
            "/interactive/type",
            "no calls through the API",
        ),
        (with_value(IMAGE, "/image/view_once", True), "/image/view_once", "view once is off"),
        ({**TEXT, "recipient_type": "group"}, "/recipient_type", "no groups through the API"),
        (message("text", body="x" * 5000), "/text/body", "body has more than 4096 characters"),
        (message("image"), "/image", "either an id or a link"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_cannot_be_done(
    content: Json, where: str, says: str
) -> None:
    found = asked(turn=signed(), messages=[TEXT, content])

    assert isinstance(found, Refusal)
    assert (found.pointer, says in found.reason) == (f"/messages/1{where}", True), found.reason


@pytest.mark.parametrize(
    ("example", "where", "written"),
    [
        (IMAGE, "/image/link", "16505551234"),
        (IMAGE, "/image/link", "https://16505551234\u2100.example"),
        (LOCATION, "/location/latitude", "16505551234"),
        (REACTION, "/reaction/emoji", "call 16505551234"),
    ],
)
def test_a_refusal_repeats_nothing_of_what_was_written(
    example: Json, where: str, written: str
) -> None:
    found = asked(turn=signed(), messages=[with_value(example, where, written)])

    assert isinstance(found, Refusal)
    assert "16505551234" not in found.reason


def test_keys_that_nobody_has_heard_of_are_kept() -> None:
    content = {**with_value(TEXT, "/text/shimmer", [1, None]), "ttl_seconds": 60}

    [kept] = reply(messages=[content]).contents

    assert kept.model_dump() == content


def test_a_pointer_escapes_what_rfc_6901_says() -> None:
    misspelt: Json = {"a~b/c: d": 1}
    found = asked(turn=signed(), messages=[TEXT], **misspelt)

    assert isinstance(found, Refusal)
    assert found.pointer == "/a~0b~1c: d"


def test_a_pointer_leads_to_what_was_written_and_not_to_what_was_tried() -> None:
    found = asked(turn=signed(), messages=[TEXT], then={"handoff": {}})

    assert isinstance(found, Refusal)
    assert found.pointer == "/then"


def test_one_read_mark_is_enough() -> None:
    found = asked(turn=signed(), messages=[READ, TEXT, TYPING])

    assert isinstance(found, Refusal)
    assert found.pointer == "/messages/2"


def test_a_one_time_code_goes_to_no_user_id() -> None:
    basis: Json = {"id": "r", "number": "1", "class": "authentication", "messages": [TEMPLATE]}
    found = [asked(**basis, to=to) for to in ("US.1349", "+16505551234")]

    assert [getattr(one, "pointer", None) for one in found] == ["/to", None]
