"""Authors who look like somebody the owner knows: a domain that is drawn or spelled almost like his, or his name with another
address. Everything is looked up in tables made once a configuration; no loop over the clients for a message.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from milter.core import address
from milter.core.address import Mailbox
from milter.core.confusables import deletions, one_edit, plain, skeleton, unicode_domain
from milter.core.freemail import is_freemail
from milter.core.look_alike_names import LONGEST, Names

if TYPE_CHECKING:
    from milter.core.owner import AddressBook, Owner

SHORT = 4  # letters: in fewer everything is one edit away from everything
LONG = 7  # from here a misspelled name is no accident under another ending either
MOST_LABELS = 10
MOST_ADDRESSES = 5
OWNER = "the owner"
_CAUSES = ("letters", "typo", "ending", "subdomain", "glued", "address", "name")
# In machines' mail these are a client's sister company, or a service that writes for him, far more often than a thief.
_OF_PEOPLE = frozenset({"ending", "glued", "address", "name"})
# The owner knows his own domains: only what he would not see is worth a word.
_HARD_TO_SEE = frozenset({"letters", "typo"})
# What is glued to a name to ask for money or passwords.
_GLUED = """
    pagos? facturas? facturacion cobros? contabilidad administracion admin invoices? billing pay payments? accounts?
    accounting finance bank banco secure security seguridad support soporte help ayuda login mail email correo webmail
    office online portal verify services? servicios? group grupo team corp company international global europe spain espana
    legal hr it sl slu sa gmbh ltd llc inc es com net org eu
"""
_BAITS = _GLUED.split()
_LONG_BAITS = [one for one in _BAITS if len(one.rstrip("?")) > SHORT]
_AFFIXED = re.compile(
    rf"(?:{'|'.join(_BAITS)})-(?P<behind>.+)|(?P<before>.+)-(?:{'|'.join(_BAITS)})"
    rf"|(?:{'|'.join(_LONG_BAITS)})(?P<after>[^-].*)|(?P<ahead>.*[^-])(?:{'|'.join(_LONG_BAITS)})"
)
_DIGIT = re.compile(r"\d")
_SHOWN_ADDRESS = re.compile(r"(?:[\w.+'-]{1,64}@)?[\w-]{1,63}(?:\.[\w-]{1,63})+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """`cause` one of letters, typo, ending, subdomain, glued, address, name; `evidence` says whose."""

    cause: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Known:
    """A domain that the owner deals with: `label` what its holder registered, in plain letters, and its `ending`."""

    domain: str
    whose: str
    label: str
    ending: str

    @property
    def drawn(self) -> str:
        return skeleton(self.label)


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """`real`: domains -> whose · `listed`: addresses -> whose · `near`: skeletons of labels, whole or without one letter ->
    the domains · `glued`: "acme-example" and "acmeexample" -> the domain · `mailboxes`: skeletons of addresses at providers ->
    the address that is listed."""

    real: Mapping[str, str] = field(default_factory=dict)
    listed: Mapping[str, str] = field(default_factory=dict)
    near: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)
    glued: Mapping[str, Known] = field(default_factory=dict)
    mailboxes: Mapping[str, str] = field(default_factory=dict)
    names: Names = field(default_factory=Names)

    def find(self, author: Mailbox, *, machine: bool = False) -> Likeness | None:
        """Whom an author that is in none of the owner's lists looks like. `machine`: its mail says so, or has a list's header."""
        name = address.normal(author.address)
        local, domain = address.split(name)
        organisation = address.organisational_domain(domain) if domain else ""
        if not organisation or organisation in self.real or name in self.listed:
            return None
        if is_freemail(domain):
            found = self._mailbox(local, domain)
        else:
            found = self._domain(domain, organisation)
        # With "=" a forwarder has rewritten the address of whom he names.
        shown = author.name[:LONGEST] + (f" {local}" if "=" not in local else "")
        found = found or self._shown_address(shown, name, organisation) or self._name(author.name)
        return None if found and machine and found.cause in _OF_PEOPLE else found

    def _mailbox(self, local: str, domain: str) -> Likeness | None:
        """laura.acrne@gmail.com for laura.acme@gmail.com."""
        found = self.mailboxes.get(f"{skeleton(plain(local))}@{domain}")
        return Likeness("letters", f"{self.listed[found]}, its address at {domain}") if found else None

    def _domain(self, domain: str, organisation: str) -> Likeness | None:
        labels = domain.split(".")[-MOST_LABELS:]
        label, _, ending = organisation.partition(".")
        candidates = [*self._resembling(label, ending), *self._subdomain(labels), *self._glued(labels, ending)]
        candidates = [one for one in candidates if one[0] in _HARD_TO_SEE or one[1].whose != OWNER]
        if not candidates:
            return None
        cause, known = min(candidates, key=lambda one: _CAUSES.index(one[0]))
        shown = domain if cause in ("subdomain", "glued") else organisation
        return Likeness(cause, f"{known.whose}: {shown} looks like {known.domain}")

    def _resembling(self, label: str, ending: str) -> Iterator[tuple[str, Known]]:
        read = plain(unicode_domain(label))
        drawn = skeleton(read)
        for key in deletions(drawn):
            for known in self.near.get(key, ()):
                if cause := _cause(known, label, ending, read, drawn):
                    yield cause, known

    def _subdomain(self, labels: list[str]) -> Iterator[tuple[str, Known]]:
        """acme.example.evil.test: phones show the beginning of a long domain only."""
        for first in range(len(labels) - 2):
            for last in range(first + 2, len(labels)):
                name = ".".join(labels[first:last])
                if name in self.real:
                    yield "subdomain", Known(name, self.real[name], "", "")

    def _glued(self, labels: list[str], ending: str) -> Iterator[tuple[str, Known]]:
        """acme-example.test, acme-facturas.example."""
        registered = labels[: len(labels) - ending.count(".") - 1]
        for label in registered:
            if known := self.glued.get(label):
                yield "glued", known
        found = _AFFIXED.fullmatch(plain(unicode_domain(registered[-1]))) if registered else None
        name = next((one for one in found.groups() if one), "") if found else ""
        for known in self.near.get(skeleton(name), ()) if len(name) >= SHORT else ():
            if known.drawn == skeleton(name):
                yield "glued", known

    def _shown_address(self, shown: str, name: str, organisation: str) -> Likeness | None:
        """An address, or a domain, in the display name or before the "@" that is not the author's but a listed one's."""
        for found in _SHOWN_ADDRESS.findall(shown)[:MOST_ADDRESSES]:
            local, domain = address.split(plain(found)) if "@" in found else ("", plain(found))
            whose = self.listed.get(f"{local}@{domain}") if local and f"{local}@{domain}" != name else None
            other = address.organisational_domain(domain)
            whose = whose or (self.real.get(other) if other != organisation else None)
            if whose and whose != OWNER:
                return Likeness("address", f"{whose}: {other} in the name, {organisation} in the address")
        return None

    def _name(self, shown: str) -> Likeness | None:
        client = self.names.find(shown)
        return Likeness("name", f"client {client}") if client else None


def _cause(known: Known, label: str, ending: str, read: str, drawn: str) -> str:
    """`read` the other's label in plain letters, `drawn` its skeleton. "": unlike."""
    if drawn == known.drawn:
        if label == known.domain.partition(".")[0]:
            return "ending" if len(read) >= SHORT else ""
        foreign = label.startswith("xn--") or not label.isascii()
        return "letters" if foreign or ending == known.ending or len(read) >= SHORT else ""
    near = ending == known.ending or len(known.label) >= LONG
    if len(known.label) < SHORT or not near or not one_edit(drawn, known.drawn):
        return ""
    return "" if _numbered(read, known.label) else "typo"


