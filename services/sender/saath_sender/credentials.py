"""Each number's access token: one system token for all, or the number's own, decrypted."""

from collections.abc import Mapping

import structlog
from pydantic import SecretStr

from saath.events import CredentialRecorded
from saath.secrets import Vault

log = structlog.get_logger()


class Credentials:
    """Finds a number's token. Never prints one."""

    def __init__(
        self,
        system_token: SecretStr | None,
        stored: Mapping[str, CredentialRecorded],
        vault: Vault | None,
    ) -> None:
        self._system_token, self._stored, self._vault = system_token, stored, vault
        self._opened: dict[str, tuple[str, SecretStr | None]] = {}

    def token(self, number: str) -> SecretStr | None:
        """The token to send with; ``None`` when there is none that we can read."""
        if self._system_token is not None:
            return self._system_token
        record = self._stored.get(number)
        if record is None or self._vault is None:
            return None
        ciphertext, token = self._opened.get(number, ("", None))
        if ciphertext != record.ciphertext:
            token = self._vault.decrypt(record.ciphertext)
            self._opened[number] = (record.ciphertext, token)
        return token
