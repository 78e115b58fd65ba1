"""What a customer did besides writing: called, clicked, chose, or became known by another id."""

from typing import Annotated, Literal

from saath.events.base import Contact, Event, JsonObject, Private


class CallReported(Event):
    """
    A call between the customer and the number, at one of its steps (``connect``, …).

    ``direction`` is in Meta's words. Calls made in the app are not reported. ``details`` is what
    else Meta said of it.
    """

    type: Literal["io.saath.call.reported.v1"] = "io.saath.call.reported.v1"
    call_id: str
    event: str | None = None
    direction: str | None = None
    contact: Contact
    details: Annotated[JsonObject | None, Private] = None


class MessageLinkClicked(Event):
    """
    Somebody clicked a link in a marketing message; Meta mostly does not say who.

    ``details`` is what Meta wrote.
    """

    type: Literal["io.saath.message.link_clicked.v1"] = "io.saath.message.link_clicked.v1"
    contact: Contact | None = None
    details: Annotated[JsonObject, Private]


class ContactPreferenceChanged(Event):
    """
    A customer chose what they want to be sent: ``stop``, ``resume`` or ``signup`` of a category.

    After ``stop`` every further marketing template fails. ``details`` is what else Meta said of it.
    """

    type: Literal["io.saath.contact.preference_changed.v1"] = (
        "io.saath.contact.preference_changed.v1"
    )
    contact: Contact
    category: str
    value: str
    detail: Annotated[str | None, Private] = None
    details: Annotated[JsonObject | None, Private] = None


class ContactIdentityChanged(Event):
    """
    A customer has another business-scoped user id from now on; ``contact`` has the new one.

    ``details`` is what else Meta said of it.
    """

    type: Literal["io.saath.contact.identity_changed.v1"] = "io.saath.contact.identity_changed.v1"
    contact: Contact
    previous_user_id: Annotated[str | None, Private] = None
    details: Annotated[JsonObject | None, Private] = None


class ContactRecorded(Event):
    """
    The latest entry of the phone's address book. Compacted by ``entry``, which names nobody.

    A removed one stays for a while as ``removed``.
    """

    type: Literal["io.saath.contact.recorded.v1"] = "io.saath.contact.recorded.v1"
    entry: str
    contact: Contact
    first_name: Annotated[str | None, Private] = None
    removed: bool = False
