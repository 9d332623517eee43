"""The double is a real DNS server: dnspython's own client understands it."""

import dns.exception
import dns.message
import dns.query
import dns.rcode
import pytest

from tests.doubles.dns_server import DnsServer

RECORDS = {
    "acme.example TXT": ["v=spf1 mx -all", b"junk \xff", (b"in two ", b"strings")],
    "acme.example MX": "10 mx.acme.example",
    "MX.acme.example. a": ["192.0.2.1", "192.0.2.2"],
    "www.acme.example CNAME": "acme.example",
    "long.example TXT": "x" * 600,
    "broken.example TXT": "!servfail",
    "quiet.example TXT": "!silent",
}


def ask(server: DnsServer, name: str, kind: str, timeout: float = 20) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    answer, _ = dns.query.udp_with_fallback(
        query, server.host, timeout, server.port, ignore_errors=True, ignore_unexpected=True
    )
    return answer


def said(answer: dns.message.Message) -> list[str]:
    return [line for one in answer.answer for line in sorted(one.to_text().split("\n"))]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_it_answers_from_its_table(host: str) -> None:
    with DnsServer(dict(RECORDS), host=host) as server:
        assert said(ask(server, "acme.example", "MX")) == ["acme.example. 300 IN MX 10 mx.acme.example."]
        assert len(said(ask(server, "mx.acme.example", "A"))) == 2
        assert said(ask(server, "WWW.acme.example", "TXT"))[0] == "WWW.acme.example. 300 IN CNAME acme.example."
        assert said(ask(server, "acme.example", "TXT")) == [
            'acme.example. 300 IN TXT "in two " "strings"',
            'acme.example. 300 IN TXT "junk \\255"',
            'acme.example. 300 IN TXT "v=spf1 mx -all"',
        ]
        assert server.asked("Acme.example txt") == 1
        assert [len(one) for one in ask(server, "long.example", "TXT").answer[0][0].strings] == [255, 255, 90]
        assert [one.protocol for one in server.questions[-2:]] == ["udp", "tcp"], "600 bytes do not fit without EDNS"


def test_it_fails_as_told() -> None:
    with DnsServer(dict(RECORDS)) as server:
        assert ask(server, "gone.acme.example", "A").rcode() == dns.rcode.NXDOMAIN
        empty = ask(server, "acme.example", "AAAA")
        assert (empty.rcode(), said(empty), len(empty.authority)) == (dns.rcode.NOERROR, [], 1)
        assert ask(server, "broken.example", "TXT").rcode() == dns.rcode.SERVFAIL
        with pytest.raises(dns.exception.Timeout):
            ask(server, "quiet.example", "TXT", timeout=0.05)
        server.faults["acme.example MX"] = "truncated"
        assert said(ask(server, "acme.example", "MX"))
        assert server.questions[-1].protocol == "tcp"
        server.faults["acme.example MX"] = "forged-id forged-source forged-question junk"
        assert said(ask(server, "acme.example", "MX")) == ["acme.example. 300 IN MX 10 mx.acme.example."]
