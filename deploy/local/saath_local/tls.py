"""Throw-away certificates for the TLS listeners: an authority, a server and a client, as PEM files."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from saath_local.ports import HOST

VALID_FOR = datetime.timedelta(days=30)
# A machine whose clock is behind ours by some minutes still believes them.
CLOCK_SLACK = datetime.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the PEM files are. ``server`` is Kafka's: key and certificate in one file."""

    ca: Path
    client: Path
    client_key: Path
    server: Path


@dataclass(frozen=True, slots=True)
class _Signer:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey


def make_certificates(folder: Path) -> Certificates:
    """Make all of them anew, valid from now."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(
        folder / "ca.pem", folder / "client.pem", folder / "client.key", folder / "server.pem"
    )
    authority = _Signer(_name("Saath local authority"), _new_key())
    server, client = _new_key(), _new_key()

    _write(made.ca, _authority_certificate(authority))
    _write(made.client, _certificate("saath-client", client, authority, server=False))
    _write(made.client_key, _pem(client))
    _write(made.server, _pem(server) + _certificate("saath-broker", server, authority, server=True))
    return made


def _authority_certificate(authority: _Signer) -> bytes:
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = _builder(authority.name, authority.key, authority)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(usage, critical=True)
    return _sign(builder, authority)


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, authority: _Signer, *, server: bool
) -> bytes:
    # The broker is a client too, when it talks to the other nodes.
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
    addresses: list[x509.GeneralName] = [x509.DNSName(name)]
    if server:
        purposes.append(ExtendedKeyUsageOID.SERVER_AUTH)
        addresses += [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]

    builder = _builder(_name(name), key, authority)
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    builder = builder.add_extension(x509.SubjectAlternativeName(addresses), critical=False)
    return _sign(builder, authority)


def _builder(
    name: x509.Name, key: ec.EllipticCurvePrivateKey, authority: _Signer
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(authority.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SLACK)
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(identifier, critical=False)
    )


def _sign(builder: x509.CertificateBuilder, authority: _Signer) -> bytes:
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read: half of them are keys."""
    path.touch(mode=0o600)
    path.write_bytes(content)
