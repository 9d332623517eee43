"""The resolver against real name servers on loopback that are told to lie, to fail and to be silent."""

import asyncio
import itertools
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

from milter.lookup import dns
from milter.lookup.dns import Answer, Budget, Failed, Kind, NoRecords, Records, Resolver
from milter.lookup.dns_cache import Cache
from tests.doubles.dns_server import DnsServer

GENEROUS = 60.0  # seconds for a good server: the machine may be busy
BRIEF = 0.1  # seconds for a silent one
RECORDS = {
    "acme.example TXT": ["v=spf1 -all", b"\xff"],
    "acme.example MX": ["10 mx.acme.example"],
    "mx.acme.example A": "192.0.2.1",
    "mx.acme.example AAAA": "2001:db8::1",
    "1.2.0.192.in-addr.arpa PTR": "mx.acme.example",
    "www.acme.example CNAME": "mx.acme.example",
    "broken.example TXT": "!servfail",
    "quiet.example TXT": "!silent",
}
TRUE = Records((ip_address("192.0.2.1"),))


@pytest.fixture
def server() -> Iterator[DnsServer]:
    with DnsServer(dict(RECORDS)) as one:
        yield one


@asynccontextmanager
async def resolver(
    *servers: DnsServer, patience: float = GENEROUS, probe_patience: float = GENEROUS
) -> AsyncIterator[Resolver]:
    names = [each.nameserver for each in servers]
    one = Resolver(names, patience=patience, probe_every=BRIEF, probe_patience=probe_patience)
    try:
        yield one
    finally:
        await one.close()


async def ask(one: Resolver, name: str = "mx.acme.example", kind: Kind = "A", budget: float = GENEROUS) -> Answer:
    return await one.lookup(name, kind, Budget.start(budget))


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


KINDS: list[tuple[str, Kind, Answer]] = [
    ("mx.acme.example", "A", TRUE),
    ("MX.Acme.example.", "AAAA", Records((ip_address("2001:db8::1"),))),
    ("acme.example", "MX", Records(((10, "mx.acme.example"),))),
    ("1.2.0.192.in-addr.arpa", "PTR", Records(("mx.acme.example",))),
    ("www.acme.example", "A", TRUE),
    ("acme.example", "A", NoRecords()),
    ("gone.acme.example", "A", NoRecords()),
    ("broken.example", "TXT", Failed("servfail")),
]


@pytest.mark.parametrize(("name", "kind", "answer"), KINDS)
async def test_answers(server: DnsServer, name: str, kind: Kind, answer: Answer) -> None:
    async with resolver(server) as one:
        assert await ask(one, name, kind) == answer


async def test_texts(server: DnsServer) -> None:
    async with resolver(server) as one:
        found = await ask(one, "acme.example", "TXT")
    assert isinstance(found, Records) and sorted(found.values) == [b"v=spf1 -all", b"\xff"]


async def test_a_server_with_an_ipv6_address() -> None:
    with DnsServer(dict(RECORDS), host="::1") as server:
        async with resolver(server) as one:
            assert await ask(one) == TRUE


@pytest.mark.parametrize(
    "name", ["", "a..example", "a" * 64 + ".example", "a." * 140, "peña.example", "\ud800.x", "a b\n"]
)
async def test_what_is_no_name_is_nobody_s_question(server: DnsServer, name: str) -> None:
    async with resolver(server) as one:
        assert await ask(one, name, "TXT") == one.known(name, "TXT") == NoRecords()
    assert not server.questions


@pytest.mark.parametrize("lie", ["forged-id", "forged-source", "forged-question", "junk"])
async def test_a_lie_that_comes_first_is_ignored(server: DnsServer, lie: str) -> None:
    server.faults["mx.acme.example A"] = lie
    async with resolver(server) as one:
        assert await ask(one) == TRUE


@pytest.mark.parametrize("lie", ["forged-id", "forged-source", "forged-question", "junk"])
async def test_a_lie_alone_is_no_answer(server: DnsServer, lie: str) -> None:
    server.faults["mx.acme.example A"] = f"{lie} silent"
    async with resolver(server, patience=BRIEF) as one:
        assert isinstance(await ask(one), Failed)


