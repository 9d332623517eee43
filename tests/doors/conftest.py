"""`open_door(...)` gives a real door on a real socket whose mail ends in a list."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from milter.core.envelope import Transaction
from milter.delivery.capabilities import Capabilities
from milter.doors.door import serve
from milter.doors.listen import bind
from milter.doors.setup import DoorSetup
from milter.errors import SmtpReply
from milter.settings.values import InetAddress, UnixAddress
from tests.doors.visitors import CAN_ALL, NOON, STORED, OpenDoor, Opened


@pytest.fixture
def short_dir() -> Iterator[Path]:
    """A Unix socket's path has 107 bytes at most."""
    folder = Path(tempfile.mkdtemp(prefix="rd"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
async def open_door(tmp_path: Path, short_dir: Path) -> AsyncIterator[OpenDoor]:
    opened: list[Opened] = []

    async def make(
        name: str = "lmtp",
        *,
        unix: bool = False,
        offers: Capabilities = CAN_ALL,
        replies: tuple[SmtpReply, ...] = (),
        **changes: Any,
    ) -> Opened:
        carried: list[Transaction] = []
        ids = itertools.count(1)

        async def record(transaction: Transaction) -> tuple[SmtpReply, ...]:
            carried.append(transaction)
            return replies or (STORED,) * len(transaction.recipients)

        async def capabilities() -> Capabilities:
            return offers

        given: dict[str, Any] = {
            "hostname": "mx.example",
            "mynetworks": (ip_network("127.0.0.0/8"),),
            "message_size_limit": 0,
            "now": lambda: NOON,
            "new_id": lambda: f"{next(ids):012x}",
            "carry": record,
            "capabilities": capabilities,
            "spool_dir": tmp_path,
        } | changes
        address = UnixAddress(str(short_dir / f"d{len(opened)}")) if unix else InetAddress("127.0.0.1", 0)
        opened.append(Opened(await serve(DoorSetup(name=name, **given), bind(address, 0o600)), carried))
        return opened[-1]

    yield make
    for one in opened:
        for client in one.clients:
            await client.close()
        await one.door.close(grace=0)


@pytest.fixture
def a_setup(tmp_path: Path) -> DoorSetup:
    async def carry(transaction: Transaction) -> tuple[SmtpReply, ...]:
        return (STORED,) * len(transaction.recipients)

    async def capabilities() -> Capabilities:
        return CAN_ALL

    return DoorSetup(
        name="lmtp",
        hostname="mx.example",
        mynetworks=(ip_network("127.0.0.0/8"), ip_network("::1/128")),
        message_size_limit=0,
        now=lambda: NOON,
        new_id=lambda: "0" * 12,
        carry=carry,
        capabilities=capabilities,
        spool_dir=tmp_path,
    )
