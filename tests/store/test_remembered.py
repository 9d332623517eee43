"""Remembered outcomes of messages, and the count of an authenticated author's messages."""

import struct

import pytest

from milter.core.facts import Standing
from milter.store.api import DoneKey
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer
from tests.store.stories import DAY, EVENING, HOUR, KEYS, event, query, remembered

REPLY = "250 2.0.0 <laura> Saved\nsecond line"
QUEUE_IDS = [
    ("4F1", "4F1", True),
    ("4F1", "9AB", False),
    ("", "9AB", True),
    ("4F1", "", True),
    ("", "", True),
]


@pytest.mark.parametrize(("before", "now", "same"), QUEUE_IDS)
async def test_queue_ids_must_match_when_both_are_known(store: RedisStore, before: str, now: str, same: bool) -> None:
    await store.settle(event("e1", done=((remembered(before), REPLY, 6 * 3600),)))
    found = (await store.facts(query(done=(remembered(now),)))).done
    assert found == ({remembered().digest: REPLY} if same else {})


async def test_an_outcome_is_remembered_for_its_time_by_the_clock_of_the_mail(
    store: RedisStore, server: RedisServer
) -> None:
    await store.settle(event("e1", done=((remembered(), REPLY, 6 * 3600),)))
    for at, known in (
        (EVENING, True),
        (EVENING + 5 * HOUR, True),
        (EVENING + 6 * HOUR, False),
        (EVENING - 2 * HOUR, True),
    ):
        assert bool((await store.facts(query(now=at, done=(remembered(),)))).done) is known, at
    (name,) = server.keys("*done*")
    seconds = int(server.command("TTL", name).strip()[1:])
    assert 6 * 3600 + 2 * 86400 - 60 < seconds <= 6 * 3600 + 2 * 86400


async def test_each_recipient_has_an_outcome_of_its_own(store: RedisStore) -> None:
    ana, bea, nobody = (DoneKey(KEYS.name("done", one), "") for one in ("ana", "bea", "nobody"))
    await store.settle(event("e1", done=((ana, "250 ana", 60), (bea, "250 bea", 60))))
    assert (await store.facts(query(done=(nobody, bea, ana)))).done == {ana.digest: "250 ana", bea.digest: "250 bea"}


async def test_an_author_is_counted_once_a_message(store: RedisStore) -> None:
    laura = "laura@acme.example"
    assert (await store.facts(query(author=laura))).standing is None
    for number in range(3):
        await store.settle(event(f"e{number}", author_name=laura, now=EVENING + number * HOUR))
    await store.settle(event("e2", author_name=laura))
    assert (await store.facts(query(author=laura))).standing == Standing("neutral", 3)
    assert (await store.facts(query(author="marta@acme.example"))).standing is None


async def test_nobody_is_counted_without_authentication(store: RedisStore, server: RedisServer) -> None:
    await store.settle(event("e1", done=((remembered(), REPLY, 60),)))
    assert server.keys("*rep") == []
    await store.settle(event("e2", author_name="laura@acme.example"))
    assert len(server.keys("*rep")) == 1


async def test_a_last_instant_in_the_future_is_healed_by_the_next_message(
    store: RedisStore, server: RedisServer
) -> None:
    laura = "laura@acme.example"
    await store.settle(event("e1", author_name=laura, now=EVENING + 400 * DAY))
    (name,) = server.keys("*rep")
    await store.settle(event("e2", author_name=laura))
    last, count = struct.unpack("<II", server.command("HVALS", name)[-10:-2])
    assert (last, count) == (EVENING.timestamp(), 2)
    assert (await store.facts(query(author=laura))).standing == Standing("neutral", 2)


async def test_junk_in_the_place_of_the_reputation_makes_authors_unknown_and_costs_nothing_else(
    store: RedisStore, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    await store.settle(event("e1", author_name="laura@acme.example"))
    (name,) = server.keys("*rep")
    server.junk(name)
    await store.settle(event("e2", author_name="laura@acme.example", done=((remembered(), REPLY, 60),)))
    assert "reputation cannot be read" in caplog.text
    found = await store.facts(query(author="laura@acme.example", done=(remembered(),)))
    assert (found.standing, found.done) == (None, {remembered().digest: REPLY})