async def test_what_does_not_fit_comes_over_tcp(server: DnsServer) -> None:
    server.faults["mx.acme.example A"] = "truncated"
    server.records["long.example TXT"] = "x" * 3000
    async with resolver(server) as one:
        assert await ask(one) == TRUE
        assert await ask(one, "long.example", "TXT") == Records((b"x" * 3000,))
    assert [each.protocol for each in server.questions] == ["udp", "tcp"] * 2


@pytest.mark.parametrize(
    ("fault", "why"), [("truncated tcp-closed", "unreachable"), ("truncated servfail", "servfail")]
)
async def test_tcp_fails_too(server: DnsServer, fault: str, why: str) -> None:
    server.faults["mx.acme.example A"] = fault
    async with resolver(server) as one:
        assert await ask(one) == Failed(why)


async def test_an_answer_longer_than_we_read(server: DnsServer) -> None:
    server.records["long.example TXT"] = "x" * 30_000
    async with resolver(server) as one:
        assert await ask(one, "long.example", "TXT") == Failed("unreadable answer")


async def test_an_alias_that_the_server_does_not_follow(server: DnsServer) -> None:
    server.faults["www.acme.example A"] = "unchased"
    async with resolver(server) as one:
        assert await ask(one, "www.acme.example") == TRUE
    assert server.asked("mx.acme.example A") == 1


async def test_aliases_in_a_circle_that_the_server_does_not_follow(server: DnsServer) -> None:
    server.records |= {"b.example CNAME": "c.example", "c.example CNAME": "b.example"}
    server.faults |= {"b.example A": "unchased", "c.example A": "unchased"}
    server.negative_ttl = None
    async with resolver(server) as one:
        assert await ask(one, "b.example") == Failed("aliases in a circle")
    assert len(server.questions) < 10


@pytest.mark.parametrize("fault", ["servfail", "refused"])
async def test_the_next_server_is_asked(server: DnsServer, fault: str) -> None:
    with DnsServer(dict(RECORDS), {"*": fault}) as first:
        async with resolver(first, server) as one:
            assert await ask(one) == TRUE
    assert first.asked("mx.acme.example A") == 1


async def test_where_nobody_listens_the_next_one_is_asked(server: DnsServer) -> None:
    one = Resolver([f"127.0.0.1:{free_port()}", server.nameserver], patience=GENEROUS)
    assert await ask(one) == TRUE
    await one.close()


async def test_a_silent_server_is_no_longer_asked_first(server: DnsServer) -> None:
    with DnsServer(dict(RECORDS), {"*": "silent"}) as first:
        async with resolver(first, server, patience=3) as one:
            assert await ask(one) == TRUE
            assert await ask(one, "mx.acme.example", "AAAA") != NoRecords()
    assert first.asked("mx.acme.example AAAA") == 0


async def test_a_slow_answer_counts_though_it_was_asked_for_again(server: DnsServer) -> None:
    server.faults["mx.acme.example A"] = "held"
    async with resolver(server, patience=3) as one:
        waiting = asyncio.create_task(ask(one))
        await server.wait_for_questions(1)
        server.faults["mx.acme.example A"] = "silent"
        while server.asked("mx.acme.example A") < 2:
            await server.wait_for_questions(len(server.questions) + 1)
        server.release()
        assert await waiting == TRUE


# ---- Remembering -------------------------------------------------------------------------------------------------------

HOUR = 3600
KEPT: list[tuple[str, Kind, int, int | None, int]] = [
    # name, kind, TTL of the records, that of the SOA, and for how many seconds the answer is kept
    ("mx.acme.example", "A", 300, 60, 300),
    ("mx.acme.example", "A", 7 * 24 * HOUR, 60, HOUR),
    ("mx.acme.example", "A", 0, 60, 1),
    ("gone.example", "A", 300, 60, 60),
    ("gone.example", "A", 300, 24 * HOUR, 900),
    ("gone.example", "A", 300, None, 10),
    ("broken.example", "TXT", 300, 60, 10),
]


