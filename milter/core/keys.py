"""Keyed hashes of everything that must not appear in the clear in Redis keys, logs or Message-IDs.

One secret, one derived key a purpose (BLAKE2b `person`, RFC 7693 section 2.8), so that a hash made for one purpose says
nothing about another.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

DIGEST = 16  # bytes: 2**64 names before a collision is likely; a collision costs a withheld reply, never a message


class Hash(Protocol):
    """What hashlib returns, as far as we use it."""

    def update(self, data: bytes | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Keys:
    """The secret of the installation: 32 bytes, the same on every node."""

    secret: bytes

    def start(self, purpose: str) -> Hash:
        """A running keyed hash for `purpose` (at most 16 ASCII characters), for input that comes in blocks."""
        return hashlib.blake2b(key=self.secret, digest_size=DIGEST, person=purpose.encode("ascii"))

    def name(self, purpose: str, *parts: str) -> str:
        """32 hex digits for `parts`; the parts are length-prefixed, so that ("a", "bc") and ("ab", "c") differ."""
        return _name(self.secret, purpose, parts)

    def fraction(self, purpose: str, *parts: str) -> float:
        """A stable number in [0, 1) for `parts`: our only source of "random" delays."""
        return int(self.name(purpose, *parts)[:12], 16) / float(1 << 48)

    def fingerprint(self) -> str:
        """Tells two secrets apart without telling either."""
        return self.name("fingerprint")


# A message asks for the same dozen names twice or thrice: looking up, deciding, settling.
@lru_cache(maxsize=512)
def _name(secret: bytes, purpose: str, parts: tuple[str, ...]) -> str:
    return hashlib.blake2b(
        b"".join(map(_framed, parts)), key=secret, digest_size=DIGEST, person=purpose.encode("ascii")
    ).hexdigest()


def _framed(part: str) -> bytes:
    encoded = part.encode("utf-8", "surrogateescape")
    return len(encoded).to_bytes(4, "big") + encoded
