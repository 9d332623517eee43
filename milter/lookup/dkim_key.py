"""A key record (RFC 6376 section 3.6.1): what `<selector>._domainkey.<domain>` says in DNS."""

from base64 import b64decode
from binascii import Error
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from dkim.util import InvalidTagValueList, parse_tag_value

from milter.lookup.dkim_signature import ALGORITHMS, Claim, Defect

LEAST_BITS, MOST_BITS = 1024, 8192  # RFC 8301 section 3.2; larger ones take the loop's time
MOST_EXPONENT = 64  # bits: OpenSSL's own limit for large keys
MOST_RECORD = 1 << 13  # bytes


@dataclass(frozen=True, slots=True)
class Key:
    """`kind` rsa or ed25519 · `testing` t=y · `strict` t=s: i= must be of d= itself."""

    kind: str
    public: RSAPublicKey | Ed25519PublicKey
    testing: bool
    strict: bool

    def agrees(self, claim: Claim, digest: bytes) -> bool:
        """Whether the signature is of this SHA-256."""
        try:
            if isinstance(self.public, RSAPublicKey):
                self.public.verify(claim.value, digest, PKCS1v15(), Prehashed(SHA256()))
            else:
                self.public.verify(claim.value, digest)  # RFC 8463 section 3: the hash is what is signed
        except InvalidSignature:
            return False
        return True

    def defect(self, claim: Claim) -> Defect | None:
        """Why this key cannot make the signature count."""
        if ALGORITHMS[claim.said.algorithm] != self.kind:
            return Defect("permerror", "the key is not of the signature's kind")
        if self.testing:
            return Defect("neutral", "the domain is testing: as if unsigned")  # section 3.6.1, t=y
        if self.strict and not claim.strict_identity:
            return Defect("permerror", "i= is of a subdomain, which the key forbids")
        return None


@lru_cache(maxsize=1024)
def read(record: bytes) -> Key | Defect:
    """The key of one TXT record, its strings joined; or why there is none in it."""
    if len(record) > MOST_RECORD:
        return Defect("permerror", "the key record is longer than is read")
    try:
        tags: dict[bytes, bytes] = parse_tag_value(record)
    except InvalidTagValueList:
        return Defect("permerror", "the key record is no list of tags")
    if b"p" not in tags or (b"v" in tags and (tags[b"v"] != b"DKIM1" or next(iter(tags)) != b"v")):
        return Defect("permerror", "the record is no key")
    if not tags[b"p"]:
        return Defect("permerror", "the key is revoked")
    if b"h" in tags and b"sha256" not in _list(tags[b"h"]):
        return Defect("permerror", "the key is not for SHA-256")
    if b"s" in tags and not {b"*", b"email"} & _list(tags[b"s"]):
        return Defect("permerror", "the key is not for mail")
    kind, flags = tags.get(b"k", b"rsa").decode("latin-1"), _list(tags.get(b"t", b""))
    public = _public(kind, tags[b"p"])
    if isinstance(public, Defect):
        return public
    return Key(kind, public, testing=b"y" in flags, strict=b"s" in flags)


def _public(kind: str, value: bytes) -> RSAPublicKey | Ed25519PublicKey | Defect:
    try:
        content = b64decode(b"".join(value.split()), validate=True)
        if kind == "ed25519":
            return Ed25519PublicKey.from_public_bytes(content)
        if kind != "rsa":
            return Defect("permerror", "the key is of an unknown kind")
        # SubjectPublicKeyInfo as everybody publishes it, or the bare RSAPublicKey of section 3.6.1.
        key = load_der_public_key(content)
    except (Error, ValueError, TypeError, UnsupportedAlgorithm):
        return Defect("permerror", "the key cannot be read")
    if not isinstance(key, RSAPublicKey):
        return Defect("permerror", "the key is not of the kind it names")
    if key.key_size < LEAST_BITS:
        return Defect("policy", f"the key has less than {LEAST_BITS} bits")
    if key.key_size > MOST_BITS or key.public_numbers().e.bit_length() > MOST_EXPONENT:
        return Defect("policy", "the key is larger than is verified")
    return key


def _list(value: bytes) -> set[bytes]:
    return {one.strip() for one in value.split(b":")}
