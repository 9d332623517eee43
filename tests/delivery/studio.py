"""Ana's studio: the owner, clients of every plan, and intents to render."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from milter.core.hours import Closed, Schedule, state_at
from milter.core.owner import Brand, Client, Folders, Identity, Kind, Owner, Plan, Replies, Tone
from milter.core.reply_job import ReplyIntent
from milter.delivery.render import Texts

MADRID = ZoneInfo("Europe/Madrid")
SHIPPED = {file.name: file.read_text("utf-8") for file in (Path(__file__).parents[2] / "templates").glob("*.txt")}
TEXTS = Texts(SHIPPED)
FRIDAY_NIGHT = datetime(2026, 11, 20, 23, 45, tzinfo=MADRID)

HOURS = Schedule(
    "Mo-Fr 16:00-23:30; PH off", "Europe/Madrid", "ES", "GA",
    days_off=(date(2027, 2, 9),), vacations=((date(2026, 12, 24), date(2027, 1, 6)),),
)  # fmt: skip
CALLS = replace(HOURS, expression="Tu,Th 17:00-19:00; PH off")
STUDIO = Identity(
    "studio", Kind.BUSINESS, ("ana@estudio.example", "hola@estudio.example"), "ana@estudio.example",
    schedule=HOURS, call_schedule=CALLS, booking="https://citas.estudio.example/ana",
    brand=Brand("Estudio Souto", "https://estudio.example", "https://estudio.example/logo.png", "#1f5f5b"),
)  # fmt: skip
HOME = Identity("home", Kind.PERSONAL, ("ana@casa.example",), "ana@casa.example")

BRONZE = Plan("bronze", "Bronce")
SILVER = Plan("silver", "Plata", channels={"Telegram": "@anasouto"}, urgent="notify")
GOLD = Plan(
    "gold", "Oro", channels={"Telegram": "@anasouto", "Signal": "ana.01"}, urgent="notify",
    schedules={"studio": replace(HOURS, expression="Mo-Sa 10:00-23:30; PH off")},
)  # fmt: skip


def client(name: str, plan: Plan | None, given: str = "", **more: object) -> Client:
    where = f"laura@{name}.example"
    return Client(
        name, f"{name} S.L.", (f"@{name}.example",), f"Clientes/{name}", {where: given} if given else {}, plan, **more
    )


CLIENTS = {
    one.id: one
    for one in (
        client("acme", SILVER, "Laura"),
        client("bronze", BRONZE, "Laura"),
        client("gold", GOLD, "Laura"),
        client("plain", None),
        client("york", SILVER, "Laura", timezone=ZoneInfo("America/New_York")),
    )
}
ANA = Owner(
    "ana", "Ana Souto", MADRID, "es", Tone.INFORMAL, Replies(), (STUDIO, HOME), Folders("Clientes/{name}", "", "Avisos"),
    clients=CLIENTS, texts=frozenset(tuple(name.split(".")[:2]) for name in SHIPPED),
)  # fmt: skip


def toned(tone: Tone | None) -> Owner:
    return replace(ANA, tone=tone)


def with_studio(**changes: object) -> Owner:
    return replace(ANA, identities=(replace(STUDIO, **changes), HOME))


def intent(template: str = "closed", language: str = "es", **changes: object) -> ReplyIntent:
    """To Laura of ACME, written on Friday night; `opens` as the hours say for the client and instant chosen."""
    name = changes.get("client", "acme")
    at = changes.get("created", FRIDAY_NIGHT)
    state = state_at(STUDIO.schedule_for(CLIENTS.get(name)), at)
    made = ReplyIntent(
        claims=(),
        opens=state.opens if isinstance(state, Closed) else None,
        owner="ana",
        identity="studio",
        from_address="ana@estudio.example",
        correspondent=f"laura@{name or 'stranger'}.example",
        client=name,
        template=template,
        language=language,
        trust="authenticated",
        subject="La tienda no carga",
        parent_id="<a1@acme.example>",
        references=(),
        message_id="<5b1c.9f2e@mx.estudio.example>",
        smtputf8=False,
        created=at,
        not_before=at,
        not_after=at,
    )
    return replace(made, **changes)


def own(**files: str) -> Texts:
    """Texts with files of the owner's laid over the shipped ones: own(closed="...") is closed.es.txt."""
    spanish = {name: source for name, source in SHIPPED.items() if name.endswith(".es.txt")}
    return Texts({**spanish, **{f"{name.replace('_', '-')}.es.txt": source for name, source in files.items()}})
