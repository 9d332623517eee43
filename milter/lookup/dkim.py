"""DKIM (RFC 6376, 8301, 8463): the signatures of a message, verified. Whatever goes wrong with one is that one's result.

dkimpy reads tags and canonicalises header fields. Its verify() is not asked: it counts what must not count, cannot tell a missing
key from a silent server, hashes the body once a signature and is quadratic on hostile mail. `cryptography` does the mathematics.
"""

import asyncio
import itertools
import logging
from datetime import datetime
from hashlib import sha256
from mmap import mmap

from milter.core.canonical import FORMS
from milter.core.facts import Missing
from milter.core.message import MAX_FIELDS, MAX_HEADER, Field, Message
from milter.lookup import dkim_key, dkim_signature
from milter.lookup.dkim_key import Key
from milter.lookup.dkim_signature import Claim, Defect, Signature
from milter.lookup.dns import Answer, Budget, Failed, NoRecords, Records, Resolver
from milter.lookup.process import HashProcess

__all__ = ["Signature", "verify_signatures"]

FIELD = "dkim-signature"
MOST = 5  # signatures of a message, the topmost; those below are not looked at
MOST_RECORDS = 5  # of one key name that are tried (section 6.1.2)
MOST_SIGNED = (
    160_000  # bytes of a message's signed fields: 4 ms, 15 for the worst; a Cc of 5,000 people has 94 to 150 KB
)
ON_LOOP = 1 << 18  # bytes of a body that are hashed on the event loop: 2 ms, 5 for the worst of them
MOST_BODY = 10 << 20  # bytes of a body that the child process hashes; a larger one is a temperror

Hashes = dict[str, bytes] | Missing
Lines = dict[bytes, dict[int, tuple[bytes, bytes]]]  # by form and place: canonical fields, each made once a message

log = logging.getLogger("milter.lookup")


async def verify_signatures(
    message: Message, resolver: Resolver, budget: Budget, now: datetime, child: HashProcess
) -> tuple[Signature, ...]:
    """One result for each of the topmost MOST signatures, in the order of the fields; () for a message without any.

    Keys and body hashes are had at the same time, both within the budget; each key, hash and canonical field once a message.
    """
    places = [index for index, one in enumerate(message.fields) if one.name == FIELD][:MOST]
    read = [_read(message.fields[place], now) for place in places]
    if why := _unfit(message):
        return tuple(_said(one).settled("permerror", why) for one in read)
    claims = [one for one in read if isinstance(one, Claim)]
    if not claims:
        return tuple(_said(one) for one in read)
    names = sorted({one.key_name for one in claims})
    forms = sorted({one.body_form for one in claims})
    lookups = asyncio.gather(*(resolver.lookup(name, "TXT", budget) for name in names))
    answers, hashes = await asyncio.gather(lookups, _hashes(message.body, forms, budget, child))
    records = dict(zip(names, answers, strict=True))
    made: Lines = {}
    settled = []
    for place, one in zip(places, read, strict=True):
        if isinstance(one, Claim):
            settled.append(_settle(message, place, one, records[one.key_name], hashes, made))
            await asyncio.sleep(0)  # a large header takes some milliseconds, and there may be five
        else:
            settled.append(one)
    return tuple(settled)


def _unfit(message: Message) -> str:
    """Why no signature of this message may count; "" if they may."""
    if len(message.header) > MAX_HEADER or len(message.fields) >= MAX_FIELDS:
        return "the header is longer than is read"
    # A signature holds for one of two From fields, and a reader shows the other (section 8.15).
    return {0: "there is no From", 1: ""}.get(sum(one.name == "from" for one in message.fields), "there are two From")


def _read(field: Field, now: datetime) -> Claim | Signature:
    try:
        return dkim_signature.read(field.raw, now)
    except Exception:  # outermost for one signature: logged, and it does not count
        log.exception("a DKIM signature could not be read")
        return dkim_signature.unread("the signature could not be read")


