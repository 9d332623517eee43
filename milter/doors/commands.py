"""MAIL and RCPT, read exactly: the path (RFC 5321 section 4.1.2) and the parameters of what is offered. Pure."""

import re
from dataclasses import dataclass

from milter.core.envelope import Recipient
from milter.delivery.capabilities import Capabilities
from milter.errors import SmtpReply

# RFC 5321 section 4.5.3.1 names the least that must be taken, 64 and 255; SRS and VERP make longer local parts daily.
MAX_LOCAL, MAX_DOMAIN = 512, 255
MAX_ENVID, MAX_ORCPT = 100, 500  # RFC 3461 sections 4.4 and 4.2

# Above ASCII everything but the C1 controls: NEL would be a line end to somebody.
_LABEL = r"[A-Za-z0-9_\-\u00a0-\U0010ffff]+"
_DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[!-Z^-~]+\])"
# Dots may stand anywhere in the local part: some providers' users have them where RFC 5321 has none.
_ATOMS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-\u00a0-\U0010ffff]+"
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f-\x9f]|\\[ -~])*"'
# Brackets, or none as a hand types it; a source route is read and dropped (RFC 5321 appendix C).
_PATH = rf"""
    [ ]*(?P<open><)?
    (?:(?:@{_DOMAIN},)*@{_DOMAIN}:)?
    (?P<address>(?P<local>{_ATOMS}|{_QUOTED})(?:@(?P<domain>{_DOMAIN}))?)?
    (?(open)>)
    (?P<params>(?:[ ].*)?)
"""
_FROM = re.compile(rf"(?i:FROM):{_PATH}", re.VERBOSE)
_TO = re.compile(rf"(?i:TO):{_PATH}", re.VERBOSE)
_PARAM = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u00a0-\U0010ffff]+))?")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-Fa-f]{2})*")
_XCHAR = re.compile(r"\+([0-9A-Fa-f]{2})")
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY)){0,2}", re.I)
_ORCPT = re.compile(r"([A-Za-z0-9-]+);(.+)")
_UTF8_CHAR = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f]*")

BAD_SENDER = SmtpReply(501, "5.1.7", "Bad sender address syntax")
BAD_RECIPIENT = SmtpReply(501, "5.1.3", "Bad recipient address syntax")
BAD_COMMAND = SmtpReply(501, "5.5.4", "Syntax error in arguments")
NEEDS_UTF8 = SmtpReply(553, "5.6.7", "Internationalized address without SMTPUTF8")
TOO_BIG = SmtpReply(552, "5.3.4", "Message size exceeds the limit")


@dataclass(frozen=True, slots=True)
class Mail:
    """A MAIL command. `mail_from` is "" for the null reverse-path; `params` as received, in order, without AUTH."""

    mail_from: str
    params: tuple[str, ...] = ()
    smtputf8: bool = False


def mail(argument: bytes, offered: Capabilities, limit: int) -> Mail | SmtpReply:
    """What follows `MAIL `. `limit`: the largest SIZE taken, 0: any."""
    match _path(_FROM, "FROM:", argument, BAD_SENDER):
        case SmtpReply() as refused:
            return refused
        case address, rest:
            params = _params(rest)
            if isinstance(params, SmtpReply):
                return params
            for keyword, value in params.items():
                if refusal := _mail_param(keyword, value, offered, limit):
                    return refusal
            smtputf8 = "SMTPUTF8" in params
            if not smtputf8 and not argument.isascii():
                return NEEDS_UTF8
            # RFC 4954 section 5: what AUTH says ends at a server that does not offer it.
            kept = tuple(one for one in rest.split(" ") if one and not one.upper().startswith("AUTH="))
            return Mail(address, kept, smtputf8)


def rcpt(argument: bytes, offered: Capabilities, smtputf8: bool) -> Recipient | SmtpReply:
    """What follows `RCPT `. `smtputf8`: what the MAIL command of this transaction asked for."""
    match _path(_TO, "TO:", argument, BAD_RECIPIENT):
        case SmtpReply() as refused:
            return refused
        case "", _:
            return BAD_RECIPIENT
        case address, rest:
            if not smtputf8 and not argument.isascii():
                return NEEDS_UTF8
            params = _params(rest)
            if isinstance(params, SmtpReply):
                return params
            for keyword, value in params.items():
                if refusal := _rcpt_param(keyword, value, offered):
                    return refusal
            original = _original(params.get("ORCPT") or "")
            return Recipient(address, original, tuple(one for one in rest.split(" ") if one))


def decode_xtext(text: str) -> str | None:
    """RFC 3461 section 4: `+2B` is a plus sign. None for what is no xtext, or no text (UTF-8) once decoded."""
    if not _XTEXT.fullmatch(text):
        return None
    try:
        return _XCHAR.sub(lambda found: chr(int(found[1], 16)), text).encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return None


