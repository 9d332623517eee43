"""Ana's studio, as in the samples: the owner that the core's tests decide for, and messages to her."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from milter.core import authentication_results, header_edits
from milter.core.decision import Decision
from milter.core.envelope import Direction, Peer, Recipient, Transaction
from milter.core.facts import Authentication, Claims, Facts, Missing
from milter.core.header_edits import HeaderEdits
from milter.core.hours import Schedule
from milter.core.keys import Keys
from milter.core.message import parse
from milter.core.owner import AddressBook, Client, Folders, Identity, Kind, Mode, Owner, Plan, Replies, Trust
from milter.core.policy import Policy

MADRID = ZoneInfo("Europe/Madrid")
KEYS = Keys(b"a secret of thirty-two bytes ok.")
CLOSED = datetime(2026, 11, 17, 10, 15, tzinfo=MADRID)  # a Tuesday morning: the office opens at 16:00
OPEN = datetime(2026, 11, 17, 17, 0, tzinfo=MADRID)
WEEKEND = datetime(2026, 11, 21, 10, 0, tzinfo=MADRID)

SILVER = Plan("silver", "Plata")
ACME = Client(
    "acme", "ACME Veterinaria", ("@acme.example", "laura.acme@gmail.example"), "Clientes/ACME Veterinaria", plan=SILVER
)
BISTRO = Client("bistro", "Le Bistro", ("chef@bistro.example",), "Clientes/Le Bistro", language="fr")
FRIEND = Client("friend", "Xoana", ("xoana@amigos.example",), "Clientes/Xoana")
CLIENTS = {one.id: one for one in (ACME, BISTRO, FRIEND)}
STUDIO = Identity(
    "studio",
    Kind.BUSINESS,
    ("ana@estudio.example", "hola@estudio.example", "webmaster@estudio.example", "@tienda.example"),
    "ana@estudio.example",
    Schedule("Mo-Fr 16:00-23:30; PH off", "Europe/Madrid", "ES", vacations=()),
)
HOME = Identity("home", Kind.PERSONAL, ("ana@casa.example",), "ana@casa.example")
ANA = Owner(
    id="ana",
    name="Ana Souto",
    timezone=MADRID,
    language="es",
    tone=None,
    replies=Replies(mode=Mode.LIVE, trust=Trust.ANYONE, delay=(timedelta(0), timedelta(0))),
    identities=(STUDIO, HOME),
    folders=Folders("Clientes/{name}", "", "Avisos"),
    clients=CLIENTS,
    client_book=AddressBook.of({one.id: one.addresses for one in CLIENTS.values()}),
    contact_book=AddressBook.of({"contacts": ("@gestoria.example", "soporte@hosting.example")}),
    people_book=AddressBook.of({"people": ("primo@familia.example", "@amigos.example", "tia@acme.example")}),
    alert_book=AddressBook.of({"alerts": ("alerts@uptime.example", "@vigia.example")}),
)
POLICY = Policy("mx.estudio.example", KEYS, (ANA,), trusted_authserv_ids=("mx.estudio.example",))


def with_owner(policy: Policy = POLICY, **changes: object) -> Policy:
    """The policy with Ana changed."""
    return replace(policy, owners=(replace(policy.owners[0], **changes),))  # type: ignore[arg-type]


def with_replies(policy: Policy = POLICY, **changes: object) -> Policy:
    return with_owner(policy, replies=replace(policy.owners[0].replies, **changes))  # type: ignore[arg-type]


def letter(
    header: str = "",
    *,
    mail_from: str = "laura@acme.example",
    rcpt_to: str | Sequence[str] = "ana@estudio.example",
    original: str = "",
    at: datetime = CLOSED,
    body: bytes = b"Hola\r\n",
) -> Transaction:
    """A transaction with an ordinary header; a field in `header` takes the place of the ordinary one of its name.

    `header` has one field a line; `-Name` leaves the ordinary one out.
    """
    recipients = [rcpt_to] if isinstance(rcpt_to, str) else list(rcpt_to)
    ordinary = {
        "from": f"From: Laura Pena <{mail_from or 'laura@acme.example'}>",
        "to": f"To: Ana <{recipients[0]}>",
        "subject": "Subject: La tienda no carga",
        "message-id": "Message-ID: <a1@acme.example>",
    }
    lines = [line for line in header.strip("\n").split("\n") if line.strip()]
    for line in lines:
        ordinary.pop(line.lstrip("-").partition(":")[0].strip().lower(), None)
    kept = [line for line in lines if not line.startswith("-")]
    text = "\r\n".join([*kept, *ordinary.values()])
    content = text.encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body
    return Transaction(
        "0123456789ab",
        "lmtp",
        Direction.INBOUND,
        Peer(),
        mail_from,
        (),
        tuple(Recipient(one, original) for one in recipients),
        parse(content),
        at.astimezone(UTC),
    )


def facts(
    transaction: Transaction, policy: Policy = POLICY, claims: Claims | Missing | None = None, **others: object
) -> Facts:
    """What the service would look up: the believed results, and the claims given."""
    known: Authentication | Missing = authentication_results.believed(transaction, policy).authentication
    return Facts(authentication=known, claims={} if claims is None else claims, **others)  # type: ignore[arg-type]


def edits(decision: Decision, transaction: Transaction, policy: Policy = POLICY) -> HeaderEdits:
    """Of one copy, as the service makes them."""
    believed = authentication_results.believed(transaction, policy)
    cleaned = header_edits.clean(transaction.message, believed, policy)
    return header_edits.edits_for(decision, cleaned, transaction, policy)
