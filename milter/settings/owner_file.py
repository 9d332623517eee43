"""owners/*.toml: one freelancer's file, finished to the value that every stage reads."""

import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from glob import glob
from pathlib import Path
from zoneinfo import ZoneInfo

from milter.core.owner import AddressBook, Kind, Mode, Owner, Tone, Vacation
from milter.core.policy import FilingMethod
from milter.settings import closures, folders, mail_address, places, replies
from milter.settings.clients import language, own_hours, read_clients, read_plans
from milter.settings.findings import Wrong
from milter.settings.host import Host
from milter.settings.identities import Calendar, read_identities
from milter.settings.reader import Reader, chosen
from milter.settings.source import Source
from milter.settings.texts import Check, Texts, with_own

TOP = ("name", "timezone", "language", "tone", *closures.KEYS)
TABLES = ("replies", "identity", "vacation", "plan", "client", "contacts", "people", "alerts", "folders")
DEFAULT_LANGUAGE = "en"
LONGEST_VACATION = timedelta(days=120)  # more is rather a slip in the year
_UTC = ZoneInfo("UTC")
_DUE = re.compile(r"\{\{\s*due\b")


@dataclass(frozen=True, slots=True)
class OwnerFile:
    """What came of one file: `owner` is in force only if it is not broken. Problems of his texts are in `texts`.

    `calendars`: the files and folders he names, good or not.
    """

    source: Source
    owner: Owner
    texts: Texts
    calendars: tuple[Path, ...] = ()

    @property
    def broken(self) -> bool:
        return self.source.broken or any(not one.warning for one in self.texts.problems)


def files_of(host_file: Path, pattern: str) -> tuple[Path, ...]:
    """The owners' files in the order of their names. `pattern` relative to recado.toml, or absolute."""
    found = (Path(one) for one in glob(str(host_file.parent / pattern)))  # noqa: PTH207 - Path.glob refuses absolute patterns
    return tuple(sorted((one for one in found if _to_read(one)), key=lambda one: (one.name, one)))


def _to_read(path: Path) -> bool:
    """A file, or what cannot be read and is to be named: a dangling link, a file in a folder that nobody may enter."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:  # without a link an editor is just replacing it
        return path.is_symlink()
    except OSError:
        return True


def folder_of(file: Path) -> Path:
    """Where the owner's own texts lie: `owners/ana/` for `owners/ana.toml`."""
    return file.with_suffix("")


def read_owner(source: Source, host: Host, factory: Texts, check: Check, today: date) -> OwnerFile:
    """The owner in `source`; his calendars count in the years around `today`.

    After a file that is no TOML there is nothing more to find in it.
    """
    source.top, source.tables = TOP, TABLES
    texts = with_own(factory, folder_of(source.file), check)
    if not source.data and source.broken:
        return OwnerFile(source, _nobody(source.file.stem), texts)
    top = Reader(source, (), source.data, (*TOP, *TABLES))
    known = frozenset(folders.CUSTOM) | texts.languages
    spoken = top.parsed("language", lambda text: language(text, known), DEFAULT_LANGUAGE)
    zone = _zone(top)
    vacations = tuple(_vacations(top))
    away = closures.Laid(vacations=tuple((one.first, one.last) for one in vacations))
    calendar = Calendar(zone.key, spoken, away | closures.calendars(top, zone.key, today), today)
    identities, closed = read_identities(top, calendar, source.file.parent)
    plans = read_plans(top, calendar, identities, closed)
    named = folders.read_folders(top.table("folders", folders.KEYS), spoken)
    clients = read_clients(top, plans, named, known, lambda table: own_hours(table, calendar, identities, closed))
    people = top.table("people", ("addresses", "pointer"))
    reply = top.table("replies", (*replies.KEYS, "copies"))
    wishes = replies.read(reply, copies=reply.flag("copies", True))
    owner = Owner(
        id=source.file.stem,
        name=top.needed("name", "Ana Souto"),
        timezone=zone,
        language=spoken,
        tone=top.parsed("tone", lambda text: chosen(Tone, text), None),
        replies=replies.under(host.replies, wishes),
        identities=identities,
        folders=named,
        plans=plans,
        clients=clients,
        client_book=AddressBook.of({one.id: one.addresses for one in clients.values()}),
        contact_book=_book("contacts", top.table("contacts", ("addresses",))),
        people_book=_book("people", people),
        alert_book=_book("alerts", top.table("alerts", ("addresses",))),
        people_pointer=people.flag("pointer", False),
        vacations=vacations,
        texts=texts.pairs,
    )
    _texts_there(top, owner, texts, known)
    _promised_by_none(top, owner, texts, factory)
    if wishes.mode is Mode.LIVE and owner.replies.mode is not Mode.LIVE:
        allowed = f'"live", but the sysadmin allows no more than "{owner.replies.mode}"'
        reply.warn("mode", Wrong(allowed, "ask for [replies] mode in recado.toml"))
    _disappointments(top, owner, host)
    calendars = (*calendar.laid.sources, *(path for one in closed.values() for path in one.sources))
    return OwnerFile(source, owner, texts, tuple(dict.fromkeys(calendars)))


