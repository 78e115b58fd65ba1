"""One message of each kind and shape, as Meta's pages write them."""

import copy
from typing import Any

Json = dict[str, Any]

WAMID = "wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJDQjZCMzlEQUE4OTJBMTE4RTUA"


def message(kind: str, **what: Any) -> Json:
    return {"type": kind, kind: what}


def interactive(kind: str, **what: Any) -> Json:
    return message("interactive", type=kind, **what)


TEXT = message("text", body="See https://example.com", preview_url=True)
IMAGE = message("image", id="1003383421387256", caption="The blue one")
VIDEO = message("video", link="https://example.com/clip.mp4", caption="How it works")
AUDIO = message("audio", id="1003383421387257", voice=True)
DOCUMENT = message(
    "document", link="https://example.com/a.pdf", caption="Your order", filename="order.pdf"
)
STICKER = message("sticker", id="1003383421387258")
LOCATION = message(
    "location", latitude=37.483307, longitude=-122.148981, name="The shop", address="1 Hacker Way"
)
CONTACTS: Json = {
    "type": "contacts",
    "contacts": [
        {
            "name": {"formatted_name": "Sheena Nelson", "first_name": "Sheena"},
            "phones": [{"phone": "+16505551234", "wa_id": "16505551234", "type": "WORK"}],
            "emails": [{"email": "s@example.com", "type": "WORK"}],
            "org": {"company": "Lucky Shrub"},
            "urls": [{"url": "https://example.com", "type": "WORK"}],
            "addresses": [{"city": "Menlo Park"}],
            "birthday": "1999-01-23",
        }
    ],
}
REACTION = message("reaction", message_id=WAMID, emoji="\N{THUMBS UP SIGN}")
UNREACTION = message("reaction", message_id=WAMID, emoji="")
BUTTONS = interactive(
    "button",
    header={"type": "image", "image": {"link": "https://example.com/a.jpg"}},
    body={"text": "Which one?"},
    footer={"text": "Tap one"},
    action={
        "buttons": [
            {"type": "reply", "reply": {"id": "blue", "title": "Blue"}},
            {"type": "reply", "reply": {"id": "red", "title": "Red"}},
        ]
    },
)
LIST = interactive(
    "list",
    header={"type": "text", "text": "Shipping"},
    body={"text": "How shall we send it?"},
    footer={"text": "Prices with tax"},
    action={
        "button": "Options",
        "sections": [
            {
                "title": "Fast",
                "rows": [{"id": "express", "title": "Express", "description": "Tomorrow"}],
            },
            {"title": "Cheap", "rows": [{"id": "post", "title": "Post"}]},
        ],
    },
)
LINK = interactive(
    "cta_url",
    body={"text": "Choose a day"},
    action={
        "name": "cta_url",
        "parameters": {"display_text": "See days", "url": "https://example.com/days?x=1"},
    },
)
ASK_LOCATION = interactive(
    "location_request_message",
    body={"text": "Where shall we bring it?"},
    action={"name": "send_location"},
)
FLOW = interactive(
    "flow",
    body={"text": "Book a table"},
    action={"name": "flow", "parameters": {"flow_id": "1", "flow_cta": "Book"}},
)
PRODUCT = interactive("product", action={"catalog_id": "1", "product_retailer_id": "p"})
PRODUCTS = interactive(
    "product_list",
    header={"type": "text", "text": "New"},
    body={"text": "Look"},
    action={"catalog_id": "1", "sections": [{"product_items": [{"product_retailer_id": "p"}]}]},
)
CAROUSEL = interactive("carousel", body={"text": "Look"}, action={"cards": [{"card_index": 0}]})
ADDRESS = interactive(
    "address_message",
    body={"text": "Where to?"},
    action={"name": "address_message", "parameters": {"country": "IN"}},
)
ASK_NUMBER = interactive("request_contact_info", body={"text": "May we have your number?"})
TEMPLATE = message(
    "template",
    name="order_ready",
    language={"code": "en_US"},
    components=[
        {
            "type": "header",
            "parameters": [{"type": "image", "image": {"link": "https://example.com/a.jpg"}}],
        },
        {
            "type": "body",
            "parameters": [{"type": "text", "text": "Sheena", "parameter_name": "first_name"}],
        },
        {
            "type": "button",
            "sub_type": "quick_reply",
            "index": "0",
            "parameters": [{"type": "payload", "payload": "yes"}],
        },
    ],
)
REPLY = {**message("text", body="That one"), "context": {"message_id": WAMID}}
READ = message("read", message_id=WAMID)
TYPING = message("read", message_id=WAMID, typing=True)

# What goes to Meta as a message; read marks go as what they are.
SENT: dict[str, Json] = {
    "text": TEXT,
    "image": IMAGE,
    "video": VIDEO,
    "audio": AUDIO,
    "document": DOCUMENT,
    "sticker": STICKER,
    "location": LOCATION,
    "contacts": CONTACTS,
    "reaction": REACTION,
    "reaction taken back": UNREACTION,
    "buttons": BUTTONS,
    "list": LIST,
    "link": LINK,
    "location request": ASK_LOCATION,
    "flow": FLOW,
    "product": PRODUCT,
    "products": PRODUCTS,
    "carousel": CAROUSEL,
    "address": ADDRESS,
    "number request": ASK_NUMBER,
    "template": TEMPLATE,
    "reply": REPLY,
}


def with_value(example: Json, pointer: str, value: Any) -> Json:
    """*example* with another value at *pointer*, or without one where it is ``...``."""
    changed = copy.deepcopy(example)
    *way, last = [int(p) if p.isdecimal() else p for p in pointer.strip("/").split("/")]
    at: Any = changed
    for part in way:
        at = at.setdefault(part, {}) if isinstance(at, dict) else at[part]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return changed