def _settle(message: Message, place: int, claim: Claim, answer: Answer, hashes: Hashes, made: Lines) -> Signature:
    try:
        defect = _verified(message, place, claim, answer, hashes, made)
    except Exception:  # outermost for one signature: logged, and it does not count
        log.exception("a DKIM signature could not be verified")
        defect = Defect("permerror", "the signature could not be verified")
    return claim.said.settled(defect.result, defect.why) if defect else claim.said.settled("pass", "")


def _verified(message: Message, place: int, claim: Claim, answer: Answer, hashes: Hashes, made: Lines) -> Defect | None:
    """None if it passes (section 6.1.3)."""
    keys = _keys(answer, claim)
    if isinstance(keys, Defect):
        return keys
    if isinstance(hashes, Missing):
        return Defect("temperror", hashes.why)
    if hashes[claim.body_form] != claim.body_hash:
        return Defect("fail", "the body was changed")
    digest = _header_hash(message, place, claim, made)
    if digest is None:
        return Defect("policy", "more header is signed than is verified")
    if not any(key.agrees(claim, digest) for key in keys):
        return Defect("fail", "a signed field was changed, or the signature")
    return None


def _keys(answer: Answer, claim: Claim) -> list[Key] | Defect:
    """Those that may make it count; there is more than one only in a mistaken zone."""
    match answer:
        case NoRecords():
            return Defect("permerror", "there is no such key")
        case Failed():
            return Defect("temperror", "the key could not be looked up")
        case Records(values):
            read = [dkim_key.read(one) for one in values[:MOST_RECORDS]]
    judged = [one if isinstance(one, Defect) else one.defect(claim) or one for one in read]
    keys = [one for one in judged if isinstance(one, Key)]
    defects = [one for one in judged if isinstance(one, Defect)]
    return keys or (defects[0] if defects else Defect("permerror", "there is no such key"))


async def _hashes(body: bytes | mmap, forms: list[str], budget: Budget, child: HashProcess) -> Hashes:
    if len(body) > MOST_BODY:
        return Missing("the body is larger than is verified")
    if len(body) > ON_LOOP:
        return await child.hashes(body, forms, budget.deadline)
    content, found = bytes(body), {}
    for form in forms:
        found[form] = sha256(FORMS[form](content)).digest()
        await asyncio.sleep(0)
    return found


def _header_hash(message: Message, place: int, claim: Claim, made: Lines) -> bytes | None:
    """SHA-256 of the signed fields and the signature's own (section 3.7); None if they are too long."""
    waiting: dict[str, list[int]] = {name: [] for name in claim.names}
    for index, one in enumerate(message.fields):
        if one.name in waiting and index != place:
            waiting[one.name].append(index)
    # From the bottom up; a name without a field left stands for nothing (section 5.4.2).
    chosen = [waiting[name].pop() for name in claim.names if waiting[name]]
    lines = made.setdefault(claim.header_form.header_algorithm.name, {})
    new = [index for index in chosen if index not in lines]
    if sum(len(message.fields[index].raw) for index in (*new, *itertools.chain(*made.values()))) > MOST_SIGNED:
        return None
    for index in new:
        name, _, value = message.fields[index].raw.partition(b":")
        (lines[index],) = claim.header_form.canonicalize_headers([(name, value)])
    (last,) = claim.header_form.canonicalize_headers([_emptied(message.fields[place].raw)])
    signed = b"".join(b"%b:%b" % line for line in (*(lines[index] for index in chosen), last))
    return sha256(signed.removesuffix(b"\r\n")).digest()


def _emptied(raw: bytes) -> tuple[bytes, bytes]:
    """Name and value of the signature's field, with nothing in b=, not even blanks (section 3.7)."""
    name, _, value = raw.partition(b":")
    tags = value.split(b";")
    for index, one in enumerate(tags):
        tag, equals, _ = one.partition(b"=")
        if tag.strip() == b"b":
            tags[index] = tag + equals
    return name, b";".join(tags)


def _said(one: Claim | Signature) -> Signature:
    return one.said if isinstance(one, Claim) else one
