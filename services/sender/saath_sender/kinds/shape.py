"""How a kind is described: a model of its fields, and what is wrong with one as a path and a sentence."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from saath.codec import escaped

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong, and where: the keys and places that lead to it."""

    path: Path
    reason: str

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer (RFC 6901)."""
        return escaped(self.path)

    def under(self, *above: str | int) -> "Wrong":
        """The same, seen from further up."""
        return Wrong((*above, *self.path), self.reason)


Check = Callable[[Any], Wrong | None]


class Shape(BaseModel):
    """
    Fields that Meta documents, held to their limits. Others pass: Meta adds some unannounced.

    ``null`` is the same as left out, for clients that write every field they know.
    """

    model_config = ConfigDict(
        frozen=True, extra="allow", strict=True, hide_input_in_errors=True, populate_by_name=True
    )

    def rules(self) -> Iterable[Wrong]:
        """What no single field says."""
        return ()

    def also(self, name: str) -> Any:
        """What stands in a field that the kind does not have; ``None`` where nothing does."""
        return (self.model_extra or {}).get(name)


def _web_address(address: str) -> str:
    try:
        parts = urlsplit(address)
        found = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        found = False
    if not found or any(character.isspace() for character in address):
        raise PydanticCustomError(
            "web_address", "must be a whole web address that begins with https:// or http://"
        )
    return address


Name = Annotated[str, Field(min_length=1)]
WebAddress = Annotated[str, AfterValidator(_web_address)]

# By pydantic's name of an error: a sentence for whoever wrote the request. It repeats nothing of
# what was written, for that may be a customer's.
SENTENCES: Mapping[str, str] = {
    "missing": "is missing: write it",
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "string_too_short": "must not be empty",
    "string_too_long": "has more than {max_length} characters: shorten it",
    "too_short": "has too few elements: at least {min_length} must be there",
    "too_long": "has {actual_length} elements, and at most {max_length} may be there: take some out",
    "extra_forbidden": "is not known here: misspelt?",
    "literal_error": "must be {expected}",
}


def checked(model: type[Shape] | TypeAdapter[Any]) -> Check:
    """The check that *model* stands for."""
    adapter = model if isinstance(model, TypeAdapter) else TypeAdapter(model)

    def check(written: Any) -> Wrong | None:
        try:
            shape = adapter.validate_python(written)
        except ValidationError as error:
            return _wrong(error)
        return next(iter(shape.rules()), None) if isinstance(shape, Shape) else None

    return check


def within(shape: Shape | None, *above: str | int) -> Iterable[Wrong]:
    """What the rules of a part say, seen from the whole."""
    return () if shape is None else (found.under(*above) for found in shape.rules())


def _wrong(error: ValidationError) -> Wrong:
    first = error.errors(include_input=False, include_url=False)[0]
    path = first["loc"]
    said = SENTENCES.get(first["type"], first["msg"])
    sentence = said.format_map(first.get("ctx", {})) if first["type"] in SENTENCES else said
    return Wrong(path, f"{path[-1]} {sentence}" if path else f"it {sentence}")
