"""One transaction for a next hop, and what comes of it."""

from dataclasses import dataclass

from milter.core.envelope import Peer
from milter.core.message import Message
from milter.delivery import replies
from milter.errors import SmtpReply

Recipients = tuple[tuple[str, tuple[str, ...]], ...]  # (address, RCPT params)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`mail_from` "" for the null reverse-path; all params as our peer gave them: what is not offered is left out.

    `header` is sent instead of `message.header`; body and `has_body` are the message's. `peer` goes into XFORWARD.
    """

    mail_from: str
    params: tuple[str, ...]
    recipients: Recipients
    header: bytes
    message: Message
    peer: Peer


class Verdicts:
    """One reply a recipient, in order, as they become known.

    `committed`: nothing may be offered a second time. `dotted`: the final dot is written, the next hop may have it.
    """

    def __init__(self, recipients: int) -> None:
        self.replies: list[SmtpReply | None] = [None] * recipients
        self.committed = False
        self.dotted = False

    @property
    def open(self) -> list[int]:
        return [index for index, one in enumerate(self.replies) if one is None]

    def rest(self, reply: SmtpReply) -> None:
        """Decides everybody who is still open."""
        self.replies = [one or reply for one in self.replies]

    @property
    def final(self) -> tuple[SmtpReply, ...]:
        return tuple(one or replies.SURPRISE for one in self.replies)
