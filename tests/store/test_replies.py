"""The life of a queued reply: due -> leased -> handed -> sent, unknown, cancelled or withheld. Once handed, never leased again."""

import asyncio

import pytest

from milter.core.reply_job import State
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer
from tests.store.stories import (
    DAY,
    EVENING,
    HOUR,
    MINUTE,
    MONDAY,
    event,
    intent,
    key,
    line,
    message_ids,
    query,
    request,
)

DUE = EVENING + 5 * MINUTE


async def leased(store: RedisStore, name: str = "1"):
    await store.settle(event(f"e{name}", intent(name)))
    (job,) = await store.replies.lease(DUE, 10)
    return job


async def codes(store: RedisStore) -> list[str]:
    return [one.entry.code for one in await store.history.journal("ana", EVENING - DAY, 100)]


async def state(store: RedisStore) -> State:
    return (await store.facts(query(key()))).claims[key()].state


async def test_a_reply_is_leased_when_due_and_not_before(store: RedisStore) -> None:
    assert await store.replies.next_due() is None
    await store.settle(event("e1", intent("1")))
    assert await store.replies.next_due() == DUE
    assert await store.replies.lease(DUE - MINUTE, 10) == []
    (job,) = await store.replies.lease(DUE, 10)
    assert (job.intent, job.attempts, job.count) == (intent("1"), 0, 1)
    assert await store.replies.lease(DUE, 10) == []
    assert await store.replies.next_due() == DUE + MINUTE


async def test_sent(store: RedisStore) -> None:
    job = await leased(store)
    assert await store.replies.handed(job, DUE)
    assert await state(store) is State.HANDED
    assert await store.replies.finish(job, State.SENT, DUE, "reply-sent")
    assert await state(store) is State.SENT
    assert await store.replies.next_due() is None
    (entry,) = await store.history.journal("ana", EVENING, 10)
    assert (entry.at, entry.entry.code) == (DUE, "reply-sent")
    about = {"about": "closed es acme"}
    assert entry.entry.fields == {"message_id": job.intent.message_id, "to": "laura@acme.example", **about}


async def test_a_finished_record_keeps_no_text_of_the_job(store: RedisStore, server: RedisServer) -> None:
    job = await leased(store)
    (record,) = server.keys("*claim*")
    assert b"Presupuesto" in server.command("HGETALL", record)
    await store.replies.finish(job, State.SENT, DUE, "reply-sent")
    assert b"Presupuesto" not in server.command("HGETALL", record)


async def test_a_lease_that_ran_out_goes_to_the_next_and_the_first_cannot_hand_it_over(store: RedisStore) -> None:
    first = await leased(store)
    (second,) = await store.replies.lease(DUE + MINUTE, 10)
    assert second.attempts == 1
    assert not await store.replies.handed(first, DUE + MINUTE)
    assert not await store.replies.finish(first, State.WITHHELD, DUE + MINUTE, "reply-failed-refused")
    assert await store.replies.handed(second, DUE + MINUTE)
    assert await codes(store) == []


async def test_handed_and_never_heard_of_again_is_listed_and_not_sent(store: RedisStore) -> None:
    job = await leased(store)
    await store.replies.handed(job, DUE)
    assert await store.replies.lease(DUE + 4 * MINUTE, 10) == []
    assert await codes(store) == []
    assert await store.replies.lease(DUE + 5 * MINUTE, 10) == []
    assert await codes(store) == ["reply-unknown-crash"]
    assert await state(store) is State.UNKNOWN
    assert await store.replies.lease(DUE + DAY, 10) == []
    assert await store.replies.next_due() is None


async def test_news_of_a_reply_given_up_for_unknown_still_count(store: RedisStore) -> None:
    job = await leased(store)
    await store.replies.handed(job, DUE)
    await store.replies.lease(DUE + 5 * MINUTE, 10)
    assert await store.replies.finish(job, State.SENT, DUE + 6 * MINUTE, "reply-sent")
    assert await state(store) is State.SENT
    assert await codes(store) == ["reply-unknown-crash", "reply-sent"]


async def test_only_a_leased_reply_can_be_handed_and_only_once(store: RedisStore) -> None:
    job = await leased(store)
    assert [await store.replies.handed(job, DUE) for _ in range(3)] == [True, False, False]
    await store.replies.finish(job, State.SENT, DUE, "reply-sent")
    assert not await store.replies.handed(job, DUE)
    assert not await store.replies.finish(job, State.WITHHELD, DUE, "reply-failed-refused")
    assert await codes(store) == ["reply-sent"]


@pytest.mark.parametrize("hand", [False, True], ids=["refused before the dot", "refused after the dot"])
async def test_retry_with_back_off(store: RedisStore, hand: bool) -> None:
    job = await leased(store)
    if hand:
        await store.replies.handed(job, DUE)
    assert await store.replies.retry(job, DUE + 5 * MINUTE, DUE, "reply-deferred-next-hop")
    assert not await store.replies.retry(job, DUE + HOUR, DUE, "reply-deferred-next-hop")
    assert await store.replies.lease(DUE + 4 * MINUTE, 10) == []
    (second,) = await store.replies.lease(DUE + 5 * MINUTE, 10)
    assert (second.attempts, second.intent) == (1, job.intent)
    assert await codes(store) == ["reply-deferred-next-hop"]


async def test_cancelled_while_due(store: RedisStore) -> None:
    await store.settle(event("e1", intent("1")))
    assert await store.replies.cancel(key(), EVENING, "reply-cancelled-answered")
    assert not await store.replies.cancel(key(), EVENING, "reply-cancelled-answered")
    assert await store.replies.lease(DUE, 10) == []
    assert await state(store) is State.CANCELLED
    assert await codes(store) == ["reply-cancelled-answered"]
    assert not (await store.settle(event("e2", intent("2")))).claimed, "cancelled is answered: the claim stays"


