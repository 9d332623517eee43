"""`recado preview`: one automatic reply as a client would receive it. Reads the settings, sends and stores nothing."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from milter.cli import configuration, live
from milter.cli.instant import parse_instant
from milter.cli.names import OneOf, unknown
from milter.cli.next_opening import client_of, named
from milter.core.acknowledgement.intent import PROMISING
from milter.core.acknowledgement.subject import cleaned
from milter.core.acknowledgement.texts import text_for
from milter.core.hours import Cause, Closed, Open
from milter.core.overrides import Override, add_working, state_at
from milter.core.owner import Client, Identity, Kind, Owner, Tone
from milter.core.reply_job import ReplyIntent, ReplyKind
from milter.core.reply_message import Rendered
from milter.delivery.render import NEED_OPENING, RenderError, Texts
from milter.delivery.sample import sample_intent
from milter.delivery.text_source import TEMPLATES
from milter.settings.clients import language as spoken
from milter.settings.findings import Wrong
from milter.settings.values import Settings

SUBJECTS = {
    "es": "La tienda no carga",
    "en": "The shop does not load",
    "ca": "La botiga no carrega",
    "gl": "A tenda non carga",
    "eu": "Denda ez da kargatzen",
    "pt": "A loja não carrega",
    "fr": "La boutique ne charge pas",
    "de": "Der Shop lädt nicht",
}
CAUSES = {"closed": (Cause.HOURS,), "holiday": (Cause.HOLIDAY, Cause.DAY_OFF), "vacation": (Cause.VACATION,)}
STRANGERS = ("prospect", "neutral", "pointer")  # nobody's clients
FARTHEST = 1000  # closed periods looked at for a holiday or a vacation: over a year, whatever the hours


@dataclass(frozen=True, slots=True)
class Scene:
    """Who writes to whom, and when: `at` in the owner's zone, `state` then."""

    owner: Owner
    identity: Identity
    client: Client | None
    at: datetime
    state: Open | Closed
    overrides: tuple[Override, ...] = ()


