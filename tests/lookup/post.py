"""Mail signed as any sender may sign it, by a hand that shares nothing with the verifier: dkimpy's forms and `cryptography`."""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256

import dkim
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicNumbers, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from dkim.canonicalization import CanonicalizationPolicy

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
SECOND = int(NOW.timestamp())
RSA, RSA_1024, RSA_OTHER = (generate_private_key(65537, bits) for bits in (2048, 1024, 2048))
ED25519 = Ed25519PrivateKey.generate()
HEADER = (
    b"Received: from mail.acme.example by mx.estudio.example; Tue, 24 Nov 2026 10:29:58 +0100\r\n"
    b"From: Laura <laura@acme.example>\r\nTo: ana@estudio.example\r\nSubject: El contrato\r\n"
    b"Date: Tue, 24 Nov 2026 10:29:50 +0100\r\nMessage-ID: <1@acme.example>\r\n"
)
BODY = b"Hola, Ana:\r\n\r\nAdjunto  el contrato. \t\r\n\r\n-- \r\nLaura\r\n\r\n"
TAGS = {
    "v": "1",
    "a": "rsa-sha256",
    "c": "relaxed/relaxed",
    "d": "acme.example",
    "s": "mail",
    "t": str(SECOND - 10),
    "h": "from:to:subject:date:message-id",
}


@dataclass(frozen=True)
class Post:
    """A message to sign. `tags` change those of TAGS, "" leaves one out; `fold` comes between them, `behind` after b=."""

    header: bytes = HEADER
    body: bytes = BODY
    tags: Mapping[str, str] = field(default_factory=dict)
    fold: bytes = b"\r\n\t"
    behind: bytes = b""
    name: bytes = b"DKIM-Signature"
    key: RSAPrivateKey = RSA

    def signed(self) -> bytes:
        """With the signature on top."""
        return self.signature() + self.header + b"\r\n" + self.body

    def signature(self) -> bytes:
        tags = {name: value for name, value in {**TAGS, **self.tags}.items() if value}
        form = CanonicalizationPolicy.from_c_value(tags["c"].encode() if "c" in tags else None)
        if "bh" not in tags:
            body = form.canonicalize_body(self.body)
            length = int(tags["l"]) if tags.get("l", "").isdigit() else len(body)
            tags["bh"] = b64encode(sha256(body[:length]).digest()).decode()
        said = (b";" + self.fold).join(f"{name}={value}".encode() for name, value in tags.items() if name != "b")
        unsigned = b" " + said + b";" + self.fold + b"b="
        # Nothing of the value stays, nor the blanks around it (section 3.7).
        behind = self.behind.lstrip()
        fields = form.canonicalize_headers(dkim.rfc822_parse(self.header + b"\r\n")[0])
        names = [one.strip().lower() for one in tags.get("h", "").encode().split(b":")]
        hashed = Collected()
        dkim.hash_headers(hashed, form, fields, names, (self.name, unsigned + behind), {})
        value = tags.get("b", "").encode() or b64encode(self._value(tags.get("a", ""), hashed.content))
        pieces = self.fold.join(value[at : at + 70] for at in range(0, len(value), 70))
        return self.name + b":" + unsigned + pieces + self.behind + b"\r\n"

    def _value(self, algorithm: str, content: bytes) -> bytes:
        if algorithm == "ed25519-sha256":
            return ED25519.sign(sha256(content).digest())
        return self.key.sign(content, PKCS1v15(), SHA1() if algorithm == "rsa-sha1" else SHA256())


class Collected:
    """What dkimpy would hash."""

    def __init__(self) -> None:
        self.content = b""

    def update(self, piece: bytes) -> None:
        self.content += piece


def _spki(key: RSAPrivateKey) -> str:
    return b64encode(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def _short(bits: int) -> str:
    """A public key of which nobody knows the private one, which no library would make."""
    numbers = RSAPublicNumbers(65537, (1 << (bits - 1)) + 1)
    return b64encode(numbers.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


# What `{name}` in a key record stands for.
KEYS = {
    "rsa": _spki(RSA),
    "rsa-folded": re.sub("(.{50})", r"\1 ", _spki(RSA)),
    "pkcs1": b64encode(RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode(),
    "rsa1024": _spki(RSA_1024),
    "other": _spki(RSA_OTHER),
    "rsa1023": _short(1023),
    "rsa512": _short(512),
    "rsa9000": _short(9000),
    "ed25519": b64encode(ED25519.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode(),
}
