"""A friend who writes to the business address is told the other one: once a year, if the owner wants it, and only he."""

from dataclasses import replace
from datetime import timedelta

import pytest

from milter.core import pipeline
from milter.core.acknowledgement import still_due
from milter.core.decision import Decision
from milter.core.facts import Authentication, Claims
from milter.core.owner import Trust
from milter.core.policy import Policy
from milter.core.reply_job import Claim, ReplyKind, State
from tests.core import studio
from tests.core.studio import OPEN, letter

COUSIN = "primo@familia.example"
ON = studio.with_owner(people_pointer=True)
PROVEN = Authentication(True, True, "pass", "mx")


def decided(
    policy: Policy = ON,
    known: Authentication | None = None,
    *,
    header: str = f"From: {COUSIN}",
    claims: Claims | None = None,
    **more: str,
) -> Decision:
    transaction = letter(header, **{"mail_from": COUSIN, "at": OPEN, **more})  # type: ignore[arg-type]
    facts = studio.facts(transaction, policy)
    facts = replace(facts, authentication=known or facts.authentication, claims=claims or {})
    return pipeline.decide(transaction, transaction.recipients[0], facts, policy)


def codes(decision: Decision) -> list[str]:
    return [one.code for one in decision.reasons]


def trusting(trust: Trust) -> Policy:
    return studio.with_replies(ON, trust=trust)


def test_from_home_whatever_the_hour() -> None:
    decision = decided()
    reply = decision.reply
    assert reply is not None and decision.moved_to == "ana@casa.example"
    assert (reply.template, reply.identity, reply.from_address) == ("pointer", "home", "ana@casa.example")
    assert (reply.client, reply.opens, reply.correspondent) == (None, None, COUSIN)
    (claim,) = reply.claims
    assert claim.key.kind is ReplyKind.POINTER and claim.until - reply.created == timedelta(days=365)
    assert codes(decision)[-1] == "reply-due-pointer"
    assert still_due(reply, reply.not_before, ON) is None


def test_only_if_the_owner_turned_it_on() -> None:
    assert codes(decided(studio.POLICY))[-1] == "reply-withheld-personal"


@pytest.mark.parametrize(
    "header",
    [
        f"From: {COUSIN}\nTo: ana@estudio.example, ana@casa.example",  # both written to: nothing is moved
        f"From: {COUSIN}\nTo: someone@else.example",  # a copy
        f"From: {COUSIN}\nDelivered-To: ana@casa.example",  # been there
    ],
)
def test_mail_that_stays_gets_no_pointer(header: str) -> None:
    decision = decided(header=header)
    assert decision.moved_to is None and codes(decision)[-1] == "reply-withheld-personal"


def test_at_home_there_is_nothing_to_point_at() -> None:
    assert decided(rcpt_to="ana@casa.example").reply is None


@pytest.mark.parametrize("trust", [Trust.AUTHENTICATED, Trust.KNOWN])
@pytest.mark.parametrize(
    ("known", "mail_from", "told"),
    [
        (PROVEN, COUSIN, True),
        (replace(PROVEN, author_authenticated=False), COUSIN, False),
        (replace(PROVEN, correspondent_authenticated=False), COUSIN, False),
        (PROVEN, "stranger@evil.example", False),  # a signed From of the cousin, replayed through another envelope
        (PROVEN, "uncle@amigos.example", True),
    ],
)
def test_the_address_at_home_is_for_proven_people_alone(
    trust: Trust, known: Authentication, mail_from: str, told: bool
) -> None:
    decision = decided(trusting(trust), known, mail_from=mail_from)
    assert (decision.reply is not None) == told
    assert told or codes(decision)[-1] == "reply-withheld-unauthenticated"


def test_even_who_trusts_anyone_tells_only_people() -> None:
    assert decided(mail_from="stranger@evil.example").reply is None
    assert decided(mail_from="uncle@amigos.example").reply is not None


def test_once_a_year() -> None:
    first = decided().reply
    assert first is not None
    claims = {one.key: Claim(one.until, None, State.SENT, 1) for one in first.claims}
    assert codes(decided(claims=claims))[-1] == "reply-withheld-answered"
    year = OPEN + timedelta(days=366)
    assert decided(claims=claims, at=year).reply is not None  # type: ignore[arg-type]


def test_a_machine_at_a_friend_s_is_a_machine() -> None:
    assert decided(header=f"From: {COUSIN}\nAuto-Submitted: auto-replied").reply is None


def test_without_an_identity_at_home_nothing_is_moved() -> None:
    assert decided(studio.with_owner(ON, identities=(studio.STUDIO,))).reply is None
