"""Who asks for no more automatic replies, and what is no such wish. A wish moves no mail."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from milter.core import acknowledgement, opt_out, pipeline
from milter.core.decision import Decision, OptOut
from milter.core.facts import Missing, People
from milter.core.owner import Trust
from milter.core.policy import Policy
from milter.core.reply_job import ClaimKey, PersonKey, PersonRecord, ReplyIntent, ReplyKind
from tests.core import studio
from tests.core.scenario import outcome
from tests.core.studio import letter

LAURA = PersonKey("ana", "laura@acme.example")
PROVEN = studio.with_replies(trust=Trust.AUTHENTICATED)


def decided(
    header: str = "", policy: Policy = studio.POLICY, people: People | Missing | None = None, **mail
) -> Decision:
    transaction = letter(header, **mail)
    facts = studio.facts(transaction, policy, people={} if people is None else people)
    return pipeline.decide(transaction, transaction.recipients[0], facts, policy)


def intent() -> ReplyIntent:
    reply = decided().reply
    assert reply
    return reply


OURS = f"In-Reply-To: {intent().message_id}"


def wishes(header: str, body: bytes, policy: Policy = studio.POLICY, **mail) -> dict[str, bool]:
    found = decided(header, policy, body=body, **mail)
    return {one.person: one.on for one in found.actions if isinstance(one, OptOut)}


def plain(text: str) -> tuple[str, bytes]:
    return "", text.replace("\n", "\r\n").encode()


def page(html: str) -> tuple[str, bytes]:
    return "\nContent-Type: text/html; charset=utf-8", html.encode()


def both(text: str, html: str) -> tuple[str, bytes]:
    parts = (
        f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n"
    )
    return '\nContent-Type: multipart/alternative; boundary="b"', parts.encode()


QUOTED = "\n\nEl mar, 17 nov 2026, Ana escribió:\n> Tu mensaje ha llegado bien.\n"
HEARD = {
    "alone": plain("SIN AVISOS\n"),
    "in lower case, with a period": plain("sin avisos.\n"),
    "with spaces around and within": plain("   Sin   avisos . \n"),
    "with a no-break space": plain("SIN\u00a0AVISOS\n"),
    "above the quoted text": plain("SIN AVISOS" + QUOTED),
    "above a greeting": plain("SIN AVISOS\nGracias, Laura\n"),
    "behind empty lines": plain("\n \n\u200b\nSIN AVISOS\n"),
    "without a line end": plain("SIN AVISOS"),
    "in quoted-printable": (
        "\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable",
        b"SIN=20AV=\r\nISOS\r\n",
    ),
    "in base64": ("\nContent-Transfer-Encoding: base64", b64encode(b"SIN AVISOS\r\n> x\r\n") + b"\r\n"),
    "in UTF-16": ("\nContent-Type: text/plain; charset=utf-16", "SIN AVISOS\r\n".encode("utf-16")),
    "in HTML alone": page("<html><head><title>Re: x</title></head><body><p class=x>SIN <b>AVISOS</b></p><p>Laura</p>"),
    "in HTML with entities": page("<div>SIN&nbsp;AVISOS</div><br><blockquote>Tu mensaje</blockquote>"),
    "in HTML without any mark-up": page("SIN AVISOS"),
    "in the plain alternative": both("SIN AVISOS", "<p>otra cosa</p>"),
    "in the HTML when the plain text is empty": both("", "<div>SIN AVISOS</div>"),
}


@pytest.mark.parametrize("mail", HEARD.values(), ids=HEARD)
def test_the_first_line_is_heard(mail: tuple[str, bytes]) -> None:
    assert wishes(OURS + mail[0], mail[1]) == {"laura@acme.example": True}


ORDINARY = {
    "more on the line": plain("SIN AVISOS por favor\n"),
    "within a sentence": plain("Prefiero ir SIN AVISOS\n"),
    "in the second line": plain("Hola, Ana:\nSIN AVISOS\n"),
    "in the quoted text": plain("> SIN AVISOS\n"),
    "below the quotation": plain("El mar, Ana escribió:\n> SIN AVISOS\n\nSIN AVISOS\n"),
    "in a quotation of HTML": page("<blockquote>SIN AVISOS</blockquote>"),
    "in a comment of HTML": page("<!-- SIN AVISOS --><p>Hola</p>"),
    "in the head of HTML": page("<title>SIN AVISOS</title><style>SIN AVISOS</style><p>Hola</p>"),
    "in an attachment": (
        "\nContent-Type: multipart/mixed; boundary=b",
        b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nSIN AVISOS\r\n--b--\r\n",
    ),
    "in a forwarded message": (
        "\nContent-Type: multipart/mixed; boundary=b",
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nSIN AVISOS\r\n--b--\r\n",
    ),
    "two periods": plain("SIN AVISOS..\n"),
    "a question": plain("SIN AVISOS?\n"),
    "nothing at all": plain(""),
    "broken base64": ("\nContent-Transfer-Encoding: base64", b"A\r\n"),
    **{word: plain(word) for word in ("BAJA", "ALTA", "STOP", "UNSUBSCRIBE", "START", "AVISOS", "NO", "SINAVISOS")},
}


@pytest.mark.parametrize("mail", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_words_are_no_wish(mail: tuple[str, bytes]) -> None:
    assert wishes(OURS + mail[0], mail[1]) == {}


@pytest.mark.parametrize(("language", "words"), opt_out.KEYWORDS.items())
def test_every_language_counts_whoever_writes_it(language: str, words: tuple[str, str]) -> None:
    for word, out in zip(words, (True, False), strict=True):
        assert wishes(OURS, word.lower().encode()) == {"laura@acme.example": out}


def test_no_word_means_both() -> None:
    stop, start = zip(*opt_out.KEYWORDS.values(), strict=True)
    assert not set(stop) & set(start)


NOT_TO_US = {
    "no reply at all": "",
    "a reply to a person's mail": "In-Reply-To: <1@estudio.example>",
    "a Message-ID that only looks like ours": f"In-Reply-To: <{'0' * 20}.{'0' * 12}@mx.estudio.example>",
    "ours further up the thread": f"References: {intent().message_id} <1@estudio.example>\nIn-Reply-To: <1@estudio.example>",
    "ours in another field": f"X-In-Reply-To: {intent().message_id}\nSubject: {intent().message_id}",
    "the word in the subject": "Subject: SIN AVISOS",
}


@pytest.mark.parametrize("header", NOT_TO_US.values(), ids=NOT_TO_US)
def test_only_in_reply_to_one_of_ours(header: str) -> None:
    assert wishes(header, b"SIN AVISOS\r\n") == {}


@pytest.mark.parametrize("header", [f"References: <1@acme.example> {intent().message_id}", OURS])
def test_either_field_will_do(header: str) -> None:
    assert wishes(header, b"SIN AVISOS\r\n") == {"laura@acme.example": True}


NOBODY = {
    "an automatic reply": "Auto-Submitted: auto-replied",
    "spam": "X-Spam-Flag: YES",
    "the owner": "From: ana@estudio.example",
    "forged": "Authentication-Results: mx.estudio.example; dmarc=fail\nReceived: by x",
}


@pytest.mark.parametrize("header", NOBODY.values(), ids=NOBODY)
def test_nobody_speaks_for_a_person(header: str) -> None:
    assert wishes(f"{OURS}\n{header}", b"SIN AVISOS\r\n") == {}


def stamped(results: str) -> str:
    return f"{OURS}\nAuthentication-Results: mx.estudio.example; {results}\nReceived: by mx.estudio.example; x"


SPF, DKIM = "spf=pass smtp.mailfrom=", "dkim=pass header.d="
PROOFS = [
    ("", "laura@acme.example", "laura@acme.example", {}),
    ("dkim=fail header.d=acme.example", "laura@acme.example", "laura@acme.example", {}),
    (SPF + "evil.example", "laura@acme.example", "laura@acme.example", {}),
    (SPF + "acme.example", "laura@acme.example", "laura@acme.example", {"laura@acme.example": True}),
    (DKIM + "acme.example", "Laura+x@ACME.example", "laura@acme.example", {"laura@acme.example": True}),
    (SPF + "acme.example", "prvs=12=laura@acme.example", "laura@acme.example", {"laura@acme.example": True}),
    # Somebody else's envelope proves nothing about the author, and what SRS wraps is the forwarder's word.
    (SPF + "evil.example", "x@evil.example", "laura@acme.example", {"x@evil.example": True}),
    (
        SPF + "evil.example",
        "SRS0=a=b=acme.example=laura@evil.example",
        "x@evil.example",
        {"srs0=a=b=acme.example=laura@evil.example": True, "x@evil.example": True},
    ),
    # A proven author speaks for himself too, through whatever envelope.
    (
        f"{SPF}crm.example; {DKIM}acme.example",
        "a1@crm.example",
        "laura@acme.example",
        {"a1@crm.example": True, "laura@acme.example": True},
    ),
]


@pytest.mark.parametrize(("results", "mail_from", "author", "expected"), PROOFS)
def test_who_must_be_proven(results: str, mail_from: str, author: str, expected: dict[str, bool]) -> None:
    header = stamped(results) + f"\nFrom: {author}"
    assert wishes(header, b"SIN AVISOS\r\n", PROVEN, mail_from=mail_from) == expected


def test_the_mail_goes_where_it_would_and_is_not_answered() -> None:
    said, unsaid = decided(OURS, body=b"SIN AVISOS\r\n"), decided(OURS, body=b"Hola\r\n")
    assert (said.folder, said.keywords, said.disposition) == (unsaid.folder, unsaid.keywords, unsaid.disposition)
    assert said.folder == "Clientes/ACME Veterinaria"
    assert outcome(said) == outcome(unsaid) == "reply-withheld-answers-ours"
    assert said.reasons[-1].code == "reply-stopped-opt-out"
    assert decided(OURS, body=b"CON AVISOS\r\n").reasons[-1].code == "reply-resumed-opt-in"


def test_mail_to_a_personal_address_is_never_read() -> None:
    assert wishes(OURS, b"SIN AVISOS\r\n", rcpt_to="ana@casa.example", mail_from="x@y.example") == {}


def test_what_is_settled_names_every_reply_that_may_be_waiting() -> None:
    (one,) = opt_out.opted(decided(OURS, body=b"SIN AVISOS\r\n"))
    assert (one.key, one.out) == (LAURA, True)
    assert intent().claims[0].key in one.records
    assert set(one.records) == {
        ClaimKey("ana", name, LAURA.person, kind) for name in ("studio", "home") for kind in ReplyKind
    }


OPTED_OUT = {LAURA: PersonRecord(opted_out=True)}


def test_who_opted_out_gets_nothing_and_everybody_else_does() -> None:
    assert outcome(decided(people=OPTED_OUT)) == "reply-withheld-opted-out"
    assert outcome(decided(people=OPTED_OUT, rcpt_to="ana@casa.example")) == "reply-withheld-opted-out"
    assert outcome(decided(people=OPTED_OUT, mail_from="a1@crm.example", header="From: laura@acme.example")) == (
        "reply-withheld-opted-out"
    )
    assert outcome(decided(people=OPTED_OUT, mail_from="pedro@acme.example")) == "closed"
    assert outcome(decided(people={PersonKey("bea", LAURA.person): PersonRecord(opted_out=True)})) == "closed"
    assert outcome(decided(people={LAURA: PersonRecord()})) == "closed"


def test_without_the_store_the_reply_is_claimed_or_not_by_settle() -> None:
    assert outcome(decided(people=Missing("store away"))) == "closed"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=studio.MADRID)


# The mail comes on Tuesday at 10:15; the office was open on Monday from 16:00 to 23:30.
WROTE = [
    ("2026-11-16 15:59", "closed"),
    ("2026-11-16 16:00", "reply-withheld-owner-wrote"),
    ("2026-11-16 23:45", "reply-withheld-owner-wrote"),
    ("2026-11-17 10:14", "reply-withheld-owner-wrote"),
]


@pytest.mark.parametrize(("wrote", "expected"), WROTE)
def test_whom_the_owner_wrote_to_since_the_last_opening_gets_nothing(wrote: str, expected: str) -> None:
    people = {LAURA: PersonRecord(wrote=at(wrote))}
    assert outcome(decided(people=people)) == expected
    assert outcome(decided(people=people, rcpt_to="ana@casa.example")) == "wrong-address"


LATER = studio.CLOSED + timedelta(minutes=8)
DUE = [
    ("nothing is known", PersonRecord(), None),
    ("opted out", PersonRecord(opted_out=True), "reply-withheld-opted-out"),
    ("the owner has answered meanwhile", PersonRecord(wrote=LATER), "reply-withheld-owner-wrote"),
    ("the owner wrote on Monday evening", PersonRecord(wrote=at("2026-11-16 20:00")), "reply-withheld-owner-wrote"),
    ("the owner wrote on Monday morning", PersonRecord(wrote=at("2026-11-16 10:00")), None),
]


@pytest.mark.parametrize(("person", "expected"), [row[1:] for row in DUE], ids=[row[0] for row in DUE])
def test_when_due_it_is_asked_again(person: PersonRecord, expected: str | None) -> None:
    found = acknowledgement.still_due(intent(), LATER, studio.POLICY, person)
    assert (found.code if found else None) == expected


def test_a_wrong_address_reply_is_taken_back_by_an_answer_alone() -> None:
    pointer = decided(rcpt_to="ana@casa.example").reply
    assert pointer
    before, after = PersonRecord(wrote=at("2026-11-16 20:00")), PersonRecord(wrote=LATER)
    assert acknowledgement.still_due(pointer, LATER, studio.POLICY, before) is None
    found = acknowledgement.still_due(pointer, LATER, studio.POLICY, after)
    assert found and found.code == "reply-withheld-owner-wrote"


def test_a_day_closed_while_it_waits_is_what_the_reply_says() -> None:
    schedule = studio.STUDIO.schedule
    assert schedule
    off = replace(studio.STUDIO, schedule=replace(schedule, days_off=(studio.CLOSED.date(),)))
    away = replace(studio.STUDIO, schedule=replace(schedule, vacations=((studio.CLOSED.date(), date(2026, 11, 20)),)))
    waiting = intent()
    for identity, opens, template in ((off, "2026-11-18 16:00", "holiday"), (away, "2026-11-23 16:00", "vacation")):
        policy = studio.with_owner(identities=(identity, studio.HOME))
        found = acknowledgement.up_to_date(waiting, LATER, policy)
        assert found.opens == at(opens).astimezone(UTC)
        assert replace(found, opens=waiting.opens, template="closed") == waiting
        assert found.template == template
    assert acknowledgement.up_to_date(waiting, LATER, studio.POLICY) == waiting
