"""Who gets a reply: the first to ask, once a closed period or once a duration, and never twice however many ask at once."""

import asyncio
from datetime import datetime, timedelta
from itertools import product

import pytest

from milter.core.keys import Keys
from milter.core.reply_job import Claim, ClaimRequest, Guard, ReplyKind, State, taken
from milter.core.reputation import Record, bounds
from milter.store.api import Settled
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer
from tests.store.stories import (
    DAY,
    EVENING,
    FOR_EVER,
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
    said,
)

NOBODY = Settled(frozenset())


async def test_first_mail_is_answered_and_the_second_of_the_closed_period_is_not(store: RedisStore) -> None:
    assert (await store.facts(query(key()))).claims == {}
    assert await store.settle(event("e1", intent("1"))) == Settled(message_ids("1"))
    assert await store.settle(event("e2", intent("2"), now=EVENING + HOUR)) == NOBODY
    assert (await store.facts(query(key()))).claims == {key(): Claim(MONDAY, MONDAY, State.DUE, count=2)}
    later = MONDAY + 12 * HOUR
    again = request(until=MONDAY + DAY, opens=MONDAY + DAY)
    assert await store.settle(event("e3", intent("3", again, now=later), now=later)) == Settled(message_ids("3"))


OTHERS = [
    ("another kind", key(kind=ReplyKind.WRONG_ADDRESS)),
    ("another person", key("marta@acme.example")),
    ("another owner", key(owner="bea")),
    ("shadow", key(shadow=True)),
]


@pytest.mark.parametrize("other", [one for _, one in OTHERS], ids=[name for name, _ in OTHERS])
async def test_a_claim_forbids_nothing_to_others(store: RedisStore, other) -> None:
    await store.settle(event("e1", intent("1")))
    assert await store.settle(event("e2", intent("2", request(other)))) == Settled(message_ids("2"))
    assert set((await store.facts(query(key(), other))).claims) == {key(), other}


async def test_a_refused_mail_is_counted_but_moves_no_instant(store: RedisStore) -> None:
    await store.settle(event("e1", intent("1")))
    for number in range(2, 6):
        await store.settle(event(f"e{number}", intent(str(number), request(until=MONDAY + HOUR, opens=MONDAY + HOUR))))
    assert (await store.facts(query(key()))).claims[key()] == Claim(MONDAY, MONDAY, State.DUE, count=5)


async def test_a_reply_withheld_by_the_decision_is_counted_on_the_record_and_makes_none(store: RedisStore) -> None:
    await store.settle(event("e1", intent("1")))
    stranger = key("nobody@acme.example")
    await store.settle(event("e2", counted=(key(), stranger)))
    claims = (await store.facts(query(key(), stranger))).claims
    assert claims[key()].count == 2
    assert stranger not in claims


async def test_claims_of_one_reply_are_taken_or_refused_together(store: RedisStore) -> None:
    author, correspondent = key("author@acme.example"), key("bounce@esp.example")
    await store.settle(event("e1", intent("1", request(author))))
    assert await store.settle(event("e2", intent("2", request(correspondent), request(author)))) == NOBODY
    claims = (await store.facts(query(author, correspondent))).claims
    assert correspondent not in claims
    assert claims[author].count == 2


async def test_a_claim_along_forbids_the_next_reply_and_has_the_state_of_its_job(store: RedisStore) -> None:
    pointer, along = request(key(kind=ReplyKind.WRONG_ADDRESS)), request(guard=Guard.NONE)
    await store.settle(event("e1", intent("1", pointer, along)))
    assert (await store.facts(query(key()))).claims[key()].state is State.DUE
    (job,) = await store.replies.lease(EVENING + HOUR, 10)
    await store.replies.handed(job, EVENING + HOUR)
    await store.replies.finish(job, State.SENT, EVENING + HOUR, "reply-sent")
    assert (await store.facts(query(key()))).claims[key()].state is State.SENT
    assert await store.settle(event("e2", intent("2"))) == NOBODY


async def test_a_claim_along_leaves_the_waiting_job_of_its_record_alone(store: RedisStore) -> None:
    await store.settle(event("e1", intent("1")))
    pointer = request(key(kind=ReplyKind.WRONG_ADDRESS))
    await store.settle(event("e2", intent("2", pointer, request(until=MONDAY + DAY, guard=Guard.NONE))))
    assert (await store.facts(query(key()))).claims[key()].until == MONDAY + DAY
    jobs = await store.replies.lease(EVENING + HOUR, 10)
    assert {job.intent.message_id for job in jobs} == message_ids("1", "2")


async def test_instants_only_move_on(store: RedisStore) -> None:
    await store.settle(event("e1", intent("1", request(until=MONDAY + DAY, opens=MONDAY))))
    early = request(until=EVENING + HOUR, opens=EVENING + HOUR, guard=Guard.NONE)
    await store.settle(event("e2", intent("2", early)))
    claim = (await store.facts(query(key()))).claims[key()]
    assert (claim.until, claim.opens) == (MONDAY + DAY, MONDAY)


