"""The true client, through a real Postfix: it is told by XCLIENT who connects, and tells Recado by XFORWARD; and who logs in."""

import re
import smtplib
from collections.abc import Iterator

import pytest

from tests.doubles.dns_server import DnsServer
from tests.lookup import world
from tests.real.chain import ANA, HOME, Chain, chain
from tests.real.dovecot import PASSWORD
from tests.real.processes import wait_until

pytestmark = [pytest.mark.real("postfix", "dovecot"), pytest.mark.xdist_group("real")]

FOLDER = "Clientes/ACME Veterinaria"
RELAY, ELSEWHERE = world.BACKUP, "198.51.100.9"


@pytest.fixture(scope="module", params=["lmtp", "after-queue", "before-queue"])
def office(request: pytest.FixtureRequest) -> Iterator[Chain]:
    with DnsServer(world.records()) as dns:
        verifying = {
            "trust": "authenticated",
            "authentication": f'nameservers = ["{dns.nameserver}"]\ntrusted_relays = ["{RELAY}"]',
        }
        # Whom XCLIENT makes a stranger would stay a local source otherwise: Postfix asks that when he connects.
        strangers = {
            "main": "smtpd_authorized_xclient_hosts = 127.0.0.0/8\nlocal_header_rewrite_clients =\nsmtpd_sasl_auth_enable = yes"
        }
        with chain(request.param, postfix=strangers, recado=verifying) as running:
            yield running


def send(office: Chain, content: bytes, address: str, mail_from: str, user: str = "") -> None:
    """As if the client had that address; "" as the host itself. `user` logs in."""
    with smtplib.SMTP("127.0.0.1", office.postfix.smtp_port, timeout=60) as client:
        client.ehlo("host.example")
        if address:
            code, said = client.docmd("XCLIENT", f"ADDR={address} NAME=[UNAVAILABLE]")
            assert code == 220, said
        client.ehlo("host.example")
        if user:
            client.login(user, PASSWORD)
        client.sendmail(mail_from, [ANA], content)


def arrived(office: Chain, subject: str, folder: str = "INBOX") -> bytes:
    (found,) = [
        one.raw for one in office.dovecot.mails(ANA, folder) if f"\r\nSubject: {subject}\r\n".encode() in one.raw
    ]
    return found


def stamp(message: bytes) -> str:
    """Our own Authentication-Results on one line."""
    (found,) = re.findall(rb"^Authentication-Results: ([^\r]*(?:\r\n[ \t][^\r]*)*)", message, re.M)
    return re.sub(r"\s+", " ", found.decode())


@pytest.mark.parametrize(
    ("name", "address", "how", "says", "answered"),
    [
        ("from its own host", world.ACME, {}, ["spf=pass", "dmarc=pass"], True),
        ("from a forger's host", world.EVIL, {}, ["spf=fail", "dmarc=fail"], False),
        ("signed and forwarded", ELSEWHERE, {"signed": "acme"}, ["spf=fail", "dkim=pass", "dmarc=pass"], True),
        ("from mynetworks", "", {}, ["; none"], False),
        (
            "over the backup", RELAY,
            {"above": world.received(world.ACME, "backup.example", id="R1")}, ["spf=pass", "dmarc=pass"], True,
        ),
        (
            "forged, over the backup", RELAY,
            {"above": world.received(world.EVIL, "backup.example", id="R1")}, ["spf=fail", "dmarc=fail"], False,
        ),
    ],
)  # fmt: skip
def test_spf_is_asked_about_the_true_client(
    office: Chain, name: str, address: str, how: dict[str, str], says: list[str], answered: bool
) -> None:
    author = f"{re.sub('[^a-z]+', '.', name)}@acme.example"
    send(office, world.letter(author, subject=name, **how), address, author)
    office.postfix.wait_for_empty_queue()
    found = arrived(office, name, FOLDER)
    missing = [word for word in says if word not in stamp(found)]
    assert not missing, stamp(found)
    assert (b"reply-due-client" in found, b"reply-due" in found) == (answered, answered)
    if answered:
        wait_until(lambda: (author,) in [one.rcpt_to for one in office.outside.replies()], f"an answer to {author}")


@pytest.mark.parametrize(
    ("name", "author", "user", "folder", "sender_class", "says"),
    [
        ("herself, on the way", HOME, HOME, "INBOX", "self", "; none"),
        ("a client with a mailbox here", "laura@acme.example", HOME, FOLDER, "client", "; none"),
        ("the same without it", "laura@acme.example", "", FOLDER, "client", "spf=fail"),
        ("somebody with a mailbox here", "eva@flores.example", HOME, "INBOX", "prospect", "; none"),
        ("somebody without", "eva@flores.example", "", "INBOX", "prospect", "spf=softfail"),
    ],
)
def test_who_logged_in_is_no_forger(
    office: Chain, name: str, author: str, user: str, folder: str, sender_class: str, says: str
) -> None:
    """SPF is about servers, not about users of ours: none is asked, so none fails (design.md section 8)."""
    send(office, world.letter(author, subject=name), ELSEWHERE, author, user)
    office.postfix.wait_for_empty_queue()
    found = arrived(office, name, folder)
    assert f"Recado-Class: {sender_class}\r\n".encode() in found
    assert says in stamp(found)
    assert (b"ESMTPA" in found, b"reply-withheld-forged" in found) == (user != "", says == "spf=fail")
    assert author not in [to for one in office.outside.sent() for to in one.rcpt_to]
