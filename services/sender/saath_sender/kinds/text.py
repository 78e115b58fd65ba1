"""Words. Pure."""

from typing import Annotated

from pydantic import Field

from saath_sender.kinds.shape import Shape, checked

BODY_MAX = 4096


class Text(Shape):
    """``preview_url``: WhatsApp shows a picture of the first address in it."""

    body: Annotated[str, Field(min_length=1, max_length=BODY_MAX)]
    preview_url: bool | None = None


wrong = checked(Text)
