"""Certificates made for one test, and a real Redis that speaks nothing but TLS."""

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.doubles.redis_process import RedisProcess, free_ports


@dataclass(frozen=True)
class Authority:
    """A CA of our own. `certificate` its PEM file."""

    folder: Path
    name: str = "ours"

    @property
    def certificate(self) -> Path:
        return self.folder / f"{self.name}.ca.pem"

    def issue(self, *names: x509.GeneralName) -> tuple[Path, Path]:
        """The files of a server's certificate and key; the CA's own is written, too."""
        root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        ca = _signed(_subject(f"CA {self.name}"), _subject(f"CA {self.name}"), root, root, ca=True)
        leaf = _signed(_subject("redis"), ca.subject, key, root, names=names)
        files = self.folder / f"{self.name}.crt", self.folder / f"{self.name}.key"
        self.certificate.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
        files[0].write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
        plain = serialization.NoEncryption()
        files[1].write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        )  # fmt: skip
        return files


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    by: ec.EllipticCurvePrivateKey,
    *,
    ca: bool = False,
    names: tuple[x509.GeneralName, ...] = (),
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(by, hashes.SHA256())


@contextmanager
def redis_tls(binary: Path, authority: Authority, *names: x509.GeneralName) -> Iterator[RedisProcess]:
    (port,) = free_ports(1)
    certificate, key = authority.issue(*names)
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key))
    ca = ("--tls-ca-cert-file", str(authority.certificate), "--tls-auth-clients", "no")
    one = RedisProcess(binary, port, ("--port", "0", "--tls-port", str(port), "--save", "", *files, *ca))
    try:
        one.start()
        yield one
    finally:
        one.remove()
