"""SPF: the table of RFC 7208 asked of a real DNS server, and records that were written to do harm."""

import asyncio
import socket
import tomllib
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from milter.lookup.dns import Answer, Budget, Kind, NoRecords, Records, Resolver
from milter.lookup.spf import SpfResult, check_spf
from milter.lookup.spf_query import Query, Unknown
from tests.doubles.dns_server import DnsServer

CASES = tomllib.loads((Path(__file__).parent.parent / "cases" / "spf.toml").read_text("utf-8"))["case"]
GENEROUS = 60  # seconds: the machine may be busy, and the server is good


@pytest.fixture(scope="module")
def dns_server() -> Iterator[DnsServer]:
    with DnsServer() as server:
        yield server


async def checked(server: DnsServer, case: dict[str, Any]) -> SpfResult:
    server.records = case["records"]
    server.questions.clear()
    resolver = Resolver([server.nameserver], patience=GENEROUS)
    try:
        return await check_spf(
            resolver,
            Budget.start(GENEROUS),
            case.get("address", "192.0.2.1"),
            case.get("helo", "mx.acme.example"),
            case.get("mail_from", "bob@acme.example"),
        )
    finally:
        await resolver.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
async def test_the_table(dns_server: DnsServer, case: dict[str, Any]) -> None:
    found = await checked(dns_server, case)
    assert found == SpfResult(case["result"], case.get("domain", "acme.example"), case.get("scope", "mailfrom"))
    if "questions" in case:
        assert len(dns_server.questions) == case["questions"], dns_server.questions


async def test_time_outs_do_not_add_up(dns_server: DnsServer) -> None:
    """Five silent names in a row: when the budget is gone, the rest is not even asked for."""
    dns_server.records = {"acme.example TXT": "v=spf1 a:b.example a:c.example a:d.example a:e.example -all"}
    dns_server.faults = {f"{one}.example A": "silent" for one in "bcde"}
    resolver = Resolver([dns_server.nameserver], patience=GENEROUS)
    await resolver.lookup("acme.example", "TXT", Budget.start(GENEROUS))
    found = await check_spf(resolver, Budget.start(0.1), "192.0.2.1", "x.example", "bob@acme.example")
    dns_server.faults = {}
    await resolver.close()
    assert found.result == "temperror"
    assert [dns_server.asked(f"{one}.example A") for one in "cde"] == [0, 0, 0]


async def test_the_hosts_of_an_mx_are_asked_for_together(dns_server: DnsServer) -> None:
    hosts = {f"h{one}.acme.example A": "203.0.113.1" for one in range(10)}
    dns_server.records = {
        "acme.example TXT": "v=spf1 mx -all",
        "acme.example MX": [f"{one} h{one}.acme.example" for one in range(10)],
        **hosts,
    }
    dns_server.faults = dict.fromkeys(hosts, "held")
    dns_server.questions.clear()
    resolver = Resolver([dns_server.nameserver], patience=GENEROUS)

    check = asyncio.create_task(
        check_spf(resolver, Budget.start(GENEROUS), "192.0.2.1", "x.example", "bob@acme.example")
    )
    await dns_server.wait_for_questions(12)
    dns_server.release()
    assert (await check).result == "fail"
    dns_server.faults = {}
    await resolver.close()


ANSWERS: dict[tuple[str, Kind], Answer] = {
    ("acme.example", "TXT"): Records(
        (b"v=spf1 a mx ptr exists:%{p}.x.example include:b.example exp=e.example redirect=r.example",)
    ),
    ("acme.example", "A"): Records((ip_address("203.0.113.1"),)),
    ("acme.example", "MX"): Records(((10, "mx.acme.example"),)),
    ("mx.acme.example", "A"): Records((ip_address("203.0.113.2"),)),
    ("1.2.0.192.in-addr.arpa", "PTR"): Records(("h.esp.example",)),
    ("h.esp.example", "A"): Records((ip_address("192.0.2.1"),)),
    ("h.esp.example.x.example", "A"): NoRecords(),
    ("b.example", "TXT"): Records((b"v=spf1 -all",)),
    ("r.example", "TXT"): Records((b"v=spf1 ip4:192.0.2.1 -all",)),
}


def test_pyspf_asks_nobody_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """With every socket broken it still evaluates, and says one by one what it has to know."""

    def broken(*_: object, **__: object) -> None:
        raise AssertionError("a socket")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, broken)
    known: dict[tuple[str, Kind], Answer] = {}

    def tell(name: str, kind: Kind) -> Answer | None:
        return known.get((name, kind))

    passes, result = 0, ""
    while not result:
        passes += 1
        try:
            result = Query(ip_address("192.0.2.1"), ("bob", "acme.example"), "x.example", tell).check()[0]
        except Unknown as missing:
            assert missing.wanted
            known |= {one: ANSWERS[one] for one in missing.wanted}
    assert result == "pass"
    assert known.keys() == ANSWERS.keys()
    assert passes <= len(ANSWERS) + 1


SPOILT = {
    "a macro in every label": b"v=spf1 exists:" + b"%{l1r-}." * 1900 + b"%{d} -all",
    "dots and lonely percent signs": b"v=spf1 a:" + b"%." * 8000,
    "escaped percent signs": b"v=spf1 x=" + b"%%." * 5300 + b" -all",
    "a top label that nearly is one": b"v=spf1 a:a." + b"a" * 16_000 + b"! -all",
    "a prefix of 16,000 digits": b"v=spf1 a/1" + b"1" * 16_000,
    "nothing but slashes": b"v=spf1 a" + b"/" * 16_000,
    "nothing but colons": b"v=spf1 ip6:" + b":" * 16_000,
    "nothing but qualifiers": b"v=spf1 " + b"?" * 16_000,
    "eight thousand mechanisms": b"v=spf1" + b" a" * 8000,
    "thousands of modifiers": b"v=spf1 " + b" ".join(b"m%d=" % one for one in range(2000)),
    "a count of 16,000 digits": b"v=spf1 exists:%{d" + b"1" * 16_000 + b"}.x.example",
    "junk bytes": b"v=spf1 " + bytes(range(256)) * 60,
    "control characters": b"v=spf1 a:\0\1\2.example exists:\x7f.example -all",
    "a label of 450 bytes": b"v=spf1 include:" + b"a" * 450 + b".example -all",
}


@pytest.mark.parametrize("name", SPOILT)
async def test_a_spoilt_record_is_a_result(dns_server: DnsServer, name: str) -> None:
    """Each of these ends soon: pyspf's own ways with some of them are quadratic, and took seconds."""
    found = await checked(dns_server, {"records": {"acme.example TXT": SPOILT[name]}, "mail_from": "a-b@acme.example"})
    assert found.result in ("permerror", "fail", "neutral")
    assert dns_server.asked("acme.example TXT") >= 1


@pytest.mark.parametrize(
    ("networks", "result"), [(100, "pass"), (130, "permerror")], ids=["long records", "records without end"]
)
async def test_what_a_pass_reads_is_bounded(dns_server: DnsServer, networks: int, result: str) -> None:
    """Ten includes, one inside the other: 1000 terms are read, however they are spread."""
    long = "ip4:198.51.100.1 " * (networks - 12)
    records = {f"i{one}.example TXT": f"v=spf1 {long} include:i{one + 1}.example -all" for one in range(9)}
    records |= {"i9.example TXT": "v=spf1 ip4:192.0.2.1 -all", "acme.example TXT": "v=spf1 include:i0.example -all"}
    assert (await checked(dns_server, {"records": records})).result == result
