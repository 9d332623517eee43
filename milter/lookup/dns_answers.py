"""Questions and answers of the DNS as values, and which names may be asked for."""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["TXT", "A", "AAAA", "MX", "PTR"]
Key = tuple[str, str]  # name in lower case without its last dot, and kind
ROOT: Key = ("", "SOA")  # known to every resolver without asking anybody


@dataclass(frozen=True, slots=True)
class Records:
    """At least one value, in the server's order: TXT bytes, joined from its strings · A and AAAA addresses of `ipaddress` ·
    MX (preference, host) · PTR host. Hosts in lower case without the last dot, "" for the root and for what is no host name.
    """

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class NoRecords:
    """There is no such name, or it has nothing of this kind. Also said of what can be no name, which nobody is asked."""


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be found out (a temperror). `why` for evidence: "timeout", "servfail". It never holds the name."""

    why: str


Answer = Records | NoRecords | Failed


def key(name: str, kind: Kind) -> Key | None:
    """What is asked for `name`; None if that cannot be a name.

    Mail brings anything: empty labels, labels over 63 and names over 253 bytes (RFC 1035 section 2.3.4), other scripts.
    """
    plain = name.removesuffix(".").lower()
    if not plain.isascii() or not plain.isprintable() or not all(0 < len(one) < 64 for one in plain.split(".")):
        return None
    return (plain, kind) if len(plain) < 254 else None
