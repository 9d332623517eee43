"""Remembered outcomes of messages."""

import pytest

from milter.store.api import DoneKey
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer
from tests.store.stories import EVENING, HOUR, KEYS, event, query, remembered

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
