"""What becomes of one recipient's copy, and why. A decision is a value: stages append, nothing is carried out here."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from milter.core.overrides import Change, Override
from milter.core.owner import Client, Identity, Owner
from milter.core.reply_job import ClaimKey, ClaimRequest, ReplyIntent
from milter.core.today_words import Refused


class SenderClass(StrEnum):
    """Who wrote, in the order of the table in the README ("What happens to whom")."""

    SELF = "self"
    ALERT = "alert"
    SPAM = "spam"
    AUTOMATIC = "automatic"
    CLIENT = "client"
    CONTACT = "contact"
    PERSONAL = "personal"
    PROSPECT = "prospect"


class Disposition(StrEnum):
    """UNTOUCHED: byte for byte but for stripped forgeries, never a reply. MARKED: delivered with our fields on top."""

    UNTOUCHED = "untouched"
    MARKED = "marked"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: a kebab-case `code` <noun>-<fate>-<cause>, a `text` sentence for a person, the `evidence` it rests on ("" if none)."""

    code: str
    text: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class MoveTo:
    """Deliver to this mailbox instead of the recipient as received."""

    mailbox: str


@dataclass(frozen=True, slots=True)
class FileInto:
    """A folder path with "/" between levels, whatever the server's separator."""

    folder: str


@dataclass(frozen=True, slots=True)
class AddKeyword:
    """An IMAP keyword such as $Client."""

    keyword: str


@dataclass(frozen=True, slots=True)
class QueueReply:
    """Claim and queue this automatic reply once the message is delivered."""

    intent: ReplyIntent


@dataclass(frozen=True, slots=True)
class OptOut:
    """Remember that this person (as in ClaimKey) wants no automatic replies of this owner any more, or again (`on` False)."""

    person: str
    on: bool


@dataclass(frozen=True, slots=True)
class ChangeHours:
    """What the owner says by mail of his hours: a `change`, or None and why it was `refused`. `said` in his words."""

    change: Change | None
    said: str
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class CountUrgent:
    """Count one more urgent message of a client under `key`, which is of no use from `until` on."""

    key: ClaimKey
    until: datetime


Action = MoveTo | FileInto | AddKeyword | QueueReply | OptOut | CountUrgent | ChangeHours


@dataclass(frozen=True, slots=True)
class Decision:
    """For one recipient. `owner` and `identity` are None for an address of no owner.

    `asked`: what a reply would claim, whether it is due or not; `overrides`: what the owner had changed of his hours by then.
    `standing`: the code of the sender's standing that counts: trusted, neutral or bad; "" if none is known.
    """

    rcpt_to: str
    owner: Owner | None = None
    identity: Identity | None = None
    sender_class: SenderClass | None = None
    client: Client | None = None
    disposition: Disposition = Disposition.UNTOUCHED
    actions: tuple[Action, ...] = ()
    reasons: tuple[Reason, ...] = ()
    asked: tuple[ClaimRequest, ...] = ()
    overrides: tuple[Override, ...] = ()
    standing: str = ""

    def because(self, code: str, text: str, evidence: str = "") -> "Decision":
        return replace(self, reasons=(*self.reasons, Reason(code, text, evidence)))

    def doing(self, *actions: Action) -> "Decision":
        return replace(self, actions=(*self.actions, *actions))

    @property
    def moved_to(self) -> str | None:
        return next((one.mailbox for one in self.actions if isinstance(one, MoveTo)), None)

    @property
    def folder(self) -> str | None:
        return next((one.folder for one in self.actions if isinstance(one, FileInto)), None)

    @property
    def keywords(self) -> tuple[str, ...]:
        return tuple(one.keyword for one in self.actions if isinstance(one, AddKeyword))

    @property
    def urgent(self) -> CountUrgent | None:
        """The count of a client's urgent message; None for what is not, or by itself (an alert)."""
        return next((one for one in self.actions if isinstance(one, CountUrgent)), None)

    @property
    def hours(self) -> ChangeHours | None:
        return next((one for one in self.actions if isinstance(one, ChangeHours)), None)

    @property
    def reply(self) -> ReplyIntent | None:
        return next((one.intent for one in self.actions if isinstance(one, QueueReply)), None)
