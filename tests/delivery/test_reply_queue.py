"""A due reply's last steps: decided again, submitted once, and what becomes of it when anything goes wrong on the way."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from milter import logs
from milter.core.hours import Schedule
from milter.core.owner import Mode
from milter.core.reply_job import ClaimKey, ReplyKind, State
from milter.delivery import reply_queue
from milter.delivery.next_hop import Sender, open_next_hop
from milter.delivery.reply_queue import ReplyQueue
from milter.errors import SmtpReply
from milter.service import Service
from milter.settings.values import Settings
from milter.store import link
from milter.store.api import FactsQuery
from milter.store.redis import RedisStore
from tests.doubles.redis_server import RedisServer, redis_server
from tests.doubles.sink import EXTENSIONS, Sink
from tests.service.office import LAURA, MONDAY, NIGHT, STUDIO, Office, with_broken_hours
from tests.service.office import settings as settings_in

STORED = SmtpReply(250, "2.0.0", "stored")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def own_redis(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    monkeypatch.setattr(link, "PROBE", 0.05)
    monkeypatch.setattr(reply_queue, "AGAIN", 0.01)
    with redis_server(lasting=True) as one:
        yield one


@dataclass
class Desk:
    """Where replies leave from. `now` and `settings` change as the test says; every `queue()` is another worker's."""

    settings: Settings
    store: RedisStore
    sink: Sink
    hop: Sender
    now: datetime = NIGHT
    mail_id: str = ""  # of the last mail that was acknowledged

    def queue(self) -> ReplyQueue:
        return ReplyQueue(
            lambda: self.settings,
            self.store,
            lambda settings: self.hop if settings.reply_next_hop else None,
            lambda: self.now,
        )

    async def turn(self) -> None:
        """One look at the queue, and the end of all that it begins."""
        queue = self.queue()
        await queue.turn()
        await queue.close()

    async def acknowledge(self, *people: str) -> None:
        """Mail from these people arrived at `now`; their replies are due."""
        service = Service(self.settings, self.store, keep=lambda event: pytest.fail("the store is away"))
        for number, person in enumerate(people or (LAURA,)):
            there = Office(self.settings, None, self.store, self.sink, self.hop, None, service)  # type: ignore[arg-type]
            mail = there.transaction(STUDIO, mail_from=person, message_id=f"<{number}@acme.example>", now=self.now)
            self.mail_id = mail.id
            settled = await service.settle(await service.examine(mail, "test"), [STORED])
            assert len(settled.claimed) == 1

    async def state(self, person: str = LAURA) -> State:
        key = ClaimKey("ana", "studio", person, ReplyKind.ACKNOWLEDGEMENT)
        found = await self.store.facts(FactsQuery(self.now, "acme.example", None, claims=(key,)))
        return found.claims[key].state

    async def codes(self) -> list[str]:
        """What the journal says of replies."""
        entries = await self.store.history.journal("ana", NIGHT - MINUTE, 100)
        return [one.entry.code for one in entries if "message_id" in one.entry.fields]

    @property
    def left(self) -> list[str]:
        """To whom replies left, in order."""
        return [address for one in self.sink.delivered for address, _ in one.rcpts]

    async def nothing_more(self) -> None:
        """Neither soon nor later."""
        before = len(self.sink.dotted)
        for later in (timedelta(0), 2 * MINUTE, 10 * MINUTE, timedelta(hours=5)):
            self.now += later
            await self.turn()
        assert len(self.sink.dotted) == before


@asynccontextmanager
async def desk(folder: Path, redis: RedisServer, *, prepared: bool = True, **host: object) -> AsyncIterator[Desk]:
    settings = settings_in(folder, **host)  # type: ignore[arg-type]
    store = RedisStore(redis.url, settings.policy.keys, state_dir=settings.state_dir)
    async with Sink() as sink:
        hop = open_next_hop(sink.hop, hostname="mx.estudio.example")
        try:
            if prepared:
                await store.prepare(NIGHT)
            yield Desk(settings, store, sink, hop)
        finally:
            await hop.close()
            await store.close()


async def done(queue: ReplyQueue) -> None:
    """Waits for what the queue has in hand."""
    if queue._in_hand:
        await asyncio.wait(queue._in_hand)


# --- sent


