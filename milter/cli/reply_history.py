"""What became of an owner's replies: the journal's entries and the queue as rows, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from milter.core import address
from milter.core.owner import Client, Owner
from milter.core.reasons import REASONS
from milter.store.api import Journaled, Queued
from milter.store.codec import about_of

# What the queue and the store say of a reply, beside the reasons of the decision.
OUTCOMES = {
    "reply-due": "Waits until it is due.",
    "reply-sent": "Handed to the mail server, which took it.",
    "reply-rehearsed": "Rehearsal: shown to the owner, not sent.",
    "reply-bounced": "Came back: it could not be delivered.",
    "reply-delayed": "The mail servers on the way are still trying to deliver it.",
    "reply-met-responder": "Came back answered by another automatic responder.",
    "reply-deferred-next-hop": "The mail server put it off; it is tried again.",
    "reply-failed-refused": "The mail server refused it.",
    "reply-failed-gave-up": "The mail server put it off too often; given up.",
    "reply-unknown-crash": "The service ended while handing it over: it may have been sent, and is not sent again.",
    "reply-unknown-connection-lost": "The connection broke at its very end: it may have been sent, and is not sent again.",
    "reply-cancelled-opted-out": "This person asked for no automatic replies before it left.",
    "reply-withheld-hourly-limit": "Too many replies in an hour: something is wrong, so the rest is withheld.",
    "reply-withheld-internal-error": "Something failed here; see the log.",
    "reply-withheld-no-next-hop": "No mail server is configured for replies.",
    "reply-withheld-not-written": "The text or the signature failed: see recado lint and the log.",
    "reply-withheld-store-evicting": "Redis may forget who was answered: its maxmemory-policy must be noeviction.",
    "reply-withheld-store-lost": "The store was lost: who was answered already is not known.",
    "reply-withheld-too-late": "It waited so long that the next one took its place.",
    "reply-withheld-unreadable": "Queued by another version of recado, which this one cannot read.",
}
UNPROVEN = "reply-withheld-unauthenticated"
_STATES = {
    "reply-sent": "sent",
    "reply-rehearsed": "rehearsed",
    "reply-bounced": "returned",
    "reply-delayed": "returned",
    "reply-met-responder": "returned",
    "reply-stopped-opt-out": "stopped",
    "reply-resumed-opt-in": "resumed",
}
_BY_WORD = {
    "withheld": "withheld",
    "failed": "withheld",
    "unknown": "unknown",
    "cancelled": "cancelled",
    "deferred": "due",
}
_GOT = ("due", "sent", "rehearsed", "unknown", "returned")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the history. `client` its id, "" for others; `machine`: nobody would expect a reply here."""

    at: datetime
    state: str
    to: str
    client: str
    template: str
    language: str
    code: str
    machine: bool = False

    @property
    def text(self) -> str:
        return REASONS.get(self.code) or OUTCOMES.get(self.code) or f"{self.code}."


@dataclass(frozen=True, slots=True)
class Unproven:
    """A client who wrote and never got a reply, because nothing proves that his mail is his."""

    client: Client
    domains: tuple[str, ...]
    messages: int
    last: datetime


def rows(owner: Owner, journal: Iterable[Journaled], queue: Iterable[Queued] = ()) -> list[Row]:
    """The oldest first; what waits by when it is due. A decision for a reply is no row: the reply itself is."""
    found = [row for one in journal if (row := _decided(owner, one) if "reasons" in one.entry.fields else _became(one))]
    found += [_waiting(one) for one in queue]
    return sorted(found, key=lambda row: row.at)


def _decided(owner: Owner, one: Journaled) -> Row | None:
    fields = one.entry.fields
    codes = [code for code in fields["reasons"].split(" ") if code in _STATES or code.startswith("reply-withheld-")]
    if not codes:
        return None
    code, to = codes[-1], fields.get("from", "")
    sender = fields.get("class", "")
    client = fields.get("client") or (_client_of(owner, to) if sender == "client" else "")
    machine = sender not in ("client", "prospect") or code in _EXPECTED
    return Row(one.at, _state(code), to, client, "", "", code, machine)


# Of these there is one for nearly every message: told only when asked for.
_EXPECTED = (
    "reply-withheld-open",
    "reply-withheld-answered",
    "reply-withheld-one-a-message",
    "reply-withheld-off",
    "reply-withheld-personal-identity",
    "reply-withheld-answers-ours",
)


def _became(one: Journaled) -> Row | None:
    fields, code = one.entry.fields, one.entry.code
    if not code.startswith("reply-"):
        return None
    template, language, client = about_of(fields.get("about", ""))
    return Row(one.at, _state(code), fields.get("to", ""), client, template, language, code)


def _waiting(one: Queued) -> Row:
    intent = one.intent
    return Row(one.at, "due", intent.correspondent, intent.client or "", intent.template, intent.language, "reply-due")


def _state(code: str) -> str:
    return _STATES.get(code) or _BY_WORD.get(code.split("-")[1], "noted")


def _client_of(owner: Owner, correspondent: str) -> str:
    normal = address.correspondent_name(correspondent, "+")
    book = owner.client_book
    return book.by_address(address.normal(correspondent)) or book.by_address(normal) or book.by_domain(normal) or ""


def unproven(owner: Owner, history: Sequence[Row]) -> list[Unproven]:
    """Clients of whose mail none was proven, over the whole journal: one reply shows that it can be."""
    got = {row.client for row in history if row.state in _GOT}
    missed: dict[str, list[Row]] = {}
    for row in history:
        if row.code == UNPROVEN and row.client in owner.clients and row.client not in got:
            missed.setdefault(row.client, []).append(row)
    return [
        Unproven(
            owner.clients[client],
            tuple(sorted({address.split(address.normal(row.to))[1] for row in found})),
            len(found),
            found[-1].at,
        )
        for client, found in missed.items()
    ]


def to_technician(language: str, domain: str) -> str:
    """What to send to a client, for whoever looks after his mail; in the owner's language as far as we have it."""
    return (_ASKED_ES if language in ("es", "ca", "gl", "eu") else _ASKED_EN).format(domain=domain)


_ASKED_ES = (
    "El correo de {domain} llega sin autenticar (ni SPF ni DKIM válidos para ese dominio), y por eso no recibe mis "
    "avisos automáticos y puede acabar en spam. Se arregla publicando en el DNS un registro SPF con los servidores "
    "desde los que sale ese correo, y firmándolo con DKIM con d={domain}."
)
_ASKED_EN = (
    "Mail from {domain} arrives unauthenticated (no valid SPF or DKIM for that domain), so it gets none of my automatic "
    "notices and may end up in spam. The remedy is an SPF record in the DNS with the servers that your mail leaves "
    "from, and a DKIM signature with d={domain}."
)
