"""What a stored message teaches, and what is left of a record when a lesson is taken back."""

from datetime import UTC, datetime, timedelta

import pytest

from milter.core import learning
from milter.core.envelope import Direction, Peer, Transaction
from milter.core.evidence import Kind
from milter.core.learning import Learned, Lesson, Nothing
from milter.core.message import Message, parse
from milter.core.reputation import HALF_LIFE, Record, at, learned, seconds
from milter.core.sender import NameKind
from tests.core.studio import ANA, POLICY

NOW = datetime(2026, 11, 20, 22, 45, tzinfo=UTC)
RESULTS = "Authentication-Results: mx.estudio.example; {}\r\nReceived: from x by mx.estudio.example; Fri, 20 Nov 2026 22:44 Z\r\n"
STUDIO, HOME = "ana@estudio.example", "ana@casa.example"


def message(fields: str = "", **others: str) -> Message:
    usual = {"From": "marta@flores.example", "To": STUDIO, "Message-ID": "<1@flores.example>"}
    usual |= {name.replace("_", "-"): value for name, value in others.items()}
    return parse((fields + "".join(f"{name}: {value}\r\n" for name, value in usual.items() if value) + "\r\n").encode())


def moved(
    one: Message, lesson: Lesson = Lesson.JUNK, to: str = STUDIO, *, marked: bool = True, client: str = "192.0.2.7"
) -> Learned | Nothing:
    transaction = Transaction(
        "1", "learn", Direction.INBOUND, Peer(address=client), "marta@flores.example", (), (), one, NOW
    )
    addressed = POLICY.addressed(to)
    assert addressed
    return learning.moved(transaction, lesson, addressed, marked, POLICY)


def people(found: Learned | Nothing) -> list[tuple[str, str, str]]:
    assert isinstance(found, Learned), found
    return [(one.kind.value, one.name, one.network) for one in found.people]


PROVEN, CLAIMED = ("a", "marta@flores.example", ""), ("u", "marta@flores.example", "192.0.2.0/24")


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("dkim=pass header.d=flores.example", PROVEN),
        ("spf=pass smtp.mailfrom=marta@flores.example", PROVEN),
        ("dkim=pass header.d=other.example", CLAIMED),
        ("dkim=fail header.d=flores.example", CLAIMED),
        ("dmarc=fail header.from=flores.example", CLAIMED),
        ("none", CLAIMED),
    ],
)
def test_who_is_proven(results: str, expected: tuple[str, str, str]) -> None:
    assert people(moved(message(RESULTS.format(results)))) == [expected]


def test_without_a_client_s_address() -> None:
    assert people(moved(message(), client="")) == [("u", "marta@flores.example", "unknown")]


@pytest.mark.parametrize(("to", "marked", "taught"), [(STUDIO, False, True), (HOME, False, False), (HOME, True, True)])
def test_personal_mail_teaches_nothing(to: str, marked: bool, taught: bool) -> None:
    """What Recado has marked is a business identity's, also where it was moved to the other mailbox."""
    assert isinstance(moved(message(), to=to, marked=marked), Learned) is taught


def test_a_message_has_one_name_for_each_owner_and_another_has_another() -> None:
    others = (moved(message(Message_ID="<2@flores.example>")), sent())
    found = [moved(message(), lesson) for lesson in (Lesson.JUNK, Lesson.HAM)]
    names = [one.message for one in (*found, *others) if isinstance(one, Learned)]
    assert (len(names), names[0] == names[1], len(set(names))) == (4, True, 3)


def sent(**fields: str) -> Learned | Nothing:
    return learning.sent(message(**({"From": STUDIO, "To": "marta@flores.example"} | fields)), ANA, POLICY, NOW)


def test_everybody_written_to_once() -> None:
    found = sent(To="Marta <Marta+web@Flores.example>, laura@acme.example", Cc="LAURA@acme.example", Bcc="x@y.example")
    assert [one[1] for one in people(found)] == ["marta@flores.example", "laura@acme.example", "x@y.example"]
    assert isinstance(found, Learned)
    assert [one.person for one in found.wrote] == ["marta@flores.example", "laura@acme.example", "x@y.example"]
    assert {one.kind for one in found.people} == {NameKind.ADDRESS}


@pytest.mark.parametrize(
    ("fields", "taught"),
    [
        ({}, True),
        ({"Auto_Submitted": "no"}, True),
        ({"Auto_Submitted": "auto-replied"}, False),
        ({"Content_Type": "multipart/report; report-type=disposition-notification"}, False),
        ({"Content_Type": "multipart/mixed; boundary=x"}, True),
        ({"From": HOME}, False),
        ({"From": f"{STUDIO}, x@y.example"}, False),
        ({"From": "laura@acme.example"}, False),
        ({"To": "hola@estudio.example, ana@casa.example"}, False),
        ({"To": "undisclosed-recipients:;"}, False),
        ({"Date": "Fri, 20 Nov 2026 12:00:00 +0100"}, True),
        ({"Date": "Wed, 18 Nov 2026 12:00:00 +0100"}, False),
        ({"Date": "next week"}, True),
        ({"Date": "Fri, 20 Nov 2099 12:00:00 +0100"}, True),
    ],
)
def test_what_the_owner_himself_wrote(fields: dict[str, str], taught: bool) -> None:
    found = sent(**fields)
    assert isinstance(found, Learned) is taught, found
    if isinstance(found, Learned):
        assert found.at <= NOW


@pytest.mark.parametrize("lesson", [Lesson.JUNK, Lesson.HAM])
@pytest.mark.parametrize("days", [0, 3, 60])
def test_taken_back_nothing_is_left(lesson: Lesson, days: int) -> None:
    then, now = NOW, NOW + timedelta(days=days)
    before = Record(seconds(NOW - HALF_LIFE), 3.0, 1.0, 0.0, 9, 7)
    weight = {Lesson.JUNK: (0.0, 1.0), Lesson.HAM: (2.0, 0.0)}[lesson]
    after = learning.taken_back(learned(before, *weight, then), lesson, then, now)
    expected = at(before, now)
    assert (after.good, after.bad) == pytest.approx((expected.good, expected.bad))
    assert (after.count, after.flags, after.last) == (9, 7, seconds(now))


def test_never_less_than_nothing() -> None:
    left = learning.taken_back(Record(seconds(NOW)), Lesson.JUNK, NOW, NOW)
    assert (left.good, left.bad, left.burst, left.count) == (0.0, 0.0, 0.0, 0)


def test_each_lesson_is_evidence_of_its_kind() -> None:
    assert [one.kind for one in Lesson] == [Kind.JUNK, Kind.NOT_JUNK, Kind.WROTE]
