"""`recado reputation`: what is known of a sender, what it leads to, and how to change it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from milter.cli import live, rehearsal, reputation_exchange, reputation_known, reputation_view
from milter.cli.names import OneOf
from milter.cli.reputation_exchange import SET
from milter.cli.reputation_known import Rated, shown
from milter.core import address
from milter.core.owner import Owner
from milter.core.policy import Policy
from milter.core.reply_job import PersonKey
from milter.core.sender import Sender
from milter.errors import StoreAway
from milter.settings.values import Settings
from milter.store.api import Journaled
from milter.store.layout import Layout
from milter.store.lessons import Lessons
from milter.store.redis import RedisStore

DEFAULT = Path("/etc/recado/recado.toml")


def _config(function: Callable[..., Any]) -> Callable[..., Any]:
    option = click.option(
        "--config", "file", type=click.Path(path_type=Path, readable=False), help=f"Default: {DEFAULT}."
    )
    return option(function)


_owner = click.option("--owner", "wanted", metavar="OWNER", help="As this owner knows him. Default: every owner.")
_whose = click.option("--owner", "wanted", metavar="OWNER", help="Whose; needed if there are several owners.")


@click.group("reputation")
@_config
@click.pass_context
def command(context: click.Context, file: Path | None) -> None:
    """What is known of a sender, what it leads to, and how to change it. Each owner has an opinion of his own.

    Evidence is a sender's mail, what the owner moves to Junk or out of it, and to whom the owner writes. It counts for an
    address where it is proven that the address wrote, and fades by half in a month.
    """
    context.obj = file


def _settings(file: Path | None) -> Settings:
    return rehearsal.settings_of(file or click.get_current_context().obj or DEFAULT)


@command.command(short_help="What is known of a sender, and what it leads to.")
@click.argument("name", metavar="ADDRESS|DOMAIN")
@_config
@_owner
@click.option(
    "--json", "as_json", is_flag=True, help="One object; with several owners the strictest speaks at the top."
)
def show(name: str, file: Path | None, wanted: str | None, as_json: bool) -> None:
    """The standing of a sender who is proven: the evidence, how it fades, and what it leads to."""
    settings = _settings(file)
    policy, who = settings.policy, reputation_known.name_of(name, settings.policy)
    owners, now = live.owners(settings, wanted), rehearsal.now()

    async def asked(store: RedisStore) -> list[tuple[Rated, list[Journaled]]]:
        found = []
        for owner in owners:
            (one,) = await reputation_known.rate(store, policy, owner, [who], now)
            unproven = await reputation_known.claimed(store, policy, owner, who, now)
            journal = await store.history.journal(owner.id, reputation_known.BEGINNING, reputation_known.MOST)
            mine = [each for each in journal if who.name in _names(each, policy)]
            people = await reputation_known.written_to(store, owner, who, now)
            found.append((Rated(owner, who, one.listed, one.known, unproven, now, people), mine))
        return found

    found = live.ask(settings, asked)
    if as_json:
        click.echo(json.dumps(reputation_view.as_json([one for one, _ in found], policy)))
        return
    click.echo("\n\n".join("\n".join(reputation_view.lines(one, journal, policy)) for one, journal in found))


def _names(entry: Journaled, policy: Policy) -> list[str]:
    return [address.without_detail(one, policy.recipient_delimiter) for one in reputation_known.names_in(entry)]


@command.command("set")
@click.argument("name", metavar="ADDRESS|DOMAIN")
@click.argument("standing", metavar="trusted|bad|neutral", type=OneOf(list(SET)))
@_config
@_whose
def set_standing(name: str, standing: str, file: Path | None, wanted: str | None) -> None:
    """Replace the evidence, so that this standing follows. It fades like any other: for good, list him in the owner's file."""
    settings = _settings(file)
    who, owner = reputation_known.name_of(name, settings.policy), live.one_owner(settings, wanted)
    lines = [reputation_exchange.Line(who, *SET[standing])]
    (one,) = live.ask(settings, lambda store: _write(store, settings.policy, owner, lines))
    click.echo("\n".join(_told(one, standing)))


async def _write(store: RedisStore, policy: Policy, owner: Owner, lines: list[reputation_exchange.Line]) -> list[Rated]:
    now, reputation = rehearsal.now(), reputation_known.reputation_of(store, policy.keys)
    names = [one.who for one in lines]
    before = await reputation.read(owner.id, names)
    for done, (line, known) in enumerate(zip(lines, before, strict=True)):
        record = reputation_exchange.record(line.good, line.bad, known.record, now)
        try:
            await reputation.put(owner.id, line.who, record)
        except StoreAway as away:
            raise StoreAway(f"{away}; {done} of {len(lines)} were written, so run it again") from away
    await store.settle(reputation_known.noted(owner, [one.name for one in names], policy, now))
    return await reputation_known.rate(store, policy, owner, names, now)


def _told(one: Rated, standing: str) -> list[str]:
    said = [f"{shown(one.who.name)}, for {one.owner.id}: {one.standing.code}"]
    if one.standing.code != standing:
        said.append(f"not {standing}: the owner's file names him, and that counts for more; change it there")
    elif changes := one.changes():
        day = changes[0].astimezone(one.owner.timezone)
        said.append(f"without more evidence until {day.day} {day:%b %Y}, then {changes[1]}")
    return said


