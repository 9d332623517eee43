"""What a person is told of the queue: what waits, for whom, and what each line of the journal is about."""

import pytest

from milter.core.reply_job import State
from milter.store import history
from milter.store.api import Queued
from milter.store.codec import about, about_of
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer
from tests.store.stories import DAY, EVENING, KEYS, MINUTE, event, intent, key, request

DUE = EVENING + 5 * MINUTE


def reply(name: str, person: str = "", owner: str = "ana", **more: object):
    return intent(name, request(key(person or f"p{name}@acme.example", owner=owner)), **more)


async def test_what_waits_is_listed_the_next_first(store: RedisStore) -> None:
    assert await store.history.queued("ana") == []
    later, sooner, other = reply("1", now=EVENING + MINUTE), reply("2"), reply("3", owner="bea")
    await store.settle(event("e1", later, sooner, other))
    assert await store.history.queued("ana") == [
        Queued(DUE, State.DUE, sooner, 0),
        Queued(DUE + MINUTE, State.DUE, later, 0),
    ]
    assert [one.intent for one in await store.history.queued("bea")] == [other]


async def test_listing_changes_nothing(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", reply("1")))
    reader = RedisStore(server.url, KEYS, read_only=True)
    before = [server.command("DUMP", one) for one in sorted(server.keys("*"))]
    assert len(await reader.history.queued("ana")) == 1
    assert [server.command("DUMP", one) for one in sorted(server.keys("*"))] == before
    await reader.close()


async def test_a_worker_has_it(store: RedisStore) -> None:
    await store.settle(event("e1", reply("1")))
    (job,) = await store.replies.lease(DUE, 10)
    (leased,) = await store.history.queued("ana")
    assert (leased.at, leased.state, leased.attempts) == (DUE + MINUTE, State.LEASED, 1)
    await store.replies.handed(job, DUE)
    assert (await store.history.queued("ana"))[0].state is State.HANDED
    await store.replies.finish(job, State.SENT, DUE, "reply-sent")
    assert await store.history.queued("ana") == []


async def test_more_than_a_page(store: RedisStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGE", 3)
    await store.settle(event("e1", *(reply(str(number)) for number in range(7))))
    assert len(await store.history.queued("ana")) == 7


@pytest.mark.parametrize("end", ["crash", "too late", "cancelled", "refused", "bounced"])
async def test_every_line_of_the_journal_says_what_it_is_about(store: RedisStore, end: str) -> None:
    await store.settle(event("e1", reply("1", "laura@acme.example")))
    match end:
        case "cancelled":
            await store.replies.cancel(key("laura@acme.example"), EVENING, "reply-cancelled-owner-answered")
        case "too late":
            again = reply("2", "laura@acme.example", now=EVENING + 30 * DAY)
            await store.settle(event("e2", again, now=EVENING + 30 * DAY))
        case _:
            (job,) = await store.replies.lease(DUE, 10)
            await store.replies.handed(job, DUE)
            if end == "crash":
                await store.replies.lease(DUE + DAY, 10)
            if end == "refused":
                await store.replies.finish(job, State.WITHHELD, DUE, "reply-failed-refused")
            if end == "bounced":
                await store.replies.bounced(job.name, DUE, "reply-bounced", "5.1.1", None)
    (entry,) = await store.history.journal("ana", EVENING - DAY, 10)
    assert about_of(entry.entry.fields["about"]) == ("closed", "es", "acme")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (about(reply("1")), ("closed", "es", "acme")),
        ("prospect gl ", ("prospect", "gl", "")),
        ("closed es dos palabras", ("closed", "es", "dos palabras")),
        ("", ("", "", "")),
    ],
)
def test_about(text: str, parts: tuple[str, str, str]) -> None:
    assert about_of(text) == parts
