"""The harness itself: Postfix hands to Dovecot's LMTP without Recado between them, and the mail is read over IMAP."""

import smtplib

import pytest

from tests.real.dovecot import Dovecot
from tests.real.postfix import Postfix
from tests.real.processes import short_directory

pytestmark = [pytest.mark.real("postfix", "dovecot"), pytest.mark.xdist_group("real")]


def test_postfix_to_dovecot_and_back_over_imap() -> None:
    with short_directory("rp") as one, short_directory("rd") as other:
        dovecot = Dovecot(other)
        dovecot.start()
        postfix = Postfix(
            one, transport=f"lmtp:unix:{dovecot.lmtp_socket}", aliases={"team@estudio.example": "ana@estudio.example"}
        )
        try:
            postfix.start()
            with smtplib.SMTP("127.0.0.1", postfix.smtp_port, timeout=60) as client:
                client.sendmail("laura@acme.example", ["team@estudio.example"], b"Subject: Web\r\n\r\nHola\r\n")
            (mail,) = dovecot.wait_for_mail("ana@estudio.example")
            assert b"Hola" in mail.raw
            postfix.wait_for_empty_queue()
            assert [(to, status) for to, _, status in postfix.deliveries()] == [("ana@estudio.example", "sent")]
        finally:
            postfix.stop()
            dovecot.stop()
