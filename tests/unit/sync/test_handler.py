"""What one partition writes: ledgers that changed, and the public record where it says something new."""

from datetime import datetime, timedelta

import pytest
from tests.unit.sync.samples import NOW, NUMBER, chunk, contact, message

from saath.codec import decode, encode
from saath.errors import Misconfigured, PoisonRecord
from saath.events import (
    AccountUpdated,
    Contact,
    ContactRecorded,
    Content,
    CredentialRecorded,
    Event,
    MessageBackfilled,
    MessageEchoed,
    NumberRecorded,
)
from saath.kafka.layout import Layout
from saath.kafka.records import Record
from saath.topics import (
    ACCOUNTS,
    BACKFILL,
    CONTACTS,
    HISTORY,
    INBOUND,
    NUMBERS,
    TOPICS,
    Topic,
    partition_for,
)
from saath_sync.facts import ReplayBegun, ReplayFinished, ReplayProgressed
from saath_sync.handler import STATE, Installation, SyncHandler
from saath_sync.ledger import Replay
from saath_sync.onboarding import StepRefused
from saath_sync.phases import MEDIA_FOR, Due

PARTITIONS = 24
LAYOUT = Layout({topic.name: PARTITIONS for topic in TOPICS})
OURS = partition_for(NUMBER, PARTITIONS)
KEY = b"0123456789abcdef"


def owner(key: bytes = KEY) -> SyncHandler:
    return SyncHandler(OURS, Installation(key, LAYOUT, timedelta(hours=1)))


def record(event: Event, offset: int, topic: Topic = HISTORY, at: datetime = NOW) -> Record:
    headers, value = encode(event)
    stamp = int(at.timestamp() * 1000)
    return Record(topic, OURS, offset, stamp, NUMBER.encode(), value, tuple(headers))


def finish(handler: SyncHandler) -> list[str]:
    return [output.topic.name for output in handler.finish({}, NOW)]


def test_state_goes_before_what_is_published_of_it_and_nothing_new_is_not_said() -> None:
    handler = owner()
    handler.handle(record(message("a"), 0), NOW)
    handler.handle(record(chunk(0, 1), 1), NOW)
    first = finish(handler)
    handler.handle(record(message("b"), 2), NOW)

    assert (first, finish(handler), finish(handler)) == (
        [STATE.name, NUMBERS.name],
        [STATE.name],
        [],
    )


def test_whoever_takes_over_knows_what_the_owner_knew() -> None:
    handler = owner()
    handler.handle(record(message("a"), 0), NOW)
    handler.handle(record(chunk(0, 1), 1), NOW)
    state = [output for output in handler.finish({}, NOW) if output.topic is STATE]

    restored = owner()
    restored.restore(state[0].key or b"", state[0].value)

    assert restored.ledgers == handler.ledgers


def test_a_replay_writes_history_and_counts_it() -> None:
    handler = owner()
    handler.handle(record(message("a"), 0), NOW)
    handler.handle(record(chunk(0, 1, 100), 1), NOW)
    list(handler.handle_fact(ReplayBegun(NUMBER, Due(0)), NOW))
    replay = Replay(phase=0, since=0, until=2, media_from=NOW - MEDIA_FOR)

    outputs = list(handler.handle_fact(ReplayProgressed(NUMBER, replay, (message("a"),)), NOW))
    onward = replay.model_copy(update={"done": 1})
    list(handler.handle_fact(ReplayFinished(NUMBER, onward), NOW))

    written = [decode(output.headers, output.value) for output in outputs]
    public = [decode(o.headers, o.value) for o in handler.finish({}, NOW) if o.topic is NUMBERS]
    assert [(o.topic, o.partition, o.key) for o in outputs] == [(BACKFILL, OURS, NUMBER.encode())]
    assert written == [message("a")]
    assert isinstance(public[0], NumberRecorded)
    assert (public[0].history_sync, public[0].history_messages) == ("complete", 1)


def test_a_replay_that_another_owner_went_on_with_is_refused() -> None:
    handler = owner()
    handler.handle(record(chunk(0, 1, 100), 0), NOW)
    fact = ReplayProgressed(NUMBER, Replay(phase=0, since=0, until=1), (message("a"),))

    with pytest.raises(StepRefused):
        list(handler.handle_fact(fact, NOW))


def test_what_cannot_be_written_of_a_replay_is_not_counted_as_out() -> None:
    handler = owner()
    for offset, event in enumerate((message("a"), chunk(0, 1, 100))):
        list(handler.handle(record(event, offset), NOW))
    list(handler.handle_fact(ReplayBegun(NUMBER, Due(0)), NOW))
    before = handler.ledgers[NUMBER]
    replay = Replay(phase=0, since=0, until=2, media_from=NOW - MEDIA_FOR)
    half = message("a", content=Content.of_text("\ud83d"))

    with pytest.raises(ValueError, match="surrogates not allowed"):
        list(handler.handle_fact(ReplayProgressed(NUMBER, replay, (half,)), NOW))

    assert handler.ledgers[NUMBER] == before


