"""One partition's address books as the changelog keeps them: a small record an entry. Pure."""

from collections.abc import Iterator

from saath.errors import Misconfigured
from saath.events import ContactChanged, ContactRecorded, Model
from saath.identity import key_fingerprint
from saath_sync.contacts import Kept, learn

FINGERPRINT_KEY = "~installation"


class Fingerprint(Model):
    """Which installation key the entries were named with."""

    fingerprint: str


class AddressBooks:
    """
    What is kept of every entry, by its name.

    It stays in memory as it is written, and is read when a change comes: that is seldom, and objects
    would take several times the room.
    """

    def __init__(self, key: bytes) -> None:
        self._key, self._fingerprint = key, key_fingerprint(key)
        self._fingerprint_known = False
        self._kept: dict[bytes, bytes] = {}

    @staticmethod
    def owns(key: bytes) -> bool:
        """Whether a record of the changelog is one of ours."""
        return key.startswith(b"a_") or key == FINGERPRINT_KEY.encode()

    def restore(self, key: bytes, value: bytes) -> None:
        """
        Take over one record of the changelog.

        Raises:
            Misconfigured: the entries were named with another installation key.
        """
        if key != FINGERPRINT_KEY.encode():
            self._kept[_packed(key.decode())] = value
            return
        if Fingerprint.model_validate_json(value).fingerprint != self._fingerprint:
            raise Misconfigured(
                "SAATH_INSTALLATION_KEY is not the one this state was written with: every entry of "
                "the address books would get a new name. Set the old key, or a new "
                "SAATH_TOPICS__PREFIX."
            )
        self._fingerprint_known = True

    def learn(
        self, change: ContactChanged
    ) -> tuple[dict[bytes, bytes], tuple[ContactRecorded, ...]]:
        """
        Take over one change; what of the changelog it changes, and what everybody is told.

        Raises:
            PoisonRecord: see ``contacts.learn``. Nothing was changed.
        """
        learnt = learn(change, self._key, self._find)
        written = {entry: _written(kept) for entry, kept in learnt.kept.items()}
        for entry, value in written.items():
            self._kept[_packed(entry)] = value
        state = {entry.encode(): value for entry, value in written.items()}
        return {**dict(self._say_fingerprint()), **state} if state else {}, learnt.records

    def _find(self, entry: str) -> Kept | None:
        value = self._kept.get(_packed(entry))
        return Kept.model_validate_json(value) if value else None

    def _say_fingerprint(self) -> Iterator[tuple[bytes, bytes]]:
        if not self._fingerprint_known:
            self._fingerprint_known = True
            said = Fingerprint(fingerprint=self._fingerprint)
            yield FINGERPRINT_KEY.encode(), said.model_dump_json().encode()


def _packed(entry: str) -> bytes:
    return bytes.fromhex(entry.removeprefix("a_"))


def _written(kept: Kept) -> bytes:
    return kept.model_dump_json(exclude_defaults=True).encode()
