"""What lands in the owner's own mailbox behind the doors: copies, rehearsals and notices; and bounces, which land nowhere."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from tests.real.chain import ANA, LAURA, Chain, chain, mail
from tests.real.dovecot import Mail
from tests.real.processes import Process, listening, wait_until
from tests.real.recado import OWNER

pytestmark = [pytest.mark.real("postfix", "dovecot"), pytest.mark.xdist_group("real")]

BOUNCES = "recado-bounce@estudio.example"
SHADOW = OWNER.replace('mode  = "live"', 'mode  = "shadow"')
FOLDER = "Clientes/ACME Veterinaria"
DOORS = ["lmtp", "after-queue"]


def parsed(one: Mail) -> EmailMessage:
    found = message_from_bytes(one.raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def message_id(raw: bytes) -> str:
    return str(message_from_bytes(raw, policy=policy.default)["Message-ID"])


def body(one: EmailMessage) -> str:
    return one.as_bytes().partition(b"\n\n")[2].replace(b"\r\n", b"\n").decode().rstrip("\n")


@pytest.mark.parametrize("door", DOORS)
def test_the_copy_is_what_was_sent_and_in_the_clients_thread(door: str) -> None:
    with chain(door, recado={"copies": True}) as office:
        message = mail(LAURA, ANA)
        office.send(LAURA, ANA, message)
        (reply,) = office.outside.wait_for_replies(1)
        first, copy = sorted(office.dovecot.wait_for_mail(ANA, FOLDER, 2), key=lambda one: "\\Seen" in one.flags)
        assert (first.flags >= {"$Client"}, copy.flags) == (True, {"\\Seen"})
        assert parsed(copy)["Message-ID"] == reply.message["Message-ID"]
        assert body(parsed(copy)) == body(reply.message)
        assert parsed(copy)["In-Reply-To"] == message_id(first.raw) == message_id(message)
        assert office.dovecot.mails(ANA) == []


def test_the_copy_of_an_answer_to_a_stranger_is_in_the_inbox_and_read() -> None:
    with chain(recado={"copies": True}) as office:
        office.send("marta@flores.example", ANA, mail("marta@flores.example", ANA))
        found = office.dovecot.wait_for_mail(ANA, "INBOX", 2)
        assert sorted(map(sorted, (one.flags for one in found))) == [["$Prospect"], ["\\Seen"]]


def test_copies_by_detail() -> None:
    detail = {"dovecot": {"snippet": "90-recado-detail.conf"}, "recado": {"filing": "detail", "copies": True}}
    with chain(**detail) as office:
        office.send("chef@bistro.example", ANA, mail("chef@bistro.example", ANA))
        assert len(office.dovecot.wait_for_mail(ANA, "Clientes/Bistro", 2)) == 2
        assert office.dovecot.mails(ANA) == []


@pytest.mark.parametrize("door", DOORS)
def test_a_rehearsal_arrives_in_its_folder_and_nothing_outside(door: str) -> None:
    with chain(door, recado={"owner": SHADOW}) as office:
        message = mail(LAURA, ANA)
        office.send(LAURA, ANA, message)
        (shown,) = office.dovecot.wait_for_mail(ANA, "Recado/Ensayo")
        assert shown.flags == frozenset()
        made = parsed(shown)
        assert made["Subject"].startswith("[Ensayo] ")
        assert (made["In-Reply-To"], made["From"].addresses[0].display_name) == (message_id(message), "Recado")
        plain = made.get_body(("plain",))
        assert plain is not None
        assert plain.get_content().startswith(f"Ensayo: esto habría salido para {LAURA} el ")
        office.postfix.wait_for_empty_queue()
        assert office.outside.sent() == []
        assert "Recado/Ensayo" in office.dovecot.folders(ANA, subscribed=True)


def test_a_rehearsal_where_dots_part_folders() -> None:
    with chain(dovecot={"separator": "."}, recado={"owner": SHADOW}) as office:
        office.send(LAURA, ANA, mail(LAURA, ANA))
        assert len(office.dovecot.wait_for_mail(ANA, "Recado.Ensayo")) == 1


@pytest.mark.parametrize("door", DOORS)
def test_a_bounce_is_noted_and_delivered_nowhere(door: str) -> None:
    with chain(door, recado={"bounce_address": BOUNCES}) as office:
        office.send(LAURA, ANA, mail(LAURA, ANA))
        (reply,) = office.outside.wait_for_replies(1)
        assert re.fullmatch(r"recado-bounce\+[a-z2-7]{40}@estudio\.example", reply.mail_from)
        office.send("", reply.mail_from, report(reply.mail_from))
        noted(office, 1)
        office.postfix.wait_for_empty_queue()
        assert [status for *_, status in office.postfix.deliveries() if status != "sent"] == []
        assert "reply-bounced" in office.recado.logged() and "status=5.1.1" in office.recado.logged()
        assert [len(office.dovecot.mails(ANA, name)) for name in ("INBOX", FOLDER)] == [0, 1]
        assert len(office.outside.sent()) == 1


def test_what_our_own_postfix_bounces_comes_back_too() -> None:
    with chain(recado={"bounce_address": BOUNCES}) as office:
        outside = office.outside
        outside.process.stop()
        refusing = ["/usr/sbin/smtp-sink", "-u", "postfix", "-f", "RCPT", f"127.0.0.1:{outside.port}", "100"]
        outside.process = Process(refusing, outside.directory / "refusing.log")
        outside.process.wait_for(lambda: listening(outside.port), "the refusing smtp-sink")
        office.send(LAURA, ANA, mail(LAURA, ANA))
        noted(office, 1)
        assert re.search(r"bounce noted.* reason=reply-bounced status=5\.", office.recado.logged())


def noted(office: Chain, times: int) -> None:
    wait_until(lambda: office.recado.logged().count('"bounce noted"') >= times, "the bounce in recado's log")


def report(to: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@acme.example\r\nTo: {to}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Date: Sat, 21 Nov 2026 23:50:00 +0100\r\nMessage-ID: <b1@acme.example>\r\nAuto-Submitted: auto-replied\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\n\r\nNo such user.\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; acme.example\r\n\r\nFinal-Recipient: rfc822; {LAURA}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "\r\n--x--\r\n"
    ).encode()
