"""Redis over TLS, and a user who may do no more than config/README.md says he needs."""

import asyncio
import re
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from milter import shipped
from milter.core.reply_job import State
from milter.errors import StoreAway
from milter.store import redis
from milter.store.health import health
from milter.store.link import Command
from milter.store.redis import RedisStore
from tests.doubles.redis_process import RedisProcess
from tests.doubles.redis_server import RedisServer
from tests.doubles.redis_tls import LOOPBACK, Authority, redis_tls
from tests.store.stories import EVENING, HOUR, KEYS, event, intent, key, line, message_ids, query

pytestmark = pytest.mark.real("redis-server")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def encrypted(authority: Authority) -> Iterator[RedisProcess]:
    with redis_tls(Path(shutil.which("redis-server") or ""), authority, LOOPBACK) as one:
        yield one


async def fails(url: str) -> str:
    store = RedisStore(url, KEYS, read_only=True)
    with pytest.raises(StoreAway) as away:
        await store.facts(query(key()))
    await store.close()
    return str(away.value)


async def test_the_certificate_is_checked(encrypted: RedisProcess, authority: Authority, tmp_path: Path) -> None:
    url = f"rediss://{encrypted.name}"
    store = RedisStore(f"{url}?ssl_ca_certs={authority.certificate}", KEYS)
    await store.prepare(EVENING)
    assert (await store.settle(event("e1", intent("1")))).claimed == message_ids("1")
    await store.close()
    other = Authority(tmp_path, "theirs")
    other.issue(LOOPBACK)
    for why in (await fails(url), await fails(f"{url}?ssl_ca_certs={other.certificate}")):
        assert why.startswith("certificate: not to be trusted (")
        assert why.endswith("): ssl_ca_certs must name its CA, and it the host")
    assert "Error" in await fails(f"redis://{encrypted.name}")
    (finding,) = (await health(url)).findings
    assert finding.what.startswith("does not answer: ")
    assert "certificate: not to be trusted" in finding.what


async def test_the_certificate_must_name_the_host(authority: Authority) -> None:
    with redis_tls(Path(shutil.which("redis-server") or ""), authority, x509.DNSName("db.example")) as one:
        url = f"rediss://{one.name}?ssl_ca_certs={authority.certificate}"
        assert "certificate: not to be trusted (IP address mismatch" in await fails(url)
        store = RedisStore(f"{url}&ssl_check_hostname=false", KEYS, read_only=True)
        assert (await store.facts(query(key()))).claims == {}
        await store.close()


async def test_what_is_trusted_is_read_once(
    encrypted: RedisProcess, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for each connection: the system's list costs 20 ms, and no other mail moves meanwhile."""
    made: list[ssl.SSLContext] = []
    create = ssl.create_default_context

    def counted() -> ssl.SSLContext:
        made.append(create())
        return made[-1]

    monkeypatch.setattr(ssl, "create_default_context", counted)
    url = f"rediss://{encrypted.name}?ssl_ca_certs={authority.certificate}"
    store = RedisStore(url, KEYS, read_only=True)
    await asyncio.gather(*(store.facts(query(key())) for _ in range(8)))
    assert len(made) == 1
    await store.close()
    authority.issue(LOOPBACK)  # a CA that has not signed what the server shows
    assert "certificate: not to be trusted" in await fails(url)


async def test_the_user_of_the_page_may_do_all_that_is_done_and_nothing_else(own_server: RedisServer) -> None:
    page = (shipped("config") / "README.md").read_text()
    (rule,) = (one for one in page.splitlines() if one.startswith("user recado "))
    _, name, *words = rule.split()
    own_server.command("ACL", "SETUSER", name, *words)
    own_server.command("ACL", "SETUSER", "default", "off")
    store = RedisStore(f"unix://recado:a-long-password@{own_server.socket}", KEYS)
    await store.prepare(EVENING)
    assert (await store.settle(event("e1", intent("1"), journal=(line(),)))).claimed == message_ids("1")
    assert key() in (await store.facts(query(key()))).claims
    await store.replies.next_due()
    (job,) = await store.replies.lease(EVENING + HOUR, 5)
    assert await store.replies.within_hourly_limit(job, 5, 5, EVENING + HOUR)
    assert await store.replies.handed(job, EVENING + HOUR)
    assert await store.replies.finish(job, State.SENT, EVENING + HOUR, "reply-sent")
    assert await store.history.journal("ana", EVENING, 10)
    assert await store.history.queued("ana") == []
    assert await store.history.opted_out("ana") == []
    assert await store.promises.listed("ana") == []
    assert await store.today.of(("ana",), EVENING) == {"ana": ()}
    found = await health(store.link.url)
    assert [one.what for one in found.findings if "let us" in one.what or "tell its" in one.what] == []
    for forbidden in (("FLUSHALL",), ("GET", "another:key"), ("CONFIG", "SET", "save", ""), ("KEYS", "*")):
        with pytest.raises(StoreAway, match="NoPermission"):
            await store.link.run("test", [Command(forbidden)])
    await store.close()


def test_the_page_allows_every_command_that_is_sent_and_no_other() -> None:
    page = (shipped("config") / "README.md").read_text()
    (rule,) = (one for one in page.splitlines() if one.startswith("user recado "))
    folder = Path(redis.__file__).parent
    sent = {one for file in folder.glob("*.py") for one in re.findall(r'Command\(\("([A-Z]+)"', file.read_text())}
    called = {one for file in folder.glob("scripts/*.lua") for one in re.findall(r'call\("([A-Z]+)"', file.read_text())}
    allowed = {one[1:].partition("|")[0].upper() for one in rule.split() if one.startswith("+")}
    assert allowed - {"EVALSHA"} == (sent | called) - {"SENTINEL"}
