"""Who asked for no more automatic replies, and to whom the owner wrote: remembered a person and owner, heeded everywhere."""

from dataclasses import replace
from datetime import timedelta

import pytest

from milter.core.owner import Trust
from milter.core.reply_job import ClaimKey, Opted, PersonKey, PersonRecord, ReplyKind, State
from milter.errors import StoreAway
from milter.store import event_json
from milter.store.api import OptedOut
from milter.store.redis import RedisStore
from tests.core import studio
from tests.doubles.redis_server import RedisServer
from tests.store.desk import Desk, madrid
from tests.store.stories import DAY, EVENING, HOUR, MINUTE, event, intent, key, message_ids, query, request

LAURA = PersonKey("ana", "laura@acme.example")
STOP, START, OPTED_OUT = b"SIN AVISOS\r\n", b"CON AVISOS\r\n", "reply-withheld-opted-out"


@pytest.fixture
def desk(store: RedisStore) -> Desk:
    return Desk(store)


async def test_opted_out_for_ever_and_for_every_address_until_taken_back(desk: Desk) -> None:
    assert await desk.mail("2026-11-21 10:00") == "closed"
    answer = desk.answer
    assert await desk.mail("2026-11-21 10:30", answer, body=STOP) == "reply-withheld-answers-ours"
    assert await desk.mail("2026-11-28 10:00") == OPTED_OUT
    assert await desk.mail("2028-11-25 10:00", rcpt_to="hola@estudio.example") == OPTED_OUT
    assert await desk.mail("2028-11-25 10:01", rcpt_to="ana@casa.example") == OPTED_OUT
    assert await desk.mail("2028-11-25 10:02", mail_from="pedro@acme.example") == "closed"
    assert [one.person for one in await desk.store.history.opted_out("ana")] == [LAURA.person]
    assert await desk.mail("2028-11-25 11:00", answer, body=START) == "reply-withheld-answers-ours"
    assert await desk.store.history.opted_out("ana") == []
    assert await desk.mail("2028-11-25 12:00") == "closed"


async def test_an_ordinary_answer_opts_nobody_out(desk: Desk) -> None:
    assert await desk.mail("2026-11-21 10:00") == "closed"
    assert await desk.mail("2026-11-21 10:30", desk.answer, body=b"BAJA\r\n") == "reply-withheld-answers-ours"
    assert await desk.mail("2026-11-21 10:31", body=STOP) == "reply-withheld-answered"
    assert await desk.mail("2026-11-28 10:00") == "closed"


STAMP = "Authentication-Results: mx.estudio.example; spf=pass smtp.mailfrom={}\nReceived: by mx.estudio.example; x\n"
FORGED = [
    ("not proven", "", "laura@acme.example"),
    ("proven to be somebody else", STAMP.format("evil.example"), "x@evil.example"),
]


@pytest.mark.parametrize(("stamp", "sender"), [row[1:] for row in FORGED], ids=[row[0] for row in FORGED])
async def test_a_forged_wish_is_none(desk: Desk, stamp: str, sender: str) -> None:
    desk.policy = studio.with_replies(desk.policy, trust=Trust.AUTHENTICATED)
    proven = STAMP.format("acme.example")
    assert await desk.mail("2026-11-21 10:00", proven) == "closed"
    answer = desk.answer
    await desk.mail("2026-11-21 10:30", f"{stamp}{answer}\nFrom: laura@acme.example", mail_from=sender, body=STOP)
    assert await desk.mail("2026-11-28 10:00", proven) == "closed"
    await desk.mail("2026-11-28 10:30", proven + answer, body=STOP)
    assert await desk.mail("2026-12-05 10:00", proven) == OPTED_OUT


