"""Cards of people, as an address book has them. Pure."""

from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from saath_sender.kinds.shape import Name, Shape, checked

CARDS_MAX = 257


class Named(Shape):
    """All but the whole name may be left out."""

    formatted_name: Name
    first_name: str | None = None
    last_name: str | None = None


class Phone(Shape):
    """With a ``wa_id`` the customer can write to it at once."""

    phone: str | None = None
    wa_id: str | None = None


class Card(Shape):
    """One person, or shop."""

    name: Named
    phones: list[Phone] | None = None
    emails: list[dict[str, Any]] | None = None
    addresses: list[dict[str, Any]] | None = None
    urls: list[dict[str, Any]] | None = None
    org: dict[str, Any] | None = None
    birthday: str | None = None


wrong = checked(TypeAdapter(Annotated[list[Card], Field(min_length=1, max_length=CARDS_MAX)]))
