"""The world that mail comes from: domains with their records, a signer, and mail as its senders make it."""

from base64 import b64encode
from email.utils import formatdate
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from milter.core.envelope import Peer
from tests.lookup.post import Post

ACME, EVIL, BACKUP, STRANGER = "192.0.2.10", "203.0.113.66", "192.0.2.50", "192.0.2.77"


@lru_cache(maxsize=8)
def _key(name: str) -> rsa.RSAPrivateKey:
    """Made once a run."""
    return rsa.generate_private_key(65537, 2048)


def key_record(name: str) -> str:
    public = _key(name).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={b64encode(public).decode()}"


def records() -> dict[str, Any]:
    """acme.example is a client with everything, evil.example a forger with everything of his own, flores.example a stranger
    with SPF, plain.example has nothing."""
    return {
        "acme.example TXT": f"v=spf1 ip4:{ACME} -all",
        "_dmarc.acme.example TXT": "v=DMARC1; p=reject",
        "s1._domainkey.acme.example TXT": key_record("acme"),
        "evil.example TXT": f"v=spf1 ip4:{EVIL} -all",
        "_dmarc.evil.example TXT": "v=DMARC1; p=reject",
        "s1._domainkey.evil.example TXT": key_record("evil"),
        "bistro.example TXT": f"v=spf1 ip4:{STRANGER} -all",
        "_dmarc.bistro.example TXT": "v=DMARC1; p=none",
        "flores.example TXT": f"v=spf1 ip4:{STRANGER} ~all",
        "backup.example A": BACKUP,
    }


def letter(
    author: str = "laura@acme.example",
    to: str = "ana@estudio.example",
    *,
    signed: str = "",
    above: str = "",
    subject: str = "La web",
    body: str = "Hola, Ana.",
    fields: str = "",
) -> bytes:
    """`signed`: "acme", "evil" and so on: the domain's first label; several with a blank between. `above`: fields on top."""
    lines = [
        f"From: {author}",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Fri, 06 Mar 2026 22:59:00 +0000",
        f"Message-ID: <{abs(hash((author, subject)))}@{author.rpartition('@')[2].strip('>')}>",
        *fields.splitlines(),
        "",
        body,
        "",
    ]
    content = "\r\n".join(lines).encode()
    for name in signed.split():
        content = sign(content, name) + content
    return "".join(f"{one}\r\n" for one in above.splitlines()).encode() + content


def sign(content: bytes, name: str, **tags: str) -> bytes:
    """The DKIM-Signature field; without t=, so that it holds at any instant."""
    head, _, body = content.partition(b"\r\n\r\n")
    whole = {"d": f"{name}.example", "s": "s1", "t": "", "h": "from:to:subject:date:message-id"} | tags
    return Post(head + b"\r\n", body, whole, key=_key(name)).signature()


def received(address: str, by: str = "mx.estudio.example", protocol: str = "ESMTP", id: str = "Q1") -> str:
    """As Postfix writes it, just now by the clock."""
    return (
        f"Received: from host.example (unknown [{address}]) by {by} (Postfix) with {protocol} id {id}; {formatdate()}"
    )


def peer(address: str = ACME, **others: str) -> Peer:
    """As XFORWARD tells of it."""
    known = {"name": "", "helo": "host.example", "protocol": "ESMTP", "source": "REMOTE", "queue_id": "Q1"}
    return Peer(address=address, **known | others)
