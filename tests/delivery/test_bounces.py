"""Bounces of our replies: a return address that only we can make, taken at the door, noted, and heeded."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from milter.core import bounces, keys, message
from milter.core.bounces import Bounce
from milter.core.envelope import Direction, Peer, Recipient, Transaction
from milter.core.policy import Policy
from milter.core.reply_job import ClaimKey, ReplyKind, State
from milter.doors import bounces as door
from milter.doors import relay
from milter.errors import SmtpReply, StoreAway
from milter.service import Service
from milter.store.api import FactsQuery
from tests.delivery.mailroom import Room, room
from tests.doubles.redis_server import RedisServer
from tests.service.office import LAURA, MARTA, NIGHT, STUDIO

BOUNCES = "recado-bounce@estudio.example"
RECORD = "e" + "0123456789abcdef" * 2
DAY = timedelta(days=1)
POLICY = Policy("mx.estudio.example", keys.Keys(b"k" * 32), (), bounce_address=BOUNCES)
ADDRESS = bounces.return_address(POLICY, RECORD, NIGHT)


def report(status: str = "5.1.1", action: str = "failed", to: str = LAURA) -> bytes:
    """As Postfix makes it (RFC 3464)."""
    return (
        f"From: MAILER-DAEMON@mx.acme.example\r\nTo: {BOUNCES}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        "Auto-Submitted: auto-replied\r\nMessage-ID: <b1@mx.acme.example>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
        "--x\r\n\r\nThis is the mail system. Status: 5.0.0\r\n\r\n"
        "--x\r\nContent-Description: Delivery report\r\nContent-Type: message/delivery-status\r\n\r\n"
        "Reporting-MTA: dns; mx.acme.example\r\nArrival-Date: Fri, 6 Mar 2026 23:00:00 +0000\r\n\r\n"
        f"Final-Recipient: rfc822; {to}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: Respuesta\r\nStatus: 5.9.9\r\nAction: failed\r\n\r\n--x--\r\n"
    ).encode()


# --- the address


def test_the_address_fits_and_says_nothing() -> None:
    local, _, domain = ADDRESS.partition("@")
    assert domain == "estudio.example" and local.startswith("recado-bounce+")
    assert len(local) <= 64  # RFC 5321 section 4.5.3.1.1
    assert local == local.lower() and local.removeprefix("recado-bounce+").isalnum()
    assert LAURA.partition("@")[0] not in ADDRESS


def test_without_a_bounce_address_it_is_the_null_reverse_path() -> None:
    assert bounces.return_address(replace(POLICY, bounce_address=""), RECORD, NIGHT) == ""


RETURNED = [  # recipient, days later, policy -> ours
    (ADDRESS, 0, POLICY, True),
    (ADDRESS.upper(), 0, POLICY, True),
    (ADDRESS, 14, POLICY, True),
    (ADDRESS, -1, POLICY, True),
    (ADDRESS, 15, POLICY, False),
    (ADDRESS, -2, POLICY, False),
    (ADDRESS, 400, POLICY, False),
    (BOUNCES, 0, POLICY, False),
    (ADDRESS.replace("+", "-"), 0, POLICY, False),
    (ADDRESS.replace("estudio", "acme"), 0, POLICY, False),
    (ADDRESS.replace("recado-bounce", "ana"), 0, POLICY, False),
    (ADDRESS.replace("+", "+x"), 0, POLICY, False),
    (ADDRESS.replace("+", "+x")[:55] + "@estudio.example", 0, POLICY, False),
    (ADDRESS, 0, replace(POLICY, keys=keys.Keys(b"o" * 32)), False),
    (ADDRESS, 0, replace(POLICY, bounce_address="other@estudio.example"), False),
    (ADDRESS, 0, replace(POLICY, bounce_address=""), False),
    ("recado-bounce+ñandúñandúñandúñandúñandúñandúñandúñan@estudio.example", 0, POLICY, False),
]


@pytest.mark.parametrize(("rcpt_to", "days", "policy", "ours"), RETURNED)
def test_only_a_mark_of_ours_of_these_days_counts(rcpt_to: str, days: int, policy: Policy, ours: bool) -> None:
    assert bounces.returned_to(policy, rcpt_to, NIGHT + days * DAY) == (RECORD if ours else None)


@pytest.mark.parametrize("place", range(len("recado-bounce+"), ADDRESS.index("@")))
def test_one_changed_character_is_a_forgery(place: int) -> None:
    other = "a" if ADDRESS[place] != "a" else "e"
    forged = ADDRESS[:place] + other + ADDRESS[place + 1 :]
    assert bounces.returned_to(POLICY, forged, NIGHT) is None


@pytest.mark.parametrize(
    "at", [NIGHT.replace(year=2030, month=1, day=1), datetime.fromisoformat("2027-12-31T23:59:59Z")]
)
@pytest.mark.parametrize("shard", "0f")
def test_it_comes_back_whatever_the_day(at: datetime, shard: str) -> None:
    record = shard + RECORD[1:]
    assert bounces.returned_to(POLICY, bounces.return_address(POLICY, record, at), at + 13 * DAY) == record


# --- the report

PLAIN = b"From: a@b\r\nSubject: failure notice\r\n\r\nHi. This is the qmail-send program.\r\nStatus: 5.1.1\r\n"
READ = [
    (report(), Bounce("reply-bounced", "5.1.1", hard=True)),
    (report("5.7.26"), Bounce("reply-bounced", "5.7.26", hard=True)),
    (report("4.4.7"), Bounce("reply-bounced", "4.4.7")),
    (report("4.4.1", "delayed"), Bounce("reply-delayed", "4.4.1")),
    (report("2.1.5", "relayed"), Bounce("reply-delayed", "2.1.5")),
    (report().replace(b"\r\nStatus: 5.1.1", b""), Bounce("reply-bounced")),
    (report().replace(b"message/delivery-status", b"Message/Global-Delivery-Status"), Bounce("reply-bounced", "5.1.1", hard=True)),
    (PLAIN, Bounce("reply-bounced")),
    (b"Auto-Submitted: auto-replied\r\nSubject: Fuera\r\n\r\nVuelvo el lunes. Status: 5.1.1\r\n", Bounce("reply-met-responder")),
    (b"", Bounce("reply-bounced")),
]  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), READ, ids=[str(number) for number in range(len(READ))])
def test_what_the_report_says(content: bytes, expected: Bounce) -> None:
    assert bounces.bounce(message.parse(content)) == expected


# --- at the door


def transaction(*to: str, mail_from: str = "", content: bytes = b"", now: datetime = NIGHT) -> Transaction:
    recipients = tuple(Recipient(one) for one in to)
    parsed = message.parse(content or report())
    return Transaction("0" * 12, "lmtp", Direction.INBOUND, Peer(), mail_from, (), recipients, parsed, now)


async def at_the_door(ana: Room, one: Transaction) -> list[int]:
    """The codes that the door answers. `inside` is its next hop."""
    service = Service(ana.settings, ana.store, keep=lambda event: pytest.fail("the store is away"))
    hop = ana.owner_mail.next_hop(ana.settings)
    assert hop
    carry = door.taken(relay.carry(service, hop, "x"), lambda: ana.settings.policy, ana.store.replies.bounced)
    return [reply.code for reply in await carry(one)]


async def sent(ana: Room, person: str = LAURA, name: str = "1") -> str:
    """A reply left; its return address."""
    before = len(ana.outside.delivered)
    await ana.mail(person, name=name)
    await ana.turn()
    reply = ana.outside.delivered[before]
    assert reply.rcpts == ((person, ()),)  # without NOTIFY=NEVER: we want to know
    return reply.mail_from


async def test_it_is_noted_with_whom_it_was_for_and_delivered_nowhere(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis) as ana:
        no_copies(ana)
        back = await sent(ana)
        assert await at_the_door(ana, transaction(back)) == [250]
        assert ana.inside.commands == []
        (*_, entry) = await ana.store.history.journal("ana", NIGHT - DAY, 10)
        assert (entry.entry.code, entry.at) == ("reply-bounced", NIGHT)
        assert (entry.entry.fields["to"], entry.entry.fields["status"]) == (LAURA, "5.1.1")
        assert entry.entry.fields["message_id"].endswith("@mx.estudio.example>")


def no_copies(ana: Room) -> None:
    ana.configure(bounce_address=BOUNCES)
    ana.change(replies=replace(ana.settings.policy.owners[0].replies, copies=False))


OTHERS = [  # what comes to the bounce address and is no bounce of ours
    ("a person", {"mail_from": LAURA}, lambda back: back),
    ("a forged mark", {}, lambda back: back.replace("+", "+a")),
    ("no mark", {}, lambda back: BOUNCES),
    ("an old mark", {"now": NIGHT + 30 * DAY}, lambda back: back),
]


@pytest.mark.parametrize(
    ("letter", "to"), [(letter, to) for _, letter, to in OTHERS], ids=[name for name, *_ in OTHERS]
)
@pytest.mark.parametrize("catch_all", [False, True], ids=["no owner", "an owner's catch-all"])
async def test_anything_else_is_carried_untouched_and_never_answered(
    redis: RedisServer, tmp_path: Path, letter: dict[str, object], to, catch_all: bool
) -> None:
    async with room(tmp_path, redis) as ana:
        no_copies(ana)
        if catch_all:
            first, home = ana.settings.policy.owners[0].identities
            ana.change(identities=(replace(first, addresses=(*first.addresses, "@estudio.example")), home))
        back = to(await sent(ana))
        content = b"From: laura@acme.example\r\nTo: " + back.encode() + b"\r\nMessage-ID: <z@a>\r\n\r\nHola\r\n"
        assert await at_the_door(ana, transaction(back, content=content, **letter)) == [250]
        (carried,) = ana.inside.delivered
        assert (carried.rcpts, carried.data) == (((back, ()),), content)
        assert await ana.codes() == ["reply-sent"]
        assert await ana.store.replies.next_due() is None


async def test_beside_other_recipients_each_has_its_own_answer(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis) as ana:
        no_copies(ana)
        back = await sent(ana)
        ana.inside.faults.dot = lambda address: "552 5.2.2 full" if address == "b@otra.example" else ""
        said = await at_the_door(ana, transaction("a@otra.example", back, "b@otra.example"))
        assert said == [250, 250, 552]
        assert [address for address, _ in ana.inside.dotted[0].rcpts] == ["a@otra.example", "b@otra.example"]


async def test_while_the_store_is_away_it_has_to_come_again(tmp_path: Path, redis: RedisServer) -> None:
    async with room(tmp_path, redis) as ana:
        no_copies(ana)
        back = await sent(ana)

        async def away(*_: object) -> bool:
            raise StoreAway("down")

        async def nobody(_: Transaction) -> tuple[SmtpReply, ...]:
            pytest.fail("carried")

        (reply,) = await door.taken(nobody, lambda: ana.settings.policy, away)(transaction(back))
        assert reply.code == 451


async def test_of_a_reply_that_nobody_remembers_it_is_taken_all_the_same(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis) as ana:
        no_copies(ana)
        back = bounces.return_address(ana.settings.policy, RECORD, NIGHT)
        assert await at_the_door(ana, transaction(back)) == [250]
        assert await ana.codes() == [] and ana.inside.commands == []


# --- what follows


async def promised(ana: Room) -> int:
    return len(await ana.store.promises.listed("ana"))


@pytest.mark.parametrize(("content", "left"), [(report(), 0), (report("4.4.7"), 1)], ids=["hard", "soft"])
async def test_a_promise_that_nobody_got_is_taken_back(
    redis: RedisServer, tmp_path: Path, content: bytes, left: int
) -> None:
    async with room(tmp_path, redis) as ana:
        no_copies(ana)
        (owner,) = ana.settings.policy.owners
        plan = replace(owner.plans["bronze"], answer_within=timedelta(hours=4))
        ana.change(clients={name: replace(one, plan=plan) for name, one in owner.clients.items()})
        back = await sent(ana)
        assert await promised(ana) == 1
        await at_the_door(ana, transaction(back, content=content))
        assert await promised(ana) == left


async def bounced_then_mail(ana: Room, content: bytes, later: timedelta) -> list[str]:
    """One reply came back; the same person writes again on a Friday night."""
    back = await sent(ana)
    await at_the_door(ana, transaction(back, content=content))
    ana.now = NIGHT + later
    service = Service(ana.settings, ana.store, keep=lambda event: pytest.fail("the store is away"))
    again = transaction(STUDIO, mail_from=LAURA, content=LETTER, now=ana.now)
    examination = await service.examine(again, "x")
    return [one.code for one in examination.decisions[0].reasons if one.code.startswith("reply-")]


LETTER = f"From: {LAURA}\r\nTo: {STUDIO}\r\nMessage-ID: <again@acme.example>\r\n\r\nHola\r\n".encode()
FOLLOWS = [
    (report(), 7 * DAY, "reply-withheld-bounced"),
    (report(), 84 * DAY, "reply-withheld-bounced"),
    (report(), 91 * DAY, "reply-due-client"),
    (report("4.4.7"), 7 * DAY, "reply-due-client"),
    (report("4.4.7", "delayed"), 7 * DAY, "reply-due-client"),
    (PLAIN, 7 * DAY, "reply-due-client"),
]


@pytest.mark.parametrize(("content", "later", "code"), FOLLOWS, ids=[str(number) for number in range(len(FOLLOWS))])
async def test_after_a_hard_bounce_there_is_silence(
    redis: RedisServer, tmp_path: Path, content: bytes, later: timedelta, code: str
) -> None:
    async with room(tmp_path, redis) as ana:
        no_copies(ana)
        assert code in await bounced_then_mail(ana, content, later)


async def test_settle_keeps_the_silence_too(redis: RedisServer, tmp_path: Path) -> None:
    """What was decided without the store is claimed by the script, which asks again."""
    async with room(tmp_path, redis) as ana:
        no_copies(ana)
        await at_the_door(ana, transaction(await sent(ana)))
        ana.now = NIGHT + 7 * DAY
        await ana.mail(name="2", expected=0)
        await ana.mail(MARTA, name="3")


async def test_a_reply_that_waits_for_the_same_person_is_taken_back(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis) as ana:
        no_copies(ana)
        back = await sent(ana)
        ana.now = NIGHT + 7 * DAY
        await ana.mail(name="2")
        await at_the_door(ana, transaction(back, now=ana.now))
        await ana.turn()
        assert len(ana.outside.delivered) == 1
        key = ClaimKey("ana", "studio", LAURA, ReplyKind.ACKNOWLEDGEMENT)
        found = await ana.store.facts(FactsQuery(ana.now, "acme.example", None, claims=(key,)))
        assert found.claims[key].state is State.BOUNCED


async def test_the_record_is_there_as_long_as_a_bounce_may_come(redis: RedisServer, tmp_path: Path) -> None:
    """The closure is over on Monday; Postfix gives up on Wednesday."""
    async with room(tmp_path, redis) as ana:
        no_copies(ana)
        await sent(ana)
        (record,) = redis.keys("*claim*")
        left = int(redis.command("PTTL", record).strip(b":\r\n"))
        assert left > bounces.VALID / timedelta(milliseconds=1)
