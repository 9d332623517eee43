"""An invitation from a client's calendar, through real servers, and the answer as her calendar reads it (RFC 5546, RFC 6047)."""

import re
from datetime import UTC, datetime, time, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from icalendar import Calendar

from tests.core.letters_with_events import calendar, inside
from tests.real.chain import ANA, LAURA, Chain, chain, mail
from tests.real.outside import Sent
from tests.real.recado import OWNER

pytestmark = [pytest.mark.real("postfix", "dovecot"), pytest.mark.xdist_group("real")]

FOLDER = "Clientes/ACME Veterinaria"
DAY = datetime.now(UTC).date() + timedelta(days=3)  # calls are taken on it from five to seven
HALF_AN_HOUR = timedelta(minutes=30)
MORNING, EVENING = (datetime.combine(DAY, time(hour, 15), UTC) for hour in (9, 17))


def owner(choice: str) -> str:
    """Always at the desk, so that nothing but the invitations can be the cause of a reply."""
    calls = f'hours = "24/7"\ncall_hours = "{DAY:%a}'[:-1] + f' 17:00-19:00"\ninvitations = "{choice}"'
    return re.sub(r"^hours .*$", calls, OWNER, flags=re.M)


def invitation(begins: datetime, uid: str = "a-1@acme.example", sequence: int = 0, *more: str) -> bytes:
    event = calendar(
        *more,
        UID=uid,
        SEQUENCE=str(sequence),
        DTSTART=f"{begins:%Y%m%dT%H%M%SZ}",
        DTEND=f"{begins + HALF_AN_HOUR:%Y%m%dT%H%M%SZ}",
    )
    kind, body = inside(event, "¿Lo vemos?")
    head, _, _ = mail(LAURA, ANA, subject="Revisión de la web").partition(b"MIME-Version:")
    return head + f"MIME-Version: 1.0\r\n{kind}\r\n\r\n".encode() + body


def send(office: Chain, *message: bytes) -> None:
    """One after the other: each is decided before the next comes."""
    for one in message:
        office.send(LAURA, ANA, one)
        office.postfix.wait_for_empty_queue()


def calendar_of(one: Sent) -> tuple[EmailMessage, Any]:
    (part,) = [each for each in one.message.walk() if each.get_content_type() == "text/calendar"]
    return part, Calendar.from_ical(part.get_content())


@pytest.mark.parametrize("choice", ["decline", "counter"])
def test_an_invitation_is_answered_once_a_sequence(choice: str) -> None:
    with chain(recado={"owner": owner(choice)}) as office:
        first, again = invitation(MORNING), invitation(MORNING)
        send(office, first)
        (answer,) = office.outside.wait_for_replies(1)
        fits, next_one = invitation(EVENING, "b-1@acme.example"), invitation(MORNING, sequence=1)
        of_series = invitation(MORNING, "c-1@acme.example", 0, f"RECURRENCE-ID:{MORNING:%Y%m%dT%H%M%SZ}")
        send(office, again, fits, next_one, of_series)
        answers = office.outside.wait_for_replies(3)

        assert (answer.mail_from, answer.rcpt_to) == ("", (LAURA,))
        assert answer.message["Auto-Submitted"] == "auto-replied"
        assert answer.message["From"].addresses[0].addr_spec == ANA
        part, ics = calendar_of(answer)
        method = "COUNTER" if choice == "counter" else "REPLY"
        assert (part.get_param("method"), part.get_content_charset(), ics["METHOD"]) == (method, "utf-8", method)
        (event,) = ics.walk("VEVENT")
        assert (event["UID"], event["SEQUENCE"], event["ORGANIZER"]) == ("a-1@acme.example", 0, f"mailto:{LAURA}")
        assert (event["ATTENDEE"], "DTSTAMP" in event) == (f"mailto:{ANA}", True)
        assert event["ATTENDEE"].params["PARTSTAT"] == ("TENTATIVE" if choice == "counter" else "DECLINED")
        if choice == "counter":
            proposed = datetime.combine(DAY, time(17), UTC)
            assert (event["DTSTART"].dt, event["DTEND"].dt) == (proposed, proposed + HALF_AN_HOUR)

        events = [one.walk("VEVENT")[0] for _, one in map(calendar_of, answers)]
        assert sorted((one["UID"], one["SEQUENCE"]) for one in events) == [
            ("a-1@acme.example", 0),
            ("a-1@acme.example", 1),
            ("c-1@acme.example", 0),
        ]
        (instance,) = [one for one in events if "RECURRENCE-ID" in one]
        assert (instance["UID"], instance["RECURRENCE-ID"].dt) == ("c-1@acme.example", MORNING)
        assert [one.rcpt_to for one in office.outside.sent()] == [(LAURA,)] * 3  # not to the one that fits

        found = office.dovecot.wait_for_mail(ANA, FOLDER, 5)
        (untouched,) = [one for one in found if one.raw.endswith(fits.partition(b"\r\n\r\n")[2])]
        assert [one for one in found if "$Call" not in one.flags] == [untouched]


def test_without_the_choice_it_is_only_marked() -> None:
    with chain(recado={"owner": owner("tag")}) as office:
        send(office, invitation(MORNING))
        (found,) = office.dovecot.wait_for_mail(ANA, FOLDER, 1)
        assert "$Call" in found.flags
        assert office.outside.sent() == []
