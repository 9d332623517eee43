"""Once per closed period, once ever, once in a while: what is claimed, and what an existing record forbids."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from milter.core import pipeline
from milter.core.decision import Decision
from milter.core.facts import Missing
from milter.core.owner import Mode, Trust
from milter.core.policy import Policy
from milter.core.reply_job import Claim, ClaimKey, Guard, ReplyIntent, ReplyKind, State
from tests.core import studio
from tests.core.scenario import outcome
from tests.core.studio import MADRID, letter

NUEVA = "nueva@cliente.example"
LAURA = "laura@acme.example"


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID)


class Week:
    """Decides one message after the other and keeps the claims as the store would."""

    def __init__(self, policy: Policy = studio.POLICY) -> None:
        self.policy = policy
        self.claims: dict[ClaimKey, Claim] = {}

    def mail(self, at: str, sender: str = LAURA, to: str = "ana@estudio.example", header: str = "") -> str:
        transaction = letter(header, mail_from=sender, rcpt_to=to, at=madrid(at))
        decision = pipeline.decide(
            transaction, transaction.recipients[0], studio.facts(transaction, self.policy, self.claims), self.policy
        )
        for one in decision.reply.claims if decision.reply else ():
            old = self.claims.get(one.key)
            self.claims[one.key] = Claim(
                max(one.until, old.until) if old else one.until,
                max((each for each in (one.opens, old.opens if old else None) if each), default=None),
                State.SENT,
                1,
            )
        return outcome(decision)


def test_a_weekend_is_announced_once_and_the_next_again() -> None:
    week = Week()
    assert week.mail("2026-11-20 23:45") == "closed"
    assert week.mail("2026-11-21 10:00") == "reply-withheld-answered"
    assert week.mail("2026-11-22 10:00") == "reply-withheld-answered"
    assert week.mail("2026-11-28 10:00") == "closed"


def test_nights_are_announced_once_in_seven_days_but_the_weekend_too() -> None:
    week = Week()
    assert week.mail("2026-11-17 01:00") == "closed"
    assert week.mail("2026-11-18 01:00") == "reply-withheld-answered"
    assert week.mail("2026-11-21 01:00") == "closed"
    assert week.mail("2026-11-24 00:30") == "reply-withheld-answered"
    assert week.mail("2026-11-25 01:00") == "closed"


def test_alias_case_detail_and_tag_are_one_person() -> None:
    week = Week()
    assert week.mail("2026-11-21 10:00") == "closed"
    assert week.mail("2026-11-21 10:01", to="hola@estudio.example") == "reply-withheld-answered"
    assert week.mail("2026-11-21 10:02", "LAURA+x@ACME.example") == "reply-withheld-answered"
    assert week.mail("2026-11-21 10:03", "prvs=123=laura@acme.example") == "reply-withheld-answered"
    assert week.mail("2026-11-21 10:04", "pedro@acme.example") == "closed"


def test_the_author_is_claimed_beside_the_envelope() -> None:
    week = Week()
    assert week.mail("2026-11-21 10:00", "a1@crm.example", header=f"From: {LAURA}") == "closed"
    assert week.mail("2026-11-21 10:01", "a2@crm.example", header=f"From: {LAURA}") == "reply-withheld-answered"
    assert week.mail("2026-11-21 10:02") == "reply-withheld-answered"


def test_a_prospect_gets_his_text_once_ever() -> None:
    week = Week()
    assert week.mail("2026-11-17 10:00", NUEVA) == "prospect"
    assert week.mail("2027-11-16 10:00", NUEVA) == "reply-withheld-answered"
    assert week.mail("2027-11-16 10:00", "otra@cliente.example") == "prospect"


def test_a_duration_counts_from_the_last_reply_and_is_not_extended() -> None:
    week = Week(studio.with_replies(once_per=timedelta(hours=24)))
    for sender, text in ((LAURA, "closed"), (NUEVA, "prospect")):
        assert week.mail("2026-03-10 10:00", sender) == text
        assert week.mail("2026-03-11 09:50", sender) == "reply-withheld-answered"
        assert week.mail("2026-03-11 10:05", sender) == text


def test_wrong_address_once_in_180_days_and_it_counts_as_the_acknowledgement() -> None:
    week = Week()
    assert week.mail("2026-11-21 10:00", to="ana@casa.example") == "wrong-address"
    assert week.mail("2026-11-21 10:01") == "reply-withheld-answered"
    assert week.mail("2026-11-28 10:00") == "closed"
    assert week.mail("2027-05-01 10:00", to="ana@casa.example") == "reply-withheld-answered"
    assert week.mail("2027-05-22 10:00", to="ana@casa.example") == "wrong-address"


def test_an_earlier_acknowledgement_does_not_forbid_the_wrong_address_reply() -> None:
    week = Week()
    assert week.mail("2026-11-21 10:00") == "closed"
    assert week.mail("2026-11-21 10:01", to="ana@casa.example") == "wrong-address"


def reply(at: datetime = studio.CLOSED, policy: Policy = studio.POLICY, **others: str) -> ReplyIntent:
    transaction = letter(at=at, **others)  # type: ignore[arg-type]
    decision = pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction, policy), policy)
    assert decision.reply
    return decision.reply


def test_what_a_short_and_a_long_closure_claim() -> None:
    (night,) = reply(madrid("2026-11-17 01:00")).claims
    assert (night.guard, night.until) == (Guard.REPEAT, madrid("2026-11-24 01:00"))
    (weekend,) = reply(studio.WEEKEND).claims
    assert (weekend.guard, weekend.until, weekend.opens) == (
        Guard.OPENS,
        madrid("2026-11-23 16:00"),
        madrid("2026-11-23 16:00"),
    )
    (stranger,) = reply(mail_from=NUEVA).claims
    assert (stranger.guard, stranger.until) == (Guard.UNTIL, datetime(9999, 12, 31, tzinfo=UTC))


def test_a_wrong_address_reply_belongs_to_the_business_identity() -> None:
    intent = reply(rcpt_to="ana@casa.example")
    pointer, acknowledgement = intent.claims
    assert (intent.identity, intent.from_address) == ("studio", "ana@estudio.example")
    assert (pointer.key.kind, pointer.guard) == (ReplyKind.WRONG_ADDRESS, Guard.UNTIL)
    assert (acknowledgement.key.kind, acknowledgement.guard) == (ReplyKind.ACKNOWLEDGEMENT, Guard.NONE)
    (alone,) = reply(studio.OPEN, rcpt_to="ana@casa.example").claims
    assert alone.key.kind is ReplyKind.WRONG_ADDRESS


def test_a_rehearsal_has_records_of_its_own() -> None:
    shadow = reply(policy=studio.with_replies(mode=Mode.SHADOW))
    assert shadow.shadow and not reply().shadow


def test_without_the_store_the_intent_is_made_and_says_so() -> None:
    transaction = letter()
    facts = studio.facts(transaction, claims=Missing("store away"))
    decision = pipeline.decide(transaction, transaction.recipients[0], facts, studio.POLICY)
    assert decision.reply and "reply-unsure-claims" in [one.code for one in decision.reasons]


@pytest.mark.parametrize(
    ("recipients", "sends"),
    [
        (["ana@estudio.example", "hola@estudio.example"], [True, False]),
        (["ana@casa.example", "ana@estudio.example"], [False, True]),
        (["luis@otro.example", "hola@estudio.example", "ana@estudio.example"], [False, True, False]),
    ],
)
def test_one_message_causes_one_reply_an_owner(recipients: list[str], sends: list[bool]) -> None:
    transaction = letter(f"To: {', '.join(recipients)}", rcpt_to=recipients)
    decisions: Iterable[Decision] = (
        pipeline.decide(transaction, one, studio.facts(transaction), studio.POLICY) for one in transaction.recipients
    )
    kept = pipeline.one_reply_per_owner(tuple(decisions))
    assert [one.reply is not None for one in kept] == sends
    assert all(one.owner is None or one.reply or one.reasons[-1].code.startswith("reply-withheld") for one in kept)


EVIL, FORWARDED = "x@evil.example", "SRS0=aa=bb=cliente.example=nueva@forwarder.example"
SPF = {one: f"spf=pass smtp.mailfrom={one}" for one in (NUEVA, EVIL, FORWARDED)}
SIGNED = "; dkim=pass header.d=cliente.example"


@pytest.mark.parametrize(
    ("first", "results"),
    [
        (EVIL, ""),
        (EVIL, SIGNED),
        ("SRS0=aa=bb=cliente.example=nueva@evil.example", ""),
    ],
    ids=["forged", "replayed", "forged with SRS"],
)
def test_a_forger_does_not_use_up_the_one_text_of_whom_he_names(first: str, results: str) -> None:
    assert told([(first, f"spf=pass smtp.mailfrom={first}{results}"), (NUEVA, SPF[NUEVA])]) == ["prospect", "prospect"]


@pytest.mark.parametrize(
    "letters",
    [
        [(NUEVA, SPF[NUEVA]), (NUEVA, SPF[NUEVA])],
        [(NUEVA, SPF[NUEVA]), (FORWARDED, SPF[FORWARDED] + SIGNED)],
        [(NUEVA, SPF[NUEVA]), (EVIL, SPF[EVIL])],
        [(EVIL, SPF[EVIL]), ("y@evil.example", "spf=pass smtp.mailfrom=y@evil.example")],
        [("a1@cliente.example", SIGNED.removeprefix("; ")), (NUEVA, SPF[NUEVA])],
    ],
    ids=["again", "through a forwarder", "from elsewhere", "rotating", "rotating at home"],
)
def test_a_proven_stranger_is_told_once(letters: list[tuple[str, str]]) -> None:
    assert told(letters) == ["prospect", "reply-withheld-answered"]


def told(letters: Iterable[tuple[str, str]]) -> list[str]:
    """Of letters in the name of NUEVA, each (MAIL FROM, results)."""
    week = Week(studio.with_replies(trust=Trust.AUTHENTICATED))
    above = "Authentication-Results: mx.estudio.example; "
    return [
        week.mail("2026-11-21 10:00", sender, header=f"{above}{results}\nReceived: by mx; x\nFrom: {NUEVA}")
        for sender, results in letters
    ]
