"""The record of a sender in a real Redis: as the model says, whatever the order, whoever forges, however many there are."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from milter.core import reputation
from milter.core.evidence import WEIGHTS, Evidence, Kind
from milter.core.keys import Keys
from milter.core.reply_job import PersonKey
from milter.core.reputation import Record
from milter.core.sender import Sender, Signed, of_address, of_domain, of_list, of_stranger
from milter.store import event_json, senders
from milter.store.layout import Layout
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer
from tests.store.stories import DAY, EVENING, HOUR, KEYS, event, line, query, remembered, said

LAURA, MARTA = "laura@acme.example", "marta@gmail.com"
ACME = of_domain("acme.example")


async def learn(store: RedisStore, *pieces: Evidence, at: datetime = EVENING, id: str = "") -> None:
    await store.settle(event(id or f"{random.random()}", now=at, evidence=pieces))


async def known(store: RedisStore, who: Sender, owner: str = "ana") -> Record:
    (found,) = await store.reputation.read(owner, [who])
    assert found.record, "nothing is known of this name"
    return found.record


async def nothing(store: RedisStore, who: Sender, owner: str = "ana") -> bool:
    return (await store.reputation.read(owner, [who]))[0].record is None


# The same sums as the model


def histories() -> Iterator[tuple[int, list[tuple[Kind, Signed, timedelta]]]]:
    kinds = [one for one in Kind if one not in (Kind.SIGNATURE, Kind.OPT_OUT)]
    spans = [timedelta(0), timedelta(seconds=7), HOUR, 9 * HOUR, DAY, 31 * DAY, 400 * DAY, -3 * DAY]
    for seed in range(12):
        chance = random.Random(seed)
        weights = [chance.random() for _ in kinds]
        yield (
            seed,
            [
                (chance.choices(kinds, weights)[0], chance.choice(list(Signed)), chance.choice(spans[: 3 + seed % 6]))
                for _ in range(80)
            ],
        )


@pytest.mark.parametrize(("seed", "history"), list(histories()))
async def test_the_store_does_the_sums_of_the_model(
    store: RedisStore, seed: int, history: list[tuple[Kind, Signed, timedelta]]
) -> None:
    """Address and domain, over any history; only the rounding to 32 bits may differ."""
    who, mine, theirs, at = of_address(LAURA), None, None, EVENING
    for kind, signed, passed in history:
        at += passed
        await learn(store, Evidence("ana", who, kind, signed=signed), at=at)
        weight = WEIGHTS[kind]
        mine = reputation.learned(mine, weight.good, weight.bad, at)
        theirs = reputation.learned(theirs, weight.good, weight.bad, at)
        if signed:
            theirs = reputation.with_signature(theirs, signed is Signed.PASSED)
    for name, expected in ((who, mine), (ACME, theirs)):
        found = await known(store, name)
        assert expected
        assert (found.last, found.count, found.flags) == (expected.last, expected.count, expected.flags)
        values = (expected.good, expected.bad, expected.burst)
        assert (found.good, found.bad, found.burst) == pytest.approx(values, rel=1e-4, abs=1e-6)
    standing = (await store.facts(query(author=LAURA, now=at))).standing["ana"]
    modelled = reputation.standing(mine, theirs, at)
    assert (standing.code, standing.first) == (modelled.code, modelled.first)
    assert (standing.low, standing.high) == pytest.approx((modelled.low, modelled.high), abs=1e-4)


async def test_a_clock_that_ran_ahead_is_healed_by_the_next_message(store: RedisStore) -> None:
    await learn(store, said(), at=EVENING + 400 * DAY)
    await learn(store, said(), at=EVENING)
    record = await known(store, of_address(LAURA))
    assert record.last == EVENING.timestamp() and record.good == 2


# Whose it is


async def test_every_owner_has_evidence_of_his_own(store: RedisStore) -> None:
    for _ in range(12):
        await learn(store, said(Kind.JUNK), said(Kind.WROTE, owner="bea"))
    asked = query(author=LAURA)
    found = await store.facts(replace(asked, judges=("ana", "bea", "carmen")))
    assert {owner: one.code for owner, one in found.standing.items()} == {
        "ana": "bad",
        "bea": "neutral",
        "carmen": "neutral",
    }
    assert [owner for owner, one in found.standing.items() if one.first] == ["carmen"]


async def test_a_forger_neither_uses_nor_spoils_a_proven_name(store: RedisStore) -> None:
    for day in range(30):
        await learn(store, said(), at=EVENING + day * DAY)
    forger = of_stranger(LAURA, "203.0.113.0/24")
    for _ in range(50):
        await learn(store, Evidence("ana", forger, Kind.SPAM), at=EVENING + 30 * DAY)
    now = EVENING + 30 * DAY
    (proven, forged) = await store.reputation.read("ana", [of_address(LAURA), forger])
    assert reputation.standing(proven.record, proven.domain, now).code == "trusted"
    assert reputation.standing(forged.record, None, now, authenticated=False).code == "bad"
    # Nor does the next network of the same claim answer for it.
    assert await nothing(store, of_stranger(LAURA, "198.51.100.0/24"))


async def test_a_domain_lends_its_standing_and_a_provider_of_mailboxes_does_not(store: RedisStore) -> None:
    for number in range(20):
        await learn(store, said(Kind.SPAM, f"n{number}@acme.example"), said(Kind.SPAM, f"n{number}@gmail.com"))
    codes = {who: (await store.facts(query(author=who))).standing["ana"] for who in ("new@acme.example", MARTA)}
    assert {who: (one.code, one.first) for who, one in codes.items()} == {
        "new@acme.example": ("bad", True),
        MARTA: ("neutral", True),
    }


async def test_a_list_lies_with_the_domain_that_sends_it(store: RedisStore) -> None:
    """In another slot than the author whose domain picks that of the outcomes: both in one wait."""
    who = of_list("python.lists.example", "lists.example")
    await store.settle(
        event("e1", evidence=(Evidence("ana", who, Kind.SPAM),), done=((remembered(), "250 2.0.0 ok", 60),))
    )
    found = await store.facts(replace(query(done=(remembered(),)), sender=who, judges=("ana",)))
    assert found.done == {remembered().digest: "250 2.0.0 ok"}
    assert not found.standing["ana"].first and found.standing["ana"].high < 0.75


# Counted once


async def test_the_same_event_and_the_same_message_again_count_once(store: RedisStore) -> None:
    replayed = said(Kind.ACCEPTED, once="a signature")
    for number in range(50):
        await learn(store, replayed, at=EVENING + number * timedelta(minutes=1), id=f"e{number}")
        await learn(store, said(Kind.JUNK), id="the same event")
    record = await known(store, of_address(LAURA))
    assert record.count == 2
    assert (record.good, record.bad) == pytest.approx((0.1, 1), rel=1e-3)


async def test_a_replay_counts_again_after_two_days_and_at_once_for_what_else_it_is(store: RedisStore) -> None:
    await learn(store, said(Kind.ACCEPTED, once="one"))
    await learn(store, said(Kind.ACCEPTED, once="one"), at=EVENING + 47 * HOUR)
    assert (await known(store, of_address(LAURA))).count == 1
    await learn(store, said(Kind.ACCEPTED, once="one"), at=EVENING + 49 * HOUR)
    await learn(store, said(Kind.ACCEPTED, once="another"), at=EVENING + 49 * HOUR)
    await learn(store, said(Kind.SPAM, once="one"), at=EVENING + 49 * HOUR)
    await learn(store, said(Kind.ACCEPTED, once="one", owner="bea"), at=EVENING + 49 * HOUR)
    assert (await known(store, of_address(LAURA))).count == 4


async def test_a_broken_signature_counts_only_where_the_domain_always_signs(store: RedisStore) -> None:
    forger = of_stranger(LAURA, "203.0.113.0/24")
    broken = Evidence("ana", forger, Kind.SIGNATURE, signed=Signed.FAILED)
    passed = Evidence("ana", of_address(LAURA), Kind.ACCEPTED, signed=Signed.PASSED)
    for _ in range(4):
        await learn(store, passed)
    await learn(store, broken)
    assert await nothing(store, forger)
    await learn(store, passed)
    await learn(store, broken)
    assert (await known(store, forger)).bad == 0.25
    # A failure in the domain's own proven mail: it does not always sign, and the forger had no say in that.
    assert (await known(store, ACME)).flags == 5
    await learn(store, Evidence("ana", of_address(LAURA), Kind.ACCEPTED, signed=Signed.FAILED))
    await learn(store, broken)
    assert (await known(store, forger)).bad == 0.25


async def test_to_whom_an_owner_writes_is_wanted(store: RedisStore) -> None:
    await store.settle(event("e1", wrote=(PersonKey("ana", LAURA), PersonKey("ana", MARTA))))
    assert (await known(store, of_address(LAURA))).good == (await known(store, of_address(MARTA))).good == 1


async def test_evidence_waits_in_the_outbox_as_it_is() -> None:
    pieces = (
        said(once="one"),
        Evidence("bea", of_stranger("jos\udce9@x.example", "local"), Kind.SPAM, signed=Signed.FAILED),
    )
    one = event("e1", evidence=pieces)
    assert event_json.decode(event_json.encode(one)) == one
    before = json.loads(event_json.encode(one))
    del before["evidence"]
    assert event_json.decode(json.dumps(before).encode()).evidence == ()


# What is no record of ours


async def test_junk_makes_senders_unknown_and_costs_nothing_else(
    store: RedisStore, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    await learn(store, said())
    (name,) = server.keys("*:r")
    server.junk(name)
    await store.settle(event("e2", evidence=(said(),), done=((remembered(), "250 2.0.0 ok", 60),)))
    assert "reputation cannot be read" in caplog.text
    found = await store.facts(query(author=LAURA, done=(remembered(),)))
    assert found.standing["ana"] == reputation.standing(None, None, EVENING)
    assert found.done == {remembered().digest: "250 2.0.0 ok"}


@pytest.mark.parametrize("value", ["junk", "twenty bytes of junk", "12345678", ""])
async def test_a_foreign_value_in_a_record_is_nobody_and_is_replaced(
    store: RedisStore, server: RedisServer, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    who = of_address(LAURA)
    await learn(store, said())
    (name,) = server.keys("*:r")
    raw = await store.link.run("test", [senders.Command(("HSET", name, store._layout.field("ana", who), value))])
    assert raw == [0]
    assert (await store.facts(query(author=LAURA))).standing["ana"].first
    await learn(store, said(Kind.JUNK))
    assert caplog.text.count("reputation cannot be read") == 2
    assert ((await known(store, who)).good, (await known(store, who)).bad) == (0, 1)


@pytest.mark.parametrize("count", ["junk", "-3", "inf", "nan", "1e300"])
async def test_a_foreign_number_of_hashes_is_one(store: RedisStore, server: RedisServer, count: str) -> None:
    await learn(store, said())
    (name,) = server.keys("*:r")
    server.command("HSET", name, "n", count)
    await learn(store, said(Kind.JUNK))
    assert (await known(store, of_address(LAURA))).count == 2
    assert not (await store.facts(query(author=LAURA))).standing["ana"].first
    assert await store.reputation.forget("ana", LAURA) == 1


async def test_after_a_loss_nobody_is_said_to_be_here_for_the_first_time(
    own_store: RedisStore, own_server: RedisServer
) -> None:
    """He may have written for years: a folder for first-timers must not swallow everybody."""
    assert (await own_store.facts(query(author=LAURA))).standing["ana"].first
    own_server.restart_empty()
    await own_store.link.back()
    await own_store.prepare(EVENING)
    assert not (await own_store.facts(query(author=LAURA))).standing["ana"].first
    assert (await own_store.facts(query(author=LAURA, now=EVENING + 31 * DAY))).standing["ana"].first


# However many there are


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of 12 records, 16 of a slot: what happens at thousands, with few."""
    monkeypatch.setattr(senders, "MOST", 12)
    monkeypatch.setattr(senders, "HASHES", 16)


