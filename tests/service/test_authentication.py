"""`recado serve` with a DNS of its own: each way to be fooled with its honest twin, by what arrives and who is answered."""

import asyncio
import re
import signal
import smtplib
from base64 import b64encode
from dataclasses import dataclass

from milter.core.message import parse
from tests.daemon.house import House, house
from tests.doubles.dns_server import DnsServer
from tests.lookup import world
from tests.lookup.world import ACME, EVIL, STRANGER, letter

REJECTED = "198.51.100.9"  # a host that nobody's SPF lists
# What the sender gets: the client's text, the stranger's, or none.
CLIENT, STRANGERS, NONE = "reply-due-client", "reply-due-prospect", ""


@dataclass(frozen=True)
class Mail:
    """`results`: what our Authentication-Results has to say. `answer`: which text goes to `mail_from`."""

    name: str
    mail_from: str
    content: bytes
    peer: str
    answer: str
    results: tuple[str, ...] = ()


def mail(
    name: str,
    author: str,
    answer: str,
    *results: str,
    mail_from: str = "",
    peer: str = ACME,
    footer: str = "",
    **how: str,
) -> Mail:
    """`author` a local part at acme.example, or a whole From. `footer`: put below what was signed."""
    author = author if "@" in author else f"{author}@acme.example"
    content = letter(author, subject=name, **how) + footer.encode()
    return Mail(name, mail_from or author, content, peer, answer, results)


EVILS = {"peer": EVIL}
OURS = b"Received: by mx.estudio.example; x\r\n"
FOOTER = "-- \r\nSent to you by a list\r\n"
FORGED_RESULTS = (
    "AUTHENTICATION-results:\r\n (c) MX.Estudio.Example (x (y)) 1;\r\n"
    " dkim=pass header.d=bistro.example; spf=pass smtp.mailfrom=bistro.example"
)
TABLE = (
    mail("replayed", "a1", STRANGERS, "dkim=pass", "spf=pass", signed="acme", mail_from="x1@evil.example", **EVILS),
    mail("not replayed", "a2", CLIENT, "dkim=pass", "dmarc=pass", signed="acme"),
    mail("signed by another", "b1", NONE, "dkim=pass", "dmarc=fail", signed="evil", mail_from="x2@evil.example", **EVILS),
    mail("forwarded with its signature", "b2", CLIENT, "spf=fail", "dmarc=pass", signed="acme", peer=REJECTED),
    mail("of a subdomain", "c1@mail.acme.example", NONE, "dmarc=fail", **EVILS),
    mail("of a subdomain, signed", "c2@mail.acme.example", STRANGERS, "dmarc=pass", signed="acme", peer=REJECTED),
    mail("of two authors", "d1", NONE, "spf=pass", "dmarc=permerror", fields="From: x@evil.example"),
    mail("of one author", "d2", CLIENT, "spf=pass", "dmarc=pass"),
    mail("results of his own", "chef@bistro.example", NONE, "spf=fail", "dmarc=fail", above=FORGED_RESULTS, **EVILS),
    mail("results of ours", "chef@bistro.example", CLIENT, "spf=pass", "dmarc=pass", peer=STRANGER),
    mail("through a bad list", "e1", NONE, "spf=pass", "dkim=fail", "dmarc=fail", signed="acme", footer=FOOTER,
         mail_from="list@flores.example", peer=STRANGER),
    mail("of a stranger", "marta@flores.example", STRANGERS, "spf=pass", "dmarc=none", peer=STRANGER),
    mail("of a stranger who is not", "marta2@flores.example", NONE, "spf=softfail", "dmarc=none", **EVILS),
    mail("from nowhere", "f1", NONE, peer=""),
    mail("from nowhere, signed", "f2", CLIENT, "spf=none", "dkim=pass", "dmarc=pass", signed="acme", peer=""),
)  # fmt: skip


