"""A master, its replicas and three Sentinels that watch them: real processes on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.doubles.redis_process import RedisProcess, free_ports, until

SERVICE = "mymaster"
PASSWORD, SENTINEL_PASSWORD = "open/sesame", "who&goes"
DOWN_AFTER = 500  # milliseconds


@dataclass
class SentinelSet:
    """`servers`: whoever is master among them is found by `master`."""

    servers: list[RedisProcess]
    sentinels: list[RedisProcess] = field(default_factory=list)

    @property
    def url(self) -> str:
        hosts = ",".join(one.name for one in self.sentinels)
        return f"redis+sentinel://:open%2Fsesame@{hosts}/{SERVICE}?sentinel_password=who%26goes"

    @property
    def master(self) -> RedisProcess:
        """As the Sentinels have it."""
        _, port = self.living_sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(one for one in self.servers if one.port == int(port))

    @property
    def living_sentinel(self) -> RedisProcess:
        return next(one for one in self.sentinels if one.process)

    def has_another_master_than(self, before: RedisProcess) -> RedisProcess:
        """Waits for the failover: the new one takes writes."""

        def promoted() -> RedisProcess | None:
            now = self.master
            return now if now is not before and now.process and now.info("replication")["role"] == "master" else None

        found = until(promoted, "a replica is promoted")
        assert isinstance(found, RedisProcess)
        return found

    def fail_over(self) -> RedisProcess:
        """Promotes a replica by hand, and demotes the master at once, which the Sentinels do ten seconds later."""
        before = self.master

        def accepted() -> bool:
            try:
                return bool(self.living_sentinel.ask("SENTINEL", "FAILOVER", SERVICE))
            except AssertionError as error:
                assert "NOGOODSLAVE" in str(error)  # the Sentinels do not know yet that it lives
                return False

        until(accepted, "there is a replica to promote")
        after = self.has_another_master_than(before)
        before.ask("REPLICAOF", "127.0.0.1", after.port)
        return after

    def mend(self) -> None:
        """Everybody lives, the master has its replicas, and every Sentinel says so."""
        for one in self.sentinels:
            if one.process:
                one.thaw()
            else:
                one.start(str(one.home / "sentinel.conf"), "--sentinel")
        until(self._agreed, "the sentinels agree")
        for one in self.servers:
            if one.process is None:
                one.start("--replicaof", f"127.0.0.1 {self.master.port}")
        self.in_step()

    def _agreed(self) -> bool:
        told = {one.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)[1] for one in self.sentinels}
        states = [_state(one) for one in self.sentinels]
        return len(told) == 1 and all(one[b"flags"] == b"master" for one in states)

    def in_step(self) -> None:
        """Waits until every living server but the master is its replica, and the Sentinels know."""
        living = len([one for one in self.servers if one.process])

        def connected() -> bool:
            return self.master.info("replication")["connected_slaves"] == str(living - 1) and all(
                "state=online" in value
                for name, value in self.master.info("replication").items()
                if name.startswith("slave") and name[5:].isdigit()
            )

        until(connected, "the replicas are connected")


@contextmanager
def sentinel_set(binary: Path, *, replicas: int = 1) -> Iterator[SentinelSet]:
    ports = free_ports(4 + replicas)
    one = SentinelSet([_server(binary, port) for port in ports[: 1 + replicas]])
    one.sentinels = [_sentinel(binary, port, ports[0]) for port in ports[1 + replicas :]]
    try:
        one.servers[0].start()
        for server in one.servers[1:]:
            server.start("--replicaof", f"127.0.0.1 {ports[0]}")
        for sentinel in one.sentinels:
            sentinel.start(str(sentinel.home / "sentinel.conf"), "--sentinel")
        one.in_step()
        for sentinel in one.sentinels:
            until(lambda s=sentinel: _knows(s, len(one.sentinels) - 1, replicas), "the sentinels know each other")
        yield one
    finally:
        for process in (*one.sentinels, *one.servers):
            process.remove()


def _server(binary: Path, port: int) -> RedisProcess:
    options = ("--port", str(port), "--save", "", "--requirepass", PASSWORD, "--masterauth", PASSWORD)
    quick = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1", "--enable-debug-command", "local")
    return RedisProcess(binary, port, (*options, *quick), PASSWORD)


def _sentinel(binary: Path, port: int, master: int) -> RedisProcess:
    one = RedisProcess(binary, port, (), SENTINEL_PASSWORD)
    (one.home / "sentinel.conf").write_text(
        f"""port {port}
requirepass "{SENTINEL_PASSWORD}"
sentinel sentinel-pass "{SENTINEL_PASSWORD}"
sentinel monitor {SERVICE} 127.0.0.1 {master} 2
sentinel auth-pass {SERVICE} {PASSWORD}
sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER}
sentinel failover-timeout {SERVICE} 3000
"""
    )
    return one


def _state(sentinel: RedisProcess) -> dict[bytes, bytes]:
    answer = sentinel.ask("SENTINEL", "MASTER", SERVICE)
    return dict(zip(answer[::2], answer[1::2], strict=True))


def _knows(sentinel: RedisProcess, others: int, replicas: int) -> bool:
    state = _state(sentinel)
    return int(state[b"num-other-sentinels"]) == others and int(state[b"num-slaves"]) == replicas
