"""[plan.*] and [client.*]."""

from collections.abc import Callable, Mapping

from milter.core import address
from milter.core.hours import Schedule
from milter.core.owner import URGENT_QUOTA, Client, Folders, Identity, Kind, Plan, Tone
from milter.settings import mail_address, places, spanish
from milter.settings.durations import positive
from milter.settings.findings import Wrong, nearest
from milter.settings.folders import client_folder
from milter.settings.identities import Calendar, Closures, schedule
from milter.settings.reader import Reader, chosen

PLAN_KEYS = ("name", "channels", "urgent", "urgent_quota", "hours", "answer_within")
CLIENT_KEYS = ("name", "addresses", "names", "plan", "language", "tone", "timezone", "hours", "vip")
_NOBODY = Closures("", "", ())


def read_plans(
    top: Reader, calendar: Calendar, identities: tuple[Identity, ...], closures: Mapping[str, Closures]
) -> dict[str, Plan]:
    plans: dict[str, Plan] = {}
    for name, table in top.tables("plan", PLAN_KEYS):
        schedules = own_hours(table, calendar, identities, closures)
        urgent = table.parsed("urgent", _urgent, "")
        if urgent:
            table.warn(
                "urgent",
                Wrong(
                    "there is no notifier yet: URGENTE marks the mail $Urgent, and alerts nobody",
                    "leave it out if you count on an alert",
                ),
            )
        promised = table.parsed("answer_within", positive, None)
        plans[name] = Plan(
            id=name,
            name=table.text("name") or name,
            channels=table.pairs("channels"),
            urgent=urgent,
            urgent_quota=_quota(table, urgent),
            schedules=schedules,
            answer_within=promised,
        )
    return plans


def own_hours(
    table: Reader, calendar: Calendar, identities: tuple[Identity, ...], closures: Mapping[str, Closures]
) -> dict[str, Schedule]:
    """`hours` of a plan or a client, by business identity, closed as that is."""
    business = [one.name for one in identities if one.kind is Kind.BUSINESS]
    if not business:
        schedule(table, "hours", calendar, _NOBODY)  # judged although nothing uses it
    of_each = ((one, schedule(table, "hours", calendar, closures[one])) for one in business)
    return {one: found for one, found in of_each if found}


def read_clients(
    top: Reader,
    plans: Mapping[str, Plan],
    folders: Folders,
    languages: frozenset[str],
    hours: Callable[[Reader], dict[str, Schedule]],
) -> dict[str, Client]:
    """`languages`: those there is a name for; a client may have no other. `hours` reads a client's own."""
    clients: dict[str, Client] = {}
    claimed: dict[str, str] = {}
    for name, table in top.tables("client", CLIENT_KEYS):
        addresses = table.patterns(mail_address.pattern, "@acme.example")
        for one in addresses:
            if too_many := mail_address.everybody(one):
                table.warn("addresses", too_many, slip=True)
            first = claimed.setdefault(one, name)
            if first != name:
                table.warn(
                    "addresses",
                    Wrong(f'"{one}" belongs to client.{first} already, which keeps it', "give it to one of them"),
                    slip=True,
                )
        shown = table.text("name") or name
        clients[name] = Client(
            id=name,
            name=shown,
            addresses=addresses,
            folder=client_folder(folders, shown, name),
            names=_names(table),
            plan=_plan(table, plans),
            language=table.parsed("language", lambda text: language(text, languages), None),
            tone=table.parsed("tone", lambda text: chosen(Tone, text), None),
            timezone=table.parsed("timezone", places.zone, None),
            schedules=hours(table),
            vip=table.flag("vip", False),
        )
    return clients


def language(text: str, known: frozenset[str]) -> str | Wrong:
    if text in known:
        return text
    short = text.strip()[:2].casefold()
    near = spanish.meant(text, known) or (short if short in known else None)
    listed = ", ".join(f'"{one}"' for one in sorted(known))
    return Wrong(
        f'"{text}" is no language that there are texts for' if text else "is empty",
        f'write "{near}"' if near else f"write one of {listed}",
    )


def _names(table: Reader) -> dict[str, str]:
    names: dict[str, str] = {}
    for written, person in table.pairs("names").items():
        normal = mail_address.one_address(written)
        if isinstance(normal, Wrong):
            table.source.problem((*table.path, "names", written), normal)
        elif person:
            names[address.normal(normal)] = person
    return names


def _plan(table: Reader, plans: Mapping[str, Plan]) -> Plan | None:
    name = table.text("plan")
    if not name or name in plans:
        return plans.get(name)
    shown = {one.name.casefold(): one.id for one in plans.values()}
    near = shown.get(name.casefold()) or nearest(name, plans)
    known = ", ".join(f'"{one}"' for one in plans)
    instead = (
        f'write "{near}"'
        if near
        else f"write one of {known}"
        if known
        else f"write [plan.{name}], or leave the line out"
    )
    table.problem("plan", Wrong(f'"{name}" is not a plan', instead))
    return None


def _quota(table: Reader, urgent: str) -> int:
    if "urgent_quota" in table and not urgent:
        table.warn("urgent_quota", Wrong('does nothing without urgent = "notify"', "write that too, or leave it out"))
    return table.whole("urgent_quota", URGENT_QUOTA, least=1)


def _urgent(text: str) -> str | Wrong:
    return text if text in ("", "notify") else Wrong(f'"{text}" is not known', 'write "notify", or leave the line out')