@command.command(short_help="Delete every record of a sender.")
@click.argument("name", metavar="ADDRESS|DOMAIN")
@_config
@_owner
def forget(name: str, file: Path | None, wanted: str | None) -> None:
    """Delete every reputation of an address, proven or claimed, for every owner: for a wish to be erased (GDPR, article 17).

    That an owner has written to him is forgotten with it. The record of his domain stays until the domain is named. What the
    owners' journals noted of his mail and his replies goes with age; that he wants no automatic replies is kept.
    """
    settings = _settings(file)
    who, owners = reputation_known.name_of(name, settings.policy), live.owners(settings, wanted)

    async def asked(store: RedisStore) -> list[int]:
        reputation = reputation_known.reputation_of(store, settings.policy.keys)
        lessons = Lessons(store.link, Layout(settings.policy.keys))
        return [
            await reputation.forget(one.id, who.name) + await lessons.forget_letters(PersonKey(one.id, who.name))
            for one in owners
        ]

    counts = live.ask(settings, asked)
    if not any(counts):
        click.echo(f"{shown(who.name)}: nothing was known.")
        return
    for owner, count in zip(owners, counts, strict=True):
        click.echo(f"{shown(who.name)}, for {owner.id}: {'1 record' if count == 1 else f'{count} records'} deleted.")


@command.command()
@_config
@_owner
def export(file: Path | None, wanted: str | None) -> None:
    """Print what is known as application/reputon+json (RFC 7071).

    Redis knows senders by keyed hashes only: those are listed whose address is in an owner's file or in his journal, where what
    was set or imported stands too.
    """
    settings = _settings(file)
    found = live.ask(settings, lambda store: _all(store, settings.policy, live.owners(settings, wanted)))
    click.echo(json.dumps(reputation_exchange.reputons(found, settings.policy), indent=1))


async def _all(store: RedisStore, policy: Policy, owners: list[Owner]) -> list[Rated]:
    """Of whom there is evidence."""
    now, found = rehearsal.now(), []
    for owner in owners:
        names: list[Sender] = await reputation_known.candidates(store, policy, owner)
        rated = await reputation_known.rate(store, policy, owner, names, now)
        found += [one for one in rated if one.known.record]
    return found


@command.command("import", short_help="Replace the evidence of many, from a CSV file.")
@click.argument("source", metavar="FILE.csv", type=click.Path(path_type=Path, allow_dash=True))
@_config
@_whose
def import_csv(source: Path, file: Path | None, wanted: str | None) -> None:
    """Replace the evidence of many: lines of address,standing (trusted, bad, neutral) or address,good,bad (0 to 64 each).

    If any line is wrong, every wrong one is named and nothing is changed.
    """
    settings = _settings(file)
    owner = live.one_owner(settings, wanted)
    try:
        with click.open_file(str(source), encoding="utf-8-sig", errors="replace") as opened:
            text = opened.read()
    except OSError as error:
        raise click.ClickException(f"{shown(str(source))}: {error.strerror}; give a CSV file, or -") from error
    lines = reputation_exchange.read_csv(text, settings.policy)
    found = live.ask(settings, lambda store: _write(store, settings.policy, owner, lines))
    counts = {code: sum(one.standing.code == code for one in found) for code in SET}
    said = ", ".join(f"{count} {code}" for code, count in counts.items() if count)
    click.echo(f"{len(found)} imported for {owner.id}: now {said}")


@command.command(short_help="The best senders, or the worst.")
@_config
@_owner
@click.option("--bad", is_flag=True, help="The worst first.")
@click.option("--limit", metavar="N", type=click.IntRange(1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One object a line.")
def top(file: Path | None, wanted: str | None, bad: bool, limit: int, as_json: bool) -> None:
    """The best senders, or the worst, of those whose address is in the owner's file or in his journal.

    Redis knows senders by keyed hashes only, so whoever is in neither cannot be listed; show finds him if you name him.
    """
    settings = _settings(file)
    owners = live.owners(settings, wanted)
    rated = live.ask(settings, lambda store: _all(store, settings.policy, owners))
    ordered = sorted(rated, key=lambda one: one.by_evidence.high if bad else -one.by_evidence.low)[:limit]
    if not ordered and not as_json:
        click.echo("Nothing is known of anybody whose address is in an owner's file or in his journal.")
    for one in ordered:
        if as_json:
            click.echo(json.dumps(_row(one)))
            continue
        row = _row(one)
        whose = f"  {one.owner.id}" if len(owners) > 1 else ""
        evidence = f"{row['good']:5.1f} for {row['bad']:5.1f} against"
        click.echo(f"{row['standing']:8}{evidence}{whose}  {shown(one.who.name)}{'  (listed)' if one.listed else ''}")


def _row(one: Rated) -> dict[str, Any]:
    good, bad = (one.record.good, one.record.bad) if one.record else (0.0, 0.0)
    standing = one.by_evidence
    return {
        "rated": one.who.name,
        "owner": one.owner.id,
        "standing": one.standing.code,
        "listed": one.listed,
        "good": round(good, 3),
        "bad": round(bad, 3),
        "low": round(standing.low, 4),
        "high": round(standing.high, 4),
    }
