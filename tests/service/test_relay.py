"""A message's way through the service and the relay: what the next hop got, what the peer was told, what was remembered."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from milter import logs, service
from milter.core import header_edits
from milter.core.facts import Facts
from milter.core.reply_job import ClaimKey, ReplyKind
from milter.doors import relay
from milter.errors import StoreAway
from milter.lookup import authentication
from milter.store.api import Event, FactsQuery, Settled
from tests.doubles.redis_server import RedisServer
from tests.service.office import (
    CHEF,
    COUSIN,
    HELLO,
    HOME,
    LAURA,
    MARTA,
    NIGHT,
    NOBODY,
    STUDIO,
    Office,
    after,
    letter,
    office,
    with_broken_hours,
)

STORED = "250 2.0.0 stored"


@pytest.fixture(params=[True, False], ids=["lmtp", "smtp"])
def lmtp(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Of the last transaction's log line."""
    return str(carried(caplog)[-1].__dict__["reasons"]).split(",")


def carried(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [one for one in caplog.records if one.msg in ("carried", "refused")]


@pytest.fixture(autouse=True)
def logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


# --- the remembered outcome


@pytest.mark.parametrize(
    ("first", "second", "deliveries"),
    [
        ({}, {}, 1),
        ({"queue_id": "4bK1"}, {"queue_id": "4bK1"}, 1),
        ({"queue_id": "4bK1"}, {}, 1),
        ({"queue_id": "4bK1", "message_id": ""}, {"queue_id": "4bK1", "message_id": ""}, 1),
        ({"queue_id": "4bK1"}, {"queue_id": "4bK2"}, 2),
        ({"message_id": ""}, {"message_id": ""}, 2),
        ({}, {"message_id": "<2@acme.example>"}, 2),
        ({}, {"mail_from": "otra@acme.example"}, 2),
        ({}, {"now": after(hours=7)}, 2),
        ({"queue_id": "4bK1"}, {"queue_id": "4bK1", "now": after(days=4)}, 1),
    ],
)
async def test_the_same_message_again_is_delivered_once(
    redis: RedisServer, tmp_path: Path, first: dict[str, str], second: dict[str, str], deliveries: int
) -> None:
    async with office(tmp_path, redis) as ana:
        ana.sink.faults.dot = lambda address: f"250 2.1.9 saved as {len(ana.sink.dotted)}"
        before = await ana.mail(STUDIO, **first)
        again = await ana.mail(STUDIO, **second)
        assert len(ana.sink.delivered) == deliveries
        assert before == ["250 2.1.9 saved as 0"]
        assert again == (before if deliveries == 1 else ["250 2.1.9 saved as 1"])


async def test_a_retry_for_one_more_recipient_delivers_to_that_one_alone(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis) as ana:
        ana.sink.faults.rcpt = {HOME: "451 4.2.0 mailbox busy"}.get
        assert await ana.mail(STUDIO, HOME, mail_from=MARTA) == [STORED, "451 4.2.0 mailbox busy"]
        ana.sink.faults.rcpt = lambda address: ""
        assert await ana.mail(STUDIO, HOME, mail_from=MARTA) == [STORED, STORED]
        assert ana.arrived == [(STUDIO,), (HOME,)]


async def test_what_was_refused_is_not_remembered(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis) as ana:
        ana.sink.faults.dot = lambda address: "452 4.2.2 over quota"
        assert await ana.mail(STUDIO) == ["452 4.2.2 over quota"]
        ana.sink.faults.dot = lambda address: ""
        assert await ana.mail(STUDIO) == [STORED]


# --- recipients


async def test_each_recipient_has_the_next_hops_own_words(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis) as ana:
        ana.sink.faults.rcpt = {"gone@otra.example": "550 5.1.1 no such user"}.get
        ana.sink.faults.dot = {HOME: "452 4.2.2 over quota"}.get
        replies = await ana.mail(STUDIO, "gone@otra.example", HOME, NOBODY, mail_from=MARTA)
        assert replies == [STORED, "550 5.1.1 no such user", "452 4.2.2 over quota", STORED]


async def test_over_smtp_one_reply_stands_for_the_transaction(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis, lmtp=False) as ana:
        assert await ana.mail(STUDIO) == ["250 2.0.0 queued"]
        assert ana.sink.delivered[0].mail_from == LAURA


async def test_two_addresses_of_one_mailbox_are_one_delivery(redis: RedisServer, tmp_path: Path, lmtp: bool) -> None:
    """Although their reasons differ: one of them gets the reply, the other none because of that one."""
    async with office(tmp_path, redis, lmtp=lmtp) as ana:
        replies = await ana.mail(HELLO, STUDIO, "Ana@Estudio.example")
        assert ana.arrived == [(STUDIO,)]
        assert replies == [replies[0]] * 3
        assert replies[0].startswith("250 ")


async def test_different_edits_go_in_separate_transactions(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis) as ana:
        await ana.mail(STUDIO, NOBODY, "otro@otra.example", mail_from=CHEF)
        assert sorted(ana.arrived) == [(STUDIO,), (NOBODY, "otro@otra.example")]
        by_rcpt = {one.rcpts[0][0]: one.data for one in ana.sink.delivered}
        assert b"Recado-Client: bistro\r\n" in by_rcpt[STUDIO]
        assert b"Recado-" not in by_rcpt[NOBODY]


@pytest.mark.parametrize(("to", "mail_from"), [(NOBODY, LAURA), (HOME, MARTA), (HOME, COUSIN)])
async def test_mail_that_is_none_of_our_business_passes_byte_for_byte(
    redis: RedisServer, tmp_path: Path, to: str, mail_from: str
) -> None:
    """But for fields in our name, which would be believed behind us."""
    async with office(tmp_path, redis) as ana:
        content = letter(mail_from, to)
        await ana.mail(to, mail_from=mail_from, content=content)
        assert ana.sink.delivered[0].data == content.replace(b"Recado-Class: forged\r\n", b"")


# --- offered again as received


MOVED = {"to": HOME, "mail_from": LAURA}  # a client at the personal address: goes to STUDIO


@pytest.mark.parametrize("where", ["rcpt", "dot"])
@pytest.mark.parametrize("refusal", ["550 5.1.1 no such user", "451 4.3.0 try later"])
async def test_a_moved_mail_that_is_refused_goes_where_it_was_sent(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, where: str, refusal: str
) -> None:
    """As it came, and nobody is told that it was moved."""
    async with office(tmp_path, redis) as ana:
        content = letter(LAURA, HOME)
        setattr(ana.sink.faults, where, {STUDIO: refusal}.get)
        assert await ana.mail(HOME, content=content) == [STORED]
        assert ana.arrived == [(HOME,)]
        assert ana.sink.delivered[0].data == content.replace(b"Recado-Class: forged\r\n", b"")
        assert "filing-refused-next-hop" in reasons(caplog)
        assert await due(ana) == 0


async def test_a_moved_mail_that_is_taken_stays_moved(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis) as ana:
        assert await ana.mail(HOME) == [STORED]
        assert ana.arrived == [(STUDIO,)]
        assert await due(ana) == 1


async def test_only_the_answer_to_the_mail_as_received_counts(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis) as ana:
        ana.sink.faults.rcpt = {STUDIO: "550 5.1.1 no such user", HOME: "452 4.2.2 over quota"}.get
        assert await ana.mail(HOME) == ["452 4.2.2 over quota"]


async def test_a_folder_that_the_next_hop_refuses_costs_the_filing_only(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis, filing="detail") as ana:
        filed = "ana+Clientes/ACME@estudio.example"
        ana.sink.faults.rcpt = {filed: "550 5.1.1 no such folder"}.get
        assert await ana.mail(STUDIO) == [STORED]
        assert f"RCPT TO:<{filed}>" in ana.sink.commands
        assert ana.arrived == [(STUDIO,)]
        assert b"Recado-Client: acme\r\n" in ana.sink.delivered[0].data
        assert await due(ana) == 1


@pytest.mark.parametrize("cut", ["mail", "body", "dot", "stored"])
async def test_a_lost_connection_is_no_refusal(redis: RedisServer, tmp_path: Path, cut: str) -> None:
    """The first copy may have been stored: a second one elsewhere would be one too many."""
    async with office(tmp_path, redis) as ana:
        ana.sink.faults.drop = cut
        (reply,) = await ana.mail(HOME)
        assert reply.startswith("451 4.4.2 ")
        assert not any(HOME in one for one in ana.arrived)


# --- replies and claims


async def due(ana: Office) -> int:
    """How many replies the store would give to a worker."""
    return len(await ana.store.replies.lease(after(minutes=1), 10))


async def test_a_client_at_night_gets_one_claim_and_the_queue_is_woken_once(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path, redis) as ana:
        await ana.mail(STUDIO)
        assert "reply-due-client" in reasons(caplog)
        await ana.mail(STUDIO, message_id="<2@acme.example>", now=after(minutes=2))
        assert "reply-withheld-answered" in reasons(caplog)
        assert ana.woken == 1
        assert await due(ana) == 1


async def test_a_burst_is_counted_for_the_reply(redis: RedisServer, tmp_path: Path) -> None:
    """Also when the decision withheld the later ones, and once a message whatever addresses it names."""
    async with office(tmp_path, redis) as ana:
        for number in range(4):
            await ana.mail(STUDIO, HELLO, message_id=f"<{number}@acme.example>")
        (job,) = await ana.store.replies.lease(after(minutes=1), 10)
        assert job.count == 4


async def test_the_next_period_counts_from_one(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis) as ana:
        for number in range(3):
            await ana.mail(STUDIO, message_id=f"<{number}@acme.example>")
        next_weekend = after(days=7)
        await ana.mail(STUDIO, message_id="<next@acme.example>", now=next_weekend)
        (job,) = await ana.store.replies.lease(next_weekend, 10)
        assert (job.count, job.intent.parent_id) == (1, "<next@acme.example>")


async def test_a_reply_that_was_refused_its_mail_is_neither_claimed_nor_counted(
    redis: RedisServer, tmp_path: Path
) -> None:
    async with office(tmp_path, redis) as ana:
        ana.sink.faults.dot = lambda address: "552 5.2.2 full"
        await ana.mail(STUDIO)
        assert await due(ana) == 0
        found = await ana.store.facts(FactsQuery(NIGHT, "acme.example", None, claims=(own_record(),)))
        assert found.claims == {}


def own_record() -> ClaimKey:
    return ClaimKey("ana", "studio", LAURA, ReplyKind.ACKNOWLEDGEMENT)


# --- failures that never reach the mail


async def test_without_redis_mail_flows_and_the_reply_is_claimed_when_it_is_back(
    own_redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "KEEPING", 10)  # however slow this machine's disk is
    async with office(tmp_path, own_redis) as ana:
        await ana.store.prepare(NIGHT)
        own_redis.stop()
        assert await ana.mail(STUDIO) == [STORED]
        assert "reply-unsure-claims" in reasons(caplog)
        assert carried(caplog)[-1].__dict__["queued"] == "store-away"
        await ana.mail(STUDIO, message_id="<2@acme.example>", now=after(minutes=2))
        waiting = sorted((ana.settings.state_dir / "outbox").glob("*.json"))
        assert len(waiting) == 2, "on disk before our 250"
        own_redis.start()
        await ana.store.link.back()
        assert await ana.outbox.drain(ana.store) == 2
        assert await due(ana) == 1
        assert await ana.mail(STUDIO) == [STORED]
        assert len(ana.sink.delivered) == 2, "the remembered outcome came with the event"


async def test_an_event_that_meets_a_defect_keeps_no_other_waiting(
    redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path, redis) as ana:
        settle, broken = ana.store.settle, ["one"]

        async def breaking(event: Event) -> Settled:
            if broken:
                raise RuntimeError(broken.pop())
            return await settle(event)

        for number, name in enumerate(("one", "two")):
            await ana.outbox.put(Event(name, after(minutes=number), "acme.example", ""))
        monkeypatch.setattr(ana.store, "settle", breaking)
        assert await ana.outbox.drain(ana.store) == 1
        assert await ana.outbox.drain(ana.store) == 0
        assert len(list((ana.settings.state_dir / "outbox").glob("*.broken"))) == 1


async def test_an_outbox_that_is_slow_holds_no_mail(
    own_redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path, own_redis) as ana:
        own_redis.stop()
        never = asyncio.get_running_loop().create_future()
        ana.service.keep = lambda event: never
        assert await ana.mail(STUDIO) == [STORED]


async def test_a_defect_in_deciding_passes_the_mail_on(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path, redis, changes=with_broken_hours) as ana:
        content = letter(LAURA, STUDIO)
        assert await ana.mail(STUDIO, content=content) == [STORED]
        assert ana.sink.delivered[0].data == content.replace(b"Recado-Class: forged\r\n", b"")
        assert reasons(caplog) == ["passed-internal-error"]
        assert [one.getMessage() for one in caplog.records if one.levelno == logging.ERROR] == [
            "deciding failed: passed on untouched"
        ]
        assert await ana.mail(STUDIO, content=content) == [STORED]
        assert len(ana.sink.delivered) == 1, "remembered like any other"


async def test_a_defect_in_the_edits_passes_the_mail_on_byte_for_byte(
    redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> header_edits.HeaderEdits:
        raise LookupError("a defect")

    async with office(tmp_path, redis) as ana:
        monkeypatch.setattr(header_edits, "clean", broken)
        content = letter(LAURA, STUDIO)
        assert await ana.mail(STUDIO, content=content) == [STORED]
        assert ana.sink.delivered[0].data == content
        assert reasons(caplog) == ["passed-internal-error"]


@pytest.mark.parametrize("failure", [StoreAway("refused"), RuntimeError("a defect")])
async def test_a_failing_settle_changes_no_reply(
    redis: RedisServer, tmp_path: Path, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object) -> None:
        raise failure

    async with office(tmp_path, redis) as ana:
        monkeypatch.setattr(ana.store, "settle", failing)
        assert await ana.mail(STUDIO) == [STORED]


async def test_a_failing_look_up_changes_no_marks(
    redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object) -> None:
        raise RuntimeError("a defect")

    async with office(tmp_path, redis) as ana:
        monkeypatch.setattr(ana.store, "facts", failing)
        assert await ana.mail(STUDIO) == [STORED]
        assert b"Recado-Client: acme\r\n" in ana.sink.delivered[0].data


@pytest.mark.parametrize("asleep", [True, False])
async def test_a_mail_waits_for_a_sleeping_redis_once(
    own_redis: RedisServer, tmp_path: Path, asleep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[Event] = []

    async def settle(event: Event) -> Settled:
        settled.append(event)
        return Settled(frozenset())

    async with office(tmp_path, own_redis) as ana:
        monkeypatch.setattr(ana.store, "settle", settle)
        if asleep:
            own_redis.freeze()
        assert await ana.mail(STUDIO) == [STORED]
        assert len(settled) == (0 if asleep else 1)
        own_redis.thaw()
        await ana.outbox.drain(ana.store)
        assert len(settled) == 1


async def test_after_the_store_was_lost_mail_flows_and_nothing_is_claimed(
    own_redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path, own_redis) as ana:
        await ana.store.prepare(NIGHT)
        own_redis.command("FLUSHALL")
        assert await ana.mail(STUDIO, now=after(hours=1)) == [STORED]
        assert carried(caplog)[-1].__dict__["queued"] == "store-lost"
        assert await due(ana) == 0
        assert await ana.mail(STUDIO, message_id="<2@acme.example>", now=after(hours=26)) == [STORED]
        assert carried(caplog)[-1].__dict__["queued"] == 1, "the claim; the queue asks again whether it may leave"


@pytest.mark.parametrize(("recipients", "turns"), [(1, 0), (200, 10)])
async def test_many_recipients_leave_the_loop_to_others(
    redis: RedisServer, tmp_path: Path, recipients: int, turns: int
) -> None:
    async with office(tmp_path, redis) as ana:
        transaction = ana.transaction(*(f"ana+{one}@estudio.example" for one in range(recipients)))
        seen: list[int] = []

        async def others() -> None:
            while True:
                await asyncio.sleep(0)
                seen.append(1)

        task = asyncio.create_task(others())
        await asyncio.sleep(0)
        decisions = await authentication.decided(transaction, Facts(), ana.settings.policy)
        task.cancel()
        assert (len(decisions), len(seen)) == (recipients, turns)


# --- the log


async def test_one_line_a_transaction_and_nothing_personal_in_any(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path, redis) as ana:
        ana.sink.faults.dot = {HOME: f"452 4.2.2 <{HOME}> is over quota"}.get
        await ana.mail(STUDIO, HOME, NOBODY, mail_from=MARTA, queue_id="4bK1")
        (line,) = carried(caplog)
        assert line.__dict__["reply"] == "250 2.0.0 / 452 4.2.2"
        assert (line.__dict__["door"], line.__dict__["rcpts"], line.__dict__["queue_id"]) == ("lmtp", 3, "4bK1")
        everything = " ".join(str(one.__dict__) for one in caplog.records)
        for personal in ("@flores", "@estudio.example", "@casa", "@otra", "Secretos"):
            assert personal not in everything


PROOFS = [
    ("X-Other: 1", "not verified"),
    ("Authentication-Results: rspamd.example; none", "none"),
    ("Authentication-Results: rspamd.example; spf=pass smtp.mailfrom=acme.example; dkim=fail header.d=acme.example;"
     " dmarc=pass header.from=acme.example policy.dmarc=reject", "spf=pass,dkim=fail,dmarc=pass"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "auth"), PROOFS)
async def test_the_line_says_what_was_proven_but_not_of_whom(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, field: str, auth: str
) -> None:
    async with office(tmp_path, redis) as ana:
        policy = replace(ana.settings.policy, trusted_authserv_ids=("rspamd.example",))
        ana.service.settings = replace(ana.settings, policy=policy)
        await ana.mail(STUDIO, content=field.encode() + b"\r\n" + letter(LAURA, STUDIO))
        assert carried(caplog)[-1].__dict__["auth"] == auth
        await ana.mail(HOME, mail_from=COUSIN)
        assert "auth" not in carried(caplog)[-1].__dict__, "nobody asks who wrote personal mail"


async def test_every_line_logged_while_carrying_has_the_transactions_id(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caplog.handler, "formatter", logs.Formatter(as_json=False))  # all tests share the handler
    async with office(tmp_path, redis) as ana:
        ana.sink.faults.drop = "mail"
        mail = ana.transaction(STUDIO)
        await ana.carry(mail)
        lines = caplog.text.splitlines()
        assert [line.split(" id=")[0] for line in lines] == [
            'level=warning event="the next hop failed"',
            "level=info event=refused",
        ]
        assert all(f" id={mail.id} " in line for line in lines)


# --- one outcome a transaction at the SMTP doors


@pytest.mark.parametrize(
    ("first", "second", "refused_by_next_hop", "answer"),
    [
        (STUDIO, HELLO, "", None),
        (NOBODY, "otro@otra.example", "", None),
        (STUDIO, HOME, "", relay.ANOTHER),
        (STUDIO, NOBODY, "", relay.ANOTHER),
        (STUDIO, HELLO, HELLO, "550 5.1.1 no such user"),
        (STUDIO, HELLO, STUDIO, relay.ANOTHER),
    ],
)
async def test_recipients_that_could_have_another_outcome_wait_for_a_transaction_of_their_own(
    redis: RedisServer, tmp_path: Path, first: str, second: str, refused_by_next_hop: str, answer: object
) -> None:
    async with office(tmp_path, redis, lmtp=False) as ana:
        ana.sink.faults.rcpt = {refused_by_next_hop: "550 5.1.1 no such user"}.get
        admit = relay.admit(ana.service, ana.hop)
        one, two = ana.transaction(first, second).recipients
        assert await admit(LAURA, (), (), one) is None
        said = await admit(LAURA, (), (one,), two)
        assert (str(said) if isinstance(answer, str) else said) == answer
