"""Tokens: found, decrypted, never shown."""

from cryptography.fernet import Fernet
from pydantic import SecretStr
from tests.unit.sender.facts import NOW, NUMBER

from saath.events import CredentialRecorded
from saath.secrets import Vault
from saath_sender.credentials import Credentials

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def recorded(ciphertext: str) -> dict[str, CredentialRecorded]:
    return {NUMBER: CredentialRecorded(id="c", time=NOW, number=NUMBER, ciphertext=ciphertext)}


def test_a_token_encrypted_with_an_older_key_is_still_read() -> None:
    stored = recorded(Vault([OLD]).encrypt(SecretStr("token")))

    found = Credentials(None, stored, Vault([NEW, OLD])).token(NUMBER)

    assert found == SecretStr("token")


def test_a_token_of_another_installation_is_none() -> None:
    stored = recorded(Vault([OLD]).encrypt(SecretStr("token")))

    assert Credentials(None, stored, Vault([NEW])).token(NUMBER) is None


def test_a_token_that_was_renewed_is_read_anew() -> None:
    vault = Vault([NEW])
    stored = recorded(vault.encrypt(SecretStr("first")))
    credentials = Credentials(None, stored, vault)
    first = credentials.token(NUMBER)
    stored |= recorded(vault.encrypt(SecretStr("second")))

    assert (first, credentials.token(NUMBER)) == (SecretStr("first"), SecretStr("second"))


def test_one_system_token_serves_all_numbers_and_is_never_shown() -> None:
    credentials = Credentials(SecretStr("system-secret"), {}, None)

    assert credentials.token("any") == SecretStr("system-secret")
    assert "system-secret" not in repr(credentials) + repr(credentials.token("any"))
