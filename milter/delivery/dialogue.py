"""The conversation of one transaction: envelope in one write where that is offered, message, final dot, verdicts."""

import asyncio
from collections.abc import Awaitable, Callable

from milter.delivery import replies, wire
from milter.delivery.commands import DATA, RSET, envelope, xforward
from milter.delivery.connection import Connection
from milter.delivery.outgoing import Outgoing, Recipients, Verdicts
from milter.errors import SmtpError, SmtpReply

BeforeDot = Callable[[], Awaitable[bool]]


async def deliver(
    connection: Connection, lmtp: bool, outgoing: Outgoing, verdicts: Verdicts, before_dot: BeforeDot | None
) -> None:
    """Sends `outgoing`; leaves the connection reusable if all went by the book. Raises what Connection raises."""
    offered = connection.capabilities
    said = envelope(
        outgoing.mail_from, outgoing.params, outgoing.recipients, offered, verdicts,
        octets=wire.size(outgoing.header, outgoing.message), utf8_header=not outgoing.header.isascii(),
    )  # fmt: skip
    if said is None:
        connection.reusable = True
        return
    told = xforward(outgoing.peer, offered)
    accepted, go = await _ask(connection, (*told, said.mail), said.rcpts, DATA, verdicts)
    if go is None or go.code >= 400:
        if go and accepted:
            verdicts.rest(replies.refusal(go))
        await _reset(connection)
    elif go.accepted:
        raise SmtpError(replies.SURPRISE, f"DATA was answered {go}")
    elif accepted:
        await _content(connection, outgoing, lmtp, tuple(accepted), verdicts, before_dot)
    elif not lmtp:
        # DATA was pipelined and let in although no recipient was: a lone dot ends it (RFC 2920 section 3.1). Over LMTP
        # no reply would follow (RFC 2033 section 4.2: one a recipient), so that connection is given up.
        connection.write(wire.DOT)
        await connection.reply(connection.limits.command)
        connection.reusable = True


async def verify(
    connection: Connection, mail_from: str, params: tuple[str, ...], recipients: Recipients, verdicts: Verdicts
) -> None:
    """Asks about the recipients and forgets the transaction. Who is accepted gets the next hop's own yes."""
    said = envelope(mail_from, params, recipients, connection.capabilities, verdicts)
    if said is None:
        connection.reusable = True
        return
    accepted, done = await _ask(connection, (said.mail,), said.rcpts, RSET, verdicts)
    for index, reply in accepted.items():
        verdicts.replies[index] = replies.relayed(reply)
    if done is None:
        await _reset(connection)
    else:
        connection.reusable = done.accepted


async def _reset(connection: Connection) -> None:
    connection.write(RSET)
    connection.reusable = (await connection.reply(connection.limits.command)).accepted


async def _ask(
    connection: Connection, opening: tuple[bytes, ...], rcpts: tuple[tuple[int, bytes], ...], last: bytes,
    verdicts: Verdicts,
) -> tuple[dict[int, SmtpReply], SmtpReply | None]:  # fmt: skip
    """`opening` (XFORWARD, then MAIL), every RCPT, then `last`: who is accepted, with which reply, and that to `last`.

    Who is refused has the verdict. In one write where PIPELINING is offered (RFC 2920), else each after the reply to
    the one before; then `last` is not said when nobody is accepted, and its reply is None.
    """
    pipelined, seconds = connection.capabilities.pipelining, connection.limits.command
    if pipelined:
        connection.write(b"".join((*opening, *(command for _, command in rcpts), last)))

    async def answer(command: bytes) -> SmtpReply:
        if not pipelined:
            connection.write(command)
        return await connection.reply(seconds)

    accepted: dict[int, SmtpReply] = {}
    for command in opening[:-1]:
        await answer(command)  # a refused XFORWARD only makes the next hop's log less telling
    mail = await answer(opening[-1])
    if not mail.accepted:
        verdicts.rest(replies.refusal(mail))
    for index, command in rcpts if pipelined or mail.accepted else ():
        reply = await answer(command)
        if mail.accepted and reply.accepted:
            accepted[index] = reply
        elif mail.accepted:
            verdicts.replies[index] = replies.refusal(reply)
    return accepted, await answer(last) if pipelined or accepted else None


async def _content(
    connection: Connection, outgoing: Outgoing, lmtp: bool, accepted: tuple[int, ...], verdicts: Verdicts,
    before_dot: BeforeDot | None,
) -> None:  # fmt: skip
    held = b""
    for block in wire.stuffed(outgoing.header, outgoing.message):
        if held:
            await _push(connection, held)
        held = block
    if before_dot:
        await _push(connection, held)
        held = b""
        verdicts.committed = True  # `before_dot` has told the world: asked once, whatever comes
        if not await before_dot():
            verdicts.rest(replies.STOPPED)
            return
    connection.write(held + wire.DOT)
    verdicts.committed = verdicts.dotted = True
    await _outcome(connection, lmtp, accepted, verdicts)


async def _push(connection: Connection, block: bytes) -> None:
    connection.write(block)
    await connection.flush()
    await asyncio.sleep(0)  # a fast reader never makes us wait: others get their turn all the same


async def _outcome(connection: Connection, lmtp: bool, accepted: tuple[int, ...], verdicts: Verdicts) -> None:
    """The replies to the final dot, all in one deadline: one a recipient over LMTP (RFC 2033 section 4.2), else one."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + connection.limits.final_dot
    if lmtp:
        for index in accepted:
            verdicts.replies[index] = replies.verdict(await connection.reply(deadline - loop.time()))
    else:
        verdicts.rest(replies.verdict(await connection.reply(deadline - loop.time())))
    connection.reusable = True