def _path(pattern: re.Pattern[str], word: str, argument: bytes, bad: SmtpReply) -> tuple[str, str] | SmtpReply:
    """(address, the parameters as text) of a command's argument."""
    try:
        text = argument.decode("utf-8")
    except UnicodeDecodeError:
        return bad
    found = pattern.fullmatch(text)
    if not found:
        return bad if text[: len(word)].upper() == word else BAD_COMMAND
    address, local, domain = found["address"] or "", found["local"] or "", found["domain"]
    if not address and not found["open"]:
        return bad
    # RFC 5321 section 4.1.1.3: of all addresses only Postmaster may come without a domain.
    if address and domain is None and local.lower() != "postmaster":
        return bad
    if len(local.encode()) > MAX_LOCAL or len((domain or "").encode()) > MAX_DOMAIN:
        return bad
    return address, found["params"]


def _params(text: str) -> dict[str, str | None] | SmtpReply:
    """Parameters by upper-case keyword, None for one without a value."""
    params: dict[str, str | None] = {}
    for one in text.split(" ") if text else ():
        if not one:
            continue
        found = _PARAM.fullmatch(one)
        if not found:
            return BAD_COMMAND
        keyword = found[1].upper()
        if keyword in params:
            return SmtpReply(501, "5.5.4", f"{keyword} given twice")
        params[keyword] = found[2]
    return params


def _mail_param(keyword: str, value: str | None, offered: Capabilities, limit: int) -> SmtpReply | None:
    """The reply that refuses a MAIL parameter; None takes it."""
    match keyword, value:
        case "SIZE", str() if value.isascii() and value.isdigit() and len(value) <= 20:  # RFC 1870 section 3
            return TOO_BIG if limit and int(value) > limit else None
        # BODY is taken whether offered or not: we are 8-bit clean, and the next hop is not told what it cannot take.
        case "BODY", str() if value.upper() in ("7BIT", "8BITMIME"):
            return None
        case "SMTPUTF8", None if offered.smtputf8:
            return None
        case "RET", str() if offered.dsn and value.upper() in ("FULL", "HDRS"):
            return None
        case "ENVID", str() if offered.dsn and len(value) <= MAX_ENVID and _XTEXT.fullmatch(value):
            return None
        case "AUTH", str() if value == "<>" or _XTEXT.fullmatch(value):
            return None
        case ("SMTPUTF8", _) if not offered.smtputf8:
            return _unknown(keyword)
        case ("RET" | "ENVID", _) if not offered.dsn:
            return _unknown(keyword)
        case (("SIZE" | "BODY" | "SMTPUTF8" | "RET" | "ENVID" | "AUTH"), _):
            return SmtpReply(501, "5.5.4", f"Bad value of {keyword}")
        case _:
            return _unknown(keyword)


def _rcpt_param(keyword: str, value: str | None, offered: Capabilities) -> SmtpReply | None:
    """The reply that refuses a RCPT parameter; None takes it."""
    if keyword not in ("NOTIFY", "ORCPT") or not offered.dsn:
        return _unknown(keyword)
    if keyword == "NOTIFY":
        words = (value or "").upper().split(",")
        taken = bool(_NOTIFY.fullmatch(value or "")) and len(set(words)) == len(words)
    else:
        found = _ORCPT.fullmatch(value or "")
        # RFC 6533 section 3: the type utf-8 may hold raw UTF-8 and \x{...}, so only rfc822 and the like must be xtext.
        taken = bool(
            found and len(value or "") <= MAX_ORCPT and (found[1].lower() == "utf-8" or _XTEXT.fullmatch(found[2]))
        )
    return None if taken else SmtpReply(501, "5.5.4", f"Bad value of {keyword}")


def _original(orcpt: str) -> str:
    """The address of an ORCPT of type rfc822 or utf-8, decoded; "" for others and for one with control characters."""
    kind, _, text = orcpt.partition(";")
    if kind.lower() == "rfc822":
        address = decode_xtext(text) or ""
    elif kind.lower() == "utf-8":
        plain = _UTF8_CHAR.sub(lambda found: _character(int(found[1], 16)), text)
        address = _XCHAR.sub(lambda found: chr(int(found[1], 16)), plain)
    else:
        address = ""
    return address if _PRINTABLE.fullmatch(address) else ""


def _character(point: int) -> str:
    """Surrogates and what lies beyond Unicode become a control character, which refuses the address."""
    return chr(point) if point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF else "\x00"


def _unknown(keyword: str) -> SmtpReply:
    return SmtpReply(555, "5.5.4", f"Parameter {keyword} not recognized")
