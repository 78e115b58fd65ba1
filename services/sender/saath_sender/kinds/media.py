"""Pictures, sounds, films, files and stickers: what was uploaded, by its id, or what lies at a link. Pure."""

from collections.abc import Iterable, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from saath_sender.kinds.shape import Check, Name, Shape, WebAddress, Wrong, checked
from saath_sender.kinds.unavailable import VIEW_ONCE

CAPTION_MAX = 1024

Caption = Annotated[str | None, Field(max_length=CAPTION_MAX)]


class Media(Shape):
    """What every kind of file has. Whether it is one that Meta takes is seen when Meta has it."""

    captioned: ClassVar[bool] = True

    id: Name | None = None
    link: WebAddress | None = None
    caption: Caption = None

    def rules(self) -> Iterable[Wrong]:
        if (self.id is None) == (self.link is None):
            yield Wrong((), "either an id or a link must be there, and not both")
        if self.caption and not self.captioned:
            yield Wrong(
                ("caption",), "this kind has no caption: send the words as a text beside it"
            )
        if self.also("view_once"):
            yield Wrong(("view_once",), VIEW_ONCE)


class Audio(Media):
    """``voice``: shown as a voice message, which must be OGG with Opus."""

    captioned: ClassVar[bool] = False

    voice: bool | None = None


class Document(Media):
    """``filename`` is what the customer sees, and its ending says how it is opened."""

    filename: str | None = None


class Sticker(Media):
    """WebP."""

    captioned: ClassVar[bool] = False


KINDS: Mapping[str, Check] = {
    "image": checked(Media),
    "video": checked(Media),
    "audio": checked(Audio),
    "document": checked(Document),
    "sticker": checked(Sticker),
}
