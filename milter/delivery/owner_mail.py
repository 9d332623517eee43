"""Mail of ours for an owner's own mailbox: copies of what was sent for him, rehearsals, notices. Past every door.

It goes to the next hop of the mail that comes in, so no rule looks at it and it is answered by nobody. Whoever posts it waits
for nothing, and whatever goes wrong is one log line.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from milter.core import encoded_words, filing
from milter.core.address import NULL
from milter.core.decision import Decision, Disposition, FileInto, MoveTo
from milter.core.envelope import Peer
from milter.core.message import parse
from milter.core.policy import FilingMethod, Policy
from milter.delivery.dialogue import BeforeDot
from milter.delivery.next_hop import Outgoing, Sender, is_ours, outcome_unknown
from milter.delivery.replies import UNREACHABLE
from milter.errors import SmtpReply
from milter.settings.values import NextHopAddress, Settings

log = logging.getLogger("milter.delivery")

SEEN = "\\Seen"
MOST = 200  # letters posted and not yet delivered; what comes on top is dropped
AT_ONCE = 4  # connections: clients' mail keeps the next hop
PATIENCE = 20.0  # seconds that close() waits for what was posted


@dataclass(frozen=True, slots=True)
class Letter:
    """`content` whole, CRLF. `folder` "" is the inbox. `what` is for our log: "copy", "rehearsal", "notice"."""

    what: str
    owner: str
    mailbox: str
    content: bytes
    folder: str = ""
    keywords: tuple[str, ...] = ()


def mailbox_hop(settings: Settings) -> NextHopAddress | None:
    """Where the owners' mailboxes are: behind the LMTP door, else behind the SMTP one; with a milter alone, Postfix."""
    by_name = {door.name: door.next_hop for door in settings.doors}
    return by_name.get("lmtp") or by_name.get("smtp") or settings.reply_next_hop


def outgoing(letter: Letter, policy: Policy) -> Outgoing:
    """Filed as the mail that comes in is: our fields on top of the untouched message, `user+Folder@` for "detail"."""
    message = parse(letter.content)
    fields = (
        ("Recado-Folder", encoded_words.encode(letter.folder)),
        ("Recado-Keywords", " ".join(letter.keywords)),
    )
    top = "".join(f"{name}: {value}\r\n" for name, value in fields if value)
    # RFC 5321 section 4.5.5: what was sent on its own behalf must not come back as a bounce.
    return Outgoing(
        mail_from=NULL,
        params=(),
        recipients=((_rcpt_to(letter, policy), ()),),
        header=top.encode("ascii") + message.header,
        message=message,
        peer=Peer(),
    )


def _rcpt_to(letter: Letter, policy: Policy) -> str:
    if policy.filing is not FilingMethod.DETAIL or not letter.folder:
        return letter.mailbox
    actions = (MoveTo(letter.mailbox), FileInto(letter.folder))
    filed = Decision(letter.mailbox, disposition=Disposition.MARKED, actions=actions)
    return filing.delivery_address(filed, policy)


@dataclass(slots=True)
class OwnerMail:
    """`next_hop` finds the one for settings; None: there is none."""

    next_hop: Callable[[Settings], Sender | None]
    _waiting: set[asyncio.Task[None]] = field(default_factory=set)
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def deliver(self, settings: Settings, letter: Letter, before_dot: BeforeDot | None = None) -> SmtpReply:
        """The next hop's reply. A folder that it refuses is no reason to lose the letter: then the inbox."""
        hop = self.next_hop(settings)
        if hop is None:
            return UNREACHABLE
        ask = _once(before_dot) if before_dot else None
        out = outgoing(letter, settings.policy)
        (reply,) = await hop.send(out, before_dot=ask)
        ((rcpt_to, _),) = out.recipients
        if reply.accepted or is_ours(reply) or rcpt_to == letter.mailbox:
            return reply
        plain = Outgoing(out.mail_from, out.params, ((letter.mailbox, ()),), out.header, out.message, out.peer)
        (reply,) = await hop.send(plain, before_dot=ask)
        return reply

    def post(
        self,
        settings: Settings,
        letter: Letter,
        delivered: Callable[[], None] = lambda: None,
        again: tuple[float, ...] = (),
    ) -> None:
        """Delivers it by and by; `delivered` is called if it was. `again`: seconds to wait before each further try.

        Neither waits nor fails.
        """
        if len(self._waiting) >= MOST:
            log.warning("too many letters wait: dropped", extra={"what": letter.what, "owner": letter.owner})
            return
        task = asyncio.create_task(self._post(settings, letter, delivered, again))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _post(
        self, settings: Settings, letter: Letter, delivered: Callable[[], None], again: tuple[float, ...]
    ) -> None:
        told = {"what": letter.what, "owner": letter.owner}
        try:
            async with self._turn:
                reply = await self.deliver(settings, letter)
            for pause in again:
                settled = reply.accepted or reply.permanent or outcome_unknown(reply)
                if settled or await self._closes_within(pause):
                    break
                async with self._turn:
                    reply = await self.deliver(settings, letter)
            if reply.accepted:
                delivered()
            else:
                log.warning("a letter to an owner was not delivered", extra={**told, "reply": str(reply)})
        except asyncio.CancelledError:
            log.warning("a letter to an owner was not delivered: stopping", extra=told)
            raise
        except Exception:  # outermost of a task that nobody waits for
            log.exception("a letter to an owner was not delivered", extra=told)

    async def _closes_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                return await self._closing.wait()
        except TimeoutError:
            return False

    async def close(self, patience: float = PATIENCE) -> None:
        """Waits for what is on its way, at most `patience` seconds; nothing is tried again."""
        self._closing.set()
        if self._waiting:
            _, late = await asyncio.wait(tuple(self._waiting), timeout=patience)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def _once(before_dot: BeforeDot) -> BeforeDot:
    """Asked a second time, for the inbox, it is still the same letter."""
    answer: list[bool] = []

    async def ask() -> bool:
        if not answer:
            answer.append(await before_dot())
        return answer[0]

    return ask
