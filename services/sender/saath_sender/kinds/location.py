"""A place on the map. Pure."""

import re
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from saath_sender.kinds.shape import Shape, checked

# Meta's own examples write numbers as strings.
NUMERAL = re.compile(r"[+-]?\d{1,3}(\.\d{0,32})?", re.ASCII)


def _degrees(most: int, written: Any) -> Any:
    degrees = written
    if isinstance(written, str) and NUMERAL.fullmatch(written):
        degrees = float(written)
    if isinstance(degrees, bool) or not isinstance(degrees, int | float):
        raise PydanticCustomError("degrees", "must be a number of degrees, as 52.52")
    if not -most <= degrees <= most:
        reason = "must be between -{most} and {most} degrees"
        raise PydanticCustomError("degrees_range", reason, {"most": most})
    return written


class Location(Shape):
    """``address`` is shown beside a ``name`` only."""

    latitude: Annotated[Any, AfterValidator(partial(_degrees, 90))]
    longitude: Annotated[Any, AfterValidator(partial(_degrees, 180))]
    name: str | None = None
    address: str | None = None


wrong = checked(Location)
