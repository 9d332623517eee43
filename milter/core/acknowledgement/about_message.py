"""Rules about the message itself. That a machine sent it was seen before (`automatic`); these hold for a person's mail too."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from milter.core import lexical, mailboxes, marks
from milter.core.address import normal_domain
from milter.core.case import Case
from milter.core.decision import Reason
from milter.core.reasons import reason

OLD = timedelta(days=1)
AHEAD = timedelta(days=366)  # a machine that starts without its clock is decades back
HOPS = 100  # RFC 5321 section 6.3; real mail through gateways has over ten
_SUPPRESS = frozenset({"all", "oof", "autoreply"})


def forged(case: Case) -> Reason | None:
    """S28, RFC 8601 section 5: under every trust. dkim=fail alone is "unsigned" (RFC 6376 section 6.1) and does not count."""
    return (
        reason("reply-withheld-forged", f"dmarc=fail ({case.authentication.source})")
        if case.forged and case.authentication
        else None
    )


def suppressed(case: Case) -> Reason | None:
    """S14-S16, MS-OXCMAIL 2.1.3.2.20: All, OOF and AutoReply. DR, NDR, RN, NRN and None speak of reports, not of replies.

    Some tenants stamp it on people's mail: obeyed, but a person's mail stays a person's.
    """
    for value in case.message.all("x-auto-response-suppress"):
        for word in lexical.without_comments(value).replace(",", " ").replace(";", " ").lower().split():
            if word in _SUPPRESS:
                return reason("reply-withheld-suppressed", f"X-Auto-Response-Suppress: {word}")
    return None


def answers_ours(case: Case) -> Reason | None:
    """S31: the direct parent is an automatic reply of ours. One further up the thread is no reason: people go on talking."""
    return reason("reply-withheld-answers-ours") if marks.answers_ours(case.message, case.policy.keys) else None


def loop_mark(case: Case) -> Reason | None:
    """S19: X-Loop with an address of ours or just "true", the loop mark of Exchange rules, or our own hop mark."""
    message = case.message
    for value in message.all("x-loop"):
        if value.strip().lower() in ("true", "yes", "1", case.policy.hostname.lower()):
            return reason("reply-withheld-loop", f"X-Loop: {value}")
        if any(case.own(one.address) for one in mailboxes.parse(value)):
            return reason("reply-withheld-loop", "X-Loop: own address")
    if message.has("x-ms-exchange-inbox-rules-loop"):
        return reason("reply-withheld-loop", "X-MS-Exchange-Inbox-Rules-Loop")
    if marks.hop_mark(case.policy.keys, case.owner.id, message) in message.all(marks.HOP):
        return reason("reply-withheld-loop", "Recado-Hop")
    return None


def too_many_hops(case: Case) -> Reason | None:
    """S32."""
    count = len(case.message.all("received"))
    return reason("reply-withheld-hops", f"{count} Received") if count >= HOPS else None


def without_author(case: Case) -> Reason | None:
    """S33, RFC 5322 section 3.6: no From, an empty one, or one that cannot be read for certain."""
    readable = any(one.address for one in case.message.authors)
    return None if readable else reason("reply-withheld-no-author")


def several_authors(case: Case) -> Reason | None:
    """S33: two From fields or two mailboxes in one: nobody can say which one was authenticated."""
    many = len(case.message.authors) > 1 or len(case.message.all("from")) > 1
    return reason("reply-withheld-several-authors") if many else None


def older_than_a_day(case: Case) -> Reason | None:
    """By the topmost Received that is not ours: an import, or mail that was stuck. Without one nothing is known."""
    sent = _received(case)
    if sent is not None and case.transaction.now - sent > OLD:
        return reason("reply-withheld-old", sent.isoformat())
    return None


def before_its_time(case: Case) -> Reason | None:
    """Sent a year from now, by the same Received: if it is this machine that errs, every opening it names is wrong."""
    sent = _received(case)
    if sent is not None and sent - case.transaction.now > AHEAD:
        return reason("reply-withheld-clock", sent.isoformat())
    return None


def _received(case: Case) -> datetime | None:
    """When the last machine that is not ours had it."""
    for value in case.message.all("received"):
        text = lexical.without_comments(value)
        if not _is_ours(text, case):
            return _date(text)
    return None


def _is_ours(received: str, case: Case) -> bool:
    """Stamped by this host or by a program that fetches mail on it (fetchmail, getmail)."""
    words = received.lower().replace(";", " ").split()
    host = words[words.index("by") + 1] if "by" in words[:-1] else ""
    protocol = words[words.index("with") + 1] if "with" in words[:-1] else ""
    own = (normal_domain(case.policy.hostname), normal_domain(case.policy.authserv_id), "localhost")
    return not host or normal_domain(host) in own or "." not in host or protocol.startswith(("pop", "imap"))


def _date(received: str) -> datetime | None:
    text = received.rpartition(";")[2].strip()[:64]
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
