"""A Cluster of three masters, with a replica each if wanted: real processes on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.doubles.redis_process import RedisProcess, free_ports, until

MASTERS = 3
NODE_TIMEOUT = 1000  # milliseconds
SLOTS = 16384


@dataclass
class RedisCluster:
    nodes: list[RedisProcess]

    @property
    def url(self) -> str:
        return f"redis+cluster://{','.join(one.name for one in self.nodes)}"

    @property
    def living(self) -> list[RedisProcess]:
        return [one for one in self.nodes if one.process]

    def owner(self, key: str) -> RedisProcess:
        """Who serves the slot of `key`, as the first that lives has it."""
        slot = self.living[0].ask("CLUSTER", "KEYSLOT", key)
        for first, last, (_, port, *_), *_ in self.living[0].ask("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return next(one for one in self.nodes if one.port == port)
        raise AssertionError(f"nobody serves {key}")

    def ask(self, name: str, key: str, *more: object) -> object:
        """A command about one key, at the master that owns it."""
        return self.owner(key).ask(name, key, *more)

    def keys(self, pattern: str) -> list[str]:
        masters = [one for one in self.living if one.info("replication")["role"] == "master"]
        return [key.decode() for one in masters for key in one.ask("KEYS", pattern)]

    def flush(self) -> None:
        for one in self.living:
            if one.info("replication")["role"] == "master":
                one.ask("FLUSHALL")

    def begin_move(self, slot: int, source: RedisProcess, target: RedisProcess) -> None:
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.ask("CLUSTER", "MYID").decode())
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.ask("CLUSTER", "MYID").decode())

    def end_move(self, slot: int, source: RedisProcess, target: RedisProcess) -> None:
        """Gives the slot to `target`, with its keys."""
        while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
            names = [key.decode() for key in keys]
            source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "REPLACE", "KEYS", *names)
        name = target.ask("CLUSTER", "MYID").decode()
        for one in (target, source, *(each for each in self.living if each not in (target, source))):
            one.ask("CLUSTER", "SETSLOT", slot, "NODE", name)


@contextmanager
def redis_cluster(binary: Path, *, replicas: bool = False, full_coverage: bool = False) -> Iterator[RedisCluster]:
    count = MASTERS * (2 if replicas else 1)
    one = RedisCluster([_node(binary, port, full_coverage) for port in free_ports(count)])
    try:
        for node in one.nodes:
            node.start()
        _form(one.nodes)
        yield one
    finally:
        for node in one.nodes:
            node.remove()


def _form(nodes: list[RedisProcess]) -> None:
    share = -(-SLOTS // MASTERS)
    for number, node in enumerate(nodes, start=1):
        node.ask("CLUSTER", "SET-CONFIG-EPOCH", number)
    for place, node in enumerate(nodes[:MASTERS]):
        node.ask("CLUSTER", "ADDSLOTSRANGE", place * share, min((place + 1) * share, SLOTS) - 1)
    for node in nodes[1:]:
        nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port)
    for node in nodes:
        until(lambda n=node: n.ask("CLUSTER", "INFO").count(b":fail") == 0 and _meets(n, len(nodes)), "the nodes meet")
    for place, node in enumerate(nodes[MASTERS:]):
        node.ask("CLUSTER", "REPLICATE", nodes[place].ask("CLUSTER", "MYID").decode())
    for node in nodes[: len(nodes) - MASTERS]:
        until(lambda n=node: "state=online" in n.info("replication").get("slave0", ""), "the replicas follow")
    for node in nodes:
        # Each must know of every replica, or it would not vote for one.
        known = lambda n=node: sum(b"slave" in line for line in n.ask("CLUSTER", "NODES").splitlines())  # noqa: E731
        until(lambda: known() == len(nodes) - MASTERS, "everybody knows the replicas")  # noqa: B023
        until(lambda n=node: b"cluster_state:ok" in n.ask("CLUSTER", "INFO"), "the cluster works")


def _meets(node: RedisProcess, count: int) -> bool:
    return f"cluster_known_nodes:{count}\r".encode() in node.ask("CLUSTER", "INFO")


def _node(binary: Path, port: int, full_coverage: bool) -> RedisProcess:
    cluster = ("--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT))
    coverage = ("--cluster-require-full-coverage", "yes" if full_coverage else "no")
    quick = ("--repl-diskless-sync-delay", "0", "--cluster-replica-validity-factor", "0", "--save", "")
    debug = ("--enable-debug-command", "local")
    return RedisProcess(binary, port, ("--port", str(port), *cluster, *coverage, *quick, *debug))
