"""The session of a door: aiosmtpd's SMTP with the reading, the commands and the promises of a mail filter.

aiosmtpd gives the life of a connection: session, writer, the task that speaks. Ours are: blocks instead of lines in
DATA, replies written together, a timeout armed by traffic, faults answered 451, nothing found out for each connection
that is the same for all of them, and mail that is carried on although its peer has gone.

Private names of aiosmtpd 1.4 that are overridden: _handle_client, _reset_timeout, _timeout_cb, _set_rset_state; those
used: _cb_client_connected, _handler_coroutine, _timeout_duration, _timeout_handle, _writer. When one of them is gone,
tests/doors/test_aiosmtpd.py fails.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from aiosmtpd.smtp import SMTP

from milter import logs
from milter.core.envelope import Peer, Recipient, Transaction
from milter.core.message import Message
from milter.delivery.capabilities import Capabilities
from milter.delivery.replies import is_ours
from milter.doors import answers, commands, xforward
from milter.doors.channel import Channel
from milter.doors.intake import Intake
from milter.doors.setup import DoorSetup, Offer
from milter.errors import SmtpError, SmtpReply, internal_error, with_id

MAX_FAULTS = 20
COMMAND_LIMIT, MAIL_LIMIT = 2048, 4096  # octets; some commands carry parameters
_WITH_PARAMETERS = frozenset({b"MAIL", b"RCPT", b"XFORWARD"})
# A browser, or a server that was talked into speaking to us, must not get a word in (cross-protocol attacks).
_HTTP = frozenset({b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"PATCH", b"TRACE"})

log = logging.getLogger("milter.doors")

Argument = Any  # bytes in all of ours; aiosmtpd types its own methods as taking text
Verb = Callable[[Any, bytes], Awaitable[None]]


@dataclass(eq=False)
class Shared:
    """What the sessions of one door have in common. `stock`: what aiosmtpd's constructor finds out, found out once."""

    setup: DoorSetup
    offer: Offer
    verbs: Mapping[bytes, Verb]
    stock: Mapping[str, Any]
    sessions: "set[Esmtp]" = field(default_factory=set)
    draining: bool = False


