"""What a rule looks at, and what it finds."""

from dataclasses import dataclass

from milter.core.message import Message
from milter.core.policy import Policy


@dataclass(frozen=True, slots=True)
class Look:
    """One message as a rule sees it. `rcpt_to` as received; `mail_from` "" for the null reverse-path."""

    message: Message
    mail_from: str
    rcpt_to: str
    policy: Policy


@dataclass(frozen=True, slots=True)
class Sign:
    """`cause` ends the reason codes sender-automatic-<cause> and reply-withheld-<cause>; `evidence` what was seen."""

    cause: str
    evidence: str
