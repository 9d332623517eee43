"""What `recado check` says about Redis: what would hurt later, each with what to do. Reads only, from every master."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from redis.exceptions import RedisError

from milter.errors import StoreAway
from milter.store import address
from milter.store.address import Address, Malformed, Shape
from milter.store.link import Command, Link
from milter.store.node import fields

SECONDS = 3.0  # for all of it
OLDEST = (6, 2)  # XREVRANGE with an exclusive end
ENTRIES, VALUE = 256, 64  # a bucket of reputations stays a listpack
LAG = 10  # seconds that a replica may be behind
_SETTINGS = ("save", "hash-max-listpack-entries", "hash-max-listpack-value", "bind", "protected-mode")
_SECTIONS = ("server", "memory", "persistence", "replication")


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` continues "redis.url" or names the server first; `instead` tells what to do."""

    what: str
    instead: str


@dataclass(frozen=True, slots=True)
class Health:
    """`about` one line: the shape, how many, which version. "" if nobody answered."""

    about: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    info: dict[str, str]
    settings: dict[str, str] = field(default_factory=dict)
    settings_refused: bool = False


async def health(url: str) -> Health:
    """Never raises for Redis: not reached is a finding, with its cause."""
    where = address.parse(url)
    if isinstance(where, Malformed):
        return Health()  # the settings say so
    link = Link(url)
    try:
        async with asyncio.timeout(SECONDS):
            answers = await link.everywhere("check", _questions(where))
    except (StoreAway, TimeoutError) as error:
        return Health(findings=(_unreached(str(error) or "no answer"),))
    finally:
        await link.close()
    servers = [_server(name, found) for name, found in answers.items() if not isinstance(found[0], Exception)]
    away = [_unreached(f"{name} {found[0]}") for name, found in answers.items() if isinstance(found[0], StoreAway)]
    refused = [_refused(found[0]) for found in answers.values() if isinstance(found[0], RedisError)]
    findings = [*away, *refused, *_exposed(where, servers)]
    for one in servers:
        findings += _of_server(one, where, several=len(servers) > 1)
    return Health(_about(where, servers), tuple(dict.fromkeys(findings)))


def _questions(where: Address) -> list[Command]:
    asked = [Command(("INFO", one)) for one in _SECTIONS]
    asked += [Command(("CONFIG", "GET", one)) for one in _SETTINGS]
    if where.shape is Shape.CLUSTER:
        asked.append(Command(("CONFIG", "GET", "cluster-require-full-coverage")))
    return asked


def _server(name: str, found: Sequence[Any]) -> _Server:
    info: dict[str, str] = {}
    for one in found[: len(_SECTIONS)]:
        info |= fields(one) if isinstance(one, bytes) else {}
    settings: dict[str, str] = {}
    for one in found[len(_SECTIONS) :]:
        if isinstance(one, list):
            settings |= {one[at].decode(): one[at + 1].decode() for at in range(0, len(one), 2)}
    refused = any(isinstance(one, RedisError) for one in found[len(_SECTIONS) :])
    return _Server(name, info, settings, refused)


def _unreached(why: str) -> Finding:
    return Finding(
        f"does not answer: {why.rstrip('.')}",
        "start it, or correct address or password; until then mail passes without replies",
    )


def _refused(error: Any) -> Finding:
    return Finding(f"does not let us look: {error}", "allow +info, as in config/README.md")


def _about(where: Address, servers: Sequence[_Server]) -> str:
    if not servers:
        return ""
    versions = sorted({_version(one) for one in servers})
    replicas = sum(int(one.info.get("connected_slaves", "0")) for one in servers)
    match where.shape:
        case Shape.SERVER:
            what = "one server"
        case Shape.SENTINEL:
            what = f"the master {where.service} of {len(where.places)} Sentinels"
        case Shape.CLUSTER:
            what = f"a Cluster of {len(servers)} masters"
    return f"{what}, {', '.join(versions)}" + (f", {_count(replicas)}" if replicas else "")


def _count(replicas: int) -> str:
    return "1 replica" if replicas == 1 else f"{replicas} replicas"


def _version(server: _Server) -> str:
    valkey = server.info.get("valkey_version")
    return f"Valkey {valkey}" if valkey else f"Redis {server.info.get('redis_version', '?')}"