def neighbours(count: int) -> list[str]:
    return [f"n{number}@acme.example" for number in range(count)]


async def test_a_slot_grows_and_everybody_is_found(store: RedisStore, server: RedisServer, small: None) -> None:
    for number, who in enumerate(neighbours(120)):
        await learn(store, *[said(Kind.SPAM, who)] * (1 + number % 3))
    keys = server.keys("*:r*")
    assert 10 <= len(keys) <= 16
    assert len({name[: name.index("}")] for name in keys}) == 1, "one slot"
    for number, who in enumerate(neighbours(120)):
        assert (await known(store, of_address(who))).bad == pytest.approx(1 + number % 3)
        assert not (await store.facts(query(author=who))).standing["ana"].first
    assert (await known(store, ACME)).bad == pytest.approx(64)


async def test_junk_where_a_slot_grows_is_in_nobody_s_way(
    store: RedisStore, server: RedisServer, small: None, caplog: pytest.LogCaptureFixture
) -> None:
    await learn(store, said(Kind.SPAM))
    (name,) = server.keys("*:r")
    server.junk(f"{name}:1")
    for who in neighbours(60):
        await learn(store, said(Kind.SPAM, who))
    assert "cannot be read" not in caplog.text
    assert not [who for who in neighbours(60) if await nothing(store, of_address(who))]
    server.junk(f"{name}:1")
    for number, who in enumerate(neighbours(60)):
        await store.settle(event(f"e{number}", evidence=(said(Kind.SPAM, who),), journal=(line(),)))
    assert "cannot be read" in caplog.text
    lost = [who for who in neighbours(60) if (await store.facts(query(author=who))).standing["ana"].first]
    assert 0 < len(lost) < 20, "only who lay there is nobody"


