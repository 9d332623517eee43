"""The circuit breaker: so many replies an hour for one identity, and for all of them together."""

from collections.abc import Iterable

from milter.core import policy
from milter.store.api import Job
from milter.store.redis import RedisStore
from tests.core import studio
from tests.doubles.redis_server import RedisServer
from tests.store.stories import EVENING, HOUR, KEYS, MINUTE, event, intent, key, request


async def leased(store: RedisStore, owner: str, people: Iterable[int]) -> list[Job]:
    names = [f"{owner}{one}" for one in people]
    replies = [intent(one, request(key(f"{one}@acme.example", owner=owner))) for one in names]
    await store.settle(event(" ".join(names), *replies))
    return sorted(await store.replies.lease(EVENING + 5 * MINUTE, 100), key=lambda one: one.intent.message_id)


async def test_of_one_identity(store: RedisStore) -> None:
    jobs = await leased(store, "ana", range(5))
    assert [await store.replies.within_hourly_limit(one, 3, 100, EVENING) for one in jobs] == [True] * 3 + [False] * 2
    assert [await store.replies.within_hourly_limit(one, 3, 100, EVENING) for one in jobs[:3]] == [True] * 3, (
        "the same again"
    )
    (other,) = await leased(store, "bea", [1])
    assert await store.replies.within_hourly_limit(other, 3, 100, EVENING)
    assert not await store.replies.within_hourly_limit(jobs[4], 3, 100, EVENING + HOUR - MINUTE)
    assert await store.replies.within_hourly_limit(jobs[4], 3, 100, EVENING + HOUR)


async def test_of_all_together_on_whatever_worker(store: RedisStore, server: RedisServer) -> None:
    owners = [f"owner{number}" for number in range(20)]
    jobs = [job for owner in owners for job in await leased(store, owner, [1])]
    elsewhere = RedisStore(server.url, KEYS)
    await elsewhere.prepare(EVENING)
    verdicts = [
        await (store, elsewhere)[at % 2].replies.within_hourly_limit(one, 60, 12, EVENING)
        for at, one in enumerate(jobs)
    ]
    await elsewhere.close()
    assert verdicts == [True] * 12 + [False] * 8
    assert await store.replies.within_hourly_limit(jobs[-1], 60, 12, EVENING + HOUR)


def test_all_together_may_what_ten_busy_ones_may_or_a_quarter_of_many() -> None:
    def of(owners: int) -> int:
        return policy.Policy("mx", studio.KEYS, (studio.ANA,) * owners).hourly_limit

    assert [of(1), of(10), of(40), of(100)] == [600, 600, 600, 1500]
