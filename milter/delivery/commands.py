"""The commands of a transaction: what of it can be said to this next hop, and in which words."""

import re
from dataclasses import dataclass

from milter.core.envelope import Peer
from milter.delivery import capabilities, replies
from milter.delivery.capabilities import Capabilities
from milter.delivery.outgoing import Recipients, Verdicts

DATA, RSET = b"DATA\r\n", b"RSET\r\n"
MAX_ATTRIBUTE = 255  # characters; Postfix refuses an XFORWARD line that the client blew up with its HELO
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Envelope:
    """The commands of one transaction. `rcpts`: (index into the verdicts, command)."""

    mail: bytes
    rcpts: tuple[tuple[int, bytes], ...]


def envelope(
    mail_from: str, params: tuple[str, ...], recipients: Recipients, offered: Capabilities, verdicts: Verdicts,
    *, octets: int | None = None, utf8_header: bool = False,
) -> Envelope | None:  # fmt: skip
    """The commands for the recipients that this next hop can take, None without one; the others get their verdicts.

    `octets` of the message, None: as our peer declared them.
    """
    asked = capabilities.asks_smtputf8(params)
    if _CONTROL.search(mail_from):
        verdicts.rest(replies.BAD_SENDER)
    elif not offered.smtputf8 and (not mail_from.isascii() or (asked and utf8_header)):
        # RFC 6531 section 3.2: not to be sent to a server that does not offer it; a header alone is 8-bit mail as ever.
        verdicts.rest(replies.NO_UTF8_SENDER)
    for index in verdicts.open:
        rcpt = recipients[index][0]
        if _CONTROL.search(rcpt):
            verdicts.replies[index] = replies.BAD_RECIPIENT
        elif not offered.smtputf8 and not rcpt.isascii():
            verdicts.replies[index] = replies.NO_UTF8_RECIPIENT
    left = verdicts.open
    if not left:
        return None
    international = not all(one.isascii() for one in (mail_from, *(recipients[index][0] for index in left)))
    mail = capabilities.mail_params(
        params, offered, size=octets, smtputf8=offered.smtputf8 and (asked or international)
    )
    return Envelope(
        mail=_command(f"MAIL FROM:<{mail_from}>", mail),
        rcpts=tuple(
            (index, _command(f"RCPT TO:<{address}>", capabilities.rcpt_params(its_params, offered)))
            for index, (address, its_params) in ((index, recipients[index]) for index in left)
        ),
    )


def _command(path: str, params: tuple[str, ...]) -> bytes:
    # Parameters come as words of a command line; should one hold a control character, it must not become a new line.
    words = (path, *(one for one in params if not _CONTROL.search(one)))
    return " ".join(words).encode("utf-8", "surrogateescape") + b"\r\n"


def xforward(peer: Peer, offered: Capabilities) -> tuple[bytes, ...]:
    """The XFORWARD commands that tell the next hop about the true client, in two lines as Postfix sends them.

    What we do not know is said so, or else an earlier transaction's value could be taken for this one's.
    """
    if not offered.xforward or peer == Peer():
        return ()
    address = f"IPV6:{peer.address}" if ":" in peer.address else peer.address
    lines = (
        (("NAME", peer.name), ("ADDR", address)),
        (("PROTO", peer.protocol), ("HELO", peer.helo), ("IDENT", peer.queue_id), ("SOURCE", peer.source)),
    )
    told = (
        " ".join(f"{name}={_attribute(value)}" for name, value in line if name in offered.xforward) for line in lines
    )
    return tuple(f"XFORWARD {one}\r\n".encode() for one in told if one)


def _attribute(value: str) -> str:
    """xtext (RFC 3461 section 4), as XFORWARD wants it."""
    octets = value[:MAX_ATTRIBUTE].encode("utf-8", "surrogateescape")
    plain = (chr(one) if 33 <= one <= 126 and one not in b"+=" else f"+{one:02X}" for one in octets)
    return "".join(plain) or "[UNAVAILABLE]"
