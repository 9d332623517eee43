"""Whose store this is, and whether it has lost its memory.

Its id stands in `recado:meta`, as a copy in each owner's slot, and in state_dir/store-id. The scripts compare the copy
in their own slot, so that a FLUSHALL, a server that came back empty or one lost shard of a Cluster is noticed by the
first message that asks there. A loss gives the store a new id: every worker and node notices it once.
"""

import json
import logging
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from milter.core.decision import Reason
from milter.core.keys import Keys
from milter.errors import StoreAway
from milter.store.layout import META, SHARDS, instant, milliseconds, shard_tag
from milter.store.link import Command, Link, Script
from milter.store.node import fields

log = logging.getLogger("milter.store")

FORMAT = 1  # of what stands in Redis
SILENCE = timedelta(hours=24)  # after a loss: nobody who was answered in that time is answered again
FORGOTTEN = timedelta(days=400)  # a loss that old tells nothing any more
_META = Script.load("meta")


class ForeignStore(Exception):
    """This Redis was written with another secret or by a newer version. The text says what to do."""


@dataclass(frozen=True, slots=True)
class StoreState:
    """`lost_at`: when the store was last found empty. `eviction` the maxmemory-policy, "" if it could not be read."""

    store_id: str
    lost_at: datetime | None = None
    eviction: str = "noeviction"

    @property
    def lost(self) -> bool:
        return self.lost_at is not None

    @property
    def evicting(self) -> bool:
        return self.eviction not in ("noeviction", "")

    def withhold(self, now: datetime, opening: datetime | None = None) -> Reason | None:
        """Why no reply may leave now. `opening`: the first after the loss, for who knows it; 24 hours pass anyway."""
        if self.lost_at is not None:
            until = max(self.lost_at + SILENCE, opening or self.lost_at)
            if now < until:
                text = "The store was lost: who has been answered already is not known, so nobody is."
                return Reason("reply-withheld-store-lost", text, f"lost at {self.lost_at.isoformat()}")
        if self.evicting:
            text = "Redis may throw away the memory of who was answered: set maxmemory-policy noeviction."
            return Reason("reply-withheld-store-evicting", text, f"maxmemory-policy {self.eviction}")
        return None


@dataclass(frozen=True, slots=True)
class Remembered:
    """What this node knows of the store without asking it: state_dir/store-id."""

    store_id: str = ""
    lost_at: datetime | None = None

    @classmethod
    def read(cls, file: Path) -> "Remembered":
        """Empty if there is no file or it cannot be read: then only Redis itself can tell of a loss."""
        try:
            raw = json.loads(file.read_text("utf-8"))
            return cls(str(raw["id"]), datetime.fromisoformat(raw["lost"]) if raw["lost"] else None)
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("the store's id cannot be read", extra={"file": str(file), "cause": str(error)})
            return cls()

    def write(self, file: Path) -> None:
        text = json.dumps({"id": self.store_id, "lost": self.lost_at.isoformat() if self.lost_at else None})
        temporary = file.with_name(f"{file.name}.{os.getpid()}")
        try:
            with temporary.open("w", encoding="utf-8") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(file)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            log.warning("the store's id cannot be remembered", extra={"file": str(file), "cause": str(error)})


async def identify(link: Link, keys: Keys, remembered: Remembered, now: datetime) -> Remembered:
    """Makes the store ours or finds it so; what to remember of it. Four waits at most. ForeignStore, StoreAway."""
    known = remembered.store_id
    store_id, lost_at = await _meta(link, keys, remembered, now, lost="")
    asked = [Command(("GET", f"{shard_tag(shard)}:store")) for shard in range(SHARDS)]
    # A slot whose server is away is looked at by the script of the first message that reaches it again.
    copies = await link.some("prepare", asked, missing=store_id.encode())
    whole = all(copy == store_id.encode() for copy in copies)
    if not whole and store_id == known:
        # The copies are written before the id is remembered: one that is gone now was lost.
        store_id, lost_at = await _meta(link, keys, remembered, now, lost="lost")
    if not whole:
        await link.run("prepare", [Command(("SET", f"{shard_tag(shard)}:store", store_id)) for shard in range(SHARDS)])
    if lost_at != remembered.lost_at and lost_at is not None:
        log.warning(
            "the store was lost: replies are withheld for a day at least", extra={"lost_at": lost_at.isoformat()}
        )
    return Remembered(store_id, lost_at)


async def _meta(
    link: Link, keys: Keys, remembered: Remembered, now: datetime, *, lost: str
) -> tuple[str, datetime | None]:
    known = remembered.store_id
    arguments = (FORMAT, keys.fingerprint(), secrets.token_hex(8), known, milliseconds(now), lost)
    (answer,) = await link.run("prepare", [_META.call([META], arguments)])
    format_, fingerprint, store_id, lost_ms, before = (one.decode() if one else "" for one in answer)
    if format_ != str(FORMAT):
        raise ForeignStore(
            f"this Redis was written in format {format_}, this recado knows {FORMAT}: install the newer version here"
        )
    if fingerprint != keys.fingerprint():
        raise ForeignStore(
            "this Redis belongs to another secret: copy the file `secret` here from state_dir of the node that wrote it, "
            "or from a backup; if it is lost for good, config/README.md tells what to remove"
        )
    losses = [remembered.lost_at] if remembered.lost_at else []
    if lost_ms not in ("", "0"):
        losses.append(instant(lost_ms))
    if known and known not in (store_id, before):
        losses.append(now)  # another store than the one we knew: what it was told is not in this one
    # An instant from a clock that had run ahead is healed; one of long ago tells nothing any more.
    recent = [min(one, now) for one in losses if now - one < FORGOTTEN]
    return store_id, max(recent, default=None)


async def eviction_policy(link: Link) -> str:
    """The maxmemory-policy, of several servers the worst; "" where it may not be asked for."""
    answers = await link.everywhere("policy", [Command(("INFO", "memory"))])
    policies = []
    for server, (info,) in answers.items():
        if isinstance(info, bytes):
            policies.append(fields(info).get("maxmemory_policy", ""))
        elif link.open:
            raise StoreAway(str(info))
        else:
            told = {"server": server, "cause": str(info)}
            log.warning("maxmemory-policy cannot be read: make sure that it is noeviction", extra=told)
    return next((one for one in policies if one not in ("noeviction", "")), max(policies, default=""))