@pytest.mark.parametrize(("name", "kind", "ttl", "negative_ttl", "kept"), KEPT)
async def test_answers_are_kept_for_their_time(
    server: DnsServer,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    kind: Kind,
    ttl: int,
    negative_ttl: int | None,
    kept: int,
) -> None:
    server.ttl, server.negative_ttl = ttl, negative_ttl
    loop = asyncio.get_running_loop()
    clock = now = loop.time()
    monkeypatch.setattr(loop, "time", lambda: clock)
    async with resolver(server) as one:
        first = await ask(one, name, kind)
        clock = now + kept - 0.1
        assert await ask(one, name, kind) == first == one.known(name, kind)
        assert server.asked(f"{name} {kind}") == 1
        clock = now + kept + 0.1
        assert one.known(name, kind) is None
        assert await ask(one, name, kind) == first
        assert server.asked(f"{name} {kind}") == 2
        monkeypatch.undo()


def test_the_memory_is_bounded() -> None:
    cache = Cache(most_names=3)
    for one in range(5):
        cache.put((f"{one}.example", "A"), TRUE, 10)
    assert len(cache) == 3
    assert [cache.get((f"{one}.example", "A"), 0) for one in range(5)] == [None, None, TRUE, TRUE, TRUE]
    cache = Cache(most_bytes=10_000)
    for one in range(5):
        cache.put((f"{one}.example", "TXT"), Records((b"x" * 4000,)), 10)
        cache.put((f"{one}.example", "TXT"), Records((b"x" * 4000,)), 10)
    assert len(cache) == 2


async def test_many_ask_and_one_question_goes_out(server: DnsServer) -> None:
    """One who cannot wait and one who is cancelled do not spoil it for the others."""
    server.faults["mx.acme.example A"] = "held"
    async with resolver(server) as one:
        many = [asyncio.create_task(ask(one)) for _ in range(50)]
        await server.wait_for_questions(1)
        many[0].cancel()
        assert await ask(one, budget=0.01) == Failed("out of time")
        server.release()
        assert await asyncio.gather(*many[1:]) == [TRUE] * 49
        assert await ask(one) == TRUE
    assert many[0].cancelled()
    assert server.asked("mx.acme.example A") == 1


async def test_the_answer_to_those_who_could_not_wait_is_kept(server: DnsServer) -> None:
    server.faults["mx.acme.example A"] = "held"
    async with resolver(server) as one:
        assert await ask(one, budget=0.01) == Failed("out of time")
        again = asyncio.create_task(ask(one))
        await server.wait_for_questions(1)
        server.release()
        assert await again == TRUE
        assert one.known("mx.acme.example", "A") == TRUE


async def test_what_nobody_waits_for_any_more_is_not_asked(server: DnsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns, "AT_ONCE", 1)
    server.faults["www.acme.example A"] = "held"
    async with resolver(server) as one:
        first = asyncio.create_task(ask(one, "www.acme.example"))
        await server.wait_for_questions(1)
        with monkeypatch.context() as patch:
            patch.setattr(dns, "SECONDS", 0.0)
            late = asyncio.create_task(ask(one))
            await asyncio.sleep(0)
            server.release()
            assert await first == TRUE
            assert await late == Failed("too many questions at once")
        assert server.asked("mx.acme.example A") == 0
        assert await ask(one) == TRUE, "and it is not remembered"


async def test_without_time_nothing_is_asked(server: DnsServer) -> None:
    async with resolver(server) as one:
        assert await ask(one, kind="AAAA", budget=0) == Failed("out of time")
        assert await ask(one) == TRUE
        assert await ask(one, budget=0) == TRUE
    assert [each.kind for each in server.questions] == ["A"]


# ---- When the DNS is away ----------------------------------------------------------------------------------------------


async def test_while_the_dns_is_silent_nobody_waits(server: DnsServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "milter.lookup")
    server.faults["*"] = "silent"
    async with resolver(server, patience=BRIEF, probe_patience=BRIEF) as one:
        assert isinstance(await ask(one), Failed)
        for each in itertools.count():
            waiting = [asyncio.create_task(ask(one, f"{each}.{name}.example")) for name in range(5)]
            assert {isinstance(found, Failed) for found in await asyncio.gather(*waiting)} == {True}
            if one.silent:
                break
        assert await ask(one, "bob.acme.example") == Failed("no name server answers")
        assert server.asked("bob.acme.example A") == 0
        server.faults.clear()
        assert one._probing
        await one._probing
        one._patience = GENEROUS
        assert not one.silent
        assert await ask(one) == TRUE, "a failure of those days is not remembered"
    said = [(each.levelname, each.getMessage()) for each in caplog.records]
    assert said == [
        ("WARNING", "dns is silent: nothing is looked up until it answers a probe"),
        ("INFO", "dns answers again"),
    ]
    assert caplog.records[0].__dict__["servers"] == server.nameserver, "whom to look after"
    assert "example" not in caplog.text, "a name may hold the local part of an address (%{l})"


