"""By which names the reputation knows a sender. Proven names and claimed ones are never the same name.

A proven address is a name of its own; a claimed one counts only together with the network it came from. So whoever forges a
client's address neither uses the client's good name nor spoils it.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from milter.core import address, authentication_results, ip
from milter.core.envelope import Transaction
from milter.core.facts import Authentication, Missing
from milter.core.freemail import is_freemail


class NameKind(StrEnum):
    """ADDRESS and DOMAIN are proven; a LIST is its List-Id and the proven domain of its bounces; STRANGER is not proven."""

    ADDRESS = "a"
    DOMAIN = "d"
    LIST = "l"
    STRANGER = "u"


class Signed(StrEnum):
    """What became of the author's own domain's DKIM signature."""

    NONE = ""
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Sender:
    """`name`: a normal address without detail, a domain, or List-Id and domain. `network` of a stranger, else "".

    `domain`: whose record lends this one its standing; "" if none does (freemail). `place`: what picks the slot.
    """

    kind: NameKind
    name: str
    domain: str
    place: str
    network: str = ""

    @property
    def authenticated(self) -> bool:
        return self.kind is not NameKind.STRANGER


def of_address(person: str, delimiter: str = "") -> Sender:
    """The proven name of an address. `delimiter` of a detail, which names nobody else; "": `person` is without one."""
    name = address.without_detail(address.normal(person), delimiter)
    return Sender(NameKind.ADDRESS, name, _lender(name), place(name))


def of_domain(domain: str) -> Sender:
    """The record of an organisational domain itself."""
    name = address.organisational_domain(domain)
    return Sender(NameKind.DOMAIN, name, "", name)


def of_list(list_id: str, domain: str) -> Sender:
    """`domain`: the organisation that sends the list's mail, proven. As for addresses, a freemail domain lends nothing."""
    name = address.organisational_domain(domain)
    return Sender(NameKind.LIST, f"{list_id} {name}", "" if is_freemail(name) else name, name)


def of_stranger(claimed: str, network: str, delimiter: str = "") -> Sender:
    """What an unproven author claims to be, where he came from. `network` as `network` below answers."""
    name = address.without_detail(address.normal(claimed), delimiter)
    return Sender(NameKind.STRANGER, name, _lender(name), place(name), network)


def place(name: str) -> str:
    """What picks the slot of an address: its organisation, or, where addresses lend each other nothing, the address."""
    domain = address.organisational_domain(address.split(name)[1])
    return address.normal(name) if is_freemail(domain) else domain


def network(client: str) -> str:
    """Of a client's address, as `ip.network` cuts it; "local" of this host, "unknown" without one."""
    one = ip.parse(client)
    if one is None:
        return "unknown"
    return "local" if one.is_loopback else ip.network(one)


def named(transaction: Transaction, known: Authentication | Missing, delimiter: str) -> Sender | None:
    """Whom this message's evidence is about; None if it names nobody.

    An author who is proven answers for himself, on a list too. A list that broke the author's signature answers for its posts.
    An envelope sender wrapped by a forwarder (SRS) is the original one.
    """
    author = address.author(transaction.message)
    proven = known if isinstance(known, Authentication) else None
    if author and proven and proven.author_authenticated:
        return of_address(author, delimiter)
    list_id = _list_id(transaction.message.first("list-id") or "")
    if list_id and proven and proven.correspondent_authenticated and transaction.mail_from and proven.dmarc != "fail":
        return of_list(list_id, address.split(address.untagged(transaction.mail_from))[1])
    if not author and transaction.mail_from == address.NULL:
        return None
    claimed = author or address.unwrapped(transaction.mail_from)
    peer = transaction.peer
    return of_stranger(claimed, "local" if peer.source == "LOCAL" else network(peer.address), delimiter)


def claimed_place(transaction: Transaction) -> str:
    """Picks the slot of what is remembered of a message: by its bytes and envelope alone, so a retry finds it."""
    return place(address.author(transaction.message) or address.unwrapped(transaction.mail_from))


def signed(known: Authentication | Missing, sender: Sender) -> Signed:
    """Whether a signature of the author's organisation passed or failed, as our own Authentication-Results says it."""
    if isinstance(known, Missing) or not sender.domain or sender.kind is NameKind.LIST:
        return Signed.NONE
    results = authentication_results.parse(f"ours; {known.summary}").results
    said = {one.result for one in results if one.method == "dkim" and _organisation(one) == sender.domain}
    if "pass" in said or (known.signature and sender.authenticated):
        return Signed.PASSED
    return Signed.FAILED if "fail" in said else Signed.NONE


def _organisation(one: authentication_results.Result) -> str:
    named = one.properties.get("header.d") or address.split(one.properties.get("header.i", ""))[1]
    return address.organisational_domain(named) if named else ""


def _lender(name: str) -> str:
    domain = address.organisational_domain(address.split(name)[1])
    return "" if is_freemail(domain) else domain


_LIST_ID = re.compile(r"<\s*([^<>\s]+)\s*>\s*$")


def _list_id(value: str) -> str:
    """What stands in the angle brackets (RFC 2919 section 2), without case."""
    found = _LIST_ID.search(value)
    return found[1].lower()[:255] if found else ""
