"""What an owner changed of his hours, as every node reads it; and what was promised to clients."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from milter.core.overrides import Clear, Override, Said
from milter.core.reply_job import PersonKey, ReplyIntent, State
from milter.errors import StoreAway
from milter.store import event_json
from milter.store.api import FactsQuery, Job
from milter.store.link import Command
from milter.store.redis import RedisStore
from milter.store.today import decode, decode_one, encode
from tests.doubles.redis_server import RedisServer
from tests.store.stories import DAY, EVENING, HOUR, KEYS, MINUTE, event, intent, key, request

CLOSED = Override(EVENING, EVENING + 4 * HOUR, is_open=False)
OPEN = Override(EVENING + HOUR, EVENING + 2 * HOUR, is_open=True)
AWAY = Override(EVENING, EVENING + 3 * DAY, is_open=False, said=Said.AWAY)
LAURA = "laura@acme.example"
DUE = EVENING + 5 * MINUTE
PROMISED = EVENING + 20 * HOUR


async def test_another_node_reads_it(store: RedisStore, server: RedisServer) -> None:
    assert await store.today.read("ana", EVENING) == ()
    assert await store.today.change("ana", CLOSED, EVENING) == (CLOSED,)
    assert await store.today.change("ana", OPEN, EVENING) == (CLOSED, OPEN)
    other = RedisStore(server.url, KEYS, read_only=True)
    assert await other.today.of(("ana", "bea"), EVENING) == {"ana": (CLOSED, OPEN), "bea": ()}
    await other.close()


async def test_it_comes_with_the_facts_of_a_message(store: RedisStore) -> None:
    await store.today.change("ana", CLOSED, EVENING)
    query = FactsQuery(EVENING, "acme.example", None, claims=(key(LAURA),), owners=("ana", "bea"))
    assert dict((await store.facts(query)).overrides) == {"ana": (CLOSED,)}
    later = FactsQuery(EVENING + 4 * HOUR, "acme.example", None, owners=("ana",))
    assert dict((await store.facts(later)).overrides) == {}
    unasked = FactsQuery(EVENING, "acme.example", None, claims=(key(LAURA),))
    assert dict((await store.facts(unasked)).overrides) == {}


async def test_it_comes_with_the_lease_of_a_reply(store: RedisStore) -> None:
    await store.settle(event("e1", intent("1", request(key(LAURA)))))
    await store.today.change("ana", AWAY, EVENING)
    (job,) = await store.replies.lease(DUE, 10)
    assert job.overrides == (AWAY,)


async def test_it_is_taken_back_by_its_own_command(store: RedisStore) -> None:
    for change in (CLOSED, AWAY, Clear(Said.TODAY)):
        await store.today.change("ana", change, EVENING)
    assert await store.today.read("ana", EVENING) == (AWAY,)
    assert await store.today.change("ana", Clear(Said.AWAY), EVENING) == ()


async def ttl(store: RedisStore, name: str) -> timedelta:
    (span,) = await store.link.run("test", [Command(("PTTL", name))])
    return timedelta(milliseconds=span)


async def test_it_expires_by_itself(store: RedisStore, server: RedisServer) -> None:
    await store.today.change("ana", AWAY, EVENING)
    await store.today.change("ana", CLOSED, EVENING)
    (name,) = [one for one in server.keys("*") if ":today:" in one]
    assert timedelta(0) < await ttl(store, name) <= 5 * DAY
    assert await store.today.read("ana", EVENING + 3 * DAY) == ()


async def test_its_name_says_nobody(store: RedisStore, server: RedisServer) -> None:
    await store.today.change("ana", AWAY, EVENING)
    assert not [one for one in server.keys("*") if "ana" in one]


async def test_a_mail_changes_it_once(store: RedisStore) -> None:
    told = event("e1", changes=(("ana", CLOSED), ("ana", OPEN)))
    await store.settle(told)
    assert await store.today.read("ana", EVENING) == (CLOSED, OPEN)
    await store.today.change("ana", Clear(Said.TODAY), EVENING)
    await store.settle(told)
    assert await store.today.read("ana", EVENING) == ()


async def test_an_event_with_a_change_waits_in_the_outbox() -> None:
    told = event("e1", changes=(("ana", CLOSED), ("ana", Clear(Said.AWAY))))
    assert event_json.decode(event_json.encode(told)) == told


@pytest.mark.parametrize("change", [CLOSED, OPEN, AWAY, Clear(Said.TODAY), Clear(Said.AWAY)])
def test_a_change_as_a_line(change: Override | Clear) -> None:
    assert decode_one(encode(change)) == change


STRANGE = [b"", b"clear", b"clear lunch", b"1 2 ajar today", b"x 2 open today", b"9" * 40 + b" 2 open today", b"\xff"]


@pytest.mark.parametrize("line", STRANGE)
def test_a_line_of_another_version_is_left_out(line: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert decode([line, encode(CLOSED).encode()], EVENING) == (CLOSED,)
    assert "cannot be read" in caplog.text


async def test_a_store_that_is_away_says_so(tmp_path: Path) -> None:
    store = RedisStore(f"unix://{tmp_path}/none", KEYS)
    with pytest.raises(StoreAway):
        await store.today.change("ana", CLOSED, EVENING)
    await store.close()


# --- promises


def promise(reply: ReplyIntent, due: datetime | None) -> ReplyIntent:
    return replace(reply, due=due)


async def leased(store: RedisStore, name: str = "1", person: str = LAURA, due: datetime | None = PROMISED) -> Job:
    await store.settle(event(f"e{name}", promise(intent(name, request(key(person))), due)))
    (job,) = await store.replies.lease(DUE, 10)
    return job


async def states(store: RedisStore, owner: str = "ana") -> list[tuple[object, object, object]]:
    return [(one.due, one.sent, one.kept) for one in await store.promises.listed(owner)]


async def test_a_promise_is_made_when_the_reply_leaves(store: RedisStore) -> None:
    job = await leased(store)
    assert await states(store) == []
    await store.replies.handed(job, DUE)
    assert await states(store) == [(PROMISED, None, None)]
    await store.replies.finish(job, State.SENT, DUE + MINUTE, "reply-sent")
    (one,) = await store.promises.listed("ana")
    assert (one.client, one.to, one.message) == ("acme", job.intent.correspondent, job.intent.parent_id)
    assert (one.due, one.sent, one.kept) == (PROMISED, DUE + MINUTE, None)
    assert await states(store, "bea") == []


@pytest.mark.parametrize(
    ("end", "left"),
    [
        (State.SENT, [(PROMISED, DUE, None)]),
        (State.UNKNOWN, [(PROMISED, None, None)]),
        (State.WITHHELD, []),
        (State.CANCELLED, []),
    ],
)
async def test_what_did_not_leave_promises_nothing(store: RedisStore, end: State, left: list[object]) -> None:
    job = await leased(store)
    await store.replies.handed(job, DUE)
    await store.replies.finish(job, end, DUE, "reply-ended")
    assert await states(store) == left


async def test_a_refused_reply_promises_when_it_leaves_at_last(store: RedisStore) -> None:
    job = await leased(store)
    await store.replies.handed(job, DUE)
    await store.replies.retry(job, DUE + MINUTE, DUE, "reply-deferred-next-hop")
    assert await states(store) == []
    (again,) = await store.replies.lease(DUE + MINUTE, 10)
    await store.replies.handed(again, DUE + MINUTE)
    assert await states(store) == [(PROMISED, None, None)]


async def test_a_reply_without_promise_leaves_none(store: RedisStore) -> None:
    job = await leased(store, due=None)
    await store.replies.handed(job, DUE)
    await store.replies.finish(job, State.SENT, DUE, "reply-sent")
    assert await states(store) == []


async def test_a_promise_is_kept_by_a_letter_to_that_person(store: RedisStore) -> None:
    job = await leased(store)
    await store.replies.handed(job, DUE)
    await store.replies.finish(job, State.SENT, DUE, "reply-sent")
    assert await store.promises.kept("ana", "chef@bistro.example", DUE + HOUR) == 0
    assert await store.promises.kept("bea", LAURA, DUE + HOUR) == 0
    assert await store.promises.kept("ana", LAURA, DUE - MINUTE) == 0  # written before it was promised
    assert await store.promises.kept("ana", LAURA, DUE + HOUR) == 1
    assert await store.promises.kept("ana", LAURA, DUE + 2 * HOUR) == 0
    assert await states(store) == [(PROMISED, DUE, DUE + HOUR)]


async def test_a_promise_is_kept_because_the_owner_says_so(store: RedisStore) -> None:
    job = await leased(store)
    await store.replies.handed(job, DUE)
    (one,) = await store.promises.listed("ana")
    assert not await store.promises.kept_one("ana", "0123456789", DUE)
    assert not await store.promises.kept_one("bea", one.id, DUE)
    assert await store.promises.kept_one("ana", one.id, DUE + HOUR)
    assert not await store.promises.kept_one("ana", one.id, DUE + HOUR)


async def test_old_promises_are_forgotten(store: RedisStore) -> None:
    job = await leased(store)
    await store.replies.handed(job, DUE)
    much_later = DUE + 120 * DAY
    second = promise(intent("2", request(key("marta@flores.example")), now=much_later), much_later + HOUR)
    await store.settle(event("e2", second, now=much_later))
    (again,) = [
        one for one in await store.replies.lease(much_later + HOUR, 10) if one.intent.message_id == second.message_id
    ]
    await store.replies.handed(again, much_later + HOUR)
    assert await states(store) == [(much_later + HOUR, None, None)]


async def test_whoever_was_told_of_a_later_opening_is_not_told_again(store: RedisStore) -> None:
    """The opening was put off while the reply waited: the record holds what the reply said."""
    job = await leased(store, due=None)
    assert job.intent.opens
    put_off = job.intent.opens + 5 * DAY
    job = replace(job, intent=replace(job.intent, opens=put_off))
    await store.replies.handed(job, DUE)
    await store.replies.finish(job, State.SENT, DUE, "reply-sent")
    found = await store.facts(FactsQuery(DUE, "acme.example", None, claims=(key(LAURA),)))
    assert found.claims[key(LAURA)].opens == put_off
    assert PersonKey("ana", LAURA) not in found.people