async def test_an_opt_out_takes_back_what_waits(desk: Desk) -> None:
    desk.policy = studio.with_replies(desk.policy, delay=(timedelta(minutes=8), timedelta(minutes=8)))
    assert await desk.mail("2026-11-14 10:00") == "closed"
    answer = desk.answer
    (sent,) = await desk.store.replies.lease(madrid("2026-11-14 10:08"), 10)
    await desk.store.replies.handed(sent, madrid("2026-11-14 10:08"))
    await desk.store.replies.finish(sent, State.SENT, madrid("2026-11-14 10:08"), "reply-sent")
    assert await desk.mail("2026-11-21 10:00") == "closed"
    assert await desk.mail("2026-11-21 10:05", answer, body=STOP) == "reply-withheld-answers-ours"
    assert await desk.store.replies.lease(madrid("2026-11-21 10:08"), 10) == []
    codes = [one.entry.code for one in await desk.store.history.journal("ana", madrid("2026-11-21 10:04"), 10)]
    assert sorted(codes) == ["reply-cancelled-opted-out", "reply-stopped-opt-out"]


def opted(person: PersonKey = LAURA, *records: ClaimKey, out: bool = True) -> Opted:
    return Opted(person, out, records)


TAKEN_BACK = [("due", True), ("leased", True), ("handed", False)]


@pytest.mark.parametrize(("state", "taken_back"), TAKEN_BACK, ids=[name for name, _ in TAKEN_BACK])
async def test_until_it_is_handed_over(store: RedisStore, state: str, taken_back: bool) -> None:
    await store.settle(event("e1", intent("1")))
    at = EVENING + 5 * MINUTE
    jobs = await store.replies.lease(at, 1) if state != "due" else []
    if state == "handed":
        assert await store.replies.handed(jobs[0], at)
    await store.settle(event("e2", now=at, opted=(opted(LAURA, key()),)))
    found = (await store.facts(query(key()))).claims[key()].state
    assert (found is State.CANCELLED) is taken_back
    if state == "leased":
        assert not await store.replies.handed(jobs[0], at)
    if state == "handed":
        assert await store.replies.finish(jobs[0], State.SENT, at, "reply-sent")


async def test_the_reply_to_another_envelope_that_was_claimed_for_the_author(store: RedisStore) -> None:
    assistant = key("asistente@acme.example")
    await store.settle(event("e1", intent("1", request(assistant), request(key()))))
    await store.settle(event("e2", opted=(opted(LAURA, key()),)))
    assert (await store.facts(query(assistant))).claims[assistant].state is State.CANCELLED
    assert await store.replies.next_due() is None


async def test_taking_a_wish_back_takes_no_reply_back(store: RedisStore) -> None:
    await store.settle(event("e1", intent("1")))
    await store.settle(event("e2", opted=(opted(LAURA, key(), out=False),)))
    assert (await store.facts(query(key()))).claims[key()].state is State.DUE


async def test_settle_is_the_authority_for_replies_decided_without_it(store: RedisStore) -> None:
    await store.settle(event("e1", opted=(opted(),)))
    along = request(key("asistente@acme.example"))
    settled = await store.settle(event("e2", intent("1"), intent("2", along, request(key())), intent("3", along)))
    assert settled.claimed == message_ids("3")
    assert [one.entry.code for one in await store.history.journal("ana", EVENING, 10)] == [OPTED_OUT] * 2
    assert key() not in (await store.facts(query(key()))).claims


async def test_a_wish_holds_for_one_owner(store: RedisStore) -> None:
    await store.settle(event("e1", opted=(opted(), opted(PersonKey("bea", "marta@flores.example")))))
    bea = key(owner="bea")
    assert (await store.facts(query(key(), bea))).people == {LAURA: PersonRecord(opted_out=True)}
    assert (await store.settle(event("e2", intent("1", request(bea))))).claimed == message_ids("1")
    assert await store.history.opted_out("ana") == [OptedOut("laura@acme.example", EVENING)]
    assert await store.history.opted_out("bea") == [OptedOut("marta@flores.example", EVENING)]
    assert await store.history.opted_out("carla") == []


