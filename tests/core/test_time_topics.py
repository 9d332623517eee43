"""Calls, urgency, focus and invitations, as the tables of tests/cases/time.toml say."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from milter.core import calls, pipeline, reply_message
from milter.core.acknowledgement import still_due, up_to_date
from milter.core.decision import Decision
from milter.core.hours import Schedule
from milter.core.message import parse
from milter.core.overrides import Override
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
MADRID = ZoneInfo("Europe/Madrid")
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


def invited(
    mail: tuple[str, bytes],
    choice: Invitations = Invitations.DECLINE,
    changes: tuple[Override, ...] = (),
    **more: Any,
) -> Decision:
    policy = busy(choice)
    transaction = studio.letter(mail[0], body=mail[1], **more)
    facts = replace(studio.facts(transaction, policy), overrides={"ana": changes})
    return pipeline.decide(transaction, transaction.recipients[0], facts, policy)


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
    """The day that was asked for, a week away, and not tomorrow."""
    ics = answered(invited(inside(calendar()), Invitations.COUNTER))
    (event,) = ics.walk("VEVENT")
    assert (ics["METHOD"], event["DTSTART"].dt) == ("COUNTER", datetime(2026, 11, 24, 16, tzinfo=UTC))
    assert event["DTEND"].dt - event["DTSTART"].dt == datetime(2026, 1, 1, 1) - datetime(2026, 1, 1, 0, 30)


def test_a_counter_has_a_summary_that_repeats_nothing() -> None:
    """RFC 5546 section 3.2.7: SUMMARY is there, and may be null."""
    (event,) = answered(invited(alone(calendar()), Invitations.COUNTER)).walk("VEVENT")
    assert event["SUMMARY"] == ""
    assert {"DTSTAMP", "DTSTART", "ORGANIZER", "SEQUENCE", "UID"} <= set(event)


def test_a_weekly_series_is_moved_as_one() -> None:
    """Mondays at ten are asked for, Tuesdays at five offered: by the wall clock, over the change of clocks too."""
    monday = {"DTSTART": "TZID=Europe/Madrid:20261123T100000", "DTEND": "TZID=Europe/Madrid:20261123T103000"}
    weekly = "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20270601T000000Z"
    reply = invited(alone(calendar(weekly, **monday)), Invitations.COUNTER).reply
    assert reply
    ics = Calendar.from_ical(reply.calendar)
    (event,) = ics.walk("VEVENT")
    assert ics["METHOD"] == "COUNTER"
    assert str(event["DTSTART"].dt) == "2026-11-24 17:00:00+01:00"
    assert event["RRULE"].to_ical() == b"FREQ=WEEKLY;UNTIL=20270602T070000Z"  # as much later as it begins
    assert [one["TZID"] for one in ics.walk("VTIMEZONE")] == ["Europe/Madrid"]
    assert [one.astimezone(MADRID).hour for one, _ in reply.offered] == [17] * len(reply.asked)


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=DAILY;COUNT=6",
        "RRULE:FREQ=WEEKLY;BYDAY=MO,WE",
        "RRULE:FREQ=MONTHLY;BYDAY=1MO",
        "RRULE:FREQ=WEEKLY\r\nEXDATE:20261201T090000Z",
        "RDATE:20261125T090000Z",
    ],
)
def test_a_series_that_fits_no_week_is_declined(rule: str) -> None:
    assert answered(invited(alone(calendar(*rule.split("\r\n"))), Invitations.COUNTER))["METHOD"] == "REPLY"


def test_dates_that_were_added_count() -> None:
    """One inside, two added outside: most are outside. And the other way round."""
    added = "RDATE:20261125T090000Z,20261126T090000Z"
    assert "$Call" in invited(alone(calendar(added, **INSIDE_HOURS))).keywords
    taken = "RDATE;VALUE=PERIOD:20261126T161500Z/PT30M,20261201T163000Z/20261201T170000Z"
    assert "$Call" not in invited(alone(calendar(taken))).keywords
    longer = "RDATE;VALUE=PERIOD:20261126T161500Z/PT3H,20261201T163000Z/PT4H"
    assert "$Call" in invited(alone(calendar(longer))).keywords


def test_this_and_all_that_follow_are_answered_as_such() -> None:
    moved = "RECURRENCE-ID;RANGE=THISANDFUTURE:20261124T100000Z"
    ics = answered(invited(alone(calendar(moved)), Invitations.COUNTER))
    (event,) = ics.walk("VEVENT")
    assert (ics["METHOD"], event["RECURRENCE-ID"].params["RANGE"]) == ("REPLY", "THISANDFUTURE")


ASKED = {"": True, ";PARTSTAT=NEEDS-ACTION": True, ";PARTSTAT=ACCEPTED": False, ";PARTSTAT=declined": False}
ASKED |= {";ROLE=REQ-PARTICIPANT": True, ";ROLE=NON-PARTICIPANT": False}


@pytest.mark.parametrize("parameters", ASKED)
def test_only_who_has_not_answered_yet_is_answered_for(parameters: str) -> None:
    """An update repeats what was accepted by hand: to decline that would undo it."""
    ics = calendar().replace(b"ATTENDEE;RSVP=TRUE", f"ATTENDEE{parameters}".encode())
    decision = invited(alone(ics))
    assert "$Call" in decision.keywords
    assert (decision.reply is not None and decision.reply.calendar != "") is ASKED[parameters]


NO_INVITATION = [
    {"SEQUENCE": "-1"},
    {"SEQUENCE": "99999999999"},
    {"STATUS": "CANCELLED"},
    {"DTSTART": "99991231T235959Z", "DTEND": "99991231T235959Z"},
    {"DTSTART": "00010101T000000Z", "DTEND": "00010101T000000Z"},
    {"RECURRENCE-ID": "99991231T235959Z"},
]


@pytest.mark.parametrize("changed", NO_INVITATION, ids=str)
def test_what_is_no_invitation_is_mail_like_any_other(changed: dict[str, str]) -> None:
    assert "$Call" in invited(alone(calendar(STATUS="CONFIRMED", SEQUENCE="2147483647"))).keywords
    decision = invited(alone(calendar(**changed)))
    assert "$Call" not in decision.keywords
    assert outcome(decision) == "closed"


# Tuesday the 24th, call hours from five to seven; the invitation of INSIDE_HOURS lies in them.
AWAY = Override(datetime(2026, 11, 24, 12, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC), is_open=False)
BACK = Override(datetime(2026, 11, 24, 15, tzinfo=UTC), datetime(2026, 11, 24, 19, tzinfo=UTC), is_open=True)


def test_who_is_away_takes_no_calls() -> None:
    assert "$Call" not in invited(alone(calendar(**INSIDE_HOURS))).keywords
    assert "$Call" in invited(alone(calendar(**INSIDE_HOURS)), changes=(AWAY,)).keywords
    assert "$Call" not in invited(alone(calendar(**INSIDE_HOURS)), changes=(AWAY, BACK)).keywords


def test_opening_for_today_makes_no_call_hours() -> None:
    opened = Override(datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC), is_open=True)
    assert "$Call" in invited(alone(calendar()), changes=(opened,)).keywords


def test_nothing_is_proposed_while_she_is_away() -> None:
    """Tuesday the 24th would be the next call window."""
    gone = Override(datetime(2026, 11, 14, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC), is_open=False)
    (event,) = answered(invited(alone(calendar()), Invitations.COUNTER, (gone,))).walk("VEVENT")
    assert event["DTSTART"].dt == datetime(2026, 11, 26, 16, tzinfo=UTC)


def test_focus_ends_when_she_closes() -> None:
    policy = busy()
    transaction = studio.letter("", at=datetime(2026, 11, 18, 16, 30, tzinfo=UTC))
    for changes, keywords in (((), True), ((replace(AWAY, start=studio.CLOSED),), False)):
        facts = replace(studio.facts(transaction, policy), overrides={"ana": changes})
        decision = pipeline.decide(transaction, transaction.recipients[0], facts, policy)
        assert ("$Later" in decision.keywords) is keywords


def again(
    choice: Invitations, *, changes: tuple[Override, ...] = (), later: timedelta = timedelta(0), policy: Policy
) -> str:
    """Why the answer that was decided on Tuesday morning does not leave `later`; "" if it does."""
    reply = invited(alone(calendar()), choice).reply
    assert reply
    found = still_due(reply, studio.CLOSED + later, policy, overrides=changes)
    return found.code if found else ""


OTHER_HOURS = Schedule("Tu 10:00-11:00", "Europe/Madrid")


def with_calls(choice: Invitations, windows: Schedule | None) -> Policy:
    policy = busy(choice)
    (owner,) = policy.owners
    first, *others = owner.identities
    return studio.with_owner(policy, identities=(replace(first, call_schedule=windows), *others))


def test_an_answer_is_decided_again_when_it_leaves() -> None:
    decline, counter = Invitations.DECLINE, Invitations.COUNTER
    assert again(decline, policy=busy(decline)) == ""
    assert again(decline, policy=busy(Invitations.TAG)) == "reply-withheld-off"
    assert again(decline, policy=with_calls(decline, None)) == "reply-withheld-off"
    assert again(decline, policy=with_calls(decline, OTHER_HOURS)) == "reply-withheld-call-hours"
    gone = Override(studio.CLOSED, datetime(2026, 11, 25, tzinfo=UTC), is_open=False)
    assert again(counter, policy=busy(counter)) == ""
    assert again(counter, changes=(gone,), policy=busy(counter)) == "reply-withheld-call-taken"
    assert again(counter, later=timedelta(days=5), policy=busy(counter)) == "reply-withheld-expired"


def test_opened_meanwhile_the_answer_does_not_say_closed() -> None:
    reply = invited(alone(calendar())).reply
    assert reply and reply.opens
    opened = Override(studio.CLOSED, studio.CLOSED + timedelta(hours=1), is_open=True)
    assert up_to_date(reply, studio.CLOSED, busy(Invitations.DECLINE), (opened,)).opens is None


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
