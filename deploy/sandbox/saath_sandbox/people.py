"""The people: customers who write, and whoever holds the business's phone."""

from collections.abc import Mapping
from typing import Any

from saath_sandbox import webhooks
from saath_sandbox.arrivals import Arrivals
from saath_sandbox.asks import AccountAsk, ContactAsk, EchoAsk, InboundAsk
from saath_sandbox.delivery import Delivery
from saath_sandbox.later import Later
from saath_sandbox.numbers import Contact, Number, World
from saath_sandbox.validation import digits
from saath_sandbox.webhooks import Json, Person, Update

_EFFECTS = {
    "PARTNER_REMOVED": "removed",
    "PARTNER_APP_UNINSTALLED": "removed",
    "ACCOUNT_DELETED": "removed",
    "ACCOUNT_OFFBOARDED": "offboarded",
    "ACCOUNT_RECONNECTED": "connected",
}


class People:
    """Turns what people do into webhooks."""

    def __init__(self, world: World, delivery: Delivery, later: Later, arrivals: Arrivals) -> None:
        self._world = world
        self._delivery = delivery
        self._later = later
        self._arrivals = arrivals

    def announce(self, number: Number, field: str, value: Mapping[str, Any]) -> None:
        """Send a phone-level webhook, unless nobody subscribed."""
        if not number.subscribed:
            self._delivery.lost()
            return
        head = webhooks.metadata(number.display_phone_number, number.phone_number_id)
        self._delivery.put(Update(number.phone_number_id, number.waba_id, field, {**head, **value}))

    def customer_writes(self, number: Number, ask: InboundAsk) -> str:
        """A customer writes. Only the addresses given are shown in the webhook."""
        phone = digits(ask.phone) if ask.phone else None
        shown = Person(phone, ask.user_id, ask.name, ask.username)
        contact = number.contact(phone, ask.user_id)
        address = phone or ask.user_id or ""
        wamid = ask.wamid or self._world.ids.wamid(address, "customer")
        timestamp = int(self._world.clock.unix()) if ask.timestamp is None else ask.timestamp
        message = _message(ask.text, ask.message)
        self._note(number, contact, shown, timestamp, message)

        real = webhooks.received(shown, wamid, timestamp, message)
        if ask.stub_first_seconds is None:
            self.announce(number, "messages", real)
        else:
            stub = webhooks.received(shown, wamid, timestamp, webhooks.unavailable())
            self.announce(number, "messages", stub)
            self._later.call(
                ask.stub_first_seconds, lambda: self.announce(number, "messages", real)
            )
        self._greet(number, contact)
        return wamid

    def person_answers(self, number: Number, ask: EchoAsk) -> str:
        """A person writes in the Business app; edits and deletions are messages too."""
        phone = digits(ask.to) if ask.to else None
        person = Person(phone, ask.to_user_id)
        wamid = ask.wamid or self._world.ids.wamid(phone or ask.to_user_id or "", "business")
        timestamp = int(self._world.clock.unix()) if ask.timestamp is None else ask.timestamp
        message = _message(ask.text, ask.message)
        tally = self._arrivals.tally(number.phone_number_id)
        if ask.auto:
            tally.echoes_by_app += 1
        else:
            tally.echoes_by_people += 1
        business = number.display_phone_number
        self.announce(
            number,
            "smb_message_echoes",
            webhooks.echoed(business, person, wamid, timestamp, message),
        )
        return wamid

    def contact_saved(self, number: Number, ask: ContactAsk) -> None:
        """A contact is added to the phone's address book, changed, or removed."""
        phone = digits(ask.phone) if ask.phone else None
        person = Person(phone, ask.user_id, ask.name)
        key = phone or ask.user_id or ""
        if ask.action == "remove":
            number.saved.pop(key, None)
        else:
            number.saved[key] = person
        at = int(self._world.clock.unix()) if ask.timestamp is None else ask.timestamp
        item = webhooks.contact_state(person, ask.action, at)
        self.announce(number, "smb_app_state_sync", {"state_sync": [item]})

    def account_changed(self, ask: AccountAsk) -> None:
        """Meta tells of the account; it goes to the app whether subscribed or not."""
        world = self._world
        numbers = [world.numbers[ask.number]] if ask.number else world.of_waba(ask.waba_id or "")
        waba_id = ask.waba_id or (numbers[0].waba_id if numbers else "")
        if ask.effect and ask.event in _EFFECTS:
            for number in numbers:
                number.state = _EFFECTS[ask.event]  # type: ignore[assignment] # a str table
        if not ask.told:
            return
        objects = dict(ask.objects)
        if ask.event == "PARTNER_REMOVED" and ask.number:
            objects.setdefault("phone_number", numbers[0].display_phone_number)
        value: Json = {**objects, "event": ask.event}
        self._delivery.put(
            Update(waba_id, waba_id, "account_update", value, at=int(world.clock.unix()))
        )

    def _note(
        self, number: Number, contact: Contact, shown: Person, timestamp: int, message: Json
    ) -> None:
        known = contact.person
        contact.person = Person(
            known.phone, known.user_id, shown.name or known.name, shown.username or known.username
        )
        contact.last_inbound_at = max(contact.last_inbound_at, timestamp)
        if "referral" in message:
            contact.came_by_ad_at = timestamp
        self._arrivals.tally(number.phone_number_id).inbound += 1
        if number.cap_counts_inbound:
            number.admitted.add(self._world.clock.now().monotonic)

    def _greet(self, number: Number, contact: Contact) -> None:
        if number.greeting is None or contact.greeted:
            return
        contact.greeted = True
        greeting = EchoAsk(
            number=number.phone_number_id,
            to=contact.person.phone,
            to_user_id=contact.person.user_id,
            text=number.greeting,
            auto=True,
        )
        self._later.call(
            number.greeting_after_seconds, lambda: self.person_answers(number, greeting)
        )


def _message(text: str | None, message: Mapping[str, Any] | None) -> Json:
    if text is not None:
        return {"type": "text", "text": {"body": text}, **(message or {})}
    return dict(message or {"type": "text", "text": {"body": ""}})
