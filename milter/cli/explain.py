"""`recado explain`: one message against the live store, read only."""

import asyncio
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

import click

from milter.cli import configuration, live, rehearsal, report, stored
from milter.cli.instant import parse_instant
from milter.cli.letters import Letter, text_of
from milter.core import mailboxes
from milter.core.decision import Decision, Disposition
from milter.core.envelope import Transaction
from milter.core.facts import Authentication, Missing
from milter.core.message import Message
from milter.core.reply_job import ReplyIntent
from milter.delivery.writer import NotWritten, Writer
from milter.errors import StoreAway
from milter.examination import Examination
from milter.lookup.authentication import Authenticator
from milter.lookup.dns import Resolver
from milter.lookup.process import HashProcess
from milter.service import Service, Store
from milter.settings import secret
from milter.settings.values import Settings
from milter.store.api import Event, FactsQuery, Settled, StoredFacts

LATE = timedelta(hours=1)


@click.command()
@configuration.option
@click.option("--mail-from", required=True, help='Envelope sender; "" is the null reverse-path.')
@click.option("--rcpt-to", required=True, help="Envelope recipient.")
@click.option("--at", metavar="INSTANT", help="As of this instant (ISO 8601, the owner's zone if none); default: now.")
@click.option("--json", "as_json", is_flag=True, help="One object, as in replay.")
@click.option("--render", is_flag=True, help="Show the reply as its reader sees it; with --json its bytes, base64.")
@click.argument("where", metavar="FILE|-", type=click.Path(path_type=Path, allow_dash=True))
def command(file: Path, mail_from: str, rcpt_to: str, at: str | None, as_json: bool, render: bool, where: Path) -> None:
    """Explain what would become of one message, and why: where it goes, how it is tagged, and whether its sender is answered.

    FILE is one message, - is standard input. Nothing is written, sent or counted; who was answered already is read
    from the store of the running daemon.
    """
    settings = rehearsal.settings_of(file)
    recipient, sender = rcpt_to.strip("<> "), mail_from.strip("<> ")
    if not mailboxes.is_address(recipient):
        raise click.BadParameter(
            f"{rcpt_to!r} is no address; write for example {_example(settings)}", param_hint="--rcpt-to"
        )
    message = _message(where)
    addressed = settings.policy.addressed(recipient)
    instant = parse_instant(at, addressed.owner.timezone if addressed else None) if at else rehearsal.now()
    letter = Letter(text_of(where.name), stored.as_arrived(message), sender, (recipient,), instant)
    with rehearsal.quiet():
        examination = asyncio.run(_explain(settings, letter))
    for note in _notes(settings, message, examination, None if at else instant):
        click.echo("\n".join(report.wrapped("note: ", note)), err=True)
    _print(settings, letter, examination, as_json=as_json, render=render)


def _message(where: Path) -> Message:
    name = "standard input" if str(where) == "-" else str(where)
    try:
        content = sys.stdin.buffer.read() if str(where) == "-" else where.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{name}: {error.strerror}; give a file with one message, or -") from error
    message = stored.message_of(content)
    if not message.fields:
        what = "no header field in it" if content.strip() else "is empty"
        raise click.ClickException(f"{name}: {what}; give one whole message as a mail program saves it (.eml)")
    return message


async def _explain(settings: Settings, letter: Letter) -> Examination:
    transaction = rehearsal.transaction(letter, 0, settings)
    known = secret.read(settings.secret_path)
    if not isinstance(known, bytes):
        # With another secret every name in the store would be another, and everybody a stranger to it.
        why = known.what if known else f"there is no {settings.secret_path} yet"
        return await _examined(settings, _Away(why), transaction)
    async with live.opened(settings) as store:
        # Read only: facts.lua writes nothing, and explain never settles.
        return await _examined(settings, store, transaction)


async def _examined(settings: Settings, store: Store, transaction: Transaction) -> Examination:
    """Signatures are verified as in the daemon; of the client, and so of SPF, a file tells nothing that could be believed."""
    authenticator = Authenticator(Resolver(settings.nameservers), HashProcess())
    try:
        service = Service(settings, store, keep=lambda event: None, authenticator=authenticator)
        return await service.examine(transaction, "explain")
    finally:
        await authenticator.close()


class _Away:
    """The store of an installation that we cannot read."""

    def __init__(self, why: str) -> None:
        self.why = why

    async def facts(self, query: FactsQuery) -> StoredFacts:
        raise StoreAway(self.why)

    async def settle(self, event: Event) -> Settled:
        raise StoreAway(self.why)


def _notes(settings: Settings, message: Message, examination: Examination, now: datetime | None) -> list[str]:
    """What a reader has to know besides. `now`: --at was not given."""
    notes = []
    claims = examination.facts.claims
    if isinstance(claims, Missing):
        notes.append(f"history unknown, so nobody counts as answered already: {claims.why}")
    if examination.decisions[0].owner is None:
        known = [one for owner in settings.policy.owners for each in owner.identities for one in each.addresses]
        notes.append(f"the owners' addresses are {', '.join(known)}")
    arrived = stored.arrived(message)
    if now and arrived and now - arrived > LATE:
        notes.append(f"decided as of now; as of its arrival: --at {arrived.isoformat()}")
    return notes


def _print(settings: Settings, letter: Letter, examination: Examination, *, as_json: bool, render: bool) -> None:
    writer = Writer()

    def raw(intent: ReplyIntent) -> bytes | None:
        try:
            return writer.write(settings, intent, intent.not_before)
        except NotWritten as error:
            click.echo(f"{intent.template} ({intent.language}) cannot be written: {error}", err=True)
            return None

    for decision in examination.decisions:
        if as_json:
            answer = report.as_json(letter.id, letter.at, decision, settings.policy, raw if render else None)
            click.echo(json.dumps(answer, ensure_ascii=False))
            continue
        click.echo("\n".join((*report.lines(letter.at, decision), *_proof(decision, examination.facts.authentication))))
        if render and decision.reply and (content := raw(decision.reply)):
            click.echo(f"\n{report.as_read(content)}")


def _proof(decision: Decision, found: Authentication | Missing) -> list[str]:
    """What the look-ups found, or whom we believed; of mail that is passed on untouched nothing is asked."""
    if decision.disposition is not Disposition.MARKED:
        return []
    said = found.why if isinstance(found, Missing) else f"{found.summary or 'none'} (says {found.source})"
    return report.wrapped("  proof  ", said)


def _example(settings: Settings) -> str:
    return next(
        one for owner in settings.policy.owners for each in owner.identities for one in each.addresses if "@" in one[1:]
    )
