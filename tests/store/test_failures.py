"""Redis in trouble: every call answers or says StoreAway, nobody waits longer than one deadline, and afterwards all is well."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from milter.errors import StoreAway
from milter.store import link
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer
from tests.store.stories import EVENING, HOUR, KEYS, event, intent, key, line, message_ids, query, request, said

ABOUT_LAURA = query(key(), author="laura@acme.example")


@contextmanager
def impatient() -> Iterator[None]:
    """The product's own deadline, only while the server is silent: a busy test machine may not make a good one late."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(link, "WAIT", 0.25)
        yield


async def fails(store: RedisStore) -> str:
    with pytest.raises(StoreAway) as away:
        await store.facts(ABOUT_LAURA)
    return str(away.value)


async def settling_fails(store: RedisStore, name: str = "1") -> str:
    with pytest.raises(StoreAway) as away:
        await store.settle(event(f"e{name}", intent(name)))
    return str(away.value)


async def test_scripts_forgotten_by_the_server_are_sent_again_in_the_same_call(
    store: RedisStore, server: RedisServer
) -> None:
    await store.settle(event("e1", intent("1"), evidence=(said(),)))
    for flush in range(3):
        server.command("SCRIPT", "FLUSH")
        assert (await store.facts(ABOUT_LAURA)).claims[key()].count == 1 + flush
        server.command("SCRIPT", "FLUSH")
        assert not (await store.settle(event(f"again{flush}", intent("2")))).claimed
    server.command("SCRIPT", "FLUSH")
    assert len(await store.replies.lease(EVENING + HOUR, 5)) == 1


async def test_a_silent_server_costs_three_waits_and_then_none(own_store: RedisStore, own_server: RedisServer) -> None:
    own_server.freeze()
    with impatient():
        causes = [await fails(own_store) for _ in range(10)]
    assert causes == ["timeout: no answer within 250 ms"] * 3 + ["redis is away"] * 7
    own_server.thaw()
    await own_store.link.back()
    assert (await own_store.facts(ABOUT_LAURA)).claims == {}


async def test_a_paused_server_is_found_again(own_store: RedisStore, own_server: RedisServer) -> None:
    own_server.pause(1000)
    with impatient():
        assert "timeout" in await fails(own_store)
        await asyncio.gather(*(fails(own_store) for _ in range(20)))
        assert await fails(own_store) == "redis is away"
    await own_store.link.back()
    assert await own_store.settle(event("e1", intent("1")))


async def test_answers_that_came_too_late_are_not_taken_for_those_of_the_next_question(
    own_store: RedisStore, own_server: RedisServer
) -> None:
    await own_store.settle(event("e1", intent("1")))
    own_server.freeze()
    with impatient():
        await fails(own_store)
    given_up = asyncio.create_task(own_store.facts(ABOUT_LAURA))
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.gather(given_up, return_exceptions=True)
    own_server.thaw()
    assert (await own_store.facts(query(key("nobody@acme.example")))).claims == {}
    assert key() in (await own_store.facts(ABOUT_LAURA)).claims


async def test_a_stopped_server_is_away_and_then_back(own_store: RedisStore, own_server: RedisServer) -> None:
    own_server.stop()
    for _ in range(4):
        await fails(own_store)
    assert await fails(own_store) == "redis is away"
    own_server.start()
    await own_store.link.back()
    await own_store.facts(ABOUT_LAURA)


async def test_two_failures_do_not_open_the_breaker(own_store: RedisStore, own_server: RedisServer) -> None:
    own_server.stop()
    for _ in range(2):
        await fails(own_store)
    own_server.start()
    await own_store.facts(query(key()))
    own_server.stop()
    for _ in range(2):
        assert await fails(own_store) != "redis is away"


@pytest.mark.parametrize("trouble", ["make_read_only", "fill_memory"])
async def test_a_server_that_takes_nothing_still_answers_and_nothing_is_half_done(
    own_store: RedisStore, own_server: RedisServer, trouble: str
) -> None:
    await own_store.settle(event("e1", intent("1")))
    getattr(own_server, trouble)()
    causes = [await settling_fails(own_store, str(number)) for number in range(2, 8)]
    assert len(set(causes)) == 1
    assert causes[0].startswith(("ReadOnlyError", "OutOfMemoryError"))
    assert (await own_store.facts(ABOUT_LAURA)).claims[key()].count == 1
    {"make_read_only": own_server.make_writable, "fill_memory": own_server.free_memory}[trouble]()
    assert not (await own_store.settle(event("e2", intent("2")))).claimed
    assert (await own_store.facts(ABOUT_LAURA)).claims[key()].count == 2


async def test_a_claim_that_cannot_be_read_is_away_for_this_person_alone(
    store: RedisStore, server: RedisServer
) -> None:
    await store.settle(event("e1", intent("1")))
    (record,) = server.keys("*claim*")
    server.junk(record)
    for number in range(2, 7):
        assert (await fails(store)).startswith("WRONGTYPE")
        assert (await settling_fails(store, str(number))).startswith("WRONGTYPE")
    marta = request(key("marta@acme.example"))
    assert (await store.settle(event("e9", intent("9", marta)))).claimed == message_ids("9")


@pytest.mark.parametrize("place", ["journal", "due"])
async def test_junk_beside_the_claims_fails_before_anything_is_written(
    store: RedisStore, server: RedisServer, place: str
) -> None:
    await store.settle(event("warm", intent("w", request(key("other@acme.example"))), journal=(line(),)))
    (name,) = server.keys(f"*{place}")
    server.junk(name)
    once = event("e1", intent("1"), journal=(line(),))
    with pytest.raises(StoreAway):
        await store.settle(once)
    server.command("DEL", name)
    assert (await store.settle(once)).claimed == message_ids("1")


async def test_a_server_that_wants_a_password_is_away(own_store: RedisStore, own_server: RedisServer) -> None:
    own_server.command("CONFIG", "SET", "requirepass", "open sesame")
    stranger = RedisStore(own_server.url, KEYS, read_only=True)
    assert "uthentication" in await fails(stranger)
    await stranger.close()
    friend = RedisStore(f"unix://:open%20sesame@{own_server.socket}", KEYS, read_only=True)
    assert (await friend.facts(ABOUT_LAURA)).claims == {}
    await friend.close()


async def test_more_questions_at_once_than_connections(store: RedisStore) -> None:
    await store.settle(event("e1", intent("1")))
    found = await asyncio.gather(*(store.facts(ABOUT_LAURA) for _ in range(100)))
    assert [one for one in found if key() not in one.claims] == []


async def test_trouble_is_logged_once_and_so_is_its_end(
    own_store: RedisStore, own_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    own_server.fill_memory()
    for number in range(10):
        await settling_fails(own_store, str(number))
        await own_store.facts(ABOUT_LAURA)
    own_server.free_memory()
    await own_store.settle(event("e1"))
    await own_store.settle(event("e2", intent("1")))
    assert [one.message for one in caplog.records if "redis" in one.message] == ["redis failed", "redis does it again"]
