"""Authentication-Results (RFC 8601): which of those in a message are believed, what they say of author and correspondent, and how
results are written."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from milter.core import lexical
from milter.core.address import normal, normal_domain, organisational_domain, split, untagged
from milter.core.envelope import Transaction
from milter.core.facts import Authentication, Missing
from milter.core.message import Message
from milter.core.policy import Policy

FIELD = "authentication-results"
MOST = 50  # fields of ours that are read; results of one field
LONGEST = 2000  # characters of all results that are said again
# The domain says that this client does not send for it. A signature is the organisation's, not a person's: sent again from
# elsewhere by one of its users, it proves for whom it was made (From), and nobody else who has an address there.
REFUSED = frozenset({"fail", "softfail"})
_ADDRESS_PROPERTIES = ("smtp.mailfrom", "smtp.mail")
_DOMAINS = ("header.d", "smtp.mailfrom", "smtp.helo", "header.from")
_TOLD = ("header.d", "header.s", "header.a", "header.b", "smtp.mailfrom", "smtp.helo", "header.from", "policy.dmarc")
_NO_NAME = re.compile(r"[\x00-\x20\x7f/=,:]")
_UP_TO = re.compile(r"[\s;]")
_PLAIN_ID = re.compile(r"([A-Za-z0-9.-]+)(?:;|\Z)")
_BASE64 = re.compile(r"[A-Za-z0-9+/=]{1,1000}")


@dataclass(frozen=True, slots=True)
class Result:
    """One method's result: both lower case; `properties` such as {"header.d": "acme.example"}; `comment` in plain words."""

    method: str
    result: str
    properties: Mapping[str, str] = field(default_factory=dict)
    comment: str = ""

    @property
    def refuted(self) -> bool:
        """Whoever stands in From: did not prove it."""
        return self.method == "dmarc" and self.result == "fail"

    @property
    def forged(self) -> bool:
        """The same, and the domain does not ask that nothing be done about it."""
        return self.refuted and self.properties.get("policy.dmarc", "").lower() != "none"


@dataclass(frozen=True, slots=True)
class Results:
    """One field. `authserv_id` lower case, without comments, quotes and trailing dot; `results` () for "none"."""

    authserv_id: str
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True)
class Believed:
    """`fields`: indexes into `message.fields` of the Authentication-Results that are believed."""

    authentication: Authentication | Missing
    fields: frozenset[int] = frozenset()


def parse(value: str) -> Results:
    """The unfolded value (RFC 8601 section 2.2). What does not follow the grammar is skipped, never guessed at."""
    head, *rest = lexical.split(lexical.without_comments(value), ";")
    results = tuple(one for text in rest[:MOST] if (one := _result(text)))
    return Results(_authserv_id(head), results)


def is_named(authserv_id: str, ours: str) -> bool:
    return bool(ours) and authserv_id == normal_domain(ours)


def resembles_ours(value: str, ours: str) -> bool:
    """Whether a hasty reader would take a field with this value for ours: "mx.example/1", "mx.example 1 2"."""
    if plain := _PLAIN_ID.match(value):
        return is_named(normal_domain(plain[1]), ours)
    bare = lexical.without_comments(value)
    first = _UP_TO.split(bare.strip(), maxsplit=1)[0].strip('"').lower()
    names = (_authserv_id(next(lexical.split(bare, ";"))), first)
    return any(is_named(_NO_NAME.split(one.replace("\\", ""), maxsplit=1)[0].rstrip("."), ours) for one in names)


def own_id(policy: Policy) -> str:
    return policy.authserv_id or policy.hostname


def believed(transaction: Transaction, policy: Policy) -> Believed:
    """What to believe of this message. Forging a failure in our name earns silence."""
    message = transaction.message
    places = [index for index, one in enumerate(message.fields) if one.name == FIELD]
    if not places:
        return Believed(Missing("not verified"))
    trusted = {normal_domain(one) for one in policy.trusted_authserv_ids if one}
    below = _below_received(message)
    upstream = False  # somebody who is trusted wrote above the topmost Received: what is below it only the sender wrote
    found: dict[int, Results] = {}
    for index in places[:MOST]:
        one = parse(message.fields[index].value)
        failed = any(each.forged for each in one.results)
        good = one.authserv_id in trusted and (index < below or (index == below and not upstream))
        upstream = upstream or good
        if good or (failed and is_named(one.authserv_id, own_id(policy))):
            found[index] = one
    if not found:
        return Believed(Missing("not verified"))
    return Believed(_authentication(tuple(found.values()), transaction), frozenset(found))


def _below_received(message: Message) -> int:
    """The index directly below the topmost Received: lower down only the sender wrote. Without a Received nothing is ours: -1."""
    return next((index + 1 for index, one in enumerate(message.fields) if one.name == "received"), -1)