async def test_a_dead_zone_is_not_a_dead_dns(server: DnsServer, caplog: pytest.LogCaptureFixture) -> None:
    """Twin of the former: one name is never answered, and the others still are."""
    async with resolver(server, patience=BRIEF) as one:
        assert await ask(one, "quiet.example", "TXT") == Failed("timeout")
        assert one._probing
        await one._probing
        assert not one.silent
        one._patience = GENEROUS
        assert await ask(one) == TRUE
        asked = server.asked("quiet.example TXT")
        assert await ask(one, "quiet.example", "TXT") == Failed("timeout")
        assert server.asked("quiet.example TXT") == asked, "not asked again and again by a burst"
    assert not caplog.records


async def test_where_nobody_listens_nobody_waits() -> None:
    one = Resolver([f"127.0.0.1:{free_port()}"], patience=GENEROUS)
    assert await ask(one) == Failed("unreachable")
    assert isinstance(await ask(one, "other.example"), Failed)
    await one.close()


async def test_who_waits_when_the_dns_turns_out_to_be_silent_waits_no_longer(server: DnsServer) -> None:
    """Nobody listens at the first server; the second is silent, and would be waited for, were it not for the probe."""
    server.faults["*"] = "silent"
    one = Resolver([f"127.0.0.1:{free_port()}", server.nameserver], patience=GENEROUS, probe_patience=BRIEF)
    assert await ask(one) == Failed("no name server answers")
    await one.close()


async def test_closing_ends_what_runs(server: DnsServer) -> None:
    server.faults["*"] = "held"
    async with resolver(server) as one:
        waiting = asyncio.create_task(ask(one))
        await server.wait_for_questions(1)
    assert isinstance(await waiting, Failed)
    assert isinstance(await ask(one), Failed)
    assert len(server.questions) == 1


# ---- Where the name servers come from ----------------------------------------------------------------------------------


async def test_the_name_servers_of_the_host(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(
        "# of the provider\nsearch acme.example\nnameserver 192.0.2.53\n nameserver 192.0.2.54\nnameserver ::1\n"
    )
    assert [each.host for each in Resolver(resolv_conf=file)._servers] == ["192.0.2.53", "::1"]
    file.write_text("search acme.example\n")
    assert [each.host for each in Resolver(resolv_conf=file)._servers] == ["127.0.0.1"]


async def test_without_any_every_answer_failed(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = Resolver(resolv_conf=tmp_path / "gone")
    for _ in range(3):
        assert isinstance(await ask(one), Failed)
    assert [each.levelname for each in caplog.records] == ["WARNING"]
    await one.close()


@pytest.mark.parametrize(
    ("written", "meant"),
    [("127.0.0.1", ("127.0.0.1", 53)), ("127.0.0.1:5353", ("127.0.0.1", 5353)), ("::1", ("::1", 53)),
     ("[::1]", ("::1", 53)), ("[2001:db8::1]:5353", ("2001:db8::1", 5353))],
)  # fmt: skip
def test_name_servers_as_they_are_configured(written: str, meant: tuple[str, int]) -> None:
    (only,) = Resolver([written])._servers
    assert (only.host, only.port) == meant


def test_under_uvloop(server: DnsServer) -> None:
    uvloop = pytest.importorskip("uvloop")
    server.faults |= {"acme.example MX": "truncated", "mx.acme.example A": "forged-id forged-source"}

    async def story() -> None:
        async with resolver(server) as one:
            assert await ask(one) == TRUE
            assert await ask(one, "acme.example", "MX") == Records(((10, "mx.acme.example"),))
            assert await ask(one, "broken.example", "TXT") == Failed("servfail")
        nobody = Resolver([f"127.0.0.1:{free_port()}"], patience=GENEROUS)
        assert await ask(nobody) == Failed("unreachable")
        await nobody.close()

    uvloop.run(story())
