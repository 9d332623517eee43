"""Calls, urgency, focus and invitations, as the tables of tests/cases/time.toml say."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from icalendar import Calendar

from milter.core import calls, pipeline, reply_message
from milter.core.decision import Decision
from milter.core.hours import Schedule
from milter.core.message import parse
from milter.core.owner import Invitations, Plan
from milter.core.policy import Policy
from milter.core.reply_job import Claim, ClaimKey, ReplyKind, State
from milter.core.reply_message import Rendered
from tests.core import studio
from tests.core.letters_with_events import alone, calendar, inside
from tests.core.scenario import CASES, Scenario, outcome

TABLE: dict[str, Any] = tomllib.loads((CASES / "time.toml").read_text(encoding="utf-8"))
SAID = [
    (one["language"], text, kind == "asks")
    for one in TABLE["call"]
    for kind in ("asks", "silent")
    for text in one[kind]
]
OF_LAURA = ("$Client", "$Plan-silver")
QUOTA = Claim(datetime(2026, 12, 1, tzinfo=UTC), None, State.SENT, 0)
QUOTA_KEY = ClaimKey("ana", "", "acme 2026-11", ReplyKind.URGENT)


def busy(invitations: Invitations = Invitations.TAG, policy: Policy = studio.POLICY) -> Policy:
    """Ana with everything turned on."""
    silver = Plan("silver", "Plata", urgent="notify", urgent_quota=2)
    clients = {**studio.CLIENTS, "acme": replace(studio.ACME, plan=silver), "bistro": replace(studio.BISTRO, vip=True)}
    identity = replace(
        studio.STUDIO,
        call_schedule=Schedule("Tu,Th 17:00-19:00", "Europe/Madrid"),
        focus=Schedule("We 16:00-18:00", "Europe/Madrid"),
        invitations=invitations,
    )
    return studio.with_owner(policy, clients=clients, identities=(identity, studio.HOME))


@pytest.mark.parametrize(("language", "text", "asks"), SAID)
def test_who_asks_for_a_call(language: str, text: str, asks: bool) -> None:
    message = studio.letter(
        body=text.replace("\\n", "\r\n").encode(), header="Content-Type: text/plain; charset=utf-8"
    ).message
    assert bool(calls.asks(message)) is asks


@pytest.mark.parametrize("case", TABLE["case"], ids=[one["name"] for one in TABLE["case"]])
def test_what_becomes_of_it(case: dict[str, Any]) -> None:
    scenario = Scenario(case["name"], case["message"], case)
    transaction, policy = scenario.transaction(), busy(policy=scenario.policy())
    claims = {QUOTA_KEY: replace(QUOTA, count=case["used"])} if "used" in case else {}
    decision = pipeline.decide(
        transaction, transaction.recipients[0], studio.facts(transaction, policy, claims), policy
    )
    assert (
        " ".join(one for one in decision.keywords if one not in OF_LAURA or case["keywords"] == "$Client")
        == case["keywords"]
    )
    assert case.get("says") in (None, *(one.code for one in decision.reasons))
    assert case.get("reply", outcome(decision)) == outcome(decision)


@pytest.mark.parametrize("case", TABLE["case"], ids=[one["name"] for one in TABLE["case"]])
def test_without_the_new_configuration_nothing_is_marked(case: dict[str, Any]) -> None:
    decision = Scenario(case["name"], case["message"], case).decision()
    assert not {"$Call", "$Later"} & set(decision.keywords)
    assert decision.urgent is None


def invited(mail: tuple[str, bytes], choice: Invitations = Invitations.DECLINE, **more: Any) -> Decision:
    policy = busy(choice)
    transaction = studio.letter(mail[0], body=mail[1], **more)
    return pipeline.decide(transaction, transaction.recipients[0], studio.facts(transaction, policy), policy)


INSIDE_HOURS = {"DTSTART": "20261124T161500Z", "DTEND": "20261124T170000Z"}


@pytest.mark.parametrize("wrapped", [alone, inside])
def test_outside_call_hours_it_is_marked_and_inside_untouched(wrapped) -> None:
    assert "$Call" in invited(wrapped(calendar())).keywords
    assert "$Call" not in invited(wrapped(calendar(**INSIDE_HOURS))).keywords
    over = {"DTSTART": "20261124T173000Z", "DTEND": "20261124T183000Z"}
    assert "$Call" in invited(wrapped(calendar(**over))).keywords


def test_a_series_by_the_most_of_it() -> None:
    weekly = "RRULE:FREQ=WEEKLY;COUNT=6"
    assert "$Call" not in invited(alone(calendar(weekly, **INSIDE_HOURS))).keywords
    assert "$Call" in invited(alone(calendar("RRULE:FREQ=DAILY;COUNT=6", **INSIDE_HOURS))).keywords


def answered(decision: Decision) -> Any:
    assert decision.reply and decision.reply.calendar
    return Calendar.from_ical(decision.reply.calendar)


def test_it_is_declined() -> None:
    decision = invited(inside(calendar()))
    ics = answered(decision)
    (event,) = ics.walk("VEVENT")
    assert (ics["METHOD"], event["UID"], event["SEQUENCE"]) == ("REPLY", "abc-1@acme.example", 2)
    assert (event["ORGANIZER"], event["ATTENDEE"]) == ("mailto:laura@acme.example", "mailto:ana@estudio.example")
    assert event["ATTENDEE"].params["PARTSTAT"] == "DECLINED"
    assert decision.reply and (decision.reply.template, decision.reply.correspondent) == (
        "call-request",
        "laura@acme.example",
    )
    assert "reply-due-invitation" in [one.code for one in decision.reasons]


def test_another_time_is_proposed() -> None:
    ics = answered(invited(inside(calendar()), Invitations.COUNTER))
    (event,) = ics.walk("VEVENT")
    assert (ics["METHOD"], event["DTSTART"].dt) == ("COUNTER", datetime(2026, 11, 17, 16, tzinfo=UTC))
    assert event["DTEND"].dt - event["DTSTART"].dt == datetime(2026, 1, 1, 1) - datetime(2026, 1, 1, 0, 30)


def test_one_of_a_series_is_named() -> None:
    (event,) = answered(invited(alone(calendar("RECURRENCE-ID:20261124T100000Z")))).walk("VEVENT")
    assert event["RECURRENCE-ID"].dt == datetime(2026, 11, 24, 10, tzinfo=UTC)


NOT_ANSWERED = {
    "only marked": (inside(calendar()), {"choice": Invitations.TAG}),
    "a forwarded event": (alone(calendar(ORGANIZER="mailto:chef@bistro.example")), {}),
    "her own event": (alone(calendar(ORGANIZER="mailto:hola@estudio.example")), {}),
    "she was not invited": (alone(calendar(ATTENDEE="mailto:other@acme.example")), {}),
    "it has begun": (alone(calendar(DTSTART="20261110T090000Z", DTEND=None)), {}),
    "another return address": (alone(calendar()), {"mail_from": "bounce@acme.example"}),
}


@pytest.mark.parametrize("name", NOT_ANSWERED)
def test_what_is_not_answered(name: str) -> None:
    mail, more = NOT_ANSWERED[name]
    header = f"{mail[0]}\nFrom: Laura <laura@acme.example>"
    decision = invited((header, mail[1]), **more)
    assert not (decision.reply and decision.reply.calendar)


def test_an_alias_answers_in_its_own_name() -> None:
    decision = invited(alone(calendar(ATTENDEE="mailto:hola@estudio.example")), rcpt_to="hola@estudio.example")
    assert decision.reply and decision.reply.from_address == "hola@estudio.example"
    assert answered(decision).walk("VEVENT")[0]["ATTENDEE"] == "mailto:hola@estudio.example"


def test_once_per_uid_and_sequence() -> None:
    def key(**changed: str) -> ClaimKey:
        reply = invited(alone(calendar(**changed))).reply
        assert reply
        return reply.claims[0].key

    assert key() == key(SUMMARY="Otra cosa") != key(SEQUENCE="3")


def test_the_calendar_stands_beside_the_text() -> None:
    reply = invited(alone(calendar())).reply
    assert reply
    content = reply_message.build(reply, Rendered("A", "b", "c"), studio.ANA, studio.STUDIO, studio.CLOSED)
    assert b"Content-Type: text/calendar; charset=utf-8; method=REPLY\r\n" in content
    assert parse(content).first("auto-submitted") == "auto-replied"
    assert type(reply).decode(reply.encode()) == reply
