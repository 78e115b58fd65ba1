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


def test_a_token_has_another_name_when_it_is_another_or_can_be_read_at_last() -> None:
    first, second = (Vault([NEW]).encrypt(SecretStr(token)) for token in ("first", "second"))
    names = [
        Credentials(None, recorded(ciphertext), Vault(keys)).name(NUMBER)
        for ciphertext, keys in ((first, [OLD]), (first, [NEW]), (first, [NEW]), (second, [NEW]))
    ]
    systems = [Credentials(SecretStr("one"), {}, None).name(NUMBER) for _ in range(2)]

    assert [names.index(name) for name in names] == [0, 1, 1, 3]
    assert len({None, *names, *systems}) == 6
    assert Credentials(None, {}, Vault([NEW])).name(NUMBER) is None
