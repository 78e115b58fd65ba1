"""Each number's access token: one system token for all, or the number's own, decrypted."""

import hashlib
import re
import uuid
from collections.abc import Mapping

import structlog
from pydantic import SecretStr

from saath.events import CredentialRecorded
from saath.secrets import Vault

log = structlog.get_logger()


# What RFC 6750 lets stand in the header; anything else would raise where it is sent.
BEARER = re.compile(r"[\x21-\x7e]+")


def usable(token: SecretStr) -> SecretStr | None:
    """*token* without the line end that a file has behind it; ``None`` where it fits no header."""
    text = token.get_secret_value().strip()
    return SecretStr(text) if BEARER.fullmatch(text) else None


class Credentials:
    """Finds a number's token. Never prints one."""

    def __init__(
        self,
        system_token: SecretStr | None,
        stored: Mapping[str, CredentialRecorded],
        vault: Vault | None,
    ) -> None:
        self._system_token = usable(system_token) if system_token is not None else None
        self._one_for_all = system_token is not None
        self._stored, self._vault = stored, vault
        # Another start, another name: a system token is rotated by starting again with the new one.
        self._system_name = uuid.uuid4().hex
        self._opened: dict[str, tuple[str, SecretStr | None]] = {}

    def token(self, number: str) -> SecretStr | None:
        """The token to send with; ``None`` when there is none that we can read."""
        if self._one_for_all:
            return self._system_token
        record = self._stored.get(number)
        if record is None or self._vault is None:
            return None
        ciphertext, token = self._opened.get(number, ("", None))
        if ciphertext != record.ciphertext:
            token = self._vault.decrypt(record.ciphertext)
            token = usable(token) if token is not None else None
            self._opened[number] = (record.ciphertext, token)
        return token

    def name(self, number: str) -> str | None:
        """
        A name for the number's present token, which says nothing of it: another token, another name.

        So is the same one by a key that we have got since: one that we cannot read has a name too.
        """
        if self._one_for_all:
            return self._system_name
        record = self._stored.get(number)
        if record is None:
            return None
        name = hashlib.sha256(record.ciphertext.encode()).hexdigest()[:16]
        return name if self.token(number) is not None else f"{name}:unread"