async def test_a_due_reply_leaves_once(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        await ana.turn()
        (reply,) = ana.sink.delivered
        assert (reply.mail_from, reply.rcpts) == ("", ((LAURA, ("NOTIFY=NEVER",)),))
        assert b"Auto-Submitted: auto-replied" in reply.data
        assert b"In-Reply-To: <0@acme.example>" in reply.data
        assert (await ana.state(), await ana.codes()) == (State.SENT, ["reply-sent"])
        await ana.nothing_more()


async def test_the_log_names_the_mail_that_a_reply_answers(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the id that stands in the line of that mail, in each line that comes of the reply."""
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(caplog.handler, "formatter", logs.Formatter(as_json=True))  # all tests share the handler
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        ana.sink.faults.dot = lambda _: "451 4.3.0 later"
        await ana.turn()
        ana.sink.faults.dot = {}.get
        ana.now += timedelta(minutes=5)
        await ana.turn()
    said = [json.loads(line) for line in caplog.text.splitlines()]
    assert [(one["event"], one.get("id")) for one in said if one["event"].startswith("reply ")] == [
        ("reply deferred", ana.mail_id),
        ("reply sent", ana.mail_id),
    ]


async def test_where_dsn_is_not_offered_nothing_is_asked(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.sink.faults.extensions = tuple(one for one in EXTENSIONS if one != "DSN")
        await ana.acknowledge()
        await ana.turn()
        assert ana.sink.delivered[0].rcpts == ((LAURA, ()),)


async def test_the_text_knows_how_many_messages_came(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        service = Service(ana.settings, ana.store, keep=lambda event: None)
        there = Office(ana.settings, redis, ana.store, ana.sink, ana.hop, None, service)  # type: ignore[arg-type]
        for number in (1, 2):
            mail = there.transaction(STUDIO, message_id=f"<{number}@acme.example>")
            await service.settle(await service.examine(mail, "test"), [STORED])
        await ana.turn()
        assert b"Tus tres mensajes" in ana.sink.delivered[0].data


async def test_a_reply_is_not_sent_before_it_is_due(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        ana.now = NIGHT - MINUTE
        await ana.turn()
        assert ana.left == []


async def test_the_running_queue_is_woken_by_a_new_reply(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        queue = ana.queue()
        queue.start()
        await ana.acknowledge()
        queue.wake()
        await ana.sink.wait(1)
        await queue.close()
        assert (ana.left, await ana.state()) == ([LAURA], State.SENT)


async def test_two_workers_on_one_store_send_each_reply_once(redis: RedisServer, tmp_path: Path) -> None:
    people = [f"p{number}@acme.example" for number in range(30)]
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge(*people)
        queues = [ana.queue(), ana.queue()]
        for one in queues:
            one.start()
        await ana.sink.wait(len(people))
        for one in queues:
            await one.close()
        assert sorted(ana.left) == sorted(people)
        assert await ana.codes() == ["reply-sent"] * len(people)


# --- refused and lost


@pytest.mark.parametrize("where", ["mail", "rcpt", "data", "dot"])
async def test_a_4xx_is_tried_again_after_a_pause(redis: RedisServer, tmp_path: Path, where: str) -> None:
    no = "450 4.7.1 greylisted"
    async with desk(tmp_path, redis) as ana:
        setattr(ana.sink.faults, where, no if where in ("mail", "data") else lambda address: no)
        await ana.acknowledge()
        await ana.turn()
        assert await ana.state() is State.DUE
        setattr(ana.sink.faults, where, "" if where in ("mail", "data") else lambda address: "")
        ana.now = NIGHT + 4 * MINUTE
        await ana.turn()
        assert ana.left == []
        ana.now = NIGHT + 5 * MINUTE
        await ana.turn()
        assert (ana.left, await ana.state()) == ([LAURA], State.SENT)
        assert await ana.codes() == ["reply-deferred-next-hop", "reply-sent"]


async def test_after_three_more_tries_it_is_given_up(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.sink.faults.rcpt = lambda address: "450 4.7.1 greylisted"
        await ana.acknowledge()
        tries = []
        for minute in range(240):
            ana.now = NIGHT + minute * MINUTE
            before = ana.sink.commands.count(f"RCPT TO:<{LAURA}> NOTIFY=NEVER")
            await ana.turn()
            if ana.sink.commands.count(f"RCPT TO:<{LAURA}> NOTIFY=NEVER") > before:
                tries.append(minute)
        assert tries == [0, 5, 35, 155]
        assert (await ana.state(), (await ana.codes())[-1]) == (State.WITHHELD, "reply-failed-gave-up")


async def test_a_retry_that_is_no_longer_true_is_withheld(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.sink.faults.rcpt = lambda address: "450 4.7.1 greylisted"
        await ana.acknowledge()
        await ana.turn()
        ana.sink.faults.rcpt = lambda address: ""
        ana.settings = with_hours(ana.settings, "24/7")
        ana.now = NIGHT + 6 * MINUTE
        await ana.turn()
        assert (ana.left, await ana.codes()) == ([], ["reply-deferred-next-hop", "reply-withheld-opened"])


@pytest.mark.parametrize("where", ["mail", "rcpt", "dot"])
async def test_a_5xx_is_final(redis: RedisServer, tmp_path: Path, where: str) -> None:
    no = "550 5.7.1 not here"
    async with desk(tmp_path, redis) as ana:
        setattr(ana.sink.faults, where, no if where == "mail" else lambda address: no)
        await ana.acknowledge()
        await ana.turn()
        assert (await ana.state(), await ana.codes()) == (State.WITHHELD, ["reply-failed-refused"])
        ana.sink.faults = type(ana.sink.faults)()
        await ana.nothing_more()


@pytest.mark.parametrize("cut", ["dot", "stored"])
async def test_lost_after_the_dot_it_is_unknown_and_never_sent_again(
    redis: RedisServer, tmp_path: Path, cut: str
) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.sink.faults.drop = cut
        await ana.acknowledge()
        await ana.turn()
        assert (await ana.state(), await ana.codes()) == (State.UNKNOWN, ["reply-unknown-connection-lost"])
        ana.sink.faults.drop = ""
        await ana.nothing_more()


@pytest.mark.parametrize("cut", ["connect", "hello", "mail", "rcpt", "data"])
async def test_lost_before_the_dot_it_is_tried_again(redis: RedisServer, tmp_path: Path, cut: str) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.sink.faults.drop = cut
        await ana.acknowledge()
        await ana.turn()
        assert ana.sink.dotted == []
        ana.sink.faults.drop = ""
        ana.now = NIGHT + 5 * MINUTE
        await ana.turn()
        assert (ana.left, await ana.state()) == ([LAURA], State.SENT)


async def test_an_address_that_the_next_hop_cannot_write_is_withheld(redis: RedisServer, tmp_path: Path) -> None:
    jose = "josé@acme.example"
    async with desk(tmp_path, redis) as ana:
        ana.sink.faults.extensions = tuple(one for one in EXTENSIONS if one != "SMTPUTF8")
        await ana.acknowledge(jose)
        await ana.turn()
        assert (await ana.state(jose), await ana.codes()) == (State.WITHHELD, ["reply-failed-refused"])
        await ana.nothing_more()


async def test_a_domain_that_is_not_ascii_is_written_as_every_next_hop_can(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.sink.faults.extensions = tuple(one for one in EXTENSIONS if one != "SMTPUTF8")
        await ana.acknowledge("ana@ñandú.example")
        await ana.turn()
        assert ana.left == ["ana@xn--and-6ma2c.example"]
        assert b"\r\nTo: ana@xn--and-6ma2c.example\r\n" in ana.sink.delivered[0].data


async def test_an_address_that_it_can_write_is_written(redis: RedisServer, tmp_path: Path) -> None:
    jose = "josé@acme.example"
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge(jose)
        await ana.turn()
        assert ana.left == [jose]
        assert "SMTPUTF8" in ana.sink.delivered[0].params


# --- decided again


def with_hours(settings: Settings, expression: str) -> Settings:
    (ana,) = settings.policy.owners
    studio = replace(ana.identities[0], schedule=Schedule(expression, "UTC"))
    return with_owner(settings, identities=(studio, *ana.identities[1:]))


def with_owner(settings: Settings, **changes: object) -> Settings:
    (ana,) = settings.policy.owners
    return replace(settings, policy=replace(settings.policy, owners=(replace(ana, **changes),)))  # type: ignore[arg-type]


def in_mode(settings: Settings, mode: Mode) -> Settings:
    return with_owner(settings, replies=replace(settings.policy.owners[0].replies, mode=mode))


CHANGES: dict[str, Callable[[Settings], Settings]] = {
    "reply-withheld-opened": lambda before: with_hours(before, "24/7"),
    "reply-withheld-owner-gone": lambda before: replace(before, policy=replace(before.policy, owners=())),
    "reply-withheld-off": lambda before: in_mode(before, Mode.OFF),
    "reply-withheld-not-written": lambda before: replace(
        before, texts={"ana": dict.fromkeys(before.texts["ana"], "{{ 1 / 0 }}")}
    ),
    "reply-withheld-internal-error": with_broken_hours,
}


@pytest.mark.parametrize(("reason", "change"), CHANGES.items(), ids=list(CHANGES))
async def test_what_changed_meanwhile_withholds_it(
    redis: RedisServer, tmp_path: Path, reason: str, change: Callable[[Settings], Settings]
) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        before, ana.settings = ana.settings, change(ana.settings)
        await ana.turn()
        assert (await ana.state(), await ana.codes()) == (State.WITHHELD, [reason])
        ana.settings = before
        await ana.nothing_more()


async def test_the_client_gone_is_the_owner_gone(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        ana.settings = with_owner(ana.settings, clients={})
        await ana.turn()
        assert await ana.codes() == ["reply-withheld-owner-gone"]


@pytest.mark.parametrize(("late", "left"), [(timedelta(hours=23), 1), (timedelta(hours=25), 0)])
async def test_a_day_late_is_too_late(redis: RedisServer, tmp_path: Path, late: timedelta, left: int) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        ana.now = NIGHT + late
        await ana.turn()
        assert len(ana.left) == left


async def test_the_hourly_limit_stops_a_flood_and_says_so(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    people = [f"p{number}@acme.example" for number in range(5)]
    async with desk(tmp_path, redis, hourly_limit=3) as ana:
        await ana.acknowledge(*people)
        await ana.turn()
        assert len(ana.left) == 3
        assert sorted(await ana.codes()) == ["reply-sent"] * 3 + ["reply-withheld-hourly-limit"] * 2
        assert any("too many replies" in one.message for one in caplog.records if one.levelno >= logging.WARNING)
        ana.now = NIGHT + timedelta(minutes=61)
        await ana.acknowledge("later@acme.example")
        await ana.turn()
        assert ana.left[3:] == ["later@acme.example"]


async def test_a_reply_that_is_tried_again_counts_once(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis, hourly_limit=1) as ana:
        ana.sink.faults.rcpt = lambda address: "450 4.7.1 greylisted"
        await ana.acknowledge()
        await ana.turn()
        ana.sink.faults.rcpt = lambda address: ""
        ana.now = NIGHT + 5 * MINUTE
        await ana.turn()
        assert ana.left == [LAURA]


async def test_a_clock_that_had_run_ahead_bars_no_reply(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis, hourly_limit=1) as ana:
        ana.now = NIGHT + timedelta(hours=5)
        await ana.acknowledge("ahead@acme.example")
        await ana.turn()
        ana.now = NIGHT
        await ana.acknowledge()
        await ana.turn()
        assert ana.left == ["ahead@acme.example", LAURA]


# --- the store


async def test_before_the_store_was_looked_at_replies_wait(redis: RedisServer, tmp_path: Path) -> None:
    """As after every start: the queue is quicker than the first look."""
    async with desk(tmp_path, redis) as yesterday:
        await yesterday.acknowledge()
    async with desk(tmp_path, redis, prepared=False) as ana:
        queue = ana.queue()
        queue.start()
        await asyncio.sleep(0)
        assert await ana.store.replies.next_due() == NIGHT
        await ana.store.prepare(NIGHT)
        queue.wake()
        await ana.sink.wait(1)
        await queue.close()
        assert await ana.codes() == ["reply-sent"]


async def test_while_the_store_is_to_be_looked_at_again_replies_wait(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        ana.store.changed = True
        await ana.turn()
        assert (ana.left, await ana.state()) == ([], State.DUE)
        ana.store.changed = False
        await ana.turn()
        assert ana.left == [LAURA]


@pytest.mark.parametrize(
    ("waited", "code"),
    [
        (timedelta(hours=1), "reply-withheld-store-lost"),
        (timedelta(hours=23), "reply-withheld-store-lost"),
        # Later than a day, but it is still the weekend of the loss: who was told of Monday before it is not known.
        (timedelta(hours=30), "reply-withheld-store-lost"),
    ],
)
async def test_after_a_loss_nobody_is_answered_until_the_next_opening(
    redis: RedisServer, tmp_path: Path, waited: timedelta, code: str
) -> None:
    async with desk(tmp_path, redis) as ana:
        assert ana.store.state
        lost = replace(ana.store.state, lost_at=NIGHT)
        ana.now = NIGHT + waited
        await ana.acknowledge()
        ana.store.state = lost
        await ana.turn()
        assert (ana.left, await ana.codes()) == ([], [code])


async def test_after_the_opening_a_loss_is_forgotten(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        assert ana.store.state
        ana.store.state = replace(ana.store.state, lost_at=NIGHT)
        ana.now = MONDAY + timedelta(hours=9)
        await ana.acknowledge()
        await ana.turn()
        assert ana.left == [LAURA]


async def test_under_an_evicting_policy_nobody_is_answered(own_redis: RedisServer, tmp_path: Path) -> None:
    own_redis.evict()
    async with desk(tmp_path, own_redis) as ana:
        await ana.acknowledge()
        await ana.turn()
        assert (ana.left, await ana.codes()) == ([], ["reply-withheld-store-evicting"])


async def test_a_reply_taken_back_before_its_dot_does_not_leave(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        ana.sink.faults.hold, ana.sink.faults.hold_at = asyncio.Event(), "rcpt"
        queue = ana.queue()
        queue.start()
        await ana.sink.held.wait()
        own = ClaimKey("ana", "studio", LAURA, ReplyKind.ACKNOWLEDGEMENT)
        assert await ana.store.replies.cancel(own, ana.now, "reply-cancelled-answered")
        ana.sink.faults.hold.set()
        await queue.close()
        assert (ana.sink.dotted, await ana.state()) == ([], State.CANCELLED)
        assert "reply taken back before it left" in caplog.messages
        assert "reply deferred" not in caplog.messages


async def test_a_store_that_goes_away_before_the_dot_sends_it_later_and_once(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    async with desk(tmp_path, own_redis) as ana:
        await ana.acknowledge()
        ana.sink.faults.hold, ana.sink.faults.hold_at = asyncio.Event(), "rcpt"
        queue = ana.queue()
        queue.start()
        await ana.sink.held.wait()
        own_redis.stop()
        ana.sink.faults.hold.set()
        await ana.sink.ended()
        assert ana.sink.dotted == []
        own_redis.start()
        await ana.sink.wait(1)
        await done(queue)
        await queue.close()
        assert (ana.left, await ana.state()) == ([LAURA], State.SENT)


async def test_a_store_that_goes_away_behind_the_dot_is_told_when_it_is_back(
    own_redis: RedisServer, tmp_path: Path
) -> None:
    async with desk(tmp_path, own_redis) as ana:
        await ana.acknowledge()
        ana.sink.faults.hold = asyncio.Event()
        queue = ana.queue()
        queue.start()
        await ana.sink.held.wait()
        own_redis.stop()
        ana.sink.faults.hold.set()
        await ana.sink.wait(1)
        own_redis.start()
        await done(queue)
        await queue.close()
        assert (await ana.state(), await ana.codes()) == (State.SENT, ["reply-sent"])


# --- stopping


async def test_stopping_waits_for_the_reply_in_hand(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        ana.sink.faults.hold = asyncio.Event()
        queue = ana.queue()
        queue.start()
        await ana.sink.held.wait()
        closing = asyncio.create_task(queue.close())
        await asyncio.sleep(0)
        assert not closing.done()
        ana.sink.faults.hold.set()
        await closing
        assert (ana.left, await ana.state()) == ([LAURA], State.SENT)


@pytest.mark.parametrize(("held_at", "state", "left"), [("dot", State.UNKNOWN, 0), ("rcpt", State.SENT, 1)])
async def test_impatient_stopping_doubles_nothing(
    redis: RedisServer, tmp_path: Path, held_at: str, state: State, left: int
) -> None:
    """Past its dot it may have left, so it never leaves again; before it the next worker sends it."""
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        ana.sink.faults.hold, ana.sink.faults.hold_at = asyncio.Event(), held_at
        queue = ana.queue()
        queue.start()
        await ana.sink.held.wait()
        await queue.close(patience=0)
        await ana.sink.cut()
        ana.sink.faults.hold.set()
        ana.sink.dotted.clear()
        for minutes in (2, 10):
            ana.now = NIGHT + minutes * MINUTE
            await ana.turn()
        assert (len(ana.left), await ana.state()) == (left, state)


async def test_what_is_due_when_it_stops_stays_due(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        queue = ana.queue()
        queue.start()
        await queue.close()
        assert await ana.store.replies.next_due() is not None or await ana.state() is State.SENT
        await ana.turn()
        assert ana.left == [LAURA]
