"""The DNS part of `recado check`: whether the name servers that recado.toml names answer at all."""

import asyncio

from milter.lookup.dns import Resolver
from milter.settings.findings import Wrong
from milter.settings.source import read
from milter.settings.values import Problem, Settings

PATIENCE = 1.0  # seconds, twice


def ask(settings: Settings) -> tuple[Problem, ...]:
    """Warnings. The system's own name servers are not asked: without them nothing else works here either."""
    source = read(settings.file)
    source.problems.clear()
    for one in asyncio.run(_silent(settings.nameservers)):
        wrong = Wrong(
            f"{one} does not answer: without a name server nobody is proven to have written",
            "start it, or name another",
        )
        source.warn(("authentication", "nameservers"), wrong)
    return tuple(source.problems)


async def _silent(nameservers: tuple[str, ...]) -> list[str]:
    answers = await asyncio.gather(*map(_answers, nameservers))
    return [one for one, answered in zip(nameservers, answers, strict=True) if not answered]


async def _answers(nameserver: str) -> bool:
    resolver = Resolver([nameserver], probe_patience=PATIENCE)
    try:
        return await resolver.any_answers()
    finally:
        await resolver.close()
