"""Signs of a machine in what the message is: a report, or the answer of a calendar."""

from milter.core import invitation, lexical
from milter.core.automatic.sign import Look, Sign

# S3, S4. A report attached to a person's multipart/mixed is no report: only the outermost type counts.
REPORTS = frozenset(
    {
        "multipart/report",  # RFC 6522: delivery status, receipts, RFC 5965 feedback
        "message/delivery-status",
        "message/global-delivery-status",
        "message/disposition-notification",
        "message/global-disposition-notification",
        "message/feedback-report",
        "message/tracking-status",
    }
)


def content_is_a_report(look: Look) -> Sign | None:
    """S3, S4, RFC 3464, RFC 8098 section 3, RFC 5965: whatever its envelope sender."""
    for value in look.message.all("content-type"):
        kind, parameters = lexical.parameters(value)
        if kind in REPORTS:
            return Sign("report", f"Content-Type: {kind}; {parameters.get('report-type', '')}".rstrip("; "))
    return None


def content_is_a_calendar_reply(look: Look) -> Sign | None:
    """S6, RFC 6047 section 2.4: somebody's calendar accepted, declined or asked to move."""
    return Sign("calendar", "text/calendar; method=REPLY") if invitation.is_reply(look.message) else None
