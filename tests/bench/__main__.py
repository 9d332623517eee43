"""`make bench`: Recado's SMTP door beside Postfix's own empty before-queue proxy, both in front of smtp-sink.

    load -> recado [smtp], 2 workers      -> smtp-sink      mail to a business identity at a closed hour
    load -> smtpd with smtpd_proxy_filter -> smtp-sink      no filter at all, speed_adjust

Rounds alternate, so both see the same machine; the figure that counts is the ratio of the medians. Every mail to Recado
has a sender of its own, and the counters at the end say what was decided, so that nothing passed untouched.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import redis

from tests.conftest import obstacle
from tests.real.postfix import Postfix
from tests.real.processes import Process, free_ports, listening, short_directory
from tests.real.recado import Recado
from tests.real.redis_server import RedisServer

ROUNDS, MAILS, WARM_UP, SESSIONS, WORKERS = 5, 1000, 200, 10, 2
ANA = "ana@estudio.example"
TICK = os.sysconf("SC_CLK_TCK")


def load(port: int, first: int, count: int) -> float:
    """Mails a second; ends the program if one was not accepted."""
    command = [sys.executable, "-m", "tests.bench.source", str(port), ANA, str(first), str(count), str(SESSIONS)]
    done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=100).stdout)
    if done["refused"]:
        sys.exit(f"bench: {done['refused']} of {count} mails were refused at port {port}")
    return count / float(done["seconds"])


def cpu(root: int) -> float:
    """Seconds of CPU of `root` and everything below it, ended children included."""
    children: dict[int, list[int]] = {}
    used: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile: its parent has counted it
        pid = int(stat.parent.name)
        children.setdefault(int(fields[1]), []).append(pid)
        used[pid] = sum(int(one) for one in fields[11:15])
    total, waiting = 0, [root]
    while waiting:
        pid = waiting.pop()
        total += used.get(pid, 0)
        waiting += children.get(pid, [])
    return total / TICK


def decided(store: RedisServer) -> Counter[str]:
    """What Recado has in its Redis about the mails: replies due, and entries of the owners' journals."""
    found: Counter[str] = Counter()
    client = redis.Redis(unix_socket_path=str(store.socket))
    for key in client.scan_iter("recado:*", count=1000, _type="ZSET"):
        found[f"replies due ({key.decode().rpartition(':')[2]})"] += client.zcard(key)
    for key in client.scan_iter("recado:*", count=1000, _type="STREAM"):
        for _, fields in client.xrange(key):
            found["journal: " + fields.get(b"@code", b"?").decode()] += 1
    client.close()
    return found


def main() -> None:
    for server in ("postfix", "redis-server"):
        if why := obstacle(server):
            sys.exit(f"bench: {why}")
    with ExitStack() as stack:
        one, other, third = (stack.enter_context(short_directory(f"rb{name}")) for name in "sxr")
        (sink,) = free_ports(1)
        sinking = Process(["/usr/sbin/smtp-sink", "-u", "postfix", f"127.0.0.1:{sink}", "200"], one / "sink.log")
        stack.callback(sinking.stop)
        sinking.wait_for(lambda: listening(sink), "smtp-sink")
        store = RedisServer(one)
        store.start()
        stack.callback(store.stop)
        proxy = Postfix(other, proxy_filter=f"127.0.0.1:{sink}")
        proxy.start()
        stack.callback(proxy.stop)
        (door,) = free_ports(1)
        doors = {"smtp": (f"inet:127.0.0.1:{door}", f"smtp:inet:127.0.0.1:{sink}")}
        # A delay keeps the replies due: what is measured is the way of the mail, with its claim, not the sending.
        recado = Recado(third, doors, sink, redis=store.url, workers=WORKERS, delay="4m-12m")
        recado.start()
        stack.callback(recado.stop)
        measure(recado, door, proxy, store)


def measure(recado: Recado, door: int, proxy: Postfix, store: RedisServer) -> None:
    load(door, 900_000, WARM_UP)
    load(proxy.smtp_port, 900_000, WARM_UP)
    rows = []
    for number in range(ROUNDS):
        before = cpu(recado.process.pid), cpu(store.process.pid), cpu(proxy.process.pid)
        ours = load(door, number * MAILS, MAILS)
        theirs = load(proxy.smtp_port, number * MAILS, MAILS)
        after = cpu(recado.process.pid), cpu(store.process.pid), cpu(proxy.process.pid)
        spent = [(b - a) / MAILS * 1000 for a, b in zip(before, after, strict=True)]
        rows.append((ours, theirs, *spent))
        print(f"round {number + 1}: recado {ours:6.0f} mails/s   Postfix proxy {theirs:6.0f} mails/s", flush=True)
    ours, theirs, own, redis_cpu, postfix_cpu = (median(column) for column in zip(*rows, strict=True))
    print(f"\n{ROUNDS} rounds of {MAILS} mails of 4 KB, {SESSIONS} sessions, one connection a mail, medians")
    print(f"{'':34}{'mails/s':>10}{'CPU a mail':>14}")
    print(f"{f'recado [smtp], {WORKERS} workers':34}{ours:10.0f}{own:11.2f} ms   + Redis {redis_cpu:.2f} ms")
    print(f"{'Postfix smtpd_proxy_filter':34}{theirs:10.0f}{postfix_cpu:11.2f} ms")
    print(f"{'ratio of the medians':34}{ours / theirs:10.2f}\n")
    print(f"decided about {ROUNDS * MAILS + WARM_UP} mails from as many senders:")
    for what, count in sorted(decided(store).items()):
        print(f"  {count:6} {what}")


if __name__ == "__main__":
    main()