def _numbered(one: str, known: str) -> bool:
    """studio1 and studio2: whoever numbers his domains has more of them."""
    return _DIGIT.search(known) is not None and _DIGIT.sub("", one) == _DIGIT.sub("", known)


def look_alikes_of(owner: "Owner") -> LookAlikes:
    """The tables of one owner: his own domains, and those of everybody he lists."""
    own = [one for identity in owner.identities for one in (*identity.addresses, identity.mailbox)]
    everybody = [(OWNER, one.lstrip("@")) for one in own]
    everybody += list(_of_book(owner.client_book, "client "))
    everybody += [(whose, one) for book in (owner.contact_book, owner.alert_book) for whose, one in _of_book(book)]
    people = list(_of_book(owner.people_book))
    listed = {address.normal(one): whose for whose, one in [*everybody, *people] if "@" in one}
    # One person's address at a provider that we do not know as one: his neighbours there are strangers, not look-alikes.
    named = [*everybody, *((whose, one) for whose, one in people if "@" not in one)]
    real: dict[str, str] = {}
    for whose, one in named:
        domain = address.organisational_domain(address.normal_domain(address.split(one)[1] or one))
        if "." in domain and not is_freemail(domain):
            real.setdefault(domain, whose)
    known = [_known(domain, whose) for domain, whose in real.items()]
    mailboxes = {_mailbox(one): one for one in listed if is_freemail(address.split(one)[1])}
    return LookAlikes(
        real, listed, _near(known), _glued(known), mailboxes, Names.of(owner.clients.values(), _own(known))
    )


def _of_book(book: "AddressBook", prefix: str = "the ") -> Iterator[tuple[str, str]]:
    """Whose, and the address or domain."""
    for one, entry in (*book.exact.items(), *book.domains.items()):
        yield f"{prefix}{entry}", one


def _mailbox(one: str) -> str:
    local, domain = address.split(one)
    return f"{skeleton(plain(local))}@{domain}"


def _known(domain: str, whose: str) -> Known:
    label, _, ending = domain.partition(".")
    return Known(domain, whose, plain(unicode_domain(label)), ending)


def _near(known: Iterable[Known]) -> dict[str, tuple[Known, ...]]:
    near: dict[str, tuple[Known, ...]] = {}
    for one in known:
        drawn = one.drawn
        for key in deletions(drawn) if len(one.label) >= SHORT else {drawn}:
            near[key] = (*near.get(key, ()), one)
    return near


def _glued(known: Iterable[Known]) -> dict[str, Known]:
    long = [one for one in known if len(one.label) >= SHORT]
    return {one.domain.replace(".", mark): one for mark in ("-", "") for one in long}


def _own(known: Iterable[Known]) -> dict[str, frozenset[str]]:
    """The labels of each client's domains."""
    labels: dict[str, frozenset[str]] = {}
    for one in known:
        kind, _, client = one.whose.partition(" ")
        if kind == "client":
            labels[client] = labels.get(client, frozenset()) | {one.label}
    return labels
