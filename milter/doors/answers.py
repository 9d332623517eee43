"""What a door says by itself, and how a reply is written on the wire."""

import re
from functools import lru_cache

from milter.errors import SmtpReply

MAX_LINES = 20  # of one reply; a next hop that says more is cut
# RFC 5321 section 4.5.3.1.5: 512 octets a line with code and CRLF; the enhanced code takes up to 12 of them.
MAX_TEXT = 490

OK = SmtpReply(250, "2.0.0", "Ok")
MAIL_OK = SmtpReply(250, "2.1.0", "Ok")
RCPT_OK = SmtpReply(250, "2.1.5", "Ok")
START = SmtpReply(354, "", "End data with <CR><LF>.<CR><LF>")
BYE = SmtpReply(221, "2.0.0", "Bye")
VRFY = SmtpReply(252, "2.0.0", "Cannot verify, but will take mail and try")
HELP = SmtpReply(214, "2.0.0", "Recado speaks RFC 5321 and RFC 2033; ask your postmaster for the rest")

UNKNOWN = SmtpReply(500, "5.5.2", "Command not recognized")
TOO_LONG = SmtpReply(500, "5.5.2", "Line too long")
NOT_HERE = SmtpReply(500, "5.5.1", "Not spoken at this door")
NOT_OFFERED = SmtpReply(502, "5.5.1", "Command not offered")
SYNTAX = SmtpReply(501, "5.5.4", "Syntax error in arguments")
HELLO_FIRST = SmtpReply(503, "5.5.1", "Say hello first")
NESTED = SmtpReply(503, "5.5.1", "A transaction is open already")
NO_MAIL = SmtpReply(503, "5.5.1", "MAIL first")
NO_RCPT = SmtpReply(503, "5.5.1", "No valid recipients")
TOO_MANY_RCPT = SmtpReply(452, "4.5.3", "Too many recipients, send the others in another transaction")

DENIED = SmtpReply(554, "5.7.1", "Access denied")
FULL = SmtpReply(421, "4.3.2", "Too many connections, try again later")
IDLE = SmtpReply(421, "4.4.2", "Idle for too long, closing the connection")
STOPPING = SmtpReply(421, "4.3.2", "Stopping, try again later")
TOO_MANY_ERRORS = SmtpReply(421, "4.7.0", "Too many errors, closing the connection")
GARBAGE = SmtpReply(421, "4.7.0", "This is not SMTP, closing the connection")
BEHIND_STARTTLS = SmtpReply(421, "4.7.0", "Commands behind STARTTLS, closing the connection")

# Replies to what an honest client seldom says; enough of them end a session.
FAULTS = frozenset({500, 501, 502, 503, 555})

_UNSAFE = re.compile(r"[^ -~]")


@lru_cache(maxsize=256)
def wire(reply: SmtpReply) -> bytes:
    """A reply's bytes (RFC 5321 section 4.2.1), capped, ASCII, its enhanced code on each line (RFC 2034 section 4)."""
    lines = reply.text.split("\n")[:MAX_LINES]
    enhanced = f"{reply.enhanced} " if reply.enhanced else ""
    marks = ["-"] * (len(lines) - 1) + [" "]
    return "".join(
        f"{reply.code}{mark}{enhanced}{_UNSAFE.sub('?', line)[:MAX_TEXT]}\r\n"
        for mark, line in zip(marks, lines, strict=True)
    ).encode("ascii")