def carry(ana: House, one: Mail, to: str = "ana@estudio.example", top: bytes = OURS) -> None:
    """As Postfix hands it over, XFORWARD and all."""
    told = (
        f"ADDR={one.peer or '[UNAVAILABLE]'} HELO=host.example PROTO=ESMTP SOURCE=REMOTE IDENT=Q{abs(hash(one.name))}"
    )
    session = smtplib.LMTP("127.0.0.1", ana.port(), timeout=60)
    try:
        session.ehlo_or_helo_if_needed()
        assert session.docmd("XFORWARD", told)[0] == 250
        assert session.mail(one.mail_from)[0] == session.rcpt(to)[0] == 250
        code, text = session.data(top + one.content)
        assert code == 250, text
    finally:
        session.close()


def arrived(ana: House, name: str) -> tuple[str, str]:
    """(reasons, our Authentication-Results) of the mail with that subject; there is one of either field."""
    (found,) = (one for one in map(parse, (each.data for each in ana.sink.delivered)) if name in one.all("subject"))
    ours = [one for one in found.all("authentication-results") if re.match(r"mx\.estudio\.example;", one, re.I)]
    assert (len(ours), len(found.all("recado-reason"))) == (1, 1)
    return found.all("recado-reason")[0], ours[0]


def answer(reasons: str) -> str:
    """Which text was queued."""
    if "reply-due" not in reasons:
        return NONE
    return STRANGERS if "reply-stranger-text" in reasons or STRANGERS in reasons else CLIENT


async def answered(ana: House, *whom: str) -> None:
    """Waits for the answers, and sees that there were no others."""
    await ana.replies.until(lambda: len(ana.replies.delivered) >= len(whom))
    assert sorted(ana.answered) == sorted(whom)


def verifying(dns: DnsServer, **more: str) -> dict[str, str]:
    return {"trust": "authenticated", "authentication": f'nameservers = ["{dns.nameserver}"]'} | more


async def test_ways_to_be_fooled_and_their_honest_twins() -> None:
    with DnsServer(world.records()) as dns:
        async with house(**verifying(dns)) as ana:
            await ana.start()
            for one in TABLE:
                await asyncio.to_thread(carry, ana, one)
            found = {one.name: arrived(ana, one.name) for one in TABLE}
            assert {name: answer(reasons) for name, (reasons, _) in found.items()} == {
                one.name: one.answer for one in TABLE
            }, found
            for one in TABLE:
                missing = [word for word in one.results if word not in found[one.name][1]]
                assert not missing, (one.name, found[one.name][1])
            assert found["from nowhere"][1] == "mx.estudio.example; none"
            await answered(ana, *(one.mail_from for one in TABLE if one.answer))


async def test_a_dead_dns_delays_no_mail_for_long_and_proves_nothing() -> None:
    with DnsServer(world.records(), {"*": "silent"}) as dns:
        async with house(**verifying(dns)) as ana:
            await ana.start()
            first = mail("in the dark", "a1", NONE, signed="acme")
            await asyncio.to_thread(carry, ana, first)
            reasons, said = arrived(ana, first.name)
            assert "reply-withheld-unauthenticated" in reasons
            assert all(f"{one}=temperror" in said for one in ("spf", "dmarc", "dkim"))
            dns.faults.clear()
            await ana.logged("dns answers again")
            after = mail("in the light", "a2", CLIENT, signed="acme")
            await asyncio.to_thread(carry, ana, after)
            assert "dkim=pass" in arrived(ana, after.name)[1]
            await answered(ana, after.mail_from)


async def test_five_names_that_never_answer_cost_one_budget() -> None:
    """The signatures' keys are all silent; the mail arrives, and nobody's other mail is in doubt."""
    content = letter("a1@acme.example", subject="five times")
    signatures = b"".join(world.sign(content, "acme", s=f"k{number}") for number in range(5))
    faults = {f"k{number}._domainkey.acme.example TXT": "silent" for number in range(5)}
    with DnsServer(world.records(), faults) as dns:
        async with house(**verifying(dns)) as ana:
            await ana.start()
            slow = Mail("five times", "a1@acme.example", signatures + content, REJECTED, NONE)
            quick = mail("meanwhile", "a2", CLIENT)
            await asyncio.gather(asyncio.to_thread(carry, ana, slow), asyncio.to_thread(carry, ana, quick))
            assert arrived(ana, "five times")[1].count("dkim=temperror") == 5
            assert "dmarc=temperror" in arrived(ana, "five times")[1]
            assert "dmarc=pass" in arrived(ana, "meanwhile")[1]
            await answered(ana, quick.mail_from)


