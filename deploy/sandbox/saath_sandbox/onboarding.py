"""How a number comes to us: codes, tokens, and the two one-time requests for its past."""

import asyncio

from saath_sandbox import errors, history, webhooks
from saath_sandbox.asks import HistorySpec
from saath_sandbox.later import Later
from saath_sandbox.numbers import Number, World
from saath_sandbox.people import People
from saath_sandbox.webhooks import Json, Person

SYNC_WITHIN_SECONDS = 24 * 3600
CONTACTS_IN_ONE_BODY = 100

CONTACTS, HISTORY = "smb_app_state_sync", "history"

_NAMES = ("Pablo Morales", "Barbara J. Johnson", "José Ñandú", "आशा वर्मा", "Sheena Nelson")


class Onboarding:
    """Exchanges codes, and sends the contacts and the history when asked, once."""

    def __init__(self, world: World, people: People, later: Later) -> None:
        self._world = world
        self._people = people
        self._later = later

    def exchange(self, client_id: str, client_secret: str, code: str) -> str:
        """A token for a code that is not older than 30 seconds."""
        settings = self._world.settings
        if (client_id, client_secret) != (settings.app_id, settings.app_secret):
            raise errors.BAD_CLIENT
        known = self._world.codes.get(code)
        if known is None:
            raise errors.BAD_CODE
        if known.used:
            raise errors.USED_CODE
        if self._world.clock.unix() - known.issued_at > settings.code_lives_seconds:
            raise errors.EXPIRED_CODE
        known.used = True
        return self._world.issue_token(known.waba_id)

    async def sync(self, number: Number, sync_type: str) -> str:
        """Begin to send what was asked for; the request's id."""
        if sync_type not in (CONTACTS, HISTORY):
            raise errors.INVALID_PARAMETER.saying(
                f"Param sync_type must be one of {{{CONTACTS}, {HISTORY}}}"
            )
        if self._world.clock.unix() - number.onboarded_at > SYNC_WITHIN_SECONDS:
            raise errors.SYNC_TOO_LATE
        if sync_type in number.asked:
            raise errors.ALREADY_SYNCED
        number.asked.add(sync_type)
        if sync_type == CONTACTS:
            self._send_contacts(number)
        else:
            await self._send_history(number)
        return self._world.ids.request()

    def _send_contacts(self, number: Number) -> None:
        people = dict(number.saved)
        if isinstance(number.history, HistorySpec):
            # Every second customer of the history is in the address book.
            phones = history.customers(number.history, number.display_phone_number)[::2]
            for index, phone in enumerate(phones):
                people.setdefault(phone, Person(phone, name=_NAMES[index % len(_NAMES)]))
        at = int(self._world.clock.unix())
        items = [webhooks.contact_state(person, "add", at) for person in people.values()]
        for start in range(0, len(items), CONTACTS_IN_ONE_BODY):
            part = items[start : start + CONTACTS_IN_ONE_BODY]
            self._people.announce(number, CONTACTS, {"state_sync": part})

    async def _send_history(self, number: Number) -> None:
        if number.history == "silent":  # accepted, and nothing ever comes: seen in the field
            return
        if number.history == "declined":
            self._people.announce(number, HISTORY, webhooks.history_declined())
            return
        # A long history takes a second to make up; the cap is measured meanwhile.
        values = await asyncio.to_thread(self._compose, number, number.history)
        for index, value in enumerate(values, start=1):
            self._later.call(
                index * number.history.interval_seconds,
                lambda value=value: self._people.announce(number, HISTORY, value),  # type: ignore[misc]
            )

    def _compose(self, number: Number, spec: HistorySpec) -> list[Json]:
        business = number.display_phone_number
        if not number.old_messages:  # a phone that is onboarded again has the same past
            number.old_messages = history.compose(
                spec, business, int(number.onboarded_at), number.chance, self._world.ids
            )
        return history.deliver(number.old_messages, spec, business, number.chance)
