"""The SMTP door on a real Postfix: after the queue with re-injection, and before it while the client waits."""

import re

import pytest

from tests.real.chain import ANA, HOME, LAURA, chain, mail

pytestmark = [pytest.mark.real("postfix", "dovecot"), pytest.mark.xdist_group("real")]

COUSIN = "primo@familia.example"
ALIASES = {"equipo@estudio.example": f"{ANA}, {HOME}"}


def ids(raw: bytes) -> list[bytes]:
    return re.findall(rb"^Message-ID: *(<[^>]*>)", raw, re.M)


@pytest.mark.parametrize("door", ["after-queue", "before-queue"])
def test_filed_acknowledged_and_delivered_once(door: str) -> None:
    with chain(door) as office:
        client, cousin = mail(LAURA, ANA), mail(COUSIN, HOME)
        office.send(LAURA, ANA, client)
        office.send(COUSIN, HOME, cousin)
        (reply,) = office.outside.wait_for_replies(1)
        office.postfix.wait_for_empty_queue()

        (filed,) = office.dovecot.mails(ANA, "Clientes/ACME Veterinaria")
        assert "$Client" in filed.flags
        assert ids(filed.raw) == ids(client)
        (personal,) = office.dovecot.mails(HOME)
        assert b"Recado-" not in personal.raw
        assert personal.raw.endswith(cousin)
        assert (reply.mail_from, reply.rcpt_to) == ("", (LAURA,))
        assert office.dovecot.mails(ANA) == []
        assert len(office.outside.sent()) == 1, "a reply, and no bounce"


@pytest.mark.parametrize("door", ["after-queue", "before-queue"])
def test_an_alias_is_expanded_once_and_each_mailbox_gets_one_copy(door: str) -> None:
    with chain(door, postfix={"aliases": ALIASES}) as office:
        message = mail("nuevo@desconocido.example", "equipo@estudio.example")
        office.send("nuevo@desconocido.example", "equipo@estudio.example", message)
        office.postfix.wait_for_empty_queue()
        for user in (ANA, HOME):
            (found,) = office.dovecot.mails(user)
            assert ids(found.raw) == ids(message)
        assert office.outside.bounces() == []


def test_two_owners_mailboxes_in_one_mail_are_two_transactions() -> None:
    """recado_destination_recipient_limit: over SMTP one answer stands for all recipients, so each comes alone."""
    with chain("after-queue") as office:
        message = mail(LAURA, f"{ANA}, {HOME}")
        office.send(LAURA, [ANA, HOME, "nadie@fuera.example"], message)
        office.postfix.wait_for_empty_queue()
        (filed,) = office.dovecot.mails(ANA, "Clientes/ACME Veterinaria")
        (personal,) = office.dovecot.mails(HOME)
        assert ids(filed.raw) == ids(personal.raw) == ids(message)
        assert b"Recado-" not in personal.raw
        assert ("nadie@fuera.example",) in [one.rcpt_to for one in office.outside.sent()]


def test_while_recado_is_away_mail_waits_in_the_queue() -> None:
    with chain("after-queue") as office:
        office.recado.stop()
        message = mail(LAURA, ANA)
        office.send(LAURA, ANA, message)
        office.postfix.wait_for_deferral()
        assert office.dovecot.mails(ANA, "Clientes/ACME Veterinaria") == []
        office.recado.start()
        office.postfix.wait_for_empty_queue()
        (filed,) = office.dovecot.mails(ANA, "Clientes/ACME Veterinaria")
        assert ids(filed.raw) == ids(message)


@pytest.mark.parametrize("door", ["lmtp", "after-queue"])
def test_a_copy_of_the_reply_lies_read_in_the_clients_folder(door: str) -> None:
    with chain(door, recado={"copies": True}) as office:
        office.send(LAURA, ANA, mail(LAURA, ANA))
        (reply,) = office.outside.wait_for_replies(1)
        copies = [
            one
            for one in office.dovecot.wait_for_mail(ANA, "Clientes/ACME Veterinaria", 2)
            if ids(one.raw) == [str(reply.message["Message-ID"]).encode()]
        ]
        assert [one.flags for one in copies] == [{"\\Seen"}]
        assert len(office.outside.replies()) == 1, "the copy is answered by nobody"