async def test_cancelled_while_leased(store: RedisStore) -> None:
    job = await leased(store)
    assert await store.replies.cancel(key(), DUE, "reply-cancelled-answered")
    assert not await store.replies.handed(job, DUE)
    assert not await store.replies.retry(job, DUE + HOUR, DUE, "reply-deferred-next-hop")
    assert await store.replies.lease(DUE + DAY, 10) == []
    assert await codes(store) == ["reply-cancelled-answered"]


async def test_too_late_to_cancel(store: RedisStore) -> None:
    assert not await store.replies.cancel(key(), EVENING, "reply-cancelled-answered")
    job = await leased(store)
    await store.replies.handed(job, DUE)
    assert not await store.replies.cancel(key(), DUE, "reply-cancelled-answered")
    assert await codes(store) == []


NEXT = MONDAY + 12 * HOUR
OVERTAKEN = [
    ("due", "reply-withheld-too-late"),
    ("leased", "reply-withheld-too-late"),
    ("handed", "reply-unknown-crash"),
]


@pytest.mark.parametrize(("held", "code"), OVERTAKEN, ids=[name for name, _ in OVERTAKEN])
async def test_a_job_left_over_from_the_last_closed_period_is_listed_when_the_next_claims_its_record(
    store: RedisStore, held: str, code: str
) -> None:
    await store.settle(event("e1", intent("1")))
    jobs = await store.replies.lease(DUE, 10) if held != "due" else []
    if held == "handed":
        await store.replies.handed(jobs[0], DUE)
    again = request(until=MONDAY + DAY, opens=MONDAY + DAY)
    assert (await store.settle(event("e2", intent("2", again, now=NEXT), now=NEXT))).claimed == message_ids("2")
    assert await codes(store) == [code]
    for job in jobs:
        assert not await store.replies.handed(job, NEXT)
    (job,) = await store.replies.lease(NEXT + HOUR, 10)
    assert job.intent.message_id in message_ids("2")


async def test_many_workers_lease_each_reply_once_and_no_more_than_they_ask_for(store: RedisStore) -> None:
    for number in range(60):
        owner = f"owner{number % 7}"
        await store.settle(event(f"e{number}", intent(str(number), request(key(f"p{number}@x.example", owner=owner)))))
    takes = await asyncio.gather(*(store.replies.lease(DUE, 5) for _ in range(10)))
    assert max(len(one) for one in takes) <= 5
    names = [job.intent.message_id for take in takes for job in take]
    while more := await store.replies.lease(DUE, 7):
        assert len(more) <= 7
        names += [job.intent.message_id for job in more]
    assert len(names) == 60
    assert set(names) == message_ids(*(str(number) for number in range(60)))


async def test_one_owners_burst_does_not_keep_the_others_waiting(store: RedisStore) -> None:
    for number in range(30):
        await store.settle(event(f"e{number}", intent(str(number), request(key(f"p{number}@x.example")))))
    await store.settle(event("other", intent("other", request(key(owner="bea")))))
    assert "bea" in {job.intent.owner for job in await store.replies.lease(DUE, 2)}


async def test_a_reply_of_an_unknown_version_is_given_up_and_the_others_go_on(
    store: RedisStore, server: RedisServer
) -> None:
    await store.settle(event("e1", intent("1")))
    (record,) = server.keys("*claim*")
    server.command("HSET", record, "job", '{"from": "the future"}')
    await store.settle(event("e2", intent("2", request(key("marta@acme.example")))))
    assert {job.intent.message_id for job in await store.replies.lease(DUE, 10)} == message_ids("2")
    assert await codes(store) == ["reply-withheld-unreadable"]
    assert await state(store) is State.WITHHELD


async def test_a_due_entry_without_its_record_is_dropped(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", intent("1")))
    (record,) = server.keys("*claim*")
    server.command("DEL", record)
    assert await store.replies.lease(DUE, 10) == []
    assert await store.replies.next_due() is None


async def test_a_clock_set_back_sends_nothing_twice(store: RedisStore) -> None:
    job = await leased(store)
    await store.replies.handed(job, DUE)
    await store.replies.finish(job, State.SENT, DUE, "reply-sent")
    back = EVENING - 2 * HOUR
    assert not (await store.settle(event("e2", intent("2", now=back), now=back))).claimed
    assert await store.replies.lease(back + DAY, 10) == []


async def test_the_journal_answers_the_newest_of_one_owner_since_an_instant(store: RedisStore) -> None:
    for number in range(6):
        at = EVENING + number * HOUR
        await store.settle(event(f"e{number}", now=at, journal=(line(f"code-{number}"), line("other", owner="bea"))))
    found = [one.entry.code for one in await store.history.journal("ana", EVENING + HOUR, 3)]
    assert found == ["code-3", "code-4", "code-5"]
    assert len(await store.history.journal("ana", EVENING + HOUR, 100)) == 5
    assert await store.history.journal("nobody", EVENING, 100) == []


async def test_the_journal_is_read_over_several_pages(store: RedisStore) -> None:
    for number in range(13):
        entries = tuple(line(f"code-{number}", n=str(one)) for one in range(100))
        await store.settle(event(f"e{number}", now=EVENING + number * HOUR, journal=entries))
    found = await store.history.journal("ana", EVENING, 1250)
    assert len(found) == 1250
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert found[-1].entry.code == "code-12"
