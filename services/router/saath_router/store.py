"""
One partition's conversations in memory: restored from the changelog, found by identity.

They are kept as they were written, and read when they are needed: of a million conversations a few
hundred are talked in at a time, and read they take ten times the room.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from saath.errors import Misconfigured
from saath.events import Contact, Model
from saath.identity import alias_key, conversation_id, identities, key_fingerprint
from saath.kafka.records import Output
from saath.topics import Topic
from saath_router.aliases import Alias, Aliases
from saath_router.conversation import Conversation, merged
from saath_router.eviction import UNUSED_FOR
from saath_router.journal import Journal
from saath_router.memory import short_hash, unnamed
from saath_router.names import Name, full, name_of, name_of_key
from saath_router.shelf import Shelf
from saath_router.written import (
    NEVER,
    Release,
    bytes_of,
    checked,
    due_bytes,
    messages,
    moment_of,
    read,
    second,
    second_bytes,
    second_of,
    write,
)

FINGERPRINT_KEY = "~installation"
JOINED = "j_"

# So many are kept read after a batch; one that is needed again costs some 30 µs.
READ_MAX = 1024

DueOf = Callable[[Conversation], datetime | None]


class Fingerprint(Model):
    """Which installation key this state was made with."""

    fingerprint: str


class Store:
    """Conversations by id, identity and message; changed ones apart until ``take_changed``."""

    def __init__(
        self, key: bytes, release: Release = (0, 0, 0), journal: Journal | None = None
    ) -> None:
        self._key, self._fingerprint = key, key_fingerprint(key)
        self._release = release
        self._journal = journal = journal or Journal()
        self._kept: dict[Name, bytes] = {}
        self._read: dict[str, Conversation] = {}
        self._aliases = Aliases(journal)
        self._by_message: dict[bytes, Name] = {}
        self._changed: dict[str, Conversation | None] = {}
        self._evicted: dict[str, None] = {}
        self._joined_with: dict[str, str] = {}
        self._new_joined: dict[str, None] = {}
        self.shelf = Shelf(journal)
        self._fingerprint_known = False
        self._to_look_at: list[Name] = []

    def __len__(self) -> int:
        return len(self._kept)

    def restore(self, key: bytes, value: bytes | None) -> None:
        """
        Take over one record of the changelog.

        Raises:
            Misconfigured: the state belongs to another installation key, or to a later release.
        """
        # Nearly all are one of these two, and there may be millions.
        if key.startswith(b"c_"):
            self._restore(name_of_key(key), value)
        elif key.startswith(b"a_") and value:
            self._aliases.restore(key, value)
        elif not self.shelf.restore(key.decode(), value) and value:
            self._restore_other(key, value)

    def _restore_other(self, key: bytes, value: bytes) -> None:
        if key.startswith(JOINED.encode()):
            joined_with = Alias.model_validate_json(value).conversation
            self._joined_with[key.decode().removeprefix(JOINED)] = joined_with or ""
        elif key == FINGERPRINT_KEY.encode():
            if Fingerprint.model_validate_json(value).fingerprint != self._fingerprint:
                raise Misconfigured(
                    "SAATH_INSTALLATION_KEY is not the one this state was written with: every "
                    "conversation would get a new id. Set the old key, or a new SAATH_TOPICS__PREFIX."
                )
            self._fingerprint_known = True

    def find(self, number: str, contact: Contact, message_id: str | None = None) -> str | None:
        """The conversation of this contact, or of this message of ours, if there is one."""
        for found in self.found(number, contact):
            return found
        name = self._by_message.get(short_hash(message_id)) if message_id else None
        return None if name is None else full(name)

    def found(self, number: str, contact: Contact) -> tuple[str, ...]:
        """All conversations that this contact's identities lead to; more than one are to be joined."""
        aliases = (self._aliases.conversation(alias) for alias in self._of(number, contact))
        return tuple(dict.fromkeys(self.now_named(found) for found in aliases if found))

    def left(self, number: str, contact: Contact) -> tuple[str, ...]:
        """The conversations of whoever was known by this contact's identities before."""
        left = (self._aliases.left(alias) for alias in self._of(number, contact))
        return tuple(self.now_named(name) for name in left if name)

    def find_or_name(self, number: str, contact: Contact) -> str | None:
        """
        The conversation of this contact; a new one's id where there is none yet.

        ``None`` where the contact has no identity at all. Whatever else the contact is known by
        leads to the same conversation from now on.
        """
        names = identities(contact)
        if not names:
            return None
        found = self.find(number, contact) or self._new_name(number, names[0])
        aliases = self._of(number, contact)
        for alias in aliases:
            if self._aliases.conversation(alias) is None:
                self._aliases.lead(alias, found)
        self._aliases.note_same(aliases)
        return found

    def now_named(self, conversation: str) -> str:
        """What a conversation's id is by now: another, where it was joined with an older one."""
        while joined_with := self._joined_with.get(conversation):
            conversation = joined_with
        return conversation

    def redirect(self, gone: Conversation, kept: str) -> None:
        """*gone* was joined with *kept*: it leaves memory, and whatever led to it leads there."""
        self.evict(gone.id)
        self._journal.will_change(self._joined_with, gone.id)
        self._journal.will_change(self._new_joined, gone.id)
        self._joined_with[gone.id] = kept
        self._new_joined[gone.id] = None
        for alias in self._of(gone.number, gone.contact):
            self._aliases.lead(alias, kept)

    def rename(self, number: str, before: Contact, now: Contact, conversation: str) -> None:
        """A contact is known by something else from now on; whoever gets the old one is somebody else."""
        old, new = self._of(number, before), self._of(number, now)
        for alias in new:
            self._aliases.lead(alias, conversation)
        self._aliases.note_same([*old, *new])
        for alias in old:
            self._aliases.move(alias)

    def is_known(self, number: str, contact: Contact) -> bool:
        """Whether this contact stands in the address book, or in the history."""
        return any(self._aliases.known(alias) for alias in self._of_all(number, contact))

    def note_history(self, number: str, contact: Contact) -> None:
        """This contact stands in the history."""
        for alias in self._of_all(number, contact):
            self._aliases.note_known(alias)

    def note_book(self, number: str, contact: Contact, *, listed: bool) -> None:
        """This contact stands in the address book, or no longer."""
        for alias in self._of_all(number, contact):
            self._aliases.note_book(alias, listed=listed)

    def get(self, conversation: str) -> Conversation | None:
        """The conversation of this id, if it is known here."""
        if (state := self._read.pop(conversation, None)) is None:
            value = self._kept.get(name_of(conversation))
            if value is None:
                return None
            state = read(conversation, value)
        self._read[conversation] = state  # the last to be let go of
        return state

    def get_or_new(self, conversation: str, number: str) -> Conversation:
        """The conversation of this id, new where it is not known."""
        return self.get(conversation) or Conversation(id=conversation, number=number)

    def first_due(self) -> datetime | None:
        """When time alone first changes one of them, as they were last written."""
        due = map(due_bytes, self._kept.values())
        return moment_of(min(filter(NEVER.__lt__, due), default=NEVER))

    def dues(self, before: datetime) -> tuple[list[tuple[str, datetime]], datetime | None]:
        """
        What time alone changes *before* then, and when; and when the first after that is due.

        As they were last written: what was changed since has an alarm already.
        """
        limit, later, soon = bytes_of(before), NEVER, list[tuple[Name, bytes]]()
        for name, value in self._kept.items():
            moment = due_bytes(value)
            if moment == NEVER:
                continue
            if moment < limit:
                soon.append((name, moment))
            elif later == NEVER or moment < later:
                later = moment
        found = ((full(name), moment_of(moment)) for name, moment in soon)
        known = [(name, at) for name, at in found if at and name not in self._changed]
        return known, moment_of(later)

    def names(self) -> list[Name]:
        """All conversations that were written."""
        return [*self._kept]

    def as_written(self, name: Name) -> tuple[Conversation, datetime | None] | None:
        """A conversation, and when it was due when it was last written; ``None`` where it is no more."""
        if (value := self._kept.get(name)) is None:
            return None
        state = self._read.get(full(name)) or read(full(name), value)
        return state, moment_of(due_bytes(value))

    def put(self, state: Conversation) -> None:
        """Replace a conversation; remember what it was when it was last written."""
        before, note = self.get(state.id), self._journal.will_change
        note(self._read, state.id)
        note(self._changed, state.id)
        note(self._evicted, state.id)
        self._changed.setdefault(state.id, before)
        self._evicted.pop(state.id, None)
        if before is None or before.statuses != state.statuses:
            for message in unnamed(before.statuses) if before else ():
                note(self._by_message, message)
                self._by_message.pop(message, None)
            for message in unnamed(state.statuses):
                note(self._by_message, message)
                self._by_message[message] = name_of(state.id)
        self._read[state.id] = state

    def unused(self, now: datetime, count: int) -> list[Conversation]:
        """
        Those of the next *count* conversations that were not written for long.

        ``looked_at_all`` says when it has been once around.
        """
        before, found = (now - UNUSED_FOR).timestamp(), []
        self._to_look_at = self._to_look_at or [*self._kept]
        looked_at, self._to_look_at = self._to_look_at[-count:], self._to_look_at[:-count]
        for name in looked_at:
            value = self._kept.get(name)
            if value is not None and second(value) <= before:
                conversation = full(name)
                found.append(self._read.get(conversation) or read(conversation, value))
        return found

    def unused_at(self) -> datetime | None:
        """When the first conversation will not have been written for long; ``None`` without any."""
        oldest = min(map(second_bytes, self._kept.values()), default=None)
        if oldest is None:
            return None
        return datetime.fromtimestamp(second_of(oldest), UTC) + UNUSED_FOR

    @property
    def looked_at_all(self) -> bool:
        """Whether ``unused`` begins anew."""
        return not self._to_look_at

    def evict(self, conversation: str) -> None:
        """Let a conversation leave memory; its identities lead to it still."""
        state, note = self.get(conversation), self._journal.will_change
        if state is None:
            return
        for message in unnamed(state.statuses):
            # Of one that was joined, they lead to the other by now.
            if self._by_message.get(message) == name_of(conversation):
                note(self._by_message, message)
                del self._by_message[message]
        note(self._read, conversation)
        note(self._kept, name_of(conversation))
        note(self._changed, conversation)
        note(self._evicted, conversation)
        del self._read[conversation]
        self._kept.pop(name_of(conversation), None)
        self._changed.pop(conversation, None)
        self._evicted[conversation] = None

    def take_changed(self) -> Iterator[tuple[Conversation | None, Conversation]]:
        """The conversations changed since the last time: as they were, and as they are."""
        changed, self._changed = self._changed, {}
        for conversation, before in changed.items():
            yield before, self._read[conversation]

    def take_evicted(self) -> list[str]:
        """The conversations that left memory since the last time."""
        evicted, self._evicted = [*self._evicted], {}
        return evicted

    def outputs(
        self,
        topic: Topic,
        partition: int,
        changed: Iterable[Conversation],
        evicted: Iterable[str],
        due_of: DueOf,
        now: datetime,
    ) -> list[Output]:
        """The changelog's records: of *changed* and *evicted*, and of what else was learned meanwhile."""
        values: list[tuple[str, bytes | None]] = [(name, None) for name in evicted]
        for state in changed:
            value = write(state, due_of(state), now, self._release)
            self._kept[name_of(state.id)] = value
            values.append((state.id, value))
        while len(self._read) > READ_MAX:
            del self._read[next(iter(self._read))]
        values += self._learned()
        return [Output(topic, partition, key.encode(), value) for key, value in values]

    def _learned(self) -> Iterator[tuple[str, bytes | None]]:
        """What is known besides conversations, where that is new."""
        for key, alias in self._aliases.take_changed():
            yield key, _json(alias)
        joined, self._new_joined = self._new_joined, {}
        for gone in joined:
            yield f"{JOINED}{gone}", _json(Alias(conversation=self._joined_with[gone]))
        for key, record in self.shelf.take_changed():
            yield key, None if record is None else _json(record)
        if not self._fingerprint_known:
            self._fingerprint_known = True
            yield FINGERPRINT_KEY, _json(Fingerprint(fingerprint=self._fingerprint))

    def _of(self, number: str, contact: Contact) -> list[str]:
        return [alias_key(self._key, number, identity) for identity in identities(contact)]

    def _of_all(self, number: str, contact: Contact) -> list[str]:
        """All that the conversation of this contact knows them by."""
        state = self.get(self.find(number, contact) or "")
        return self._of(number, merged(state.contact, contact) if state else contact)

    def _new_name(self, number: str, identity: str) -> str:
        """
        A new conversation's id.

        A phone number is given to somebody else in time, and their conversation must not be the one of
        whoever had it before.
        """
        moved = self._aliases.moved(alias_key(self._key, number, identity))
        return conversation_id(self._key, number, f"{identity}#{moved}" if moved else identity)

    def _restore(self, name: Name, value: bytes | None) -> None:
        before = self._kept.pop(name, None)
        if before is not None:
            for message in messages(before):
                self._by_message.pop(message, None)
        if value:
            self._kept[name] = value = checked(value, self._release)
            for message in messages(value):
                self._by_message[message] = name


def _json(model: Model) -> bytes:
    return model.json_bytes()