async def test_a_full_slot_forgets_the_weakest_first(store: RedisStore, server: RedisServer, small: None) -> None:
    strong, weak = neighbours(40), [f"w{number}@acme.example" for number in range(400)]
    for who in strong:
        await learn(store, said(Kind.WROTE, who))
    for who in weak:
        await learn(store, said(Kind.ACCEPTED, who))
    lengths = [int(server.command("HLEN", name).strip()[1:]) for name in server.keys("*:r*")]
    assert len(lengths) == 16 and max(lengths) <= 14
    gone = [who for who in strong if await nothing(store, of_address(who))]
    assert gone == []
    assert [who for who in weak if await nothing(store, of_address(who))], "the cap was never reached"


async def test_what_has_faded_makes_room_before_a_slot_grows(
    store: RedisStore, server: RedisServer, small: None
) -> None:
    for who in neighbours(10):
        await learn(store, said(Kind.ACCEPTED, who))
    for number in range(100):
        await learn(store, said(Kind.ACCEPTED, f"y{number}@acme.example"), at=EVENING + (400 + 100 * number) * DAY)
    assert len(server.keys("*:r*")) <= 2


async def test_the_names_in_redis_tell_nothing(store: RedisStore, server: RedisServer) -> None:
    await learn(store, said(once="signature"), Evidence("ana", of_stranger(LAURA, "203.0.113.0/24"), Kind.SPAM))
    everything = " ".join(server.keys("*")) + str([server.command("HGETALL", name) for name in server.keys("*:r*")])
    for secret in ("laura", "acme", "203.0", "signature", "ana"):
        assert secret not in everything


