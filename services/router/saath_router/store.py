"""One partition's conversations in memory: restored from the changelog, found by identity."""

from collections.abc import Iterable, Iterator

from saath.errors import Misconfigured
from saath.events import Contact, Model
from saath.identity import alias_key, conversation_id, identities, key_fingerprint
from saath.kafka.records import Output
from saath.topics import Topic
from saath_router.conversation import Conversation
from saath_router.greetings import Greetings
from saath_router.memory import short_hash, unnamed

FINGERPRINT_KEY = "~installation"


class Alias(Model):
    """An identity's keyed hash stands for this conversation."""

    conversation: str


class Fingerprint(Model):
    """Which installation key this state was made with."""

    fingerprint: str


class Store:
    """
    Conversations by id, by identity and by message.

    Changed ones are kept apart until ``take_changed`` writes them.
    """

    def __init__(self, key: bytes) -> None:
        self._key, self._fingerprint = key, key_fingerprint(key)
        self._conversations: dict[str, Conversation] = {}
        self._aliases: dict[str, str] = {}
        self._by_message: dict[bytes, str] = {}
        self._changed: dict[str, Conversation | None] = {}
        self._new_aliases: list[str] = []
        self._greetings: dict[str, Greetings] = {}
        self._changed_greetings: set[str] = set()
        self._fingerprint_known = False

    def restore(self, key: str, value: bytes | None) -> None:
        """
        Take over one record of the changelog.

        Raises:
            Misconfigured: the state belongs to another installation key.
        """
        if key == FINGERPRINT_KEY and value:
            if Fingerprint.model_validate_json(value).fingerprint != self._fingerprint:
                raise Misconfigured(
                    "SAATH_INSTALLATION_KEY is not the one this state was written with: every "
                    "conversation would get a new id. Set the old key, or a new SAATH_TOPICS__PREFIX."
                )
            self._fingerprint_known = True
        elif key.startswith("a_") and value:
            self._aliases[key] = Alias.model_validate_json(value).conversation
        elif key.startswith("g_") and value:
            greetings = Greetings.model_validate_json(value)
            self._greetings[greetings.number] = greetings
        elif key.startswith("c_"):
            if value:
                self._keep(Conversation.model_validate_json(value))
            else:
                self._forget(key)

    def find(self, number: str, contact: Contact, message_id: str | None = None) -> str | None:
        """The conversation of this contact, or of this message of ours, if there is one."""
        for identity in identities(contact):
            found = self._aliases.get(alias_key(self._key, number, identity))
            if found:
                return found
        return self._by_message.get(short_hash(message_id)) if message_id else None

    def find_or_name(self, number: str, contact: Contact) -> str | None:
        """
        The conversation of this contact; a new one's id where there is none yet.

        ``None`` where the contact has no identity at all. Whatever else the contact is known by
        leads to the same conversation from now on.
        """
        names = identities(contact)
        if not names:
            return None
        found = self.find(number, contact) or conversation_id(self._key, number, names[0])
        for name in names:
            alias = alias_key(self._key, number, name)
            if alias not in self._aliases:
                self._aliases[alias] = found
                self._new_aliases.append(alias)
        return found

    def get(self, conversation: str) -> Conversation | None:
        """The conversation of this id, if it is known here."""
        return self._conversations.get(conversation)

    def get_or_new(self, conversation: str, number: str) -> Conversation:
        """The conversation of this id, new where it is not known."""
        return self._conversations.get(conversation) or Conversation(id=conversation, number=number)

    def all(self) -> Iterable[Conversation]:
        """Every conversation there is."""
        return self._conversations.values()

    def put(self, state: Conversation) -> None:
        """Replace a conversation; remember what it was when it was last written."""
        self._changed.setdefault(state.id, self._conversations.get(state.id))
        self._keep(state)

    def greetings(self, number: str) -> Greetings:
        """What was learned of a number's automatic texts."""
        return self._greetings.get(number) or Greetings(number=number)

    def put_greetings(self, greetings: Greetings) -> None:
        """Replace them; nothing is written where they did not change."""
        if self.greetings(greetings.number) is not greetings:
            self._greetings[greetings.number] = greetings
            self._changed_greetings.add(greetings.number)

    def take_changed(self) -> Iterator[tuple[Conversation | None, Conversation]]:
        """The conversations changed since the last time: as they were, and as they are."""
        changed, self._changed = self._changed, {}
        for conversation, before in changed.items():
            yield before, self._conversations[conversation]

    def outputs(
        self, topic: Topic, partition: int, changed: Iterable[Conversation]
    ) -> list[Output]:
        """The changelog records of *changed*, and of identities and greetings learned meanwhile."""
        records: list[tuple[str, Model]] = [(state.id, state) for state in changed]
        aliases, self._new_aliases = self._new_aliases, []
        records += [(alias, Alias(conversation=self._aliases[alias])) for alias in aliases]
        numbers, self._changed_greetings = self._changed_greetings, set()
        records += [(f"g_{number}", self._greetings[number]) for number in sorted(numbers)]
        if not self._fingerprint_known:
            self._fingerprint_known = True
            records.append((FINGERPRINT_KEY, Fingerprint(fingerprint=self._fingerprint)))
        return [
            Output(
                topic, partition, key.encode(), model.model_dump_json(exclude_none=True).encode()
            )
            for key, model in records
        ]

    def _keep(self, state: Conversation) -> None:
        self._forget(state.id)
        for message in unnamed(state.statuses):
            self._by_message[message] = state.id
        self._conversations[state.id] = state

    def _forget(self, conversation: str) -> None:
        state = self._conversations.pop(conversation, None)
        for message in unnamed(state.statuses) if state else ():
            self._by_message.pop(message, None)
