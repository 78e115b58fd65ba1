"""Access tokens at rest: encrypted with keys from the environment, never written in clear."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from saath.errors import Misconfigured
from saath.settings import SecretList, Section


class CredentialSettings(Section):
    """
    The keys that access tokens are encrypted with, newest first: adding one in front rotates.

    Not needed where one system token serves all numbers.
    """

    keys: SecretList | None = None


class Vault:
    """Encrypts with the newest key and decrypts with any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        """
        Take over *keys*, newest first.

        Raises:
            Misconfigured: there is none, or one is not a Fernet key.
        """
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise Misconfigured(
                "SAATH_CREDENTIALS__KEYS must be Fernet keys (32 bytes in url-safe base64), "
                "separated by commas, newest first"
            ) from None

    def encrypt(self, secret: SecretStr) -> str:
        """*secret* as text that may be stored."""
        return self._fernet.encrypt(secret.get_secret_value().encode()).decode()

    def decrypt(self, ciphertext: str) -> SecretStr | None:
        """The secret again; ``None`` when none of our keys fits."""
        try:
            return SecretStr(self._fernet.decrypt(ciphertext).decode())
        except InvalidToken:
            return None


def vault_of(settings: CredentialSettings) -> Vault | None:
    """The vault these settings describe; ``None`` where there are no keys."""
    return Vault(settings.keys.values()) if settings.keys and settings.keys.values() else None