async def test_a_large_signed_body_is_verified_beside_other_mail() -> None:
    lines = b64encode(bytes(range(256)) * 16_000)
    body = "\r\n".join(lines[at : at + 76].decode() for at in range(0, len(lines), 76))
    with DnsServer(world.records()) as dns:
        async with house(**verifying(dns)) as ana:
            await ana.start()
            large = mail("large", "a1", CLIENT, signed="acme", body=body, peer=REJECTED)
            small = mail("small", "a2", CLIENT)
            await asyncio.gather(asyncio.to_thread(carry, ana, large), asyncio.to_thread(carry, ana, small))
            assert "dkim=pass" in arrived(ana, "large")[1]
            await answered(ana, large.mail_from, small.mail_from)


async def test_other_name_servers_take_effect_with_a_reload() -> None:
    with DnsServer({}) as empty, DnsServer(world.records()) as dns:
        async with house(**verifying(empty)) as ana:
            await ana.start()
            await asyncio.to_thread(carry, ana, mail("before", "a1", NONE))
            assert "spf=none" in arrived(ana, "before")[1]
            text = ana.recado.file.read_text()
            ana.recado.file.write_text(text.replace(empty.nameserver, dns.nameserver))
            ana.signal(signal.SIGHUP)
            await ana.logged("event=reloaded")
            # The line says that the workers were given the settings; they take them when they come to it.
            after = [mail(f"after {number}", f"b{number}", CLIENT) for number in range(20)]
            for one in after:
                await asyncio.to_thread(carry, ana, one)
            assert "spf=pass" in [arrived(ana, one.name)[1].split()[1] for one in after]


async def test_whoever_is_believed_is_not_asked_again() -> None:
    stamp = "Authentication-Results: mx.estudio.example; dkim=pass header.d=acme.example header.b=abcdefgh"
    with DnsServer(world.records()) as dns:
        trusting = f'nameservers = ["{dns.nameserver}"]\ntrusted_authserv_ids = ["mx.estudio.example"]'
        async with house(**verifying(dns, authentication=trusting)) as ana:
            await ana.start()
            one = mail("stamped", "a1", CLIENT, peer=EVIL, signed="acme")
            stamped = Mail(one.name, one.mail_from, stamp.encode() + b"\r\n" + one.content, one.peer, CLIENT)
            await asyncio.to_thread(carry, ana, stamped)
            assert arrived(ana, "stamped")[1] == stamp.partition(": ")[2]
            await answered(ana, one.mail_from)
        assert dns.questions == []


async def test_a_forged_client_moves_nothing_out_of_the_personal_mailbox() -> None:
    with DnsServer(world.records()) as dns:
        async with house(**verifying(dns)) as ana:
            await ana.start()
            to = {"to": "ana@casa.example"}
            forged = mail("forged", "a1", NONE, peer=EVIL, **to)
            proven = mail("proven", "a2", CLIENT, **to)
            for one in (forged, proven):
                await asyncio.to_thread(carry, ana, one, "ana@casa.example", b"")
            where = {one.rcpts[0][0]: one.data for one in ana.sink.delivered}
            assert where["ana@casa.example"] == forged.content
            assert b"mail-moved-wrong-address" in where["ana@estudio.example"]
            await answered(ana, proven.mail_from)


async def test_personal_mail_asks_nobody_and_arrives_byte_for_byte() -> None:
    content = letter("primo@familia.example", "ana@casa.example", signed="acme")
    with DnsServer(world.records()) as dns:
        async with house(**verifying(dns)) as ana:
            await ana.start()
            one = Mail("home", "primo@familia.example", content, EVIL, NONE)
            await asyncio.to_thread(carry, ana, one, "ana@casa.example", b"")
            assert ana.sink.delivered[0].data == content
        assert dns.questions == []
