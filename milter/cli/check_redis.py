"""The Redis part of `recado check`: the store is asked, shortly and without changing anything, how it does."""

import asyncio
import socket
import stat
from urllib.parse import unquote

from milter.cli import live, rehearsal
from milter.settings.findings import Wrong
from milter.settings.source import read
from milter.settings.values import Problem, Settings
from milter.store.address import Malformed, parse
from milter.store.health import health

KEY = ("redis", "url")


def _told_to_everybody(settings: Settings) -> Wrong | None:
    where = parse(settings.redis_url)
    if isinstance(where, Malformed) or not (where.login or where.sentinel_login):
        return None
    if settings.file.stat().st_mode & stat.S_IROTH:
        mend = f"let root and the service alone: chown root:recado {settings.file} && chmod 0640 {settings.file}"
        return Wrong("holds a password, and everybody may read this file", mend)
    return None


def _listens(url: str) -> bool:
    """Whether the embedded server runs, though it may not answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(unquote(url.removeprefix("unix://")))
        except OSError:
            return False
    return True


def ask(settings: Settings) -> tuple[tuple[Problem, ...], str]:
    """Warnings, and one line about the store if there is one. An embedded server that does not run is no problem."""
    embedded, url = settings.embedded, live.store_url(settings)
    with rehearsal.quiet():
        found = asyncio.run(health(url))
    if embedded and not found.about and not _listens(url):
        return (), ""
    source = read(settings.file)
    source.problems.clear()
    if not embedded and (wrong := _told_to_everybody(settings)):
        source.warn(KEY, wrong)
    for one in found.findings:
        source.warn(KEY, Wrong(one.what, one.instead))
    return tuple(source.problems), found.about and f"redis: {'embedded, ' if embedded else ''}{found.about}"
