"""What is sent to Redis: a command, a script, and which key says where it belongs."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

Part = bytes | str | int

_SCRIPTS = ("EVAL", "EVALSHA", "EVAL_RO", "EVALSHA_RO")
_SECOND = ("OBJECT", "MEMORY", "DEBUG")
_ANYWHERE = frozenset(
    ("PING", "INFO", "CONFIG", "SCRIPT", "CLUSTER", "KEYS", "SCAN", "DBSIZE", "WAIT", "ACL", "FLUSHALL")
)


@dataclass(frozen=True, slots=True)
class Command:
    """`parts` as sent. `script`: the text to send instead when the server does not know the script of an EVALSHA.

    `durable`: not done before a replica has it too, where there are replicas.
    """

    parts: tuple[Part, ...]
    script: str = ""
    durable: bool = False

    def in_full(self) -> "Command":
        return Command(("EVAL", self.script, *self.parts[2:]), durable=self.durable)

    def key(self) -> Part | None:
        """A key of it; all of one command lie in one slot. None if it may go to any server."""
        name = str(self.parts[0]).upper()
        if name in _SCRIPTS:
            return self.parts[3] if int(self.parts[2]) else None
        if name in _ANYWHERE:
            return None
        return self.parts[2 if name in _SECOND else 1]


@dataclass(frozen=True, slots=True)
class Script:
    text: str
    sha: str
    durable: bool = False

    @classmethod
    def load(cls, name: str, *, durable: bool = False) -> "Script":
        text = (Path(__file__).parent / "scripts" / f"{name}.lua").read_text("utf-8")
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(), durable)

    def call(self, keys: Sequence[str], arguments: Sequence[Part], *, durable: bool = False) -> Command:
        # Mail brings bytes that are no UTF-8, decoded as lone surrogates: they must come back as they went.
        sent = [one.encode("utf-8", "surrogatepass") if isinstance(one, str) else one for one in arguments]
        parts = ("EVALSHA", self.sha, len(keys), *keys, *sent)
        return Command(parts, self.text, self.durable or durable)
