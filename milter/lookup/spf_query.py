"""One evaluation of SPF by pyspf, against answers that are there already: it asks nobody, and it waits for nothing.

pyspf is told what the DNS says; where it would look something up that is not known yet, `Unknown` says what, and the
evaluation is begun again once it is. Where pyspf departs from RFC 7208, or could be kept busy by a record, we do it here.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import Any

from milter.core.ip import IpAddress
from milter.lookup.dns import Answer, Failed, Kind, NoRecords, Records
from milter.lookup.spf_macros import NoMacroString, check, check_domain, expand

with warnings.catch_warnings():
    # Compiled at its first import where the installer did not: it has escapes that Python is about to forbid.
    warnings.simplefilter("ignore")
    import spf

# Of all records together: long lists of networks exist, and each pass reads them again.
MOST_TERMS = 1000
MOST_BYTES = 32_768
MOST_HOSTS = 10  # of an MX or PTR look-up (RFC 7208 section 4.6.4)


class Unknown(Exception):
    """What has to be looked up before the evaluation can go on."""

    def __init__(self, wanted: Sequence[tuple[str, Kind]]) -> None:
        super().__init__(wanted)
        self.wanted = wanted


class Query(spf.query):  # type: ignore[misc]
    """`known`: the answer, or None if it has to be looked up. `check()[0]` is the result."""

    def __init__(
        self, client: IpAddress, sender: tuple[str, str], helo: str, known: Callable[[str, Kind], Answer | None]
    ) -> None:
        local, domain = sender
        super().__init__(i=str(client), s=f"{local}@{domain}", h=helo, strict=1)
        # pyspf splits at the first at sign, which may stand inside a quoted local part.
        self.l, self.o, self.d = local, domain, domain
        self._known = known
        self._terms = self._bytes = 0
        self._void_at: int | None = None
        self.void_lookups: int
        self._names: list[str] | None = None

    def check0(self, record: str | None, recursion: int) -> Any:
        return super().check0(self._without_idle_modifiers(record) if record else record, recursion)

    def _without_idle_modifiers(self, record: str) -> str:
        """Unknown modifiers are ignored wherever and however often they stand, and names know no case (section 6).

        `exp=` is only checked: nobody is shown its text, so nothing is asked for it.
        """
        kept, explained = [], False
        version, *terms = (one for one in record.split(" ") if one)
        self._terms += len(terms)
        self._bytes += len(record)
        if self._terms > MOST_TERMS or self._bytes > MOST_BYTES:
            raise spf.PermError("Too long")
        for term in terms:
            modifier = spf.RE_MODIFIER.match(term)
            name, value = (modifier[1].lower(), term[modifier.end() :]) if modifier else ("", "")
            if name in ("", "redirect"):
                kept.append(f"redirect={value}" if name else term)
                continue
            if name == "exp" and explained:
                raise spf.PermError("exp= MUST appear at most once", term)
            explained |= name == "exp"
            _or_permerror(check_domain if name == "exp" else check, value)
        return " ".join((version, *kept))

    def expand_domain(self, arg: str) -> str:
        if arg == self.d:
            return arg  # pyspf fills it in where no name is given; it may hold what a HELO name brought along
        _or_permerror(check_domain, arg)
        return self.expand(arg)

    def expand(self, s: str, stripdot: bool = True) -> str:
        try:
            return expand(s, self._value)
        except NoMacroString as error:
            raise spf.PermError("invalid macro string", s) from error

    def _value(self, letter: str) -> str:
        return self.getp() if letter == "p" else str(getattr(self, letter))

    def getp(self) -> str:
        """Section 7.3: the checked domain itself, else one below it, else any; "unknown" if the DNS says nothing or fails."""
        voids = self.void_lookups, self._void_at
        names = self.validated_ptrs()
        self.void_lookups, self._void_at = voids  # p is no term, and terms are counted
        here = self.d.lower()
        below = (one for one in names if one.endswith(f".{here}"))
        return here if here in names else next(below, next(iter(names), "unknown"))

    def validated_ptrs(self) -> list[str]:
        """Names of the client, in lower case, that lead back to it (section 5.5). An error costs only the name it concerns."""
        if self._names is None:
            try:
                names = [one.lower() for one in self.dns_ptr(self.i)[:MOST_HOSTS] if one]
            except spf.TempError:
                names = []
            self._want(names)
            self._names = [one for one in names if self._leads_back(one)]
        return self._names

    def _leads_back(self, name: str) -> bool:
        try:
            return self.ipaddr in self.dns_a(name, self.A)
        except spf.TempError:
            return False

    def dns_mx(self, domainname: str) -> Iterator[IpAddress]:
        """The addresses in the order of preference (section 5.4), each host's only when those before did not match."""
        hosts = [host for _, host in sorted(self.dns(domainname, "MX")) if host]
        if len(hosts) > MOST_HOSTS:
            raise spf.PermError(f"More than {MOST_HOSTS} MX records")
        self._want(hosts)
        for one in hosts:
            yield from self.dns_a(one, self.A)

    def _want(self, hosts: Iterable[str]) -> None:
        """All that is missing at once: asked for one by one, ten hosts would take ten times as long."""
        missing = [(one, self.A) for one in hosts if self._known(one, self.A) is None]
        if missing:
            raise Unknown(missing)

    def dns(self, name: str, qtype: Kind, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        if not name.isascii():
            return []  # RFC 8616 section 4: such a local part never matches
        match self._known(name, qtype):
            case None:
                raise Unknown([(name, qtype)])
            case Failed(why):
                raise spf.TempError(f"DNS {why}")
            case Records(values):
                return [(one,) for one in values] if qtype == "TXT" else list(values)
            case NoRecords():
                self._count_void()
        return []

    def _count_void(self) -> None:
        """Section 4.6.4 counts terms: an `mx` whose hosts have no IPv6 address is one, however many they are."""
        if self._void_at == self.lookups:
            return
        self._void_at = self.lookups
        self.void_lookups += 1
        if self.void_lookups > spf.MAX_VOID_LOOKUPS:
            raise spf.PermError("Too many void look-ups")

    def cidrmatch(self, ipaddrs: Iterable[str | IpAddress], n: int) -> bool:
        beyond = self.cidrmax - n
        mine = int(self.ipaddr) >> beyond
        try:
            return any(int(ip_address(one) if isinstance(one, str) else one) >> beyond == mine for one in ipaddrs)
        except ValueError as error:
            raise spf.PermError(str(error)) from error


def _or_permerror(checked: Callable[[str], None], text: str) -> None:
    try:
        checked(text)
    except NoMacroString as error:
        raise spf.PermError("invalid macro string", text) from error
