"""[identity.*]: address groups of an owner, and when each is open."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from milter.core.closures import NOTHING_BUSY, Busy
from milter.core.hours import Schedule
from milter.core.owner import Brand, DkimKey, Identity, Invitations, Kind, Tone
from milter.settings import closures, hours_check, mail_address, places, presets
from milter.settings.findings import Wrong
from milter.settings.reader import Reader, chosen

KEYS = (
    "kind",
    "addresses",
    "mailbox",
    "hours",
    "call_hours",
    "focus",
    "invitations",
    "holidays",
    "days_off",
    *closures.KEYS,
    "booking",
    "tone",
    "dkim",
    "brand",
)
ALWAYS = "24/7"  # a business identity without hours: vacations and days off still close it


@dataclass(frozen=True, slots=True)
class Calendar:
    """What every expression of one owner shares. `laid`: his vacations and his calendars; `today` they are read for."""

    zone: str
    language: str
    laid: closures.Laid
    today: date


@dataclass(frozen=True, slots=True)
class Closures:
    """What closes one identity beside its expression; plans with hours of their own are closed by it too."""

    country: str
    region: str
    days_off: tuple[date, ...]
    vacations: tuple[tuple[date, date], ...] = ()
    busy: Busy = NOTHING_BUSY
    sources: tuple[Path, ...] = ()

    def schedule(self, expression: str, zone: str) -> Schedule:
        return Schedule(expression, zone, self.country, self.region, self.days_off, self.vacations, self.busy)


def read_identities(
    top: Reader, calendar: Calendar, folder: Path
) -> tuple[tuple[Identity, ...], Mapping[str, Closures]]:
    """The identities in the order of the file, and the closures of each by name. Key files are relative to `folder`."""
    identities: list[Identity] = []
    closed_by: dict[str, Closures] = {}
    claimed: dict[str, str] = {}
    for name, table in top.tables("identity", KEYS):
        closed = _closures(table, calendar)
        identities.append(_identity(name, table, calendar, closed, folder))
        closed_by[name] = closed
        for one in identities[-1].addresses:
            first = claimed.setdefault(one, name)
            if first != name:
                table.problem(
                    "addresses", Wrong(f'"{one}" belongs to identity.{first} already', "give it to one of them")
                )
    if not identities:
        top.problem(
            "identity",
            Wrong(
                "is missing: no address is yours", 'write [identity.studio] with addresses = ["ana@estudio.example"]'
            ),
        )
    return tuple(identities), closed_by


def schedule(table: Reader, key: str, calendar: Calendar, closed: Closures) -> Schedule | None:
    """The schedule of the expression in `key`; None if there is none, or a wrong one."""
    if key not in table:
        return None
    expression = presets.expression(table.text(key))
    if not expression and not table.blank(key):
        return None  # what is wrong with it is told already
    wrong = hours_check.check(expression, closed.country, calendar.language)
    if wrong:
        table.problem(key, wrong)
        return None
    _warn_of_hours(table, key, expression, closed)
    return closed.schedule(expression, calendar.zone)


def _closures(table: Reader, calendar: Calendar) -> Closures:
    days, half_days = closures.days_off(table, calendar.zone)
    laid = calendar.laid | closures.calendars(table, calendar.zone, calendar.today)
    busy = Busy.of((*half_days, *laid.spans), laid.days)
    return Closures(*_holidays(table, calendar.zone), days, laid.vacations, busy, laid.sources)


def _identity(name: str, table: Reader, calendar: Calendar, closed: Closures, folder: Path) -> Identity:
    kind = _kind(table)
    addresses = table.patterns(mail_address.pattern, "ana@estudio.example")
    hours = schedule(table, "hours", calendar, closed)
    calls = schedule(table, "call_hours", calendar, closed)
    if hours and calls and hours_check.never_together(hours.expression, calls.expression):
        told = Wrong("falls on no day on which hours open: calls are never taken", "write days that are in hours")
        table.warn("call_hours", told, slip=True)
    if hours is None and kind is Kind.BUSINESS:
        hours = closed.schedule(ALWAYS, calendar.zone)
    return Identity(
        name=name,
        kind=kind,
        addresses=addresses,
        mailbox=_mailbox(table, addresses),
        schedule=hours,
        call_schedule=calls,
        focus=schedule(table, "focus", calendar, closed),
        invitations=_invitations(table),
        booking=table.parsed("booking", link, ""),
        brand=_brand(table),
        dkim=_dkim(table, addresses, folder),
        tone=table.parsed("tone", lambda text: chosen(Tone, text), None),
    )


def _kind(table: Reader) -> Kind:
    if "kind" not in table:
        table.problem("kind", Wrong("is missing", 'write kind = "business" or kind = "personal"'))
    return table.choice("kind", Kind.BUSINESS)


def _invitations(table: Reader) -> Invitations:
    if "invitations" in table and "call_hours" not in table:
        wrong = Wrong("does nothing without call_hours", 'write call_hours = "Tu,Th 17:00-19:00"')
        table.warn("invitations", wrong, slip=True)
    return table.choice("invitations", Invitations.TAG)


def _holidays(table: Reader, zone: str) -> tuple[str, str]:
    found = table.optional("holidays", places.region, None)
    if found and not found[1] and (meant := places.region_for_country(zone, found[0])):
        table.warn("holidays", Wrong(f'"{found[0]}" is a country far away', f'write "{meant}" for the region of Spain'))
    if found is None and not table.blank("holidays"):
        return "ES", ""  # the file is broken already; this only keeps PH in it from being called useless
    return found or ("", "")


def _mailbox(table: Reader, addresses: tuple[str, ...]) -> str:
    exact = next((one for one in addresses if not one.startswith("@")), "")
    mailbox = table.optional("mailbox", mail_address.one_address, exact)
    if addresses and not mailbox:
        table.problem(
            "mailbox",
            Wrong("is missing, and no full address could stand for it", 'write mailbox = "ana@estudio.example"'),
        )
    return mailbox


def _dkim(table: Reader, addresses: tuple[str, ...], folder: Path) -> DkimKey | None:
    if "dkim" not in table:
        return None
    dkim = table.table("dkim", ("domain", "selector", "key_file"))
    key_file = dkim.text("key_file")
    own = next((one.rpartition("@")[2] for one in addresses), "")
    return DkimKey(
        dkim.text("domain") or own, dkim.text("selector") or "recado", str(folder / key_file) if key_file else ""
    )


def _brand(table: Reader) -> Brand:
    brand = table.table("brand", ("name", "website", "logo", "color"))
    return Brand(
        name=brand.text("name"),
        website=brand.parsed("website", link, ""),
        logo=brand.parsed("logo", link, ""),
        color=brand.parsed("color", _color, ""),
    )


def link(text: str) -> str | Wrong:
    """An address of the web; "" for none."""
    if not text or re.fullmatch(r"https?://[^\s<>\"]+", text):
        return text
    whole = text.strip().replace(" ", "%20")
    whole = whole if "://" in whole else f"https://{whole}"
    picture = re.fullmatch(r"https://[^/]+\.(?:png|jpe?g|gif|svg|webp)", whole)  # the name of a file alone
    good = re.fullmatch(r"https?://[\w.-]+\.[a-z]{2,}(/[^\s<>\"]*)?", whole) and not picture
    return Wrong(f'"{text}" is not the address of a page', f'write "{whole if good else "https://estudio.example"}"')


def _color(text: str) -> str | Wrong:
    if not text or re.fullmatch(r"#(?:[0-9A-Fa-f]{3}){1,2}", text):
        return text
    return Wrong(f'"{text}" is not a colour', 'write six hexadecimal digits, such as "#1f5f5b"')


def _warn_of_hours(table: Reader, key: str, expression: str, closed: Closures) -> None:
    for slip in (hours_check.backwards(expression), hours_check.overruled(expression), hours_check.vague(expression)):
        if slip:
            table.warn(key, slip, slip=True)
    if hours_check.mentions(expression, "SH"):
        table.warn(
            key,
            Wrong(
                "school holidays (SH) are not known, that part does nothing",
                "list the days in days_off or [[vacation]]",
            ),
        )
    if not closed.country and hours_check.mentions(expression, "PH"):
        table.warn(key, Wrong("PH does nothing without holidays", 'write holidays = "ES", or a region such as "ES-GA"'))
