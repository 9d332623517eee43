"""A worker: serves the doors on the inherited sockets, runs the reply queue and drains the outbox, until its pipe ends."""

import asyncio
import gc
import logging
import secrets
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from milter.core.envelope import Direction
from milter.daemon import control, descriptors
from milter.delivery import notices
from milter.delivery.next_hop import Sender, open_next_hop
from milter.delivery.owner_mail import OwnerMail, mailbox_hop
from milter.delivery.reply_queue import ReplyQueue
from milter.doors import bounces, relay
from milter.doors.door import Door, serve
from milter.doors.setup import DoorSetup, everybody
from milter.errors import StoreAway
from milter.lookup.authentication import Authenticator
from milter.lookup.dns import Resolver
from milter.lookup.process import HashProcess
from milter.service import Service
from milter.settings.values import DoorSettings, NextHopAddress, Settings
from milter.store.outbox import Outbox
from milter.store.redis import ForeignStore, RedisStore

log = logging.getLogger("milter.daemon")

AGAIN = (30.0, 300.0, 1800.0)  # seconds between tries to tell an owner of his errors
GARBAGE = 20_000  # new objects before the collector looks at them; cycles are rare here
OUTBOX_PAUSE = 1.0  # seconds between looks: events wait for Redis, and the breaker probes once a second


def run(settings: Settings, sockets: dict[str, socket.socket], pipe: socket.socket, store_url: str) -> int:
    """The whole life of a worker process; the exit status."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    descriptors.raise_limit()
    try:
        import uvloop
    except ImportError:
        return asyncio.run(_run(settings, sockets, pipe, store_url))
    return uvloop.run(_run(settings, sockets, pipe, store_url))


async def _run(settings: Settings, sockets: dict[str, socket.socket], pipe: socket.socket, store_url: str) -> int:
    # What was loaded stays for ever; looking through it again and again was a few per cent of a message's CPU.
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE)
    worker = Worker(settings, store_url)
    return await worker.live(sockets, pipe)


@dataclass(slots=True)
class Worker:
    settings: Settings
    store_url: str
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 0
    hops: dict[NextHopAddress, Sender] = field(default_factory=dict)

    async def live(self, sockets: dict[str, socket.socket], pipe: socket.socket) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)
        store = RedisStore(self.store_url, self.settings.policy.keys, state_dir=self.settings.state_dir)
        outbox = Outbox(self.settings.state_dir / "outbox")
        owner_mail = OwnerMail(self._owner_hop)
        queue = ReplyQueue(lambda: self.settings, store, self._reply_hop, _now, owner_mail)
        authenticator = Authenticator(Resolver(self.settings.nameservers), HashProcess())
        service = Service(
            self.settings,
            store,
            keep=outbox.put,
            authenticator=authenticator,
            wake=queue.wake,
            post=owner_mail.post,
        )
        doors = [
            await self._open(door, sockets[door.name], service, store)
            for door in self.settings.doors
            if door.name in sockets
        ]
        queue.start()
        tasks = [
            asyncio.create_task(self._follow(pipe, service, authenticator, queue, owner_mail)),
            asyncio.create_task(self._tend(store, outbox, queue)),
        ]
        await self.stopping.wait()
        await asyncio.gather(queue.close(), *(door.close() for door in doors))
        await owner_mail.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await authenticator.close()
        await outbox.close()
        for hop in self.hops.values():
            await hop.close()
        await store.close()
        return self.status

    async def _open(self, door: DoorSettings, sock: socket.socket, service: Service, store: RedisStore) -> Door:
        assert door.next_hop is not None
        hop = self._hop(door.next_hop)
        setup = DoorSetup(
            name=door.name,
            hostname=self.settings.policy.hostname,
            mynetworks=self.settings.mynetworks,
            message_size_limit=self.settings.message_size_limit,
            direction=Direction.INBOUND,
            now=_now,
            new_id=lambda: secrets.token_hex(6),
            carry=bounces.taken(
                relay.carry(service, hop, str(door.next_hop)), lambda: service.settings.policy, store.replies.bounced
            ),
            capabilities=hop.capabilities,
            admit=relay.admit(service, hop) if door.name == "smtp" else everybody,
            spool_dir=self.settings.state_dir,
            max_connections=descriptors.sessions(len(self.settings.doors)),
        )
        return await serve(setup, sock)

    def _hop(self, address: NextHopAddress) -> Sender:
        if address not in self.hops:
            self.hops[address] = open_next_hop(address, hostname=self.settings.policy.hostname)
        return self.hops[address]

    def _reply_hop(self, settings: Settings) -> Sender | None:
        return self._hop(settings.reply_next_hop) if settings.reply_next_hop else None

    def _owner_hop(self, settings: Settings) -> Sender | None:
        address = mailbox_hop(settings)
        return self._hop(address) if address else None

    async def _follow(
        self,
        pipe: socket.socket,
        service: Service,
        authenticator: Authenticator,
        queue: ReplyQueue,
        owner_mail: OwnerMail,
    ) -> None:
        """New settings from the parent, swapped as one reference; the end of the pipe is the order to drain."""
        reader, writer = await asyncio.open_unix_connection(sock=pipe)
        writer.write(control.READY)
        try:
            while True:
                (length,) = control.LENGTH.unpack(await reader.readexactly(control.LENGTH.size))
                orders = control.decode(await reader.readexactly(length))
                if orders.settings.nameservers != self.settings.nameservers:
                    authenticator.use(Resolver(orders.settings.nameservers))
                self.settings = service.settings = orders.settings
                queue.wake()
                if orders.notices:
                    self._tell(orders, owner_mail, lambda: writer.write(control.TOLD))
        except (asyncio.IncompleteReadError, ConnectionError):
            self.stopping.set()

    def _tell(self, orders: control.Orders, owner_mail: OwnerMail, told: Callable[[], None]) -> None:
        """`told` is called when every owner has his mail."""
        left = len(orders.notices)

        def delivered() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                told()

        for one in orders.notices:
            if notices.deliverable(one):
                letter = notices.letter(one, orders.settings.policy, _now())
                owner_mail.post(orders.settings, letter, delivered, AGAIN)
            else:
                log.warning("no mailbox is known to tell an owner of his errors", extra={"owner": one.owner})

    async def _tend(self, store: RedisStore, outbox: Outbox, queue: ReplyQueue) -> None:
        """Looks at the store until it has answered, then applies what waits in the outbox whenever there is something."""
        while True:
            try:
                if store.state is None or store.changed:
                    await store.prepare(_now())
                    queue.wake()
                if await outbox.drain(store):
                    queue.wake()
            except StoreAway:
                pass
            except ForeignStore as foreign:
                if store.state is None:
                    log.error("this Redis belongs to another installation", extra={"cause": str(foreign)})
                    self.status = control.EXIT_CONFIGURATION
                    self.stopping.set()
                    return
                # It was ours when we began: mail flows, events wait in the outbox, replies in their own store.
                log.warning("this Redis belongs to another installation now", extra={"cause": str(foreign)})
            except Exception:  # outermost loop: logged, and looked at again
                log.exception("tending the store failed")
            await asyncio.sleep(OUTBOX_PAUSE)


def _now() -> datetime:
    return datetime.now(UTC)
