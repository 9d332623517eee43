"""Ana's studio (tests/core/studio.py) with a real store: mail is decided and settled as the daemon does it."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count
from pathlib import Path

from milter.core.decision import Decision
from milter.core.envelope import Peer
from milter.core.policy import Policy
from milter.errors import SmtpReply
from milter.service import Service
from milter.settings.values import Settings
from milter.store.redis import RedisStore
from tests.core import studio
from tests.core.scenario import outcome

DELIVERED = SmtpReply(250, "2.0.0", "Delivered")


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=studio.MADRID)


def with_hours(policy: Policy, *days_off: str, vacation: tuple[str, str] | None = None, hours: str = "") -> Policy:
    """The policy after Ana closed some days, entered a vacation, or changed her hours."""
    schedule = studio.STUDIO.schedule
    assert schedule
    changed = replace(
        schedule,
        expression=hours or schedule.expression,
        days_off=tuple(date.fromisoformat(one) for one in days_off),
        vacations=((date.fromisoformat(vacation[0]), date.fromisoformat(vacation[1])),) if vacation else (),
    )
    identities = (replace(studio.STUDIO, schedule=changed), *policy.owners[0].identities[1:])
    return studio.with_owner(policy, identities=identities)


@dataclass
class Desk:
    """`policy` may be changed between two mails. `last`: the decision about the last one."""

    store: RedisStore
    policy: Policy = studio.POLICY
    last: Decision = field(default_factory=lambda: Decision(""))
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def mail(self, at: str, header: str = "", *, mail_from: str = "laura@acme.example", **more: object) -> str:
        """The text that was sent, or the reason why none was."""
        number = next(self._numbers)
        header = f"Message-ID: <{number}@acme.example>\n{header}"
        transaction = studio.letter(header, mail_from=mail_from, at=madrid(at), **more)  # type: ignore[arg-type]
        service = Service(Settings(Path("recado.toml"), self.policy, (), Path()), self.store, keep=lambda event: None)
        transaction = replace(transaction, id=f"{number:012x}", peer=Peer(queue_id=f"{number}"))
        examination = await service.examine(transaction, "lmtp:here")
        settled = await service.settle(examination, [DELIVERED] * len(transaction.recipients))
        self.last = examination.decisions[0]
        if self.last.reply and self.last.reply.message_id not in settled.claimed:
            return "not claimed"
        return outcome(self.last)

    @property
    def answer(self) -> str:
        """The header field that answers our last reply."""
        assert self.last.reply
        return f"In-Reply-To: {self.last.reply.message_id}"
