"""A DKIM-Signature field (RFC 6376 section 3.5): read, and refused before any key is looked up if it must not count."""

import re
from base64 import b64decode
from binascii import Error
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from dkim.canonicalization import CanonicalizationPolicy, InvalidCanonicalizationPolicyError
from dkim.util import InvalidTagValueList, parse_tag_value

from milter.core.address import normal_domain, organisational_domain, split

MOST_FIELD = 1 << 14  # bytes: z= may hold a copy of the header
SKEW = 300  # seconds that a signer's clock may be ahead; x= has no such slack
ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}  # and the type of key of each (RFC 8463 section 3)

Result = Literal["pass", "fail", "neutral", "policy", "temperror", "permerror"]
Tags = dict[bytes, bytes]

_REQUIRED = (b"v", b"a", b"b", b"bh", b"d", b"h", b"s")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_SECONDS = re.compile(rb"[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Signature:
    """What became of one signature; only `result` "pass" counts for anybody.

    `fail` says that the mathematics disagree, and nothing else does · `domain` d= in its normal form · `identity` i= as
    written, or its default · `algorithm` a= · `b` without blanks · what could not be read is "" · `why` names nobody, so that
    it may be logged · all can be printed.
    """

    result: Result
    domain: str
    selector: str
    identity: str
    algorithm: str
    b: str
    why: str

    def settled(self, result: Result, why: str) -> "Signature":
        return replace(self, result=result, why=why)


@dataclass(frozen=True, slots=True)
class Defect:
    """Why a signature must not count."""

    result: Result
    why: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A signature that may count, if its key agrees. `names` of h= in lower case; `strict_identity`: i= is of d= itself."""

    said: Signature
    header_form: CanonicalizationPolicy
    body_form: str
    names: tuple[str, ...]
    body_hash: bytes
    value: bytes
    strict_identity: bool

    @property
    def key_name(self) -> str:
        return key_name(self.said)


def read(raw: bytes, now: datetime) -> Claim | Signature:
    """The claim of one field, `raw` with its name and CRLF; a Signature, settled, if it must not count."""
    if len(raw) > MOST_FIELD:
        return unread("the signature is longer than is read")
    try:
        tags: Tags = parse_tag_value(raw.partition(b":")[2])
    except InvalidTagValueList:
        # A tag that occurs twice makes the whole list invalid (section 3.2).
        return unread("the signature is no list of tags")
    said = _said(tags)
    for test in (_form, _names, _times, _strength):
        if defect := test(tags, said, now):
            return said.settled(defect.result, defect.why)
    form = CanonicalizationPolicy.from_c_value(tags.get(b"c"))
    names = tuple(one.decode("latin-1").lower() for one in _list(tags[b"h"]))
    body_hash, value = _bytes(tags[b"bh"]), _bytes(tags[b"b"])
    assert body_hash and value
    strict = normal_domain(split(said.identity)[1]) == said.domain
    return Claim(said, form, form.body_algorithm.name.decode(), names, body_hash, value, strict)


def unread(why: str) -> Signature:
    return Signature("permerror", "", "", "", "", "", why)


def key_name(said: Signature) -> str:
    return f"{said.selector}._domainkey.{said.domain}"


def _said(tags: Tags) -> Signature:
    domain = _name(tags.get(b"d", b""))
    identity = _text(_unfolded(tags.get(b"i", b""))) or f"@{domain}"
    algorithm, value = _text(tags.get(b"a", b"")), _text(_unfolded(tags.get(b"b", b"")))
    return Signature("permerror", domain, _name(tags.get(b"s", b"")), identity, algorithm, value, "")


def _form(tags: Tags, said: Signature, now: datetime) -> Defect | None:
    if missing := [one.decode() for one in _REQUIRED if one not in tags]:
        return Defect("permerror", f"{missing[0]}= is missing")
    if tags[b"v"] != b"1":
        return Defect("permerror", "v= is not 1")
    try:
        CanonicalizationPolicy.from_c_value(tags.get(b"c"))
    except InvalidCanonicalizationPolicyError:
        return Defect("permerror", "c= names an unknown form")
    if b"q" in tags and b"dns/txt" not in _list(tags[b"q"]):
        return Defect("permerror", "q= leaves out dns/txt")
    if len(_bytes(tags[b"bh"]) or b"") != 32:
        return Defect("permerror", "bh= is no SHA-256 in base64")
    if not _bytes(tags[b"b"]):
        return Defect("permerror", "b= is not base64")
    return None


def _names(tags: Tags, said: Signature, now: datetime) -> Defect | None:
    if b"from" not in [one.lower() for one in _list(tags[b"h"])]:
        return Defect("permerror", "From is not signed")  # section 6.1.1
    if not said.domain or "." not in said.domain:
        return Defect("permerror", "d= is no domain")
    if not said.selector or len(key_name(said)) > 253:
        return Defect("permerror", "s= is no selector")
    if organisational_domain(f"x.{said.domain}") == f"x.{said.domain}":
        return Defect("policy", "d= is a public suffix")
    _, at, domain = said.identity.rpartition("@")
    domain = normal_domain(domain)
    if not at or not (domain == said.domain or domain.endswith(f".{said.domain}")):
        return Defect("permerror", "i= is not of d=")
    return None


def _times(tags: Tags, said: Signature, now: datetime) -> Defect | None:
    for one in (b"t", b"x"):
        if one in tags and not _SECONDS.fullmatch(tags[one]):
            return Defect("permerror", f"{one.decode()}= is no time")
    signed = int(tags.get(b"t", b"0"))
    if signed > now.timestamp() + SKEW:
        return Defect("policy", "t= is in the future")
    if b"x" in tags and int(tags[b"x"]) <= signed:
        return Defect("permerror", "x= is not after t=")
    if b"x" in tags and now.timestamp() > int(tags[b"x"]):
        return Defect("policy", "expired")
    return None


def _strength(tags: Tags, said: Signature, now: datetime) -> Defect | None:
    if said.algorithm == "rsa-sha1":
        return Defect("policy", "SHA-1 proves nothing any more")  # RFC 8301 section 3.1
    if said.algorithm not in ALGORITHMS:
        return Defect("permerror", "a= is unknown")
    if b"l" in tags:
        return Defect("policy", "l= leaves the end of the body unsigned")  # RFC 6376 section 8.2
    return None


def _list(value: bytes) -> list[bytes]:
    """What stands between colons."""
    return [one.strip() for one in value.split(b":")]


def _bytes(value: bytes) -> bytes | None:
    """Folded base64; None if it is none."""
    try:
        return b64decode(_unfolded(value), validate=True)
    except Error:
        return None


def _unfolded(value: bytes) -> bytes:
    return b"".join(value.split())


def _text(value: bytes) -> str:
    """Fit to stand in a log or in a field of ours: what cannot be printed is not in it."""
    return "".join(one if one.isprintable() else "\ufffd" for one in value.decode("utf-8", "replace"))


def _name(value: bytes) -> str:
    """A DNS name in its normal form, with A-labels (RFC 8616 section 4); "" if it is none."""
    if len(value) > 253:
        return ""
    name = normal_domain(_text(value))
    return name if _NAME.fullmatch(name) else ""
