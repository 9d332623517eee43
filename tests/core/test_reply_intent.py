"""What the reply will say of its parent, from whom it comes, when it may leave, and whether it is still due then."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from milter.core import acknowledgement, marks, pipeline
from milter.core.hours import Schedule
from milter.core.keys import Keys
from milter.core.owner import Mode
from milter.core.policy import Policy
from milter.core.reply_job import ReplyIntent
from tests.core import studio
from tests.core.scenario import outcome
from tests.core.studio import MADRID, letter


def intent(header: str = "", policy: Policy = studio.POLICY, **envelope: object) -> ReplyIntent:
    transaction = letter(header, **envelope)  # type: ignore[arg-type]
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction, policy), policy)
    assert decision.reply, outcome(decision)
    return decision.reply


@pytest.mark.parametrize(
    ("subject", "said"),
    [
        ("La tienda no carga", "La tienda no carga"),
        ("Re: RV: Fwd: La tienda", "La tienda"),
        ("RE[2]: AW: x", "x"),
        ("Recibo: x", "Recibo: x"),
        ("=?utf-8?q?Consulta_r=C3=A1pida?=", "Consulta rápida"),
        ("=?utf-8?b?YQ0KQmNjOiBldmlsQGV2aWwudGVzdA==?=", "a Bcc: evil@evil.test"),
        ("a\u202eb\u200bc\u2028d", "abc d"),
        ("=?nonsense?q?x=FF?= y", "xÿ y"),
        ("=?utf-8?q?unterminated", "=?utf-8?q?unterminated"),
        ("{{ 7*7 }}", "{{ 7*7 }}"),
        ("x" * 5000, "x" * 200),
        ("", ""),
    ],
)
def test_subject(subject: str, said: str) -> None:
    assert intent(f"Subject: {subject}").subject == said


def test_a_bomb_of_encoded_words_is_cut_before_decoding() -> None:
    words = "\r\n ".join(["=?utf-8?q?" + "b" * 50 + "?="] * 1500)
    assert set(intent(f"Subject: {words}".replace("\r\n", "")).subject) <= {"b"}


@pytest.mark.parametrize(
    ("header", "parent", "references"),
    [
        ("", "<a1@acme.example>", ("<a1@acme.example>",)),
        ("References: <r@x> <s@x>", "<a1@acme.example>", ("<r@x>", "<s@x>", "<a1@acme.example>")),
        ("In-Reply-To: <s@x>", "<a1@acme.example>", ("<s@x>", "<a1@acme.example>")),
        ("In-Reply-To: <s@x> <t@x>", "<a1@acme.example>", ("<a1@acme.example>",)),
        ("References: <r@x> junk <a1@acme.example> <no space@x>", "<a1@acme.example>", ("<r@x>", "<a1@acme.example>")),
        ("-Message-ID:\nReferences: <r@x>", "", ()),
        ("Message-ID: <" + "m" * 10000 + "@x>", "", ()),
        ("Message-ID: <a\x01b@x>", "", ()),
    ],
)
def test_parent_and_references(header: str, parent: str, references: tuple[str, ...]) -> None:
    got = intent(header)
    assert (got.parent_id, got.references) == (parent, references)


def test_long_references_keep_root_and_latest() -> None:
    got = intent("References: " + " ".join(f"<{number}@x>" for number in range(40)))
    assert got.references == ("<0@x>", *(f"<{number}@x>" for number in range(31, 40)), "<a1@acme.example>")


@pytest.mark.parametrize(
    ("envelope", "header", "sender"),
    [
        ({}, "", "ana@estudio.example"),
        ({"rcpt_to": "ana+presupuestos@estudio.example"}, "", "ana@estudio.example"),
        ({}, "To: Estudio <hola@estudio.example>", "hola@estudio.example"),
        ({"original": "HOLA@estudio.example"}, "", "hola@estudio.example"),
        ({"original": "nadie@otra.example"}, "", "ana@estudio.example"),
        ({"rcpt_to": "pedidos@tienda.example"}, "", "pedidos@tienda.example"),
        ({}, "To: Ana <ana@estudio.example>, ana@casa.example", "ana@estudio.example"),
    ],
)
def test_from_is_the_identity_address_written_to(envelope: dict[str, str], header: str, sender: str) -> None:
    assert intent(header, **envelope).from_address == sender


def test_reply_to_and_return_path_never_steer() -> None:
    got = intent("Reply-To: victim@evil.example\nReturn-Path: <forged@evil.example>\nSender: x@evil.example")
    assert got.correspondent == "laura@acme.example"


@pytest.mark.parametrize(
    ("sender", "needed"),
    [
        ("laura@acme.example", False),
        ("laura@ñandú.example", False),
        ("laura@straße.example", False),
        ("laura@ac\u200bme.example", True),
        ("diseño@acme.example", True),
        ("diseño@ñandú.example", True),
    ],
)
def test_smtputf8_only_when_needed(sender: str, needed: bool) -> None:
    assert intent(mail_from=sender).smtputf8 is needed


def test_our_message_id_is_known_without_a_look_up() -> None:
    first = intent()
    assert marks.is_ours(first.message_id, studio.KEYS) and first.message_id.endswith("@mx.estudio.example>")
    assert not marks.is_ours(first.message_id, Keys(b"another secret of thirty-two byte"[:32]))
    assert not marks.is_ours(first.message_id.replace("<", "<0"), studio.KEYS)
    assert first.message_id == intent().message_id != intent("Message-ID: <other@x>").message_id


@pytest.mark.parametrize(
    ("header", "answers"),
    [
        ("In-Reply-To: {id}", True),
        ("In-Reply-To: {bare}", True),
        ("References: r@x {bare}", True),
        ("References: {bare} her-answer@estudio.example", False),
        ("In-Reply-To: =?utf-8?q?{encoded}?=", True),
        ("References: <r@x> {id}", True),
        ("References: {id} <her-answer@estudio.example>\nIn-Reply-To: <her-answer@estudio.example>", False),
        ("In-Reply-To: <0123456789abcdef0123.0123456789ab@mx.estudio.example>", False),
        ("Subject: {id}", False),
    ],
)
def test_an_answer_to_our_reply_is_not_answered(header: str, answers: bool) -> None:
    ours = intent().message_id
    encoded = ours.replace("<", "=3C").replace("@", "=40").replace(">", "=3E")
    header = header.format(id=ours, bare=ours.strip("<>"), encoded=encoded)
    transaction = letter(header, mail_from="dir+a2@crm.example")
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)
    assert (outcome(decision) == "reply-withheld-answers-ours") is answers


def test_our_own_reply_coming_back_is_automatic() -> None:
    transaction = letter(f"Message-ID: {intent().message_id}", mail_from="x@other.example")
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction), studio.POLICY)
    assert outcome(decision) == "reply-withheld-ours"


def test_delay_is_in_the_range_stable_and_not_the_same_for_all() -> None:
    policy = studio.with_replies(delay=(timedelta(minutes=4), timedelta(minutes=12)))
    delays = [intent(f"Message-ID: <{number}@x>", policy).not_before - studio.CLOSED for number in range(20)]
    assert all(timedelta(minutes=4) <= one <= timedelta(minutes=12) for one in delays) and len(set(delays)) > 10
    assert intent("", policy).not_before == intent("", policy).not_before


def test_limits_of_sending() -> None:
    assert intent().not_after == datetime(2026, 11, 17, 16, 0, tzinfo=MADRID)
    assert intent(at=studio.WEEKEND).not_after == studio.WEEKEND + timedelta(hours=24)
    pointer = intent(rcpt_to="ana@casa.example", at=studio.OPEN)
    assert (pointer.not_after, pointer.opens) == (studio.OPEN + timedelta(hours=24), None)


def test_the_delay_across_a_clock_change_is_no_hour_longer() -> None:
    policy = studio.with_replies(delay=(timedelta(minutes=10), timedelta(minutes=10)))
    before_the_gap = datetime(2026, 3, 29, 0, 55, tzinfo=UTC)  # 01:55 in Madrid, five minutes before 03:00
    assert intent("", policy, at=before_the_gap).not_before == datetime(2026, 3, 29, 1, 5, tzinfo=UTC)


def test_withheld_when_the_office_opens_first() -> None:
    policy = studio.with_replies(delay=(timedelta(minutes=4), timedelta(minutes=4)))
    for at, said in (("15:57", "reply-withheld-opens-first"), ("15:55", "closed")):
        transaction = letter(at=datetime.fromisoformat(f"2026-11-17 {at}").replace(tzinfo=MADRID))
        decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction, policy), policy)
        assert outcome(decision) == said


AWAY = replace(
    studio.STUDIO, schedule=Schedule("Mo-Fr 16:00-23:30", "Europe/Madrid", vacations=((studio.CLOSED.date(),) * 2,))
)
TOMORROW = studio.CLOSED.date() + timedelta(days=1)
EVE = replace(studio.STUDIO, schedule=Schedule("Mo-Fr 08:00-10:00", "Europe/Madrid", vacations=((TOMORROW,) * 2,)))
LATER_ON = (TOMORROW + timedelta(days=1), TOMORROW + timedelta(days=2))
NOT_YET = replace(studio.STUDIO, schedule=Schedule("Mo-Su 08:00-10:00", "Europe/Madrid", vacations=(LATER_ON,)))
IN_THREE_DAYS = (TOMORROW + timedelta(days=3), TOMORROW + timedelta(days=9))
BRIDGE = replace(studio.STUDIO, schedule=Schedule("Tu 08:00-10:00", "Europe/Madrid", vacations=(IN_THREE_DAYS,)))
SEASON = replace(
    studio.STUDIO, schedule=Schedule("Apr-Oct Mo-Fr 08:00-10:00", "Europe/Madrid", vacations=(IN_THREE_DAYS,))
)
NEVER = replace(studio.STUDIO, schedule=Schedule("2020 Jan 1 10:00-11:00", "Europe/Madrid"))
TEXTS = frozenset({("closed", "es"), ("closed", "en"), ("prospect", "en"), ("vacation", "es")})


@pytest.mark.parametrize(
    ("identity", "sender", "texts", "said"),
    [
        (AWAY, "laura@acme.example", frozenset(), ("vacation", "es")),
        (AWAY, "nueva@cliente.example", frozenset(), ("neutral", "es")),
        (AWAY, "nueva@cliente.example", TEXTS, ("prospect", "en")),
        (EVE, "laura@acme.example", frozenset(), ("vacation", "es")),
        (EVE, "nueva@cliente.example", frozenset(), ("neutral", "es")),
        (NOT_YET, "laura@acme.example", frozenset(), ("closed", "es")),
        (BRIDGE, "laura@acme.example", frozenset(), ("vacation", "es")),
        (SEASON, "laura@acme.example", frozenset(), ("closed", "es")),
        (SEASON, "nueva@cliente.example", frozenset(), ("prospect", "es")),
        (studio.STUDIO, "laura@acme.example", TEXTS, ("closed", "es")),
        (studio.STUDIO, "chef@bistro.example", frozenset(), ("closed", "fr")),
        (studio.STUDIO, "chef@bistro.example", TEXTS, ("closed", "es")),
        (studio.STUDIO, "laura@acme.example", frozenset({("closed", "de")}), "reply-withheld-no-text"),
        (NEVER, "laura@acme.example", frozenset(), "reply-withheld-no-opening"),
        (NEVER, "nueva@cliente.example", frozenset(), ("prospect", "es")),
    ],
)
def test_which_text(identity: object, sender: str, texts: frozenset[tuple[str, str]], said: object) -> None:
    policy = studio.with_owner(identities=(identity, studio.HOME), texts=texts)
    transaction = letter(mail_from=sender)
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction, policy), policy)
    got = (decision.reply.template, decision.reply.language) if decision.reply else outcome(decision)
    assert got == said


LATER = studio.CLOSED + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("now", "policy", "code"),
    [
        (LATER, studio.POLICY, ""),
        (studio.OPEN, studio.POLICY, "reply-withheld-expired"),
        (LATER, studio.with_replies(mode=Mode.OFF), "reply-withheld-off"),
        (LATER, studio.with_replies(mode=Mode.SHADOW), "reply-shadow-mode"),
        (LATER, replace(studio.POLICY, owners=()), "reply-withheld-owner-gone"),
        (LATER, studio.with_owner(identities=(studio.HOME,)), "reply-withheld-owner-gone"),
        (LATER, studio.with_owner(clients={}), "reply-withheld-owner-gone"),
        (LATER, studio.with_owner(identities=(replace(studio.STUDIO, schedule=None),)), "reply-withheld-opened"),
    ],
)
def test_still_due(now: datetime, policy: Policy, code: str) -> None:
    found = acknowledgement.still_due(intent(), now, policy)
    assert (found.code if found else "") == code


def test_a_wrong_address_reply_is_due_in_office_hours_too() -> None:
    pointer = intent(rcpt_to="ana@casa.example", at=studio.OPEN)
    assert acknowledgement.still_due(pointer, studio.OPEN + timedelta(minutes=5), studio.POLICY) is None


def test_a_rehearsal_is_never_sent() -> None:
    shadow = intent("", studio.with_replies(mode=Mode.SHADOW))
    found = acknowledgement.still_due(shadow, LATER, studio.POLICY)
    assert found and found.code == "reply-shadow-mode"


def test_the_intent_survives_the_store() -> None:
    assert ReplyIntent.decode(intent().encode()) == intent()