class Esmtp(SMTP):
    """One connection. `smtp_*` get what follows the verb. Lmtp and Smtp say which verbs greet, and who is answered."""

    protocol = "ESMTP"

    def __init__(self, shared: Shared, loop: asyncio.AbstractEventLoop) -> None:
        # SMTP.__init__ walks dir() of itself and of its handler: a fifth of a small mail's CPU.
        self.__dict__.update(shared.stock)
        asyncio.StreamReaderProtocol.__init__(
            self, asyncio.StreamReader(loop=loop), client_connected_cb=self._cb_client_connected, loop=loop
        )
        self.loop = loop
        self.shared = shared
        self.setup = shared.setup
        self.channel = Channel(loop)
        self.address = ""
        self.denied = False
        self.helo = ""
        self.offered = Capabilities()
        self.limit = self.setup.message_size_limit
        self._carrying = False
        self._faults = 0

    # The connection's life.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.channel.connect(cast(asyncio.Transport, transport), self._writer)
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]).partition("%")[0] if isinstance(peer, tuple) else ""
        self.denied = not self.setup.trusts(self.address)
        self.shared.sessions.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._carrying:
            super().connection_lost(error)
            self.shared.sessions.discard(self)
            return
        # The stock one cancels the task that speaks: mail half delivered, and a second copy with the peer's next try.
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        asyncio.StreamReaderProtocol.connection_lost(self, error)
        self.transport = None

    def eof_received(self) -> bool:
        """The peer may still read (a half-closed connection): what it said is answered before we close."""
        self.channel.end_of_input()
        return True

    def data_received(self, data: bytes) -> None:
        self.channel.feed(data)

    def _reset_timeout(self, duration: float | None = None) -> None:
        # One timer a connection, which looks when there was traffic last, instead of one set anew for each command.
        self._timeout_handle = self.loop.call_later(duration or self._timeout_duration, self._timeout_cb)

    def _timeout_cb(self) -> None:
        if self._carrying:
            self.channel.heard = self.loop.time()
        left = self.channel.heard + self._timeout_duration - self.loop.time()
        if left > 0:
            self._reset_timeout(left)
        else:
            self.channel.dismiss(answers.IDLE)

    @property
    def speaking(self) -> asyncio.Task[None] | None:
        return self._handler_coroutine

    def stop(self) -> None:
        """The door closes: who is not past DATA is told to come again, the others finish first."""
        if self.channel.between_commands:
            self.channel.dismiss(answers.STOPPING)

    def abandon(self) -> None:
        """The door's patience is over."""
        if self._handler_coroutine is not None:
            self._handler_coroutine.cancel()

    # The conversation.

    async def _handle_client(self) -> None:
        try:
            self._greet()
            while (line := await self._next_line()) is not None:
                await self._obey(line)
            await self.channel.flush()
        except ConnectionError:
            log.debug("the peer has gone")
        finally:
            self.shared.sessions.discard(self)
            if self.transport is not None:
                self.transport.close()

    def _greet(self) -> None:
        if self.denied:
            log.warning("refused a peer outside mynetworks: %s", self.address)
            self.say(answers.DENIED)
        elif len(self.shared.sessions) > self.setup.max_connections:
            log.warning("refused a connection: %d are open", self.setup.max_connections)
            self.channel.last_word(answers.FULL)
        else:
            self.say(SmtpReply(220, "", f"{self.setup.hostname} {self.protocol} Recado"))

    async def _next_line(self) -> bytes | None:
        """The next command; None when the session is to end."""
        channel = self.channel
        while not channel.over:
            if self.shared.draining and self.mail is None:
                channel.last_word(answers.STOPPING)
            elif (line := await channel.line()) is not None:
                return line
            elif channel.garbage:
                channel.last_word(answers.GARBAGE)
            elif channel.peer_done:
                return None
            elif self.shared.draining:
                channel.last_word(answers.STOPPING)
            else:
                await channel.traffic()
        return None

    async def _obey(self, line: bytes) -> None:
        """One command. Whatever fails in it is our fault: the peer may come again, and learns nothing else."""
        verb, _, argument = line.partition(b" ")
        verb = verb.upper()
        try:
            if len(line) > (MAIL_LIMIT if verb in _WITH_PARAMETERS else COMMAND_LIMIT):
                self.say(answers.TOO_LONG)
            elif verb in _HTTP:
                self.channel.last_word(answers.GARBAGE)
            elif self.denied and verb != b"QUIT":
                self._faults += 1
                self.say(answers.DENIED)
            elif method := self.shared.verbs.get(verb):
                await method(self, argument.strip(b" \t"))
            else:
                self.say(answers.UNKNOWN)
        except ConnectionError:
            raise
        except SmtpError as error:
            self.say(error.reply)
        except Exception:
            transaction_id = self.id or self.setup.new_id()
            log.exception("a command failed (id=%s)", transaction_id)
            self.say(internal_error(transaction_id))
        if self._faults >= MAX_FAULTS and not self.channel.over:
            self.channel.last_word(answers.TOO_MANY_ERRORS)

    def say(self, reply: SmtpReply) -> None:
        if reply.code in answers.FAULTS:
            self._faults += 1
        self.channel.say(reply)

    async def hello(self, argument: bytes, *, extended: bool) -> None:
        helo = argument.decode("utf-8", "replace")
        # What a host calls itself may end up in a header field: no spaces, comments or controls.
        if not helo.isprintable() or not 0 < len(helo) <= 255 or not set(' ()<>;,"\\\ufffd').isdisjoint(helo):
            self.say(answers.SYNTAX)
            return
        self._set_rset_state()
        self.helo = helo
        lines: list[str] = []
        if extended:
            self.protocol = type(self).protocol
            self.offered = await self.shared.offer.current()
            self.limit = self.setup.size_limit(self.offered)
            lines = self.setup.keywords(self.offered)
        else:
            self.protocol = "SMTP"
            self.offered, self.limit = Capabilities(), self.setup.message_size_limit
        self.say(SmtpReply(250, "", "\n".join([self.setup.hostname, *lines])))

    # The transaction.

    def _set_rset_state(self) -> None:
        """A clean table: at the start, with each hello (RFC 5321 section 4.1.4), after RSET and after each message."""
        self.id = ""
        logs.transaction_id.set("")
        self.mail: commands.Mail | None = None
        self.recipients: list[Recipient] = []
        self.forwarded: dict[str, str] = {}

    async def smtp_XFORWARD(self, argument: Argument) -> None:
        if self.mail is not None:
            self.say(answers.NESTED)
            return
        attributes = xforward.parse(argument)
        if isinstance(attributes, SmtpReply):
            self.say(attributes)
            return
        self.forwarded |= attributes
        self.say(answers.OK)

    async def smtp_MAIL(self, argument: Argument) -> None:
        if not self.helo or self.mail is not None:
            self.say(answers.NESTED if self.helo else answers.HELLO_FIRST)
            return
        mail = commands.mail(argument, self.offered, self.limit)
        if isinstance(mail, SmtpReply):
            self.say(mail)
            return
        self.mail = mail
        self.id = self.setup.new_id()
        logs.transaction_id.set(self.id)
        self.say(answers.MAIL_OK)

    async def smtp_RCPT(self, argument: Argument) -> None:
        if self.mail is None:
            self.say(answers.NO_MAIL)
            return
        recipient = commands.rcpt(argument, self.offered, self.mail.smtputf8)
        if isinstance(recipient, SmtpReply):
            self.say(recipient)
            return
        if len(self.recipients) >= self.setup.max_recipients:
            self.say(answers.TOO_MANY_RCPT)
            return
        refusal = await self.setup.admit(self.mail.mail_from, self.mail.params, tuple(self.recipients), recipient)
        if refusal is None:
            self.recipients.append(recipient)
        self.say(self._signed(refusal or answers.RCPT_OK))

    async def smtp_DATA(self, argument: Argument) -> None:
        if self.mail is None or not self.recipients:
            self.say(answers.NO_MAIL if self.mail is None else answers.NO_RCPT)
            return
        if argument:
            self.say(answers.SYNTAX)
            return
        message = await self._receive()
        if message is None:
            self.channel.over = True
            return
        if isinstance(message, SmtpReply):
            replies: tuple[SmtpReply, ...] = (message,) * len(self.recipients)
        else:
            replies = await self._carry(self.mail, message)
        for reply in self.last_words(replies, self.id):
            self.channel.say(self._signed(reply))
        self._set_rset_state()
        self._faults = 0

    def _signed(self, reply: SmtpReply) -> SmtpReply:
        """With our id where the next hop gave none of its own words."""
        return with_id(reply, self.id) if is_ours(reply) else reply

    async def _receive(self) -> Message | SmtpReply | None:
        """The message, or the reply that refuses it at its final dot; None when the peer left before the dot."""
        self.say(answers.START)
        await self.channel.flush()
        intake = Intake(self.limit, self.setup.spool_dir)
        try:
            return intake.finish() if await self.channel.receive(intake) else None
        finally:
            intake.close()

    async def _carry(self, mail: commands.Mail, message: Message) -> tuple[SmtpReply, ...]:
        """The replies, one a recipient. The peer may go now: the mail is ours until somebody took or refused it."""
        count = len(self.recipients)
        self._carrying = True
        try:
            replies = await self.setup.carry(self._transaction(mail, message))
            if len(replies) != count:
                raise ValueError(f"{len(replies)} replies to {count} recipients")
            return replies
        except SmtpError as error:
            return (error.reply,) * count
        except Exception:
            log.exception("carrying failed (id=%s)", self.id)
            return (internal_error(self.id),) * count
        finally:
            self._carrying = False
            self.channel.heard = self.loop.time()

    def _transaction(self, mail: commands.Mail, message: Message) -> Transaction:
        seen = Peer(address=self.address, helo=self.helo, protocol=self.protocol)
        return Transaction(
            id=self.id,
            door=self.setup.name,
            direction=self.setup.direction,
            peer=xforward.peer(self.forwarded) if self.forwarded else seen,
            mail_from=mail.mail_from,
            params=mail.params,
            recipients=tuple(self.recipients),
            message=message,
            now=self.setup.now(),
        )

    def last_words(self, replies: tuple[SmtpReply, ...], transaction_id: str) -> tuple[SmtpReply, ...]:
        """What is said behind the dot, given one reply a recipient: all of them, in order (RFC 2033 section 4.2)."""
        return replies

    # The small verbs.

    async def smtp_RSET(self, argument: Argument) -> None:
        self._set_rset_state()
        self.say(answers.OK)

    async def smtp_NOOP(self, argument: Argument) -> None:
        self.say(answers.OK)

    async def smtp_VRFY(self, argument: Argument) -> None:
        self.say(answers.VRFY if argument else answers.SYNTAX)

    async def smtp_HELP(self, argument: Argument) -> None:
        self.say(answers.HELP)

    async def smtp_QUIT(self, argument: Argument) -> None:
        self.channel.last_word(answers.BYE)

    async def smtp_EXPN(self, argument: Argument) -> None:
        self.say(answers.NOT_OFFERED)

    async def smtp_AUTH(self, argument: Argument) -> None:
        self.say(answers.NOT_OFFERED)

    smtp_BDAT = smtp_XCLIENT = smtp_ETRN = smtp_AUTH

    async def smtp_STARTTLS(self, argument: Argument) -> None:
        # What came in one packet with STARTTLS may have been put there by somebody in between (CVE-2011-0411).
        if self.channel.nothing_behind():
            self.say(answers.NOT_OFFERED)
        else:
            self.channel.last_word(answers.BEHIND_STARTTLS)