@click.command()
@click.argument("template", metavar="TEMPLATE", type=OneOf(TEMPLATES))
@configuration.option
@click.option("--client", metavar="NAME", help='Who wrote (its name or table); "" is a stranger. Default: the first.')
@click.option("--identity", metavar="[OWNER/]NAME", help="Who answers. Default: the first business identity.")
@click.option(
    "--at", metavar="INSTANT", help="When it was written (ISO 8601). Default: the next closed time that fits."
)
@click.option("--language", metavar="L", help="Default: the client's, else the owner's.")
@click.option("--tone", type=OneOf([one.value for one in Tone]), help="Default: the client's, else the owner's.")
@click.option("--subject", help="Subject of the message answered.")
@click.option("--html", "page", type=click.Path(path_type=Path, dir_okay=False), help="Also write the HTML there.")
@click.option("--json", "as_json", is_flag=True, help="One object: to, subject, text, html.")
def command(
    template: str,
    file: Path,
    client: str | None,
    identity: str | None,
    at: str | None,
    language: str | None,
    tone: str | None,
    subject: str | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """Show what a client would receive.

    TEMPLATE: closed, holiday, vacation, prospect, wrong-address, neutral, call-request or pointer.
    """
    settings = configuration.settings_in(file)
    kind = Kind.PERSONAL if template == "pointer" else Kind.BUSINESS
    owner, speaker = _speaker(settings, kind, identity, client)
    writer = _client(owner, "" if client is None and template in STRANGERS else client)
    owner, writer = _toned(owner, writer, Tone(tone) if tone else None)
    changed = live.overrides(settings, (owner,), parse_instant(at, owner.timezone)).get(owner.id, ())
    scene = _scene(owner, speaker, writer, at, template, changed if speaker.kind is Kind.BUSINESS else ())
    intent = _intent(scene, template, _language(scene, template, language), subject)
    if instead := _instead(scene, template):
        click.echo(f"note: nobody gets {template} at {scene.at:%Y-%m-%d %H:%M}, but {instead}", err=True)
    try:
        rendered = Texts(settings.texts[owner.id]).render(intent, owner, due=_due(scene, template))
    except RenderError as error:
        raise click.ClickException(str(error)) from error
    if page:
        try:
            page.write_text(rendered.html, "utf-8")
        except OSError as error:
            raise click.ClickException(f"{page}: {error.strerror}; give a file that can be written") from error
    _print(intent, rendered, as_json)


def _speaker(settings: Settings, kind: Kind, identity: str | None, client: str | None) -> tuple[Owner, Identity]:
    """Named, or else the first identity of that kind of an owner who has that client."""
    owner_id, slash, name = (identity or "").rpartition("/")
    business = [
        (owner, one)
        for owner in settings.policy.owners
        for one in owner.identities
        if one.kind is kind and (not identity or (one.name == name and (not slash or owner.id == owner_id)))
    ]
    if not business and identity:
        there = [(owner, one) for owner in settings.policy.owners for one in owner.identities if one.kind is kind]
        known = (f"{owner.id}/{one.name}" for owner, one in there)
        raise unknown(identity, f"{kind.value} identity", known, "--identity")
    if not business:
        raise click.UsageError(f"no owner whose file can be used has a {kind.value} identity, and only those reply so")
    return next((one for one in business if client and named(one[0], client)), business[0])


def _client(owner: Owner, wanted: str | None) -> Client | None:
    """None: the stranger's text, for "" or an owner without clients."""
    return next(iter(owner.clients.values()), None) if wanted is None else client_of(owner, wanted)


def _toned(owner: Owner, client: Client | None, tone: Tone | None) -> tuple[Owner, Client | None]:
    if tone is None:
        return owner, client
    client = replace(client, tone=tone) if client else None
    clients = {**owner.clients, client.id: client} if client else owner.clients
    return replace(owner, tone=tone, clients=clients), client


def _scene(
    owner: Owner,
    identity: Identity,
    client: Client | None,
    at: str | None,
    template: str,
    overrides: tuple[Override, ...],
) -> Scene:
    """Without --at: the next closed time that this text is for, from now on."""
    schedule = identity.schedule_for(client)
    instant = parse_instant(at, owner.timezone).astimezone(owner.timezone)
    if schedule is None and not overrides:
        return Scene(owner, identity, client, instant, Open(None))
    state = state_at(schedule, instant, overrides)
    scene = Scene(owner, identity, client, instant, state, overrides)
    if at is not None:
        return scene
    return _fitting(scene, CAUSES.get(template, ()))


def _fitting(scene: Scene, causes: tuple[Cause, ...]) -> Scene:
    """The first closed time from the scene's on, of one of `causes` if any are given and one is found."""
    schedule = scene.identity.schedule_for(scene.client)
    first, here = None, scene
    for _ in range(FARTHEST):
        if schedule is None:
            break
        match here.state:
            case Closed() as closed:
                first = first or here
                for day in (here.at, *_days(closed)):
                    state = state_at(schedule, day, scene.overrides)
                    if isinstance(state, Closed) and (not causes or state.cause in causes):
                        return replace(here, at=day, state=state)
                following = closed.opens
            case Open(until):
                following = until
        if following is None:
            break
        here = replace(here, at=following, state=state_at(schedule, following, scene.overrides))
    return first or scene


def _instead(scene: Scene, template: str) -> str:
    """The text that is sent at that time; "" if it is this one, or one that is for no time of its own."""
    text = text_for(ReplyKind.ACKNOWLEDGEMENT, scene.state, scene.client, scene.owner) if template in CAUSES else None
    return text.template if text and text.template != template else ""


def _due(scene: Scene, template: str) -> datetime | None:
    """What this client's plan promises, in a text that says so."""
    span = scene.client.plan.answer_within if scene.client and scene.client.plan else None
    if span is None or template not in PROMISING:
        return None
    return add_working(scene.identity.schedule_for(scene.client), scene.at, span, scene.overrides)


def _days(closed: Closed) -> list[datetime]:
    """Noon of every day off between now and the opening."""
    days = [one.day for one in closed.holidays] + ([closed.vacation[0]] if closed.vacation else [])
    zone = closed.opens.tzinfo if closed.opens else UTC
    return [datetime.combine(one, time(12), zone) for one in days]


def _language(scene: Scene, template: str, wanted: str | None) -> str:
    there = sorted(language for name, language in scene.owner.texts if name == template)
    if wanted and wanted not in there:
        wrong = spoken(wanted, frozenset(there))
        what = f"{wrong.what}; {wrong.instead}" if isinstance(wrong, Wrong) else f"no {template} in {wanted}"
        raise click.BadParameter(what, param_hint="--language")
    asked = (wanted, scene.client.language if scene.client else None, scene.owner.language, "en")
    return next((one for one in asked if one and one in there), scene.owner.language)


def _intent(scene: Scene, template: str, language: str, subject: str | None) -> ReplyIntent:
    owner, client, at = scene.owner, scene.client, scene.at
    opens = scene.state.opens if isinstance(scene.state, Closed) else None
    if opens is None and template in NEED_OPENING:
        local = f"{at:%Y-%m-%d %H:%M}"
        why = (
            "never opens again" if isinstance(scene.state, Closed) else f"is open at {local}, so nobody gets this text"
        )
        raise click.ClickException(f"{owner.id}/{scene.identity.name} {why}; choose another --at, or leave it out")
    return sample_intent(
        owner,
        scene.identity,
        client,
        template=template,
        language=language,
        subject=SUBJECTS.get(language, SUBJECTS["en"]) if subject is None else cleaned(subject),
        at=at,
        opens=opens,
    )


def _print(intent: ReplyIntent, rendered: Rendered, as_json: bool) -> None:
    to = f"{rendered.to_name} <{intent.correspondent}>" if rendered.to_name else intent.correspondent
    if as_json:
        answer = {"to": to, "subject": rendered.subject, "text": rendered.text, "html": rendered.html}
        click.echo(json.dumps(answer, ensure_ascii=False))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        click.echo(f"To: {to}\nSubject: {rendered.subject}\n\n{rendered.text}", nl=False)
        return
    for name, value in (("To", to), ("Subject", rendered.subject)):
        console.print(Text.assemble((f"{name}: ", "dim"), (value, "bold")))
    console.print(Text(f"\n{rendered.text}", end=""), width=min(console.width, 78))
