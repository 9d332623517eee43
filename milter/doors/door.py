"""A door: a listening socket, the sessions that came through it, and its closing."""

import asyncio
import logging
import socket
import sys
from typing import Any

from aiosmtpd.smtp import SMTP

from milter.doors.esmtp import Esmtp, Shared
from milter.doors.listen import BACKLOG
from milter.doors.lmtp import Lmtp
from milter.doors.setup import DoorSetup, Offer
from milter.doors.smtp import Smtp

# A connection may be in the accept queue when the socket closes: it is looked at once more after this.
GRACE = 0.1  # seconds
AT_ONCE = 16  # connections accepted before the others get their turn
PATIENCE = 30.0  # seconds for the sessions past DATA

log = logging.getLogger("milter.doors")


class Door:
    """`address`: what getsockname said, with the real port."""

    def __init__(self, server: asyncio.Server, shared: Shared, address: object) -> None:
        self._server = server
        self._shared = shared
        self.address = address

    @property
    def sessions(self) -> int:
        return len(self._shared.sessions)

    async def close(self, *, grace: float = GRACE, patience: float = PATIENCE) -> None:
        """Stops listening at once, returns when every session has ended; those past DATA get `patience` seconds."""
        self._server.close()
        await asyncio.sleep(grace)
        self._shared.draining = True
        for session in tuple(self._shared.sessions):
            session.stop()
        if await self._ended(patience):
            return
        log.warning("gave up waiting for %d sessions", self.sessions)
        for session in tuple(self._shared.sessions):
            session.abandon()
        await self._ended(GRACE)

    async def _ended(self, patience: float) -> bool:
        """Whether all sessions end within `patience` seconds."""
        tasks = [task for session in self._shared.sessions if (task := session.speaking) is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=patience)
        return not self._shared.sessions


async def serve(setup: DoorSetup, sock: socket.socket) -> Door:
    """Opens a door on a socket that listens already (`listen.bind`); it belongs to the door from here on."""
    loop = asyncio.get_running_loop()
    kind: type[Esmtp] = Lmtp if setup.name == "lmtp" else Smtp
    shared = Shared(
        setup=setup,
        offer=Offer(setup),
        verbs={name[5:].encode(): getattr(kind, name) for name in dir(kind) if name.startswith("smtp_")},
        stock=vars(SMTP(None, hostname=setup.hostname, timeout=setup.idle_timeout, loop=loop)),
    )

    def session() -> Esmtp:
        return kind(shared, loop)

    # asyncio takes `backlog` for how many to accept in one go, too, and out of descriptors it complains as often.
    address = sock.getsockname()
    if sock.family == socket.AF_UNIX:
        # From 3.13 on asyncio would remove the file, which belongs to the parent and its next worker.
        keep: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        server = await loop.create_unix_server(session, sock=sock, backlog=AT_ONCE, **keep)
    else:
        server = await loop.create_server(session, sock=sock, backlog=AT_ONCE)
    sock.listen(BACKLOG)
    return Door(server, shared, address)