def _exposed(where: Address, servers: Sequence[_Server]) -> Iterator[Finding]:
    far = [host for host, port in where.places if port and not _loopback(host)]
    if far and not any(name == "password" for name, _ in where.login):
        yield Finding(
            f"needs no password at {far[0]}: who reaches it reads with whom the owners write",
            "give Recado an ACL user with a password, as in config/README.md",
        )
    if far and where.tls is None:
        yield Finding(
            f"sends addresses and the password to {far[0]} in the clear",
            'begin it with "rediss", or let a VPN do it',
        )
    for one in servers:
        listens = one.settings.get("bind", "127.0.0.1").replace("-", " ").split()
        open_to = [each for each in listens if not _loopback(each)]
        if open_to and not far and not where.login and one.settings.get("protected-mode") == "no":
            yield Finding(
                f"{one.name} listens at {open_to[0]} and needs no password",
                "set `bind 127.0.0.1 -::1`, or `protected-mode yes`, or a password",
            )


def _of_server(server: _Server, where: Address, *, several: bool) -> Iterator[Finding]:
    name = f"{server.name} " if several else ""
    yield from _shape(server, where, name)
    policy = server.info.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield Finding(
            f"{name}may throw away who was answered (maxmemory-policy {policy}): no reply leaves",
            "set `maxmemory-policy noeviction`",
        )
    if "err" in (server.info.get("aof_last_write_status"), server.info.get("rdb_last_bgsave_status")):
        yield Finding(
            f"{name}cannot write to its disk, so it takes no changes: replies wait",
            "make room there, or look at its log",
        )
    if server.settings_refused:
        yield Finding(
            f"{name}does not tell its settings: whether they suit was not looked at", "allow `+config|get` to this user"
        )
    elif server.info.get("aof_enabled") == "0" and not server.settings.get("save"):
        yield Finding(
            f"{name}keeps nothing over a restart: replies then stop for a day", "set `appendonly yes` or `save 300 1`"
        )
    yield from _listpacks(server.settings, name)
    yield from _replicas(server, where, name)


def _shape(server: _Server, where: Address, name: str) -> Iterator[Finding]:
    version = tuple(int(one) for one in server.info.get("redis_version", "0").split(".")[:2] if one.isdigit())
    if version < OLDEST:
        yield Finding(f"{name}is too old ({_version(server)})", "install Redis 6.2 or newer, or Valkey")
    mode = server.info.get("redis_mode", "standalone")
    if mode == "cluster" and where.shape is not Shape.CLUSTER:
        yield Finding(f"{name}is part of a Cluster", 'begin it with "redis+cluster://"')
    if mode == "sentinel":
        yield Finding(f"{name}is a Sentinel", f'write "{address.EXAMPLES[Shape.SENTINEL]}"')
    if server.info.get("role") == "slave":
        yield Finding(
            f"{name}is a replica, which takes no writes", "write the address of its master, or of its Sentinels"
        )
    if server.settings.get("cluster-require-full-coverage") == "yes":
        yield Finding(
            f"{name}stops altogether when one slot has no master",
            "set `cluster-require-full-coverage no` on every node",
        )


def _listpacks(settings: dict[str, str], name: str) -> Iterator[Finding]:
    for setting, least in (("hash-max-listpack-entries", ENTRIES), ("hash-max-listpack-value", VALUE)):
        value = settings.get(setting, "")
        if value.isdigit() and int(value) < least:
            yield Finding(
                f"{name}stores reputations in five times the memory ({setting} {value})", f"set `{setting} {least}`"
            )


def _replicas(server: _Server, where: Address, name: str) -> Iterator[Finding]:
    lines = [dict(part.partition("=")[::2] for part in value.split(",")) for key, value in server.info.items()
             if key[:5] == "slave" and key[5:].isdigit()]  # fmt: skip
    for one in lines:
        replica = f"{one.get('ip')}:{one.get('port')}"
        if one.get("state") != "online":
            yield Finding(f"{name}has a replica that is not in step yet, {replica}", "wait for it, or look at its log")
        elif int(one.get("lag", "0")) > LAG:
            yield Finding(f"{name}has not heard of its replica {replica} for {one['lag']} s", "look at its log")
    if lines or where.shape is Shape.SERVER:
        return
    if where.shape is Shape.CLUSTER:
        yield Finding(f"{name}has no replica: what it holds is away when it is", "give each master of the Cluster one")
    else:
        yield Finding(f"{name}has no replica: the Sentinels have nobody to promote", "start one with `replicaof`")


def _loopback(host: str) -> bool:
    try:
        return host in ("localhost", "") or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
