"""Errors as values. An SMTP reply carries what the peer may read; the cause stays in our log."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """One SMTP or LMTP reply: `code` 200-599, enhanced status code (RFC 3463) or "", text without line breaks.

    `lines` of a multi-line reply are joined with "\\n" in `text`.
    """

    code: int
    enhanced: str
    text: str

    @property
    def accepted(self) -> bool:
        return 200 <= self.code < 300

    @property
    def permanent(self) -> bool:
        return self.code >= 500

    def __str__(self) -> str:
        return f"{self.code} {self.enhanced} {self.text}" if self.enhanced else f"{self.code} {self.text}"


class SmtpError(Exception):
    """Ends a transaction with `reply`. `cause` is for our log and never reaches the peer."""

    def __init__(self, reply: SmtpReply, cause: str = "") -> None:
        super().__init__(f"{reply} ({cause})" if cause else str(reply))
        self.reply = reply
        self.cause = cause


class StoreAway(Exception):
    """Redis did not answer in time, refused, or is known to be down (the breaker is open). `cause` says which."""


def internal_error(transaction_id: str) -> SmtpReply:
    """What a peer reads after a surprise of ours: come back later."""
    return with_id(SmtpReply(451, "4.3.0", "Internal error, try again later"), transaction_id)


def with_id(reply: SmtpReply, transaction_id: str) -> SmtpReply:
    """A reply that is nobody's but ours names the transaction, as our log does: to be quoted to the postmaster."""
    return replace(reply, text=f"{reply.text} (id={transaction_id})")
