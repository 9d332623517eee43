"""Edits of a header as whole fields: some removed, ours inserted on top. The rest stays byte for byte."""

from dataclasses import dataclass

from milter.core.message import Message, scan


@dataclass(frozen=True, slots=True)
class HeaderEdits:
    """`remove`: indexes into `message.fields`; `insert`: (name, value) pairs, finished for the wire: ASCII or encoded words, short."""

    remove: tuple[int, ...] = ()
    insert: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.remove or self.insert)


def apply(message: Message, edits: HeaderEdits) -> bytes:
    """The header to send: ours on top, then what arrived less the removed fields."""
    raise NotImplementedError


__all__ = ["HeaderEdits", "apply", "scan"]