def _zone(top: Reader) -> ZoneInfo:
    if "timezone" not in top:
        top.problem("timezone", Wrong("is missing", 'write timezone = "Europe/Madrid"'))
    return top.parsed("timezone", places.zone, _UTC)


def _vacations(top: Reader) -> Iterator[Vacation]:
    for table in top.array("vacation", ("from", "to")):
        first, last = table.day("from"), table.day("to")
        if first and last and last < first:
            table.problem(
                "to",
                Wrong(
                    f"{last} lies before from = {first}",
                    f"write the last day away, {_year_later(first, last)} or later",
                ),
            )
        elif first and last:
            if last - first > LONGEST_VACATION:
                said = f"lasts {(last - first).days + 1} days, from {first} to {last}"
                table.warn("to", Wrong(said, "write another year, if that is not meant"), slip=True)
            yield Vacation(first, last)


def _year_later(first: date, last: date) -> date:
    """The first such day that is not before `first`: people forget the turn of the year. `first`, if that makes no vacation."""
    for year in (first.year, first.year + 1):
        try:
            moved = last.replace(year=year)
        except ValueError:
            return first
        if first <= moved <= first + LONGEST_VACATION:
            return moved
    return first


def _book(name: str, table: Reader) -> AddressBook:
    addresses = table.each("addresses", mail_address.pattern)
    for one in addresses:
        if too_many := mail_address.everybody(one):
            table.warn("addresses", too_many, slip=True)
    return AddressBook.of({name: addresses})


def _texts_there(top: Reader, owner: Owner, texts: Texts, known: frozenset[str]) -> None:
    """The owner's language needs every text; a client's is replaced by the owner's."""
    own = f"{folder_of(top.source.file).name}/"
    if texts.missing(owner.language):
        spoken = ", ".join(f'"{one}"' for one in sorted(known) if not texts.missing(one))
        choice = f", or choose one of {spoken}" if spoken else ""
        top.problem("language", Wrong(_missing(texts, owner.language), f"write what is missing into {own}{choice}"))
    for client in owner.clients.values():
        if client.language and client.language != owner.language and texts.missing(client.language):
            what = f'{_missing(texts, client.language)}: "{owner.language}" is used'
            top.source.warn(("client", client.id, "language"), Wrong(what, f"write what is missing into {own}"))


def _promised_by_none(top: Reader, owner: Owner, texts: Texts, factory: Texts) -> None:
    """A text of his own that does not say the instant promises none."""
    for name, text in texts.by_name.items():
        if name.startswith("closed.") and text != factory.by_name.get(name) and not _DUE.search(text):
            wrong = Wrong(
                f"your own {name} does not say {{{{ due }}}}: nothing is promised in it", "add it to the text"
            )
            for plan in owner.plans.values():
                if plan.answer_within:
                    top.source.warn(("plan", plan.id, "answer_within"), wrong, slip=True)


def _missing(texts: Texts, spoken: str) -> str:
    if spoken not in texts.languages:
        return f'there are no texts in "{spoken}"'
    return f"there is no {', '.join(texts.missing(spoken))}"


def _disappointments(top: Reader, owner: Owner, host: Host) -> None:
    for identity in owner.identities:
        if (
            owner.replies.mode is Mode.LIVE
            and identity.kind is Kind.BUSINESS
            and not (identity.dkim and identity.dkim.key_file)
        ):
            path = ("identity", identity.name, "dkim", "key_file")
            top.source.warn(
                path, Wrong("replies are live without a DKIM key: many land in spam", "make one with recado dkim-key")
            )
    if host.filing is FilingMethod.NONE and owner.folders.screened:
        wrong = Wrong('filing.method "none" files nobody', 'ask for method "header" in recado.toml, or leave it out')
        top.source.warn(("folders", "screened"), wrong)
    if host.filing is FilingMethod.DETAIL:
        named = [(("client", one.id, "name"), one.folder) for one in owner.clients.values()]
        named += [(("folders", key, ""), getattr(owner.folders, key)) for key in ("prospects", "alerts", "screened")]
        for place, folder in named:
            if not folders.fits_detail(folder):
                wrong = Wrong(
                    f'filing.method "detail" cannot file into "{folder}"',
                    'use letters, digits, "-", "_" and "/" only, or method "header"',
                )
                top.source.warn(tuple(step for step in place if step), wrong)


def _nobody(name: str) -> Owner:
    """Stands for the owner of a file that cannot be read; never in force."""
    return Owner(name, name, _UTC, DEFAULT_LANGUAGE, None, replies.DEFAULT, (), folders.CUSTOM[DEFAULT_LANGUAGE])
