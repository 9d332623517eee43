"""What a person typed, and what there is: the nearest one is named."""

from collections.abc import Iterable, Sequence

import click

from milter.settings import spanish
from milter.settings.findings import nearest

MOST = 20  # named in one message


def unknown(wanted: str, what: str, known: Iterable[str], option: str) -> click.BadParameter:
    """`wanted` is no `what` ("client of ana"); `known`: what may be typed instead."""
    there = list(known)
    listed = ", ".join(there[:MOST]) + (", …" if len(there) > MOST else "")
    near = meant(wanted, there)
    return click.BadParameter(
        f"{wanted!r} is no {what}; there are: {listed or 'none'}{f'; did you mean {near}?' if near else ''}",
        param_hint=option,
    )


def meant(wanted: str, known: Sequence[str]) -> str | None:
    """The one that was meant: misspelt, or its Spanish name."""
    return spanish.meant(wanted, known) or nearest(wanted, known)


class OneOf(click.Choice):  # type: ignore[type-arg]  # click 8.1 knows no Choice[str]
    """Like its parent, and the nearest one is named."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        known = [str(one) for one in self.choices]
        if value not in known and (near := meant(str(value), known)):
            self.fail(f"{value!r} is none of {', '.join(known)}; did you mean {near}?", param, ctx)
        return str(super().convert(value, param, ctx))