def test_what_is_no_history_goes_to_the_dead_letters() -> None:
    stray = CredentialRecorded(id="c", time=NOW, number=NUMBER, ciphertext="x")

    with pytest.raises(PoisonRecord, match="is no history"):
        owner().handle(record(stray, 0), NOW)


def test_a_record_outside_its_numbers_partition_goes_to_the_dead_letters() -> None:
    stray: MessageBackfilled = message("a").model_copy(update={"number": "1"})
    assert partition_for("1", PARTITIONS) != OURS

    with pytest.raises(PoisonRecord, match="outside its number's partition"):
        owner().handle(record(stray, 0), NOW)


def test_a_contact_is_kept_and_told_in_the_same_transaction() -> None:
    outputs = list(owner().handle(record(contact("add"), 0, ACCOUNTS), NOW))

    names = [(o.topic.name, o.partition, (o.key or b"")[:2]) for o in outputs]
    assert names == [
        (STATE.name, OURS, b"~i"),
        (STATE.name, OURS, b"a_"),
        (CONTACTS.name, OURS, b"a_"),
    ]


def test_whoever_takes_over_knows_which_changes_of_contacts_were_taken() -> None:
    handler, successor = owner(), owner()
    change = record(contact("add"), 0, ACCOUNTS)
    for output in handler.handle(change, NOW):
        if output.topic is STATE:
            successor.restore(output.key or b"", output.value)

    assert list(successor.handle(change, NOW)) == []


def test_entries_named_with_another_installation_key_are_refused_with_a_sentence() -> None:
    state, *_ = owner().handle(record(contact("add"), 0, ACCOUNTS), NOW)

    with pytest.raises(Misconfigured, match="SAATH_INSTALLATION_KEY is not the one"):
        owner(b"another key that is long enough").restore(state.key or b"", state.value)


def test_what_else_is_said_of_accounts_is_nothing_to_sync_wherever_it_stands() -> None:
    update = AccountUpdated(
        id="u", time=NOW, account="1", field="account_update", name="VERIFIED_ACCOUNT", details={}
    )
    later = record(update, 1, ACCOUNTS)
    later = later._replace(headers=(("ce_type", b"io.saath.account.of_next_year.v1"),))

    told = [list(owner().handle(r, NOW)) for r in (record(update, 0, ACCOUNTS), later)]

    assert told == [[], []]


def test_a_phone_whose_clock_is_ahead_does_not_keep_out_what_it_says_later() -> None:
    handler, day, year = owner(), timedelta(days=1), timedelta(days=365)
    early, late = (
        contact("add", name=name).model_copy(update={"time": time})
        for name, time in (("A", NOW + year), ("B", NOW + day))
    )

    said = [
        decode(output.headers, output.value)
        for change, at in ((early, NOW), (late, NOW + day), (early, NOW + 2 * day))
        for output in handler.handle(record(change, 0, ACCOUNTS, at), at)
        if output.topic is CONTACTS
    ]

    minute = timedelta(minutes=1)
    assert [(e.contact.name, e.time, e.dated) for e in said if isinstance(e, ContactRecorded)] == [
        ("A", NOW + minute, NOW + year),
        ("B", NOW + day, None),
    ]


def test_a_contact_outside_its_numbers_partition_goes_to_the_dead_letters() -> None:
    stray = contact("add").model_copy(update={"number": "1"})

    with pytest.raises(PoisonRecord, match="outside its number's partition"):
        list(owner().handle(record(stray, 0, ACCOUNTS), NOW))


def test_an_echo_whose_time_cannot_be_told_is_no_sign_of_life_and_no_dead_letter() -> None:
    handler = owner()
    handler.handle(record(message("a"), 0), NOW)
    before = handler.next_due()
    echo = MessageEchoed(
        id="e",
        time=NOW,
        number=NUMBER,
        message_id="wamid.e",
        contact=Contact(phone="16505551234"),
        content=Content.of_text("Hello"),
    )
    told = record(echo, 1, INBOUND)
    times = (b"2026-11-24T12:00:00", b"yesterday", b"\xff")
    odd = [
        told._replace(headers=tuple((n, t if n == "ce_time" else v) for n, v in told.headers))
        for t in times
    ]

    assert ([list(handler.handle(r, NOW)) for r in odd], handler.next_due()) == ([[]] * 3, before)


def test_what_was_handed_on_into_another_partition_goes_to_the_dead_letters() -> None:
    stray = AccountUpdated(
        id="u",
        time=NOW,
        number="1",
        account="1",
        field="account_update",
        event="PARTNER_REMOVED",
        details={},
    )

    with pytest.raises(PoisonRecord, match="outside its number's partition"):
        list(owner().handle(record(stray, 0, ACCOUNTS), NOW))
