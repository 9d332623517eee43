"""The Redis part of `recado check`: the store is asked, shortly and without changing anything, how it does."""

import asyncio

from milter.cli import rehearsal
from milter.settings.findings import Wrong
from milter.settings.redis_url import EMBEDDED
from milter.settings.source import read
from milter.settings.values import Problem, Settings
from milter.store import server
from milter.store.health import health

KEY = ("redis", "url")


def ask(settings: Settings) -> tuple[tuple[Problem, ...], str]:
    """Warnings, and one line about the store if there is one. An embedded server that does not run is no problem."""
    embedded = settings.redis_url == EMBEDDED
    url = server.live_url(settings.state_dir) if embedded else settings.redis_url
    with rehearsal.quiet():
        found = asyncio.run(health(url))
    if embedded and not found.about:
        return (), ""
    source = read(settings.file)
    source.problems.clear()
    for one in found.findings:
        source.warn(KEY, Wrong(one.what, one.instead))
    return tuple(source.problems), found.about and f"redis: {'embedded, ' if embedded else ''}{found.about}"
