"""What every event has, and the small frozen values events are made of."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

TYPE_PREFIX = "io.saath."

Origin = Literal["live", "history"]
Author = Literal["customer", "bot", "person", "campaign", "automatic"]
JsonObject = dict[str, Any]

# A repr goes into tracebacks and from there into logs; what must not reach a log is left out of it.
Private = Field(repr=False)


# Where a model keeps what it is, set past its being frozen; found by name each time, they take half as
# long again.
_set_dict, _set_fields_set, _set_extra, _set_private = (
    vars(BaseModel)[name].__set__
    for name in (
        "__dict__",
        "__pydantic_fields_set__",
        "__pydantic_extra__",
        "__pydantic_private__",
    )
)


class Model(BaseModel):
    """A frozen value. Keys it does not know are ignored: an older reader survives a newer writer."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True
    )

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """
        A copy with *update*, which is not checked.

        As pydantic's own, in a sixth of the time: what is frozen need not be copied to be shared.
        """
        if deep:
            return super().model_copy(update=update, deep=deep)
        copied, update = self.__new__(type(self)), update or {}
        _set_dict(copied, {**self.__dict__, **update})
        _set_fields_set(copied, self.__pydantic_fields_set__ | update.keys())
        _set_extra(copied, self.__pydantic_extra__)
        _set_private(copied, self.__pydantic_private__)
        return copied

    def json_bytes(self, *, without: str | None = None) -> bytes:
        """As ``model_dump_json(exclude_none=True).encode()``, which makes a text of it first."""
        exclude = {without} if without else None
        return self.__pydantic_serializer__.to_json(self, exclude_none=True, exclude=exclude)


class Contact(Model):
    """
    The customer, as far as Meta says: by phone number, by business-scoped user id, or both.

    ``phone`` is digits without ``+``, as webhooks write it. It may be absent for good since 2026.
    ``identity_key_hash`` is there only where the number has Meta's identity check turned on.
    """

    phone: Annotated[str | None, Private] = None
    user_id: Annotated[str | None, Private] = None
    parent_user_id: Annotated[str | None, Private] = None
    name: Annotated[str | None, Private] = None
    username: Annotated[str | None, Private] = None
    identity_key_hash: Annotated[str | None, Private] = None


class Content(BaseModel):
    """
    A message's content in Meta's own shape: ``type``, and an object of that name beside it.

    Keys nobody has heard of are kept: Meta adds them unannounced.
    """

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    type: str

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [("type", self.type)]

    @property
    def text(self) -> str | None:
        """The words of a text message; ``None`` for any other type."""
        match (self.model_extra or {}).get("text"):
            case {"body": str() as body}:
                return body
            case _:
                return None

    @classmethod
    def of_text(cls, body: str) -> "Content":
        """Wrap plain words as Meta writes them."""
        return cls.model_validate({"type": "text", "text": {"body": body}})


class Event(Model):
    """
    The CloudEvents attributes of every event of ours, in its headers and again in its value.

    ``id`` is deterministic where Meta gave an id, so what is delivered twice has the same id twice.
    ``time`` is when it happened at its source; where its source dated it later than it was read, that
    is kept as ``dated``, and ``time`` is when it was read. ``causation`` is the id of the event that
    caused this one; ``correlation`` the turn it belongs to.
    """

    id: str
    type: str
    time: AwareDatetime
    number: str | None = None
    conversation: str | None = None
    origin: Origin = "live"
    correlation: str | None = None
    causation: str | None = None
    dated: AwareDatetime | None = None

    @property
    def source(self) -> str:
        """CloudEvents' ``source``: with ``id`` it is the identity for deduplication."""
        return f"/numbers/{self.number}" if self.number else "/saath"


class Pricing(Model):
    """What a status said about money, exactly as Meta said it; never recomputed."""

    model: str | None = None
    category: str | None = None
    type: str | None = None
    billable: bool | None = None


class Problem(Model):
    """An error in Meta's words."""

    code: int | None = None
    title: str | None = None
    message: Annotated[str | None, Private] = None
    details: Annotated[str | None, Private] = None
    href: str | None = None
