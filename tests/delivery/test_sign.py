"""Signatures, verified by somebody else's code."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)  # fmt: skip

from milter.core.owner import DkimKey
from milter.core.reply_message import build
from milter.delivery.sign import Signer, SigningFailed

from .studio import ANA, FRIDAY_NIGHT, STUDIO, TEXTS, intent

RSA = rsa(65537, 2048)
ED = Ed25519PrivateKey.generate()
RAW, PEM, PKCS8 = Encoding.Raw, Encoding.PEM, PrivateFormat.PKCS8


def reply(**changes: object) -> bytes:
    made = intent(**changes)
    return build(made, TEXTS.render(made, ANA), ANA, STUDIO, FRIDAY_NIGHT)


def signer(folder: Path, content: bytes) -> Signer:
    file = folder / "key"
    file.write_bytes(content)
    return Signer.load(DkimKey("estudio.example", "recado", str(file)))


def rsa_signer(folder: Path) -> Signer:
    return signer(folder, RSA.private_bytes(PEM, PKCS8, NoEncryption()))


def record(name: bytes, timeout: int = 5) -> bytes | None:
    """What DNS would say."""
    if name != b"recado._domainkey.estudio.example.":
        return None
    return b"v=DKIM1; k=rsa; p=" + b64encode(
        RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )


def verified(content: bytes) -> bool:
    return bool(dkim.verify(content, dnsfunc=record))


def test_a_reply_verifies(tmp_path: Path) -> None:
    signed = rsa_signer(tmp_path).sign(reply(references=tuple(f"<{n}@acme.example>" for n in range(30))))
    assert signed.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=estudio.example;")
    assert verified(signed)
    head = signed.partition(b"\r\n\r\n")[0]
    assert head.isascii() and max(map(len, head.split(b"\r\n"))) <= 78
    names = re.sub(rb"\s", b"", re.search(rb"\sh=([^;]*);", head)[1]).decode().split(":")
    assert names == [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "auto-submitted",
        "in-reply-to",
        "references",
        "content-type",
        "from",
    ]
    assert f"t={int(FRIDAY_NIGHT.timestamp())};".encode() in head


def test_pkcs1_keys_are_read_too(tmp_path: Path) -> None:
    assert verified(
        signer(tmp_path, RSA.private_bytes(PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())).sign(reply())
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Auto-Submitted: auto-replied", b"Auto-Submitted: no"),
        (b"To: Laura", b"To: Lara"),
        (b"References: <a1@acme.example>", b"References: <a2@acme.example>"),
        (b"Hola, Laura", b"Hola, Lara"),
        (b"Message-ID: <5b1c", b"Message-ID: <5b1d"),
        (b"From: Ana Souto", b"From: Eva <e@evil.example>\r\nFrom: Ana Souto"),
        (b"boundary=", b"Boundary="),
    ],
)
def test_what_was_changed_does_not(tmp_path: Path, old: bytes, new: bytes) -> None:
    signed = rsa_signer(tmp_path).sign(reply())
    assert old in signed and not verified(signed.replace(old, new, 1))


def test_what_the_way_changes_does(tmp_path: Path) -> None:
    signed = rsa_signer(tmp_path).sign(reply())
    trace = b"Received: from a\r\n\tby b; now\r\nReturn-Path: <>\r\n"
    assert verified(trace + signed.replace(b"\r\n boundary", b"\r\n\t boundary") + b"\r\n\r\n")


def test_without_a_parent(tmp_path: Path) -> None:
    signed = rsa_signer(tmp_path).sign(reply(parent_id=""))
    assert b"in-reply-to" not in signed and verified(signed)


@pytest.mark.parametrize("form", ["pem", "seed"])
def test_ed25519(tmp_path: Path, form: str) -> None:
    """RFC 8463, verified by hand: dkimpy needs PyNaCl for it."""
    seed = b64encode(ED.private_bytes(RAW, PrivateFormat.Raw, NoEncryption())) + b"\n"
    content = reply()
    signed = signer(tmp_path, ED.private_bytes(PEM, PKCS8, NoEncryption()) if form == "pem" else seed).sign(content)
    field = signed.removesuffix(content)
    assert b"a=ed25519-sha256" in field
    unsigned, _, signature = field.removeprefix(b"DKIM-Signature:").partition(b" b=")
    names = re.sub(rb"\s", b"", re.search(rb"\sh=([^;]*);", unsigned)[1]).split(b":")[:-1]
    head = content.partition(b"\r\n\r\n")[0] + b"\r\n"
    said = b""
    for name in names:
        value = re.search(rb"(?im)^%b:((?:.|\r\n[ \t])*)\r\n" % name, head)[1]
        said += name + b":" + relaxed(value) + b"\r\n"
    said += b"dkim-signature:" + relaxed(unsigned + b" b=")
    ED.public_key().verify(b64decode(re.sub(rb"\s", b"", signature)), sha256(said).digest())


def relaxed(value: bytes) -> bytes:
    return re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not an unencrypted"),
        (b"nonsense", "not an unencrypted"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not an unencrypted"),
        (RSA.private_bytes(PEM, PKCS8, BestAvailableEncryption(b"secret")), "not an unencrypted"),
        (generate_private_key(SECP256R1()).private_bytes(PEM, PKCS8, NoEncryption()), "not an unencrypted"),
        (RSA.public_key().public_bytes(PEM, PublicFormat.SubjectPublicKeyInfo), "not an unencrypted"),
    ],
    ids=["empty", "nonsense", "broken", "encrypted", "elliptic", "public"],
)
def test_keys_that_do_not_work_are_told(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(SigningFailed, match=why):
        signer(tmp_path, content)


def test_a_key_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SigningFailed, match="No such file"):
        Signer.load(DkimKey("estudio.example", "recado", str(tmp_path / "none")))
    with pytest.raises(SigningFailed, match="selector is not a name"):
        Signer.load(DkimKey("estudio.example", "a; b", str(tmp_path / "none")))


def test_only_a_message_of_ours_is_signed(tmp_path: Path) -> None:
    with pytest.raises(SigningFailed, match="no From or no Date"):
        rsa_signer(tmp_path).sign(b"Subject: x\r\n\r\nx\r\n")


def test_the_key_is_not_shown(tmp_path: Path) -> None:
    assert b"PRIVATE" not in repr(rsa_signer(tmp_path)).encode()
