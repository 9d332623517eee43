"""Once a closed period, and once more if its end was put off: whole weeks of mail, decided and settled on a real store."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest

from milter.core.reply_job import MOVED, Claim, ClaimKey, ClaimRequest, Guard, State, taken
from milter.store.redis import RedisStore
from tests.core import studio
from tests.doubles.redis_server import RedisServer
from tests.store.desk import Desk, madrid, with_hours
from tests.store.stories import EVENING, HOUR, event, intent, key, message_ids, query

ANSWERED = "reply-withheld-answered"
NUEVA = "nueva@cliente.example"


@pytest.fixture
def desk(store: RedisStore) -> Desk:
    return Desk(store)


async def test_a_weekend_that_grows_is_announced_once_more_and_never_a_third_time(desk: Desk) -> None:
    assert await desk.mail("2026-11-20 23:45") == "closed"
    assert await desk.mail("2026-11-21 10:00") == ANSWERED
    desk.policy = with_hours(desk.policy, "2026-11-23")
    assert await desk.mail("2026-11-21 11:00") == "closed"
    assert desk.last.reply and desk.last.reply.opens == madrid("2026-11-24 16:00")
    assert await desk.mail("2026-11-21 11:01") == ANSWERED
    desk.policy = with_hours(desk.policy, "2026-11-23", "2026-11-24")
    assert await desk.mail("2026-11-22 10:00") == ANSWERED
    assert await desk.mail("2026-11-28 10:00") == "closed", "the next weekend is another period"
    desk.policy = with_hours(desk.policy, "2026-11-30")
    assert await desk.mail("2026-11-28 11:00") == "closed"


async def test_an_opening_a_little_later_or_earlier_is_no_news(desk: Desk) -> None:
    assert await desk.mail("2026-11-21 10:00") == "closed"
    for hours in ("Mo-Fr 20:00-23:30", "Mo-Fr 09:00-23:30", "Sa-Fr 16:00-23:30"):
        desk.policy = with_hours(desk.policy, hours=hours)
        assert await desk.mail("2026-11-21 11:00") == ANSWERED


async def test_a_day_closed_after_the_night_was_announced(desk: Desk) -> None:
    assert await desk.mail("2026-11-17 01:00") == "closed"
    desk.policy = with_hours(desk.policy, "2026-11-17")
    assert await desk.mail("2026-11-17 10:00") == "holiday"
    assert await desk.mail("2026-11-17 17:00") == ANSWERED
    assert await desk.mail("2026-11-19 01:00") == ANSWERED, "nights are announced once in seven days"


async def test_a_vacation_entered_after_the_night_was_announced(desk: Desk) -> None:
    assert await desk.mail("2026-11-17 01:00") == "closed"
    desk.policy = with_hours(desk.policy, vacation=("2026-11-17", "2026-11-27"))
    assert await desk.mail("2026-11-17 10:00") == "vacation"
    assert await desk.mail("2026-11-20 10:00") == ANSWERED
    assert await desk.mail("2026-11-28 10:00") == ANSWERED


async def test_an_opening_that_never_came_is_taken_back_once(desk: Desk) -> None:
    assert await desk.mail("2026-11-17 01:00") == "closed"
    desk.policy = with_hours(desk.policy, "2026-11-17")
    assert await desk.mail("2026-11-17 17:00") == "holiday"
    desk.policy = with_hours(desk.policy, "2026-11-17", "2026-11-18")
    assert await desk.mail("2026-11-17 18:00") == ANSWERED
    assert await desk.mail("2026-11-18 18:00") == ANSWERED


async def test_a_vacation_cut_short_is_not_announced_again(desk: Desk) -> None:
    desk.policy = with_hours(studio.POLICY, vacation=("2026-11-16", "2026-11-27"))
    assert await desk.mail("2026-11-17 10:00") == "vacation"
    desk.policy = studio.POLICY
    assert await desk.mail("2026-11-17 11:00") == ANSWERED


async def test_what_is_said_once_in_a_duration_or_a_life_is_not_said_again(desk: Desk) -> None:
    assert await desk.mail("2026-11-21 10:00", mail_from=NUEVA) == "prospect"
    desk.policy = studio.with_replies(desk.policy, once_per=timedelta(hours=24))
    assert await desk.mail("2026-11-21 10:00") == "closed"
    desk.policy = with_hours(desk.policy, vacation=("2026-11-21", "2026-12-20"))
    assert await desk.mail("2026-11-21 11:00") == ANSWERED
    assert await desk.mail("2026-11-22 09:59:59") == ANSWERED
    assert await desk.mail("2026-11-22 10:00") == "vacation", "the duration is over to the second"
    desk.policy = with_hours(studio.POLICY, vacation=("2026-11-21", "2026-12-20"))
    assert await desk.mail("2026-11-22 10:00", mail_from=NUEVA) == ANSWERED


async def test_the_wrong_address_reply_told_the_opening_too(desk: Desk) -> None:
    assert await desk.mail("2026-11-21 10:00", rcpt_to="ana@casa.example") == "wrong-address"
    assert await desk.mail("2026-11-21 10:01") == ANSWERED
    desk.policy = with_hours(desk.policy, "2026-11-23")
    assert await desk.mail("2026-11-21 11:00") == "closed"
    desk.policy = with_hours(desk.policy, "2026-11-23", "2026-11-24")
    assert await desk.mail("2026-11-21 12:00") == ANSWERED


SAME_PERSON = [
    ("another address of the identity", {"rcpt_to": "hola@estudio.example"}),
    ("a detail of it", {"rcpt_to": "ana+web@estudio.example"}),
    ("capitals", {"mail_from": "LAURA@ACME.example"}),
    ("a detail of hers", {"mail_from": "laura+x@acme.example"}),
    ("BATV", {"mail_from": "prvs=1234=laura@acme.example"}),
    ("BATV, another day", {"mail_from": "prvs=5678=laura@acme.example"}),
    (
        "a forwarder",
        {"mail_from": "SRS0=aa=bb=acme.example=laura@forward.example", "header": "From: laura@acme.example"},
    ),
    ("needless quotes", {"mail_from": '"laura"@acme.example'}),
]


@pytest.mark.parametrize("again", [more for _, more in SAME_PERSON], ids=[name for name, _ in SAME_PERSON])
async def test_one_person_however_she_writes(desk: Desk, again: dict[str, str]) -> None:
    assert await desk.mail("2026-11-21 10:00") == "closed"
    assert await desk.mail("2026-11-21 10:05", **again) == ANSWERED


OTHERS = [
    ("a colleague", {"mail_from": "pedro@acme.example"}),
    ("a dash is part of the name", {"mail_from": "laura-x@acme.example"}),
    ("another domain", {"mail_from": "chef@bistro.example"}),
]


@pytest.mark.parametrize("other", [more for _, more in OTHERS], ids=[name for name, _ in OTHERS])
async def test_somebody_else_is_answered(desk: Desk, other: dict[str, str]) -> None:
    assert await desk.mail("2026-11-21 10:00") == "closed"
    assert await desk.mail("2026-11-21 10:05", **other) == "closed"


NO_TRACE = [
    ("a bounce", {"mail_from": "", "header": "From: laura@acme.example"}),
    ("an out-of-office message", {"header": "Auto-Submitted: auto-replied"}),
    ("a newsletter", {"header": "List-Id: <x>"}),
    ("mail that does not name her", {"header": "To: undisclosed-recipients:;"}),
    ("mail to the personal address that is not moved", {"rcpt_to": "ana@casa.example", "header": "To: x@y.example"}),
    ("mail while it was open", {"at": "2026-11-20 23:29"}),
]


@pytest.mark.parametrize("before", [more for _, more in NO_TRACE], ids=[name for name, _ in NO_TRACE])
async def test_mail_that_is_not_answered_leaves_no_trace(desk: Desk, before: dict[str, str]) -> None:
    assert (await desk.mail(**{"at": "2026-11-21 10:00", **before})).startswith(("reply-withheld", "nothing"))
    assert await desk.mail("2026-11-21 10:05") == "closed"


PAST, SOON, FAR = EVENING - HOUR, EVENING + HOUR, EVENING + 2 * MOVED
SINCE = (None, EVENING - 3 * HOUR, EVENING - 9 * HOUR)
OPENS = (None, PAST, SOON + MOVED - timedelta(milliseconds=1), SOON + MOVED)
Row = tuple[bool, datetime, datetime | None, datetime | None, datetime | None, datetime | None, Guard]


def told_before(person: ClaimKey, row: Row) -> tuple[ClaimRequest | None, ClaimRequest]:
    """How this person came to be told once, or, `again`, twice in one period."""
    again, until, told, since, *_ = row
    last = ClaimRequest(person, until, told, Guard.NONE, since)
    if not (again and told):
        return None, last
    return replace(last, opens=told - 2 * MOVED), replace(last, guard=Guard.OPENS)


async def judged(store: RedisStore, rows: list[Row]) -> list[tuple[Claim, Guard, bool, bool]]:
    """The record as it is read back, and what script and core say of a new request."""
    people = [key(f"{number}@acme.example") for number in range(len(rows))]
    first, last = zip(*(told_before(person, row) for person, row in zip(people, rows, strict=True)), strict=True)
    for name, requests in (("first", first), ("last", last)):
        intents = [intent(f"{name}{at}", one, now=PAST) for at, one in enumerate(requests) if one]
        await store.settle(event(name, *intents, now=PAST))
    claims = (await store.facts(query(*people))).claims
    new = [ClaimRequest(one, FAR, row[4], row[6], row[5]) for one, row in zip(people, rows, strict=True)]
    settled = await store.settle(event("new", *(intent(f"{at}", one) for at, one in enumerate(new))))
    free = [bool(message_ids(f"{at}") & settled.claimed) for at in range(len(new))]
    return [
        (claims[one.key], one.guard, not granted, taken(one, claims[one.key], EVENING))
        for one, granted in zip(new, free, strict=True)
    ]


async def test_the_script_and_core_agree_on_what_was_announced_and_put_off(
    store: RedisStore, server: RedisServer
) -> None:
    rows = list(product((False, True), (PAST, SOON), (None, PAST, SOON), SINCE, OPENS, SINCE[:2], Guard))
    verdicts = []
    for some in range(0, len(rows), 96):
        server.command("FLUSHALL")
        await store.prepare(EVENING - timedelta(days=2))
        verdicts += await judged(store, rows[some : some + 96])
    assert [one for one in verdicts if one[2] != one[3]] == []
    seen = {(guard, verdict) for _, guard, verdict, _ in verdicts}
    assert seen == set(product(Guard, (True, False))) - {(Guard.NONE, True)}
    assert {existing.again for existing, *_ in verdicts} == {True, False}


@pytest.mark.parametrize(
    ("guard", "again"), [(Guard.OPENS, True), (Guard.REPEAT, True), (Guard.UNTIL, False), (Guard.NONE, False)]
)
async def test_the_record_says_what_was_announced_last(store: RedisStore, guard: Guard, again: bool) -> None:
    first = ClaimRequest(key(), PAST, SOON, Guard.OPENS, SINCE[1])
    second = ClaimRequest(key(), FAR, FAR, guard, SINCE[2])
    await store.settle(event("e1", intent("1", first, now=PAST), now=PAST))
    assert (await store.facts(query(key()))).claims[key()] == Claim(PAST, SOON, State.DUE, 1, SINCE[1], again=False)
    await store.settle(event("e2", intent("2", second)))
    found = (await store.facts(query(key()))).claims[key()]
    assert (found.until, found.opens, found.since, found.again) == (FAR, FAR, SINCE[2], again)
