"""Answers that are still good, within bounds: who sends mail decides what is looked up, and could fill any memory."""

from dataclasses import dataclass, field
from typing import NamedTuple

from milter.lookup.dns_answers import Answer, Failed, Key, Records

_OVERHEAD = 400  # bytes of an entry beside its texts, about


class _Held(NamedTuple):
    answer: Answer
    expires: float
    size: int


@dataclass(slots=True)
class Cache:
    """At most `most_names` answers and about `most_bytes` bytes: what came first goes first. Instants on the loop's clock."""

    most_names: int = 10_000
    most_bytes: int = 16_000_000
    _held: dict[Key, _Held] = field(default_factory=dict)
    _bytes: int = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key, now: float) -> Answer | None:
        held = self._held.get(key)
        return held.answer if held and now < held.expires else None

    def put(self, key: Key, answer: Answer, expires: float) -> None:
        self._drop(key)
        self._held[key] = _Held(answer, expires, _size(answer))
        self._bytes += self._held[key].size
        while len(self._held) > self.most_names or self._bytes > self.most_bytes:
            self._drop(next(iter(self._held)))

    def forget_failures(self) -> None:
        for key in [key for key, held in self._held.items() if isinstance(held.answer, Failed)]:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        if held := self._held.pop(key, None):
            self._bytes -= held.size


def _size(answer: Answer) -> int:
    if not isinstance(answer, Records):
        return _OVERHEAD
    return _OVERHEAD + sum(len(one) if isinstance(one, bytes) else 100 for one in answer.values)