def _authentication(fields: tuple[Results, ...], transaction: Transaction) -> Authentication:
    results = [one for each in fields for one in each.results]
    authors = transaction.message.authors
    author = normal_domain(split(authors[0].address)[1]) if len(authors) == 1 else ""
    correspondent = untagged(transaction.mail_from)
    sender = split(correspondent)[1]
    verdicts = {one.result for one in results if one.method == "dmarc" and _about(one, author)}
    forged, refuted = any(one.forged for one in results), any(one.refuted for one in results)
    dmarc = "fail" if forged else "pass" if "pass" in verdicts and not refuted else "none"
    passed = [one for one in results if one.result == "pass"]
    aligned = any(_same_organisation(domain, author) for one in passed for domain in (_signer(one), _mail_from(one)))
    refused = any(one.method == "spf" and one.result in REFUSED and _mail_from(one) == sender for one in results)
    signing = not refused or (len(authors) == 1 and correspondent == normal(authors[0].address))
    corresponds = any(
        (sender and _mail_from(one) == sender) or (signing and _same_organisation(_signer(one), sender))
        for one in passed
    )
    signatures = (one.properties.get("header.b", "") for one in passed if _same_organisation(_signer(one), author))
    return Authentication(
        author_authenticated=not refuted and (aligned or dmarc == "pass"),
        correspondent_authenticated=bool(corresponds),
        dmarc=dmarc,
        source=fields[0].authserv_id,
        summary=said(one for one in results if one.method in ("dkim", "spf", "dmarc")),
        signature=next((one for one in signatures if _BASE64.fullmatch(one)), ""),
    )


def _about(dmarc: Result, author: str) -> bool:
    """Whether a dmarc verdict is about this author: one that names another From domain says nothing."""
    named = dmarc.properties.get("header.from", "")
    domain = normal_domain(split(named)[1] or named)
    return bool(author) and (not domain or domain == author)


def _signer(one: Result) -> str:
    """The domain of a DKIM signature: header.d, else the domain of header.i."""
    if one.method != "dkim":
        return ""
    domain = one.properties.get("header.d") or split(one.properties.get("header.i", ""))[1]
    return normal_domain(domain)


def _mail_from(one: Result) -> str:
    """The domain of the MAIL FROM that SPF was checked for; "" if it was HELO."""
    if one.method != "spf":
        return ""
    name = next((one.properties[key] for key in _ADDRESS_PROPERTIES if key in one.properties), "")
    return normal_domain(split(name)[1] or name)


def _same_organisation(one: str, other: str) -> bool:
    return bool(one and other) and organisational_domain(one) == organisational_domain(other)


def said(results: Iterable[Result]) -> str:
    """The results as they stand in a field of our own, "; " between them; whole ones, and no more than fit."""
    kept: list[str] = []
    room = LONGEST
    for one in results:
        text = _said(one)
        room -= len(text) + 2
        if room < 0:
            break
        kept.append(text)
    return "; ".join(kept)


def _said(one: Result) -> str:
    """Only plain ASCII words, whatever stood in a mail or in DNS."""
    if not _plain(one.result):
        return f"{one.method}=none"
    words = [f"{one.method}={one.result}"]
    if comment := " ".join(re.sub(r"[^A-Za-z0-9.,=_-]", " ", one.comment).split())[:80].strip():
        words.append(f"({comment})")
    for name in _TOLD:
        value = one.properties.get(name, "")
        if name in _DOMAINS:
            value = normal_domain(split(value)[1] or value)
        if _plain(value):
            words.append(f"{name}={value}")
        elif name == "header.b" and _BASE64.fullmatch(value):
            words.append(f'{name}="{value}"')  # a token may hold neither "/" nor "=" (RFC 2045 section 5.1)
    return " ".join(words)


def _plain(text: str) -> bool:
    return text.isascii() and all(one.isalnum() or one in ".-_" for one in text) and 0 < len(text) < 254


def _authserv_id(head: str) -> str:
    """The first word. A version may follow; anything else glued on by folding is taken for part of the id."""
    words = [lexical.unquoted(one) for one in lexical.split(head, " \t\r\n") if one.strip()]
    if words and words[-1].isdigit() and len(words) > 1:
        words = words[:-1]
    return normal_domain("".join(words))


def _result(text: str) -> Result | None:
    words = _words(text)
    if not words:
        return None
    method, equals, result = words[0].partition("=")
    method, result = method.partition("/")[0].strip().lower(), lexical.unquoted(result).lower()
    if not equals or not method or not result:
        return None
    properties: dict[str, str] = {}
    for one in words[1:]:
        name, equals, value = one.partition("=")
        if equals and "." in name:
            properties.setdefault(name.lower(), lexical.unquoted(value))
    return Result(method, result, properties)


def _words(text: str) -> list[str]:
    """Words outside quotes, with the spaces that the grammar allows around "=" and the dot of a property taken out."""
    words: list[str] = []
    for one in lexical.split(text, " \t\r\n"):
        if not one:
            continue
        ends = (one[0], words[-1][-1]) if words else ()
        if "=" in ends or (ends and "=" not in words[-1] and ("." in ends or "/" in ends)):
            words[-1] += one
        else:
            words.append(one)
    return words
