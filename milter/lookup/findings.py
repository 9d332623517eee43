"""What DKIM, SPF and DMARC say together of author and correspondent, and how it is written down. Looks nothing up."""

from dataclasses import dataclass

from milter.core import address, dmarc
from milter.core.authentication_results import REFUSED, Result, said
from milter.core.dmarc import Identifiers
from milter.core.envelope import Transaction
from milter.core.facts import Authentication
from milter.core.received import Client, NoClient
from milter.lookup.dkim import Signature
from milter.lookup.spf import SpfResult

FIRST = 8  # characters of a signature that tell it from the others (RFC 6008)


@dataclass(frozen=True, slots=True)
class Findings:
    """`author`: From's domain as `author_domain` answers. `spf` None: there was no `client` to ask about. `published`: by name in
    `dmarc.names(author)`. `author_address`: normal; "" for none, or more than one."""

    author: str
    signatures: tuple[Signature, ...]
    spf: SpfResult | None
    client: Client | NoClient
    published: tuple[dmarc.Found, ...]
    author_address: str = ""

    @property
    def passed(self) -> tuple[Signature, ...]:
        return tuple(one for one in self.signatures if one.result == "pass")

    @property
    def identifiers(self) -> Identifiers:
        """RFC 7489 section 3.1.2: of HELO only for the null reverse-path, for which check_spf answers by itself."""
        return Identifiers(
            tuple(one.domain for one in self.passed),
            # Of whom a signature is that could not be read, nobody knows: it may be the author's.
            tuple(one.domain or self.author for one in self.signatures if one.result == "temperror"),
            self.spf.result if self.spf else "",
            self.spf.domain if self.spf else "",
        )


def author_domain(transaction: Transaction) -> str:
    """The normal domain of the one From; "" if there is none, or more than one."""
    if len(transaction.message.all("from")) != 1:
        return ""
    return address.normal_domain(address.split(address.author(transaction.message))[1])


def authentication_of(found: Findings, mail_from: str, authserv_id: str) -> Authentication:
    correspondent = address.untagged(mail_from)
    sender = address.split(correspondent)[1]
    verdict = dmarc.judge(found.author, found.published, found.identifiers)
    return Authentication(
        author_authenticated=verdict.result != "fail" and _author_is_proven(found),
        correspondent_authenticated=bool(sender) and _correspondent_is_proven(found, correspondent),
        dmarc="fail" if verdict.forged else "pass" if verdict.result == "pass" else "none",
        source=authserv_id,
        summary=said(_results(found, verdict, sender)),
        signature=next((one.b for one in found.passed if dmarc.aligned(one.domain, found.author)), ""),
    )


def _author_is_proven(found: Findings) -> bool:
    record = next((one for one in found.published if one is not None), None)
    return bool(found.author) and dmarc.proven(found.author, record, found.identifiers)


def _correspondent_is_proven(found: Findings, correspondent: str) -> bool:
    spf, sender = found.spf, address.split(correspondent)[1]
    if spf is not None and spf.scope == "mailfrom" and spf.result == "pass":
        return True
    if spf is not None and spf.result in REFUSED and correspondent != found.author_address:
        return False
    return any(dmarc.aligned(one.domain, sender) for one in found.passed)


def _results(found: Findings, verdict: dmarc.Verdict, sender: str) -> list[Result]:
    """What decided comes first: a reason quotes only the beginning."""
    dmarc_said = Result("dmarc", verdict.result, {"header.from": found.author, "policy.dmarc": verdict.policy})
    results = [dmarc_said, *(_dkim(one) for one in found.signatures)]
    if found.spf is None:
        return [*results, _no_spf(found.client, sender)]
    scope = "smtp.helo" if found.spf.scope == "helo" else "smtp.mailfrom"
    return [Result("spf", found.spf.result, {scope: found.spf.domain}), *results]


def _no_spf(client: Client | NoClient, sender: str) -> Result:
    why = f"not checked, {client.why}" if isinstance(client, NoClient) else "not checked"
    return Result("spf", "none", {"smtp.mailfrom": sender}, why)


def _dkim(one: Signature) -> Result:
    properties = {"header.d": one.domain, "header.s": one.selector, "header.a": one.algorithm}
    return Result("dkim", one.result, properties | {"header.b": one.b[:FIRST]}, one.why)
