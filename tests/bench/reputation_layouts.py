"""Three ways to keep the reputation of a sender in Redis: ours, rspamd's, and plain commands. Each fills a server, and does one
message's work on it: asks what is known of a sender and his domain, then counts one piece of evidence for both, once a message.

rspamd's is written here after its module `reputation` (a hash a key with v1m, l and n, a script that reads and one that
writes, EXPIRE 10 days): one selector, without the second name and without noticing replays, which it does not do.
"""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import redis

from milter.core.evidence import Evidence, Kind
from milter.core.keys import Keys
from milter.core.sender import Sender, of_address, of_domain
from milter.store import senders
from milter.store.api import Event, FactsQuery
from milter.store.layout import Layout
from milter.store.link import Command, Script

KEYS = Keys(b"a secret of thirty-two bytes...!")
NOW = datetime(2026, 3, 6, 19, 0, tzinfo=UTC)
SECONDS = str(int(NOW.timestamp()))
PROVIDERS = ("gmail.com", "outlook.com", "yahoo.es", "icloud.com", "gmx.de")
BATCH = 1000
PUT = senders.script("put")


def address(number: int) -> str:
    """33 bytes on average. Two of five write from a provider of mailboxes, the others by threes from domains of their own."""
    if number % 5 < 2:
        return f"first.lastname.{number:07}@{PROVIDERS[number % 23 % 5]}"
    return f"lastname{number % 3:03}@company-{number // 3:07}.example"


def names(count: int) -> Iterator[Sender]:
    """Every sender, and once every domain that lends to its senders."""
    before = ""
    for number in range(count):
        who = of_address(address(number))
        yield who
        if who.domain and who.domain != before:
            before = who.domain
            yield of_domain(who.domain)


def fill_ours(client: "redis.Redis[bytes]", count: int, layout: Layout) -> int:
    """By the script that the commands use, so that hashes split as they do in the daemon. Answers how many records."""
    client.script_load(PUT.text)
    records = 0
    pipeline = client.pipeline(transaction=False)
    for who in names(count):
        key, field = senders.hash_key(layout, who.place), layout.field("ana", who)
        record = (SECONDS, "1.5", "0.25", "0.5", "7", "3")
        pipeline.execute_command("EVALSHA", PUT.sha, 1, key, senders.MOST, senders.HASHES, field, *record)
        records += 1
        if records % BATCH == 0:
            pipeline.execute()
    pipeline.execute()
    return records


def fill_rspamd(client: "redis.Redis[bytes]", count: int, layout: Layout) -> int:
    return _fill_hashes(
        client, count, lambda who: f"RR:{who.name}", {"v1m": "-1.2345", "l": SECONDS + "000", "n": "7"}, True
    )


def fill_plain(client: "redis.Redis[bytes]", count: int, layout: Layout) -> int:
    values = {"last": SECONDS, "good": "1.5", "bad": "0.25", "burst": "0.5", "count": "7", "flags": "3"}
    return _fill_hashes(client, count, lambda who: f"reputation:{who.name}", values, False)


def _fill_hashes(
    client: "redis.Redis[bytes]", count: int, key: Callable[[Sender], str], values: dict[str, str], expires: bool
) -> int:
    records = 0
    pipeline = client.pipeline(transaction=False)
    for who in names(count):
        pipeline.hset(key(who), mapping=values)
        if expires:
            pipeline.expire(key(who), 864000)
        records += 1
        if records % BATCH == 0:
            pipeline.execute()
    pipeline.execute()
    return records


FILL = {"recado": fill_ours, "rspamd's layout": fill_rspamd, "plain commands": fill_plain}


# One message's work: what goes out together is one wait.

_RSPAMD_READ = """local r = redis.call("HMGET", KEYS[1], "v1m", "l", "n")
return {tonumber(r[1] or "0") or 0, tonumber(r[3] or "0") or 0}"""
_RSPAMD_WRITE = """local key, score, now = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local r = redis.call("HMGET", key, "v1m", "l")
local last, alpha = tonumber(r[2]), 1
if last then alpha = 1 - math.exp(-(now - last) / 1000 / 2592000) end
redis.call("HSET", key, "v1m", tostring(alpha * score + (1 - alpha) * (tonumber(r[1]) or 0)), "l", ARGV[2])
redis.call("HINCRBY", key, "n", 1)
redis.call("EXPIRE", key, 864000)
return 1"""


def _script(text: str) -> Script:
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


_READ, _WRITE = _script(_RSPAMD_READ), _script(_RSPAMD_WRITE)


def ours(number: int, message: int, layout: Layout) -> list[list[Command]]:
    who = of_address(address(number))
    query = FactsQuery(NOW, who.place, who, judges=("ana",))
    event = Event(f"e{message}", NOW, who.place, evidence=(Evidence("ana", who, Kind.ACCEPTED, f"m{message}"),))
    return [senders.asked(query, layout), senders.left(event, layout)]


def rspamd(number: int, message: int, layout: Layout) -> list[list[Command]]:
    key = f"RR:{address(number)}"
    return [[_READ.call([key], ())], [_WRITE.call([key], ("1", f"{SECONDS}000"))]]


def plain(number: int, message: int, layout: Layout) -> list[list[Command]]:
    """Read, count once, write back: as one writes it without scripts. Two workers at a time would lose evidence."""
    who = of_address(address(number))
    keys = [f"reputation:{one}" for one in (who.name, who.domain) if one]
    values = ("good", "1.6", "bad", "0.25", "burst", "0.6", "last", SECONDS, "count", "8")
    return [
        *([Command(("HGETALL", key))] for key in keys),
        [Command(("SET", f"once:{message}", SECONDS, "NX", "EX", 172800))],
        *([Command(("HSET", key, *values))] for key in keys),
    ]


WORK = {"recado": ours, "rspamd's layout": rspamd, "plain commands": plain}
