"""client -> Postfix -> recado's LMTP door -> Dovecot's LMTP -> the mailbox over IMAP, and the reply back out."""

import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Iterator

import pytest

from tests.real.chain import ANA, FULL, HOME, LAURA, Chain, chain, mail

pytestmark = [pytest.mark.real("postfix", "dovecot"), pytest.mark.xdist_group("real")]

COUSIN = "primo@familia.example"
STRANGER = "nuevo@desconocido.example"
ALIASES = {
    "equipo@estudio.example": ANA,  # an address of no owner
    HOME: ANA,  # the personal address ends in the business mailbox
}


@pytest.fixture(scope="module", params=["/", "."], ids=["slash", "dot"])
def office(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """One mail server for the tests of this file that only look at their own mail."""
    with chain(dovecot={"separator": request.param, "quota": {FULL: 1_000_000}}) as running:
        yield running


def the_mail(office: Chain, message: bytes, user: str, folder: str) -> tuple[frozenset[str], bytes]:
    """Flags and bytes of the delivered copy of `message`; it must be there once."""
    found = [one for one in office.dovecot.mails(user, folder) if message_id(one.raw) == message_id(message)]
    assert len(found) == 1, f"{len(found)} copies in {user} {folder}"
    return found[0].flags, found[0].raw


def message_id(raw: bytes) -> bytes:
    match = re.search(rb"^Message-ID: *(<[^>]*>)", raw, re.M)
    assert match, raw[:400]
    return match[1]


def field(raw: bytes, name: str) -> str | None:
    match = re.search(rf"^{name}: *([^\r]*(?:\r\n[ \t][^\r]*)*)".encode(), raw.partition(b"\r\n\r\n")[0], re.M)
    return match[1].decode() if match else None


def test_a_client_at_night_is_filed_and_acknowledged_once(office: Chain) -> None:
    first, second = mail(LAURA, ANA), mail(LAURA, ANA, subject="Otra cosa")
    office.send(LAURA, ANA, first)
    (reply,) = office.outside.wait_for_replies(1)
    office.send(LAURA, ANA, second)
    office.postfix.wait_for_empty_queue()

    folder = f"Clientes{office.dovecot.separator}ACME Veterinaria"
    for message in (first, second):
        flags, raw = the_mail(office, message, ANA, folder)
        assert "$Client" in flags
        assert field(raw, "Recado-Class") == "client"
        assert raw.endswith(message.partition(b"\r\n\r\n")[2])
    assert (reply.mail_from, reply.rcpt_to) == ("", (LAURA,))
    assert reply.message["Auto-Submitted"] == "auto-replied"
    assert reply.message["In-Reply-To"] == message_id(first).decode()
    assert [one.rcpt_to for one in office.outside.replies()].count((LAURA,)) == 1


def test_a_cousin_at_home_passes_byte_for_byte(office: Chain) -> None:
    message = mail(COUSIN, HOME, fields="Recado-Folder: Clientes/Pirata\r\nRecado-Keywords: $Client\r\n")
    office.send(COUSIN, HOME, message)
    office.postfix.wait_for_empty_queue()
    flags, raw = the_mail(office, message, HOME, "INBOX")
    assert flags == frozenset()
    assert b"Recado" not in raw
    assert raw.endswith(mail_without_recado(message))


def mail_without_recado(message: bytes) -> bytes:
    return re.sub(rb"^Recado-[^\r]*\r\n", b"", message, flags=re.M)


def test_forged_fields_of_a_stranger_file_nothing(office: Chain) -> None:
    message = mail(STRANGER, ANA, fields="Recado-Folder: Clientes/Pirata\r\nRecado-Keywords: $Urgent\r\n")
    office.send(STRANGER, ANA, message)
    office.postfix.wait_for_empty_queue()
    flags, raw = the_mail(office, message, ANA, "INBOX")
    assert flags == {"$Prospect"}
    assert raw.count(b"Recado-Keywords:") == 1


def test_a_client_at_the_personal_address_is_moved_to_the_business_mailbox(office: Chain) -> None:
    chef = "chef@bistro.example"
    message = mail(chef, HOME)
    office.send(chef, HOME, message)
    office.postfix.wait_for_empty_queue()
    the_mail(office, message, ANA, f"Clientes{office.dovecot.separator}Bistro")
    assert message_id(message) not in b"".join(one.raw for one in office.dovecot.mails(HOME))


def test_each_recipient_gets_its_own_outcome(office: Chain) -> None:
    """Good, over quota and unknown in one mail: one delivery, one bounce for each of the other two."""
    unknown = "nadie@estudio.example"
    message = mail(STRANGER, ANA, subject="A tres", body="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 20_000)
    office.send(STRANGER, [ANA, FULL, unknown], message)
    office.postfix.wait_for_empty_queue()
    the_mail(office, message, ANA, "INBOX")
    assert office.dovecot.mails(FULL) == []
    bounces = [str(one.message) for one in office.outside.bounces() if message_id(message).decode() in str(one.message)]
    report = "".join(bounces)
    failed = dict(re.findall(r"Final-Recipient: rfc822; *(\S+)[\s\S]*?Status: *(\S+)", report))
    assert failed == {FULL: "5.2.2", unknown: "5.1.1"}


def test_50_megabytes_arrive_intact(office: Chain) -> None:
    body = b64encode(os.urandom(36_000_000))
    lines = b"\r\n".join(body[at : at + 76] for at in range(0, len(body), 76))
    fields = b"Content-Disposition: attachment; filename=planos.zip\r\n"
    head, _, _ = mail(LAURA, ANA, subject="Planos").partition(b"\r\n\r\n")
    message = (
        head.replace(b"Content-Transfer-Encoding: 8bit", fields + b"Content-Transfer-Encoding: base64")
        + b"\r\n\r\n"
        + lines
    )
    assert len(message) > 49_000_000
    office.send(LAURA, ANA, message)
    office.postfix.wait_for_empty_queue()
    _, raw = the_mail(office, message, ANA, f"Clientes{office.dovecot.separator}ACME Veterinaria")
    delivered = raw.partition(b"\r\n\r\n")[2].rstrip(b"\r\n")
    assert hashlib.sha256(delivered).hexdigest() == hashlib.sha256(lines).hexdigest()


NO_ORCPT = pytest.mark.xfail(
    strict=True, reason="Dovecot offers no DSN, so the mirrored door offers none: no ORCPT comes"
)


@pytest.mark.parametrize("door", [pytest.param("lmtp", marks=NO_ORCPT), "after-queue"])
def test_the_address_that_was_written_to_decides_whose_mail_it_is(door: str) -> None:
    """After expansion RCPT is the mailbox; the ORCPT that Postfix adds says that it was written to the personal address."""
    with chain(door, postfix={"aliases": ALIASES}) as office:
        personal, business = mail(COUSIN, HOME), mail(COUSIN, ANA)
        office.send(COUSIN, HOME, personal)
        office.send(COUSIN, ANA, business)
        office.postfix.wait_for_empty_queue()
        flags, raw = the_mail(office, business, HOME, "INBOX")
        assert (flags, field(raw, "Recado-Identity")) == ({"$WrongAddress"}, "studio")
        flags, raw = the_mail(office, personal, ANA, "INBOX")
        assert (flags, b"Recado-" in raw) == (frozenset(), False)


def test_an_alias_of_no_owner_is_the_mailbox_it_stands_for() -> None:
    with chain(postfix={"aliases": ALIASES}) as office:
        message = mail(STRANGER, "equipo@estudio.example")
        office.send(STRANGER, "equipo@estudio.example", message)
        office.postfix.wait_for_empty_queue()
        flags, raw = the_mail(office, message, ANA, "INBOX")
        assert (flags, field(raw, "Recado-Identity")) == ({"$Prospect"}, "studio")


def test_filing_by_detail() -> None:
    with chain(dovecot={"snippet": "90-recado-detail.conf"}, recado={"filing": "detail"}) as office:
        message, spaced = mail("chef@bistro.example", ANA), mail(LAURA, ANA)
        office.send("chef@bistro.example", ANA, message)
        office.send(LAURA, ANA, spaced)
        office.postfix.wait_for_empty_queue()
        the_mail(office, message, ANA, "Clientes/Bistro")
        the_mail(office, spaced, ANA, "Clientes/ACME Veterinaria")
        assert office.dovecot.mails(ANA) == []


@pytest.mark.parametrize("case", ["detail", "mailbox"])
def test_a_refused_change_is_offered_as_it_was_received(case: str) -> None:
    """Dovecot knows no details, or not the business mailbox: nothing bounces, the mail lies where it was addressed."""
    if case == "detail":
        no_details = {"snippet": "90-recado-detail.conf", "recipient_delimiter": ""}
        settings = {"dovecot": no_details, "recado": {"filing": "detail"}}
        chef_writes_to = ANA
    else:
        settings = {"dovecot": {"users": (HOME,)}}
        chef_writes_to = HOME
    with chain(**settings) as office:
        message = mail("chef@bistro.example", chef_writes_to)
        office.send("chef@bistro.example", chef_writes_to, message)
        office.postfix.wait_for_empty_queue()
        the_mail(office, message, chef_writes_to, "INBOX")
        assert [status for *_, status in office.postfix.deliveries() if status != "sent"] == []
        assert office.outside.bounces() == []
