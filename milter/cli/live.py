"""Asking the store of the running daemon, for commands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar

import click

from milter.cli import rehearsal
from milter.cli.names import unknown
from milter.core.overrides import Override
from milter.core.owner import Owner
from milter.errors import StoreAway
from milter.settings import secret
from milter.settings.findings import Wrong
from milter.settings.values import Settings
from milter.store import server
from milter.store.redis import RedisStore

Answer = TypeVar("Answer")


def ask(settings: Settings, question: Callable[[RedisStore], Awaitable[Answer]]) -> Answer:
    """The answer of the live store; exit 1 with the reason why there is none."""
    found = secret.read(settings.secret_path)
    # Everything in the store is named with the secret: with another one it would look empty.
    if isinstance(found, Wrong):
        raise click.ClickException(f"{found.what}: {found.instead}, or run this as root or as the service's user")
    if found is None:
        raise click.ClickException(f"{settings.secret_path} is not there yet: recado serve has not run here")
    try:
        with rehearsal.quiet():
            return asyncio.run(_asked(settings, question))
    except StoreAway as away:
        raise _silent(settings, away) from away


def _silent(settings: Settings, away: StoreAway) -> click.ClickException:
    """The embedded server runs with the daemon; any other has an address and perhaps a password to look at."""
    instead = "is recado serve running?" if settings.embedded else "look after redis.url; recado check tells more"
    return click.ClickException(f"the store does not answer ({str(away).rstrip('.')}): {instead}")


def overrides(settings: Settings, owners: Iterable[Owner], now: datetime) -> dict[str, tuple[Override, ...]]:
    """What the owners changed of their hours; nothing, with a line on standard error, if a store that is there is away."""
    if not isinstance(secret.read(settings.secret_path), bytes):
        return {}  # Nothing has run here, or somebody else's: there are the files.
    names = [one.id for one in owners]

    async def question(store: RedisStore) -> dict[str, tuple[Override, ...]]:
        return await store.today.of(names, now)

    try:
        with rehearsal.quiet():
            return asyncio.run(_asked(settings, question))
    except StoreAway as away:
        click.echo(f"note: by the files alone, what changed today is not known: {away}", err=True)
        return {}


async def _asked(settings: Settings, question: Callable[[RedisStore], Awaitable[Answer]]) -> Answer:
    async with opened(settings) as store:
        return await question(store)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[RedisStore]:
    """The store of the running daemon as it is: not made ours, not looked after. Closed at the end of the block."""
    store = RedisStore(store_url(settings), settings.policy.keys, read_only=True)
    try:
        yield store
    finally:
        await store.close()


def store_url(settings: Settings) -> str:
    """Where the store of the running daemon answers."""
    return server.live_url(settings.state_dir) if settings.embedded else settings.redis_url


def owners(settings: Settings, wanted: str | None) -> list[Owner]:
    """The one named, or all."""
    found = [one for one in settings.policy.owners if wanted in (None, one.id)]
    if not found:
        raise unknown(wanted or "", "owner", (one.id for one in settings.policy.owners), "--owner")
    return found


def one_owner(settings: Settings, wanted: str | None) -> Owner:
    """Whose something is changed: named, unless there is but one."""
    found = owners(settings, wanted)
    if len(found) > 1:
        known = ", ".join(one.id for one in found)
        raise click.BadParameter(f"say whose; there are: {known}", param_hint="--owner")
    return found[0]