# As commands see it


async def test_put_read_and_forget(store: RedisStore, small: None) -> None:
    who, record = of_address(LAURA), Record(1_700_000_000, 3.5, 0.25, 1.0, 7)
    for neighbour in neighbours(60):
        await learn(store, said(Kind.SPAM, neighbour))
    await store.reputation.put("ana", who, record)
    assert await known(store, who) == record
    for network in ("203.0.113.0/24", "198.51.100.0/24"):
        await learn(store, Evidence("ana", of_stranger(LAURA, network), Kind.SPAM))
    assert [one.bad for one in await store.reputation.strangers("ana", LAURA)] == [1, 1]
    assert await store.reputation.forget("bea", LAURA) == 0
    assert await store.reputation.forget("ana", LAURA) == 3
    assert await nothing(store, who) and not await store.reputation.strangers("ana", LAURA)
    assert not await nothing(store, of_address(neighbours(60)[17]))
    assert await store.reputation.forget("ana", "acme.example") == 1 and await nothing(store, ACME)


async def test_a_plus_that_is_no_detail_here_is_part_of_the_name(store: RedisStore) -> None:
    one, other = of_address("laura+x@acme.example"), of_address(LAURA)
    await learn(store, Evidence("ana", one, Kind.JUNK), Evidence("ana", other, Kind.JUNK))
    assert await store.reputation.forget("ana", one.name) == 1
    assert await nothing(store, one) and not await nothing(store, other)


async def test_learning_says_whether_it_counted(store: RedisStore) -> None:
    who = of_address(LAURA)
    answers = [await store.reputation.learn("ana", who, Kind.JUNK, EVENING, "moved 1") for _ in range(2)]
    assert answers == [True, False]
    assert await store.reputation.learn("ana", who, Kind.NOT_JUNK, EVENING, "moved 2")
    record = await known(store, who)
    assert (record.good, record.bad, record.count) == (2, 1, 2)


def test_another_secret_makes_other_names() -> None:
    mine, other = Layout(KEYS), Layout(Keys(b"another secret, thirty-two bytes"))
    assert mine.field("ana", of_address(LAURA)) != other.field("ana", of_address(LAURA))
    assert len(mine.field("ana", of_address(LAURA))) == 6