async def test_a_prospect_is_answered_once_in_a_life_and_the_record_never_expires(
    store: RedisStore, server: RedisServer
) -> None:
    prospect, client = key(kind=ReplyKind.PROSPECT), key()
    await store.settle(
        event("e1", intent("1", request(prospect, until=FOR_EVER, guard=Guard.UNTIL)), intent("2", request(client)))
    )
    much_later = EVENING + 3650 * DAY
    assert (
        await store.settle(
            event("e2", intent("3", request(prospect, until=FOR_EVER, guard=Guard.UNTIL)), now=much_later)
        )
        == NOBODY
    )
    assert await store.settle(event("e3", intent("4", request(client)), now=much_later)) == Settled(message_ids("4"))
    spans = sorted(int(server.command("TTL", one).strip()[1:]) for one in server.keys("*claim*"))
    assert spans[0] == -1
    assert spans[1] > 0


async def test_an_expiry_is_the_last_instant_and_two_days(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", intent("1")))
    (record,) = server.keys("*claim*")
    seconds = int(server.command("TTL", record).strip()[1:])
    assert MONDAY + 2 * DAY - EVENING - MINUTE < timedelta(seconds=seconds) <= MONDAY + 2 * DAY - EVENING


async def test_fifty_at_once_get_one_reply(store: RedisStore) -> None:
    settled = await asyncio.gather(*(store.settle(event(f"e{one}", intent(str(one)))) for one in range(50)))
    assert sum(len(one.claimed) for one in settled) == 1
    assert (await store.facts(query(key()))).claims[key()].count == 50
    assert len(await store.replies.lease(EVENING + HOUR, 100)) == 1


async def test_the_same_event_again_changes_nothing_and_answers_the_same(store: RedisStore) -> None:
    once = event("e1", intent("1"), evidence=(said(),), journal=(line(),))
    first = await store.settle(once)
    before = await store.facts(query(key(), author="laura@acme.example"))
    assert [await store.settle(once) for _ in range(3)] == [first] * 3
    assert await store.facts(query(key(), author="laura@acme.example")) == before
    assert before.standing["ana"].low == pytest.approx(bounds(Record(0, good=1))[0])
    assert len(await store.history.journal("ana", EVENING, 10)) == 1


async def test_an_event_of_several_owners_claims_for_each(store: RedisStore) -> None:
    owners = [f"owner{number}" for number in range(20)]  # more than there are shards: some share one
    replies = [intent(owner, request(key(owner=owner))) for owner in owners]
    once = event("e1", *replies)
    assert await store.settle(once) == Settled(message_ids(*owners))
    assert await store.settle(once) == Settled(message_ids(*owners))
    assert len((await store.facts(query(*(key(owner=owner) for owner in owners)))).claims) == 20


async def test_a_shadow_reply_claims_apart_and_becomes_due_for_its_rehearsal(store: RedisStore) -> None:
    shadow = request(key(shadow=True))
    assert await store.settle(event("e1", intent("1", shadow))) == Settled(message_ids("1"))
    assert await store.settle(event("e2", intent("2", shadow))) == NOBODY
    assert (await store.facts(query(shadow.key))).claims[shadow.key].state is State.DUE
    (job,) = await store.replies.lease(EVENING + DAY, 10)
    assert job.intent == intent("1", shadow)
    await store.replies.finish(job, State.WITHHELD, EVENING + DAY, "reply-rehearsed")
    assert (await store.facts(query(shadow.key))).claims[shadow.key].state is State.WITHHELD
    assert await store.replies.next_due() is None
    assert await store.settle(event("e3", intent("3"))) == Settled(message_ids("3"))


BEFORE, NOW, AFTER = EVENING - HOUR, EVENING, EVENING + HOUR
TABLE = [
    (guard, until, opens)
    for guard, until, opens in product(Guard, (None, BEFORE, NOW, AFTER, FOR_EVER), (None, BEFORE, NOW, AFTER))
    if until is not None or opens is None
]


def _record(until: datetime | None, opens: datetime | None) -> Claim | None:
    return None if until is None else Claim(until, opens, State.SENT, 1)


async def test_the_script_and_core_agree_on_what_is_taken(store: RedisStore) -> None:
    asked = []
    for number, (guard, until, opens) in enumerate(TABLE):
        person = key(f"person{number}@acme.example")
        if until is not None:
            await store.settle(
                event(f"old{number}", intent(f"old{number}", ClaimRequest(person, until, opens, Guard.NONE)))
            )
        new = ClaimRequest(person, AFTER, AFTER, guard)
        settled = await store.settle(event(f"new{number}", intent(f"new{number}", new)))
        asked.append((guard, until, opens, not settled.claimed, taken(new, _record(until, opens), NOW)))
    assert [one for one in asked if one[3] != one[4]] == []
    assert {one[3] for one in asked} == {True, False}


async def test_bytes_that_are_no_utf8_come_back_as_they_went(store: RedisStore) -> None:
    odd = request(key("jos\udce9@acme.example"))
    await store.settle(event("e1", intent("1", odd, subject="caf\udce9 ñ 😀 \n"), journal=(line(note="\udcff"),)))
    (job,) = await store.replies.lease(EVENING + HOUR, 1)
    assert job.intent == intent("1", odd, subject="caf\udce9 ñ 😀 \n")
    assert (await store.history.journal("ana", EVENING, 1))[0].entry == line(note="\udcff")


async def test_no_key_holds_an_address_or_a_name(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", intent("1"), evidence=(said(),), journal=(line(),)))
    names = server.keys("*")
    assert len(names) > 20
    assert not [name for name in names for word in ("laura", "acme", "ana", "studio") if word in name]


async def test_another_secret_finds_nothing(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", intent("1")))
    stranger = RedisStore(server.url, Keys(b"another secret"), read_only=True)
    assert (await stranger.facts(query(key()))).claims == {}
    await stranger.close()
