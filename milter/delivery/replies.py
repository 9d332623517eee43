"""Replies of a next hop: read from its bytes, made fit to be relayed, and the few that we give in its place."""

import re
from dataclasses import replace

from milter.errors import SmtpError, SmtpReply

LONGEST_REPLY = 64 << 10  # bytes; no honest server says more, and a hostile one must not fill our memory
MAX_LINES, MAX_LINE = 10, 400  # relayed: RFC 5321 section 4.5.3.1.5 gives a reply line 512 octets, code and id included

# RFC 5321 section 4.2: three digits, then a space, a hyphen (more lines follow) or nothing.
_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])([^\n]*)|\r?)\n")
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?: |$)")  # RFC 2034 section 4
_UNSAFE = re.compile(r"[^ -~]")

UNREACHABLE = SmtpReply(451, "4.4.1", "The next hop does not answer, try again later")
LOST = SmtpReply(451, "4.4.2", "The connection to the next hop was lost, try again later")
SLOW = SmtpReply(451, "4.4.2", "The next hop took too long, try again later")
BUSY = SmtpReply(451, "4.4.5", "Too many deliveries to the next hop at once, try again later")
SURPRISE = SmtpReply(451, "4.3.0", "The next hop gave an answer that makes no sense, try again later")
STOPPED = SmtpReply(451, "4.3.0", "The delivery was stopped, try again later")
UNKNOWN = SmtpReply(451, "4.4.2", "The next hop did not say whether it took the message, try again later")
_OURS = frozenset({UNREACHABLE, LOST, SLOW, BUSY, SURPRISE, STOPPED, UNKNOWN})

NO_UTF8_SENDER = SmtpReply(553, "5.6.7", "The next hop does not take internationalized mail (SMTPUTF8)")
NO_UTF8_RECIPIENT = SmtpReply(550, "5.6.7", "The next hop does not take internationalized addresses (SMTPUTF8)")
BAD_SENDER = SmtpReply(553, "5.1.7", "Control character in the sender's address")
BAD_RECIPIENT = SmtpReply(553, "5.1.3", "Control character in the recipient's address")


def is_ours(reply: SmtpReply) -> bool:
    """Whether we gave this reply because the next hop gave none: it does not say what became of the message there."""
    return reply in _OURS


def outcome_unknown(reply: SmtpReply) -> bool:
    """Whether the final dot was written and no reply to it came: the next hop may have the message or not."""
    return reply == UNKNOWN


def take(buffer: bytearray) -> SmtpReply | None:
    """Removes the first whole reply from `buffer`; None while it is not all there. SmtpError for what is not SMTP.

    Text is ASCII without control characters, lines joined with newlines. The code is 200-599.
    """
    lines: list[str] = []
    code, position = b"", 0
    while found := _LINE.match(buffer, position):
        position = found.end()
        # RFC 5321 section 4.2.1: the same code on every line. Otherwise two replies ran into each other.
        if code and found[1] != code:
            raise _senseless(buffer)
        code = found[1]
        lines.append(_safe(found[3] or b""))
        if found[2] != b"-":
            del buffer[:position]
            return _reply(int(code), lines)
    if b"\n" in buffer[position:] or len(buffer) > LONGEST_REPLY:
        raise _senseless(buffer)
    return None


def _senseless(buffer: bytearray) -> SmtpError:
    return SmtpError(SURPRISE, f"not an SMTP reply: {bytes(buffer[:200])!r}")


def _safe(text: bytes) -> str:
    return _UNSAFE.sub("?", text.removesuffix(b"\r").decode("latin-1"))


def _reply(code: int, lines: list[str]) -> SmtpReply:
    found = _ENHANCED.match(lines[0])
    # An enhanced code of another class contradicts its reply; then it is text like any other.
    if not found or found[1][0] != str(code)[0]:
        return SmtpReply(code, "", "\n".join(lines))
    enhanced = found[1]
    texts = (line[len(enhanced) :].lstrip(" ") if line.split(" ", 1)[0] == enhanced else line for line in lines)
    return SmtpReply(code, enhanced, "\n".join(texts))


def relayed(reply: SmtpReply) -> SmtpReply:
    """What our peer may read of it: capped, and never 421, which would say that we hang up (RFC 5321 section 3.8)."""
    text = "\n".join(line[:MAX_LINE] for line in reply.text.split("\n", MAX_LINES)[:MAX_LINES])
    return replace(reply, code=451 if reply.code == 421 else reply.code, text=text)


def refusal(reply: SmtpReply) -> SmtpReply:
    """A no, fit to relay. SmtpError for what is neither 4xx nor 5xx where only a no can stand."""
    if 400 <= reply.code <= 599:
        return relayed(reply)
    raise SmtpError(SURPRISE, f"out of place: {reply}")


def verdict(reply: SmtpReply) -> SmtpReply:
    """A yes or a no, fit to relay. SmtpError for what is neither."""
    return relayed(reply) if reply.accepted else refusal(reply)


def trouble(error: OSError | SmtpError) -> tuple[SmtpReply, str]:
    """The reply that stands for a failed conversation, and its cause for our log. TimeoutError is an OSError."""
    match error:
        case SmtpError():
            return error.reply, error.cause
        case TimeoutError():
            return SLOW, str(error) or "deadline passed"
        case _:
            return LOST, str(error) or type(error).__name__