async def test_said_twice_it_is_remembered_since_the_first_time_and_taken_back_once(store: RedisStore) -> None:
    for number in range(2):
        await store.settle(event(f"e{number}", now=EVENING + number * DAY, opted=(opted(),)))
    assert await store.history.opted_out("ana") == [OptedOut("laura@acme.example", EVENING)]
    for number in range(2):
        await store.settle(event(f"f{number}", opted=(opted(out=False),)))
    assert await store.history.opted_out("ana") == []


async def test_wishes_never_expire_and_no_name_shows_an_address(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", opted=(opted(),), wrote=(LAURA,)))
    (wishes,), (wrote,) = server.keys("*:opted"), server.keys("*:wrote:*")
    assert server.command("TTL", wishes).strip() == b":-1"
    assert int(server.command("TTL", wrote).strip()[1:]) > DAY.total_seconds() * 365
    assert not [name for name in server.keys("*") for word in ("laura", "acme") if word in name]


async def test_a_lost_slot_knows_nobody(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", opted=(opted(),)))
    server.command("FLUSHALL")
    found = await store.facts(query(key()))
    assert (found.people, found.lost_at) == ({}, EVENING)


async def test_a_foreign_value_in_its_place_is_an_error_before_anything_is_written(
    store: RedisStore, server: RedisServer
) -> None:
    await store.settle(event("e1", opted=(opted(),)))
    (wishes,) = server.keys("*:opted")
    server.command("SET", wishes, "junk")
    with pytest.raises(StoreAway):
        await store.settle(event("e2", intent("1"), opted=(opted(),)))
    assert server.keys("*:claim:*") == []


async def test_an_event_keeps_its_wishes_in_the_outbox() -> None:
    once = event("e1", opted=(opted(LAURA, key(), key(kind=ReplyKind.PROSPECT)), opted(out=False)), wrote=(LAURA,))
    assert event_json.decode(event_json.encode(once)) == once
    before = event_json.encode(event("e2")).replace(b',"opted":[],"wrote":[]', b"")
    assert event_json.decode(before) == event("e2")


async def test_whom_the_owner_wrote_to_is_answered_again_after_the_next_opening(desk: Desk) -> None:
    laura = madrid("2026-11-20 20:00")
    await desk.store.settle(event("w1", now=laura, wrote=(LAURA,)))
    assert await desk.mail("2026-11-21 10:00") == "reply-withheld-owner-wrote"
    assert await desk.mail("2026-11-21 10:01", mail_from="pedro@acme.example") == "closed"
    assert await desk.mail("2026-11-28 10:00") == "closed"


async def test_the_latest_letter_counts_whatever_the_outbox_brings_later(store: RedisStore) -> None:
    for number, at in enumerate((EVENING, EVENING - HOUR, EVENING + HOUR)):
        await store.settle(event(f"e{number}", now=at, wrote=(LAURA,)))
        expected = max(EVENING, at)
        assert (await store.facts(query(key()))).people == {LAURA: PersonRecord(wrote=expected)}


async def test_a_due_reply_brings_what_is_known_of_everybody_it_claimed(store: RedisStore) -> None:
    assistant = key("asistente@acme.example")
    await store.settle(event("e1", intent("1", request(assistant), request(key()))))
    (job,) = await store.replies.lease(EVENING + HOUR, 1)
    assert job.person == PersonRecord()
    written = (PersonKey("ana", assistant.person), LAURA)
    for number, one in enumerate(written):
        await store.settle(event(f"w{number}", now=EVENING + number * MINUTE, wrote=(one,)))
    (job,) = await store.replies.lease(EVENING + 2 * HOUR, 1)
    assert job.person == PersonRecord(wrote=EVENING + MINUTE)
    await store.settle(event("e2", opted=(replace(opted(), records=()),)))
    (job,) = await store.replies.lease(EVENING + 3 * HOUR, 1)
    assert job.person == PersonRecord(opted_out=True, wrote=EVENING + MINUTE)
