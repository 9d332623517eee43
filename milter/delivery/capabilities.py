"""What a next hop offers in its EHLO or LHLO, and which of our peer's parameters may therefore be passed on."""

from dataclasses import dataclass

from milter.errors import SmtpReply


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`size` in bytes, 0: no limit named. `xforward`: attributes taken, upper case. A HELO server offers nothing."""

    size: int = 0
    eight_bit: bool = False
    smtputf8: bool = False
    dsn: bool = False
    pipelining: bool = False
    xforward: frozenset[str] = frozenset()


def parse(hello: SmtpReply) -> Capabilities:
    """From the 250 to EHLO or LHLO (RFC 5321 section 4.1.1.1): a greeting, then a keyword a line, with parameters."""
    offered: dict[str, tuple[str, ...]] = {}
    for line in hello.text.split("\n")[1:]:
        words = line.upper().split()
        if words:
            offered[words[0]] = tuple(words[1:])
    size = next(iter(offered.get("SIZE", ())), "0")
    return Capabilities(
        size=int(size) if size.isdecimal() and len(size) <= 20 else 0,
        eight_bit="8BITMIME" in offered,
        smtputf8="SMTPUTF8" in offered,
        dsn="DSN" in offered,
        pipelining="PIPELINING" in offered,
        xforward=frozenset(offered.get("XFORWARD", ())),
    )


def mail_params(params: tuple[str, ...], offered: Capabilities, *, size: int | None, smtputf8: bool) -> tuple[str, ...]:
    """MAIL parameters to send: those of `params` that are offered, and SIZE of what we send (None: as our peer said).

    A client may leave SIZE out (RFC 1870 section 6), so it is sent only where a limit makes it useful.
    """
    passed = [one for one in params if _passes(one, offered, keep_size=size is None)]
    if size is not None and offered.size:
        passed.append(f"SIZE={size}")
    if smtputf8:
        passed.append("SMTPUTF8")
    return tuple(passed)


def _passes(param: str, offered: Capabilities, *, keep_size: bool) -> bool:
    keyword, _, value = param.upper().partition("=")
    match keyword:
        case "BODY":
            return offered.eight_bit and value in ("7BIT", "8BITMIME")  # RFC 6152; BINARYMIME needs BDAT
        case "SIZE":
            return keep_size and offered.size > 0
        case "RET" | "ENVID":
            return offered.dsn
        case _:
            return False  # SMTPUTF8 is decided by what the message needs


def rcpt_params(params: tuple[str, ...], offered: Capabilities) -> tuple[str, ...]:
    """RCPT parameters to send: NOTIFY and ORCPT (RFC 3461 section 4), where DSN is offered."""
    if not offered.dsn:
        return ()
    return tuple(one for one in params if one.upper().partition("=")[0] in ("NOTIFY", "ORCPT"))


def asks_smtputf8(params: tuple[str, ...]) -> bool:
    return any(one.upper() == "SMTPUTF8" for one in params)
