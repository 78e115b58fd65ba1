"""Messages that are tapped: buttons, lists, links, requests. Pure."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from saath_sender.kinds import media
from saath_sender.kinds.shape import Check, Name, Shape, WebAddress, Wrong, checked, within
from saath_sender.kinds.unavailable import UNAVAILABLE_INTERACTIVE

BODY_MAX, LIST_BODY_MAX, HEADER_MAX, FOOTER_MAX = 1024, 4096, 60, 60
BUTTONS_MAX, SECTIONS_MAX, ROWS_MAX = 3, 10, 10

Label = Annotated[str, Field(min_length=1, max_length=20)]
Title = Annotated[str, Field(min_length=1, max_length=24)]


class Body(Shape):
    """The words."""

    text: Annotated[str, Field(min_length=1, max_length=BODY_MAX)]


class ListBody(Shape):
    """A list's words may be longer."""

    text: Annotated[str, Field(min_length=1, max_length=LIST_BODY_MAX)]


class Footer(Shape):
    """Small words below."""

    text: Annotated[str, Field(min_length=1, max_length=FOOTER_MAX)]


class Header(Shape):
    """Words, or one file: ``type`` says which."""

    type: Literal["text", "image", "video", "document"]
    text: Annotated[str | None, Field(min_length=1, max_length=HEADER_MAX)] = None
    image: media.Media | None = None
    video: media.Media | None = None
    document: media.Document | None = None

    def rules(self) -> Iterable[Wrong]:
        shown = getattr(self, self.type)
        if shown is None:
            yield Wrong((self.type,), f"{self.type} is missing: a header of this type needs it")
        if isinstance(shown, Shape):
            yield from within(shown, self.type)


class Interactive(Shape):
    """What all have. ``headers`` are the types of header that it may have."""

    headers: ClassVar[tuple[str, ...]] = ("text", "image", "video", "document")

    header: Header | None = None
    footer: Footer | None = None

    def rules(self) -> Iterable[Wrong]:
        if self.header and self.header.type not in self.headers:
            allowed = " or ".join(self.headers)
            yield Wrong(("header", "type"), f"type must be {allowed} for this kind of message")
        yield from within(self.header, "header")


class OtherMessage(Interactive):
    """One of which the facts give no details: it is looked into as far as all are alike."""

    body: Body | None = None
    action: dict[str, Any] | None = None


class ReplyTo(Shape):
    """``id`` comes back when the button is tapped."""

    id: Annotated[str, Field(min_length=1, max_length=256)]
    title: Label


class ReplyButton(Shape):
    type: Literal["reply"]
    reply: ReplyTo


class Buttons(Shape):
    buttons: Annotated[list[ReplyButton], Field(min_length=1, max_length=BUTTONS_MAX)]


class ButtonMessage(Interactive):
    """Up to three answers to tap."""

    body: Body
    action: Buttons

    def rules(self) -> Iterable[Wrong]:
        yield from super().rules()
        named = [(("buttons", i), b.reply.id) for i, b in enumerate(self.action.buttons)]
        yield from _twice([((*place, "reply", "id"), name) for place, name in named])


class Row(Shape):
    """``id`` comes back when the row is chosen."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    title: Title
    description: Annotated[str | None, Field(max_length=72)] = None


class ListSection(Shape):
    title: Annotated[str | None, Field(max_length=24)] = None
    rows: Annotated[list[Row], Field(min_length=1)]


class Sections(Shape):
    button: Label
    sections: Annotated[list[ListSection], Field(min_length=1, max_length=SECTIONS_MAX)]


class ListMessage(Interactive):
    """Up to ten rows to choose from, in sections."""

    headers: ClassVar[tuple[str, ...]] = ("text",)

    body: ListBody
    action: Sections

    def rules(self) -> Iterable[Wrong]:
        yield from super().rules()
        sections = self.action.sections
        rows = sum(len(section.rows) for section in sections)
        if rows > ROWS_MAX:
            reason = f"a list has at most {ROWS_MAX} rows in all its sections, not {rows}"
            yield Wrong(("action", "sections"), reason)
        for place, section in enumerate(sections):
            if len(sections) > 1 and not section.title:
                reason = "title is missing: each of several sections needs one"
                yield Wrong(("action", "sections", place, "title"), reason)
        yield from _twice(
            [
                (("sections", i, "rows", j, "id"), row.id)
                for i, section in enumerate(sections)
                for j, row in enumerate(section.rows)
            ]
        )


class Link(Shape):
    display_text: Label
    url: WebAddress


class LinkAction(Shape):
    name: Literal["cta_url"]
    parameters: Link


class LinkMessage(Interactive):
    """A button that opens a web address."""

    body: Body
    action: LinkAction


class LocationAction(Shape):
    name: Literal["send_location"]


class LocationRequest(Interactive):
    """A button with which the customer sends where they are."""

    body: Body
    action: LocationAction


INTERACTIVE: Mapping[str, Check] = {
    "button": checked(ButtonMessage),
    "list": checked(ListMessage),
    "cta_url": checked(LinkMessage),
    "location_request_message": checked(LocationRequest),
} | dict.fromkeys(
    ("flow", "product", "product_list", "carousel", "address_message", "request_contact_info"),
    checked(OtherMessage),
)


class _Typed(Shape):
    type: Name


_typed = checked(_Typed)


def wrong(written: Any) -> Wrong | None:
    """What is wrong with an interactive message, by its own ``type``."""
    if found := _typed(written):
        return found
    kind = written["type"]
    if kind in UNAVAILABLE_INTERACTIVE:
        return Wrong(("type",), UNAVAILABLE_INTERACTIVE[kind])
    if kind not in INTERACTIVE:
        return Wrong(("type",), f"{kind[:40]!r} cannot be sent, only {', '.join(INTERACTIVE)}")
    return INTERACTIVE[kind](written)


def _twice(named: Iterable[tuple[tuple[str | int, ...], str]]) -> Iterable[Wrong]:
    """An id that two have: nobody could say which was tapped."""
    seen: set[str] = set()
    for place, name in named:
        if name in seen:
            yield Wrong(("action", *place), "id is another one's too: give each its own")
        seen.add(name)
