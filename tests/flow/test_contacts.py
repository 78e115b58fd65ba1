"""The phone's address book, from webhooks to ``contacts``: ingest and sync on a real broker."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.flow.test_sync import read, sync_and_ingest

from saath.events import ContactRecorded
from saath.identity import alias_key
from saath.settings import KafkaSettings, TopicSettings
from saath.topics import CONTACTS
from saath_demo.stack import Stack, StackFailed
from saath_sandbox.client import Sandbox
from saath_sandbox.views import RegisteredNumber

PHONE, OTHER, USER = "16505551234", "16505556789", "US.13491208655302741918"


class Phone:
    """A business's phone whose webhooks a test writes itself, so that it can date them."""

    def __init__(self, meta: Sandbox, number: RegisteredNumber) -> None:
        self._meta, self._number = meta, number

    async def tells(self, *items: dict[str, Any]) -> None:
        """One webhook of the address book."""
        number = self._number
        names = {
            "display_phone_number": number.display_phone_number,
            "phone_number_id": number.phone_number_id,
        }
        value = {"messaging_product": "whatsapp", "metadata": names, "state_sync": list(items)}
        entry = {
            "id": number.waba_id,
            "changes": [{"value": value, "field": "smb_app_state_sync"}],
        }
        body = {"object": "whatsapp_business_account", "entry": [entry]}
        assert await self._meta.raw(body) == 200


def item(action: str, at: int, **contact: str) -> dict[str, Any]:
    timestamp = {"timestamp": str(1_790_000_000 + at)}
    return {"type": "contact", "contact": contact, "action": action, "metadata": timestamp}


FIRST = (
    item("add", 10, phone_number=PHONE, full_name="Pablo Morales", first_name="Pablo"),
    item("add", 30, phone_number=PHONE, full_name="Pablo M.", user_id=USER),
    item("add", 20, phone_number=PHONE, full_name="Too late"),
    item("add", 10, phone_number=OTHER, full_name="Ana"),
)
THEN = (item("remove", 40, user_id=USER), item("add", 35, phone_number=PHONE, full_name="Too late"))


async def recorded(
    kafka: KafkaSettings, topics: TopicSettings, count: int
) -> list[ContactRecorded]:
    """All that is on ``contacts``, once there are so many."""
    async with asyncio.timeout(30):
        while True:
            events = await read(kafka, topics, CONTACTS)
            if len(events) >= count:
                return [e for e in events if isinstance(e, ContactRecorded)]
            await asyncio.sleep(0.1)


async def restarted(stack: Stack) -> None:
    stack.kill("sync")
    stack.start("sync")
    await stack.wait_until_ready("sync")


async def test_the_address_book_is_recorded_each_change_once_and_the_latest_last(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    settings = {"SAATH_KAFKA__SESSION_TIMEOUT_MS": "6000"}
    async with sync_and_ingest(kafka, topics, tmp_path, **settings) as (stack, meta, _):
        number = await meta.register_number(subscribed=True)
        phone = Phone(meta, number)

        await phone.tells(*FIRST)
        await meta.account_update("ACCOUNT_VERIFIED", waba_id=number.waba_id)
        await recorded(kafka, topics, 3)
        await restarted(stack)
        await phone.tells(*FIRST, *THEN)
        await phone.tells(item("add", 50, phone_number=OTHER, full_name="Ana Ruiz"))
        events = await recorded(kafka, topics, 5)
        key = stack.secrets.installation_key.encode()
        log = stack.log_path("sync").read_text()

    told = [
        (e.entry, e.contact.phone, e.contact.user_id, e.contact.name, e.removed) for e in events
    ]
    pablo, ana = (
        alias_key(key, number.phone_number_id, f"phone:{phone}") for phone in (PHONE, OTHER)
    )
    assert told == [
        (pablo, PHONE, None, "Pablo Morales", False),
        (pablo, PHONE, USER, "Pablo M.", False),
        (ana, OTHER, None, "Ana", False),
        (pablo, PHONE, USER, None, True),
        (ana, OTHER, None, "Ana Ruiz", False),
    ]
    assert "dead_lettered" not in log
    assert not any(name in log for name in (PHONE, OTHER, USER, "Pablo"))


async def test_another_installation_key_ends_sync_with_a_sentence(
    kafka: KafkaSettings, topics: TopicSettings, tmp_path: Path
) -> None:
    async with sync_and_ingest(kafka, topics, tmp_path) as (stack, meta, _):
        number = await meta.register_number(subscribed=True)
        await Phone(meta, number).tells(*FIRST)
        await recorded(kafka, topics, 3)
        await stack.stop("sync")

    (tmp_path / "another").mkdir()
    with pytest.raises(StackFailed, match="SAATH_INSTALLATION_KEY is not the one"):
        async with sync_and_ingest(kafka, topics, tmp_path / "another"):
            pass
