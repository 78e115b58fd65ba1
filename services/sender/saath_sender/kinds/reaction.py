"""An emoji at a message, or its removal. Pure."""

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from saath_sender.kinds.shape import Name, Shape, checked

# What is an emoji changes every year; words and spaces are none in any of them.
NO_EMOJI = re.compile(r"[A-Za-z\s]")


def _emoji(written: str) -> str:
    if NO_EMOJI.search(written):
        raise PydanticCustomError("emoji", 'must be one emoji, or "" to take the reaction back')
    return written


class Reaction(Shape):
    """``emoji`` is ``""`` to take it back. Meta refuses it for a message older than 30 days."""

    message_id: Name
    emoji: Annotated[str, AfterValidator(_emoji)]


wrong = checked(Reaction)
