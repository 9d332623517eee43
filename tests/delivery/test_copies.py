"""The owner's copy of a reply: the same bytes, filed and read, and never in the way of the reply."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from milter.core.owner import Folders
from milter.core.policy import FilingMethod
from milter.delivery import owner_mail
from milter.delivery.copies import copy_of
from milter.delivery.next_hop import open_next_hop
from milter.delivery.owner_mail import Letter, OwnerMail, mailbox_hop
from milter.delivery.reply_queue import ReplyQueue
from milter.settings.values import DoorSettings, InetAddress, LmtpHop, MaildirHop, Settings, SmtpHop
from tests.delivery.mailroom import Room, room
from tests.doubles.redis_server import RedisServer
from tests.service.office import CHEF, HOME, LAURA, MARTA, STUDIO
from tests.service.office import settings as settings_in

SEEN = b"Recado-Keywords: \\Seen\r\n"


async def test_the_client_gets_the_reply_and_the_owner_the_same_bytes(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis) as ana:
        await ana.mail()
        await ana.turn()
        (reply,), (copy,) = ana.outside.delivered, ana.inside.delivered
        assert copy.data == b"Recado-Folder: Clientes/ACME\r\n" + SEEN + reply.data
        assert (copy.mail_from, copy.rcpts) == ("", ((STUDIO, ()),))
        await ana.turn()
        assert len(ana.inside.dotted) == 1


PLACES = [  # who writes, to whom, folders of strangers -> where the copy is filed
    (CHEF, STUDIO, "", "Clientes/Bistro"),
    (LAURA, "hola@estudio.example", "", "Clientes/ACME"),
    (LAURA, HOME, "", "Clientes/ACME"),
    (MARTA, STUDIO, "", ""),
    (MARTA, STUDIO, "Nuevos", "Nuevos"),
]


@pytest.mark.parametrize(("author", "to", "prospects", "folder"), PLACES)
async def test_it_is_filed_where_the_mail_is(
    redis: RedisServer, tmp_path: Path, author: str, to: str, prospects: str, folder: str
) -> None:
    async with room(tmp_path, redis) as ana:
        ana.change(folders=Folders("Clientes/{name}", prospects, "Avisos"))
        await ana.mail(author, to)
        await ana.turn()
        (reply,), (copy,) = ana.outside.delivered, ana.inside.delivered
        filed = f"Recado-Folder: {folder}\r\n".encode() if folder else b""
        assert copy.data == filed + SEEN + reply.data
        assert copy.rcpts == ((STUDIO, ()),)


async def test_a_client_whom_nothing_proves_has_it_filed_with_him_all_the_same(
    redis: RedisServer, tmp_path: Path
) -> None:
    """He got the stranger's text; his mail is in the client's folder, and so is the answer."""
    async with room(tmp_path, redis) as ana:
        await ana.mail()
        job = (await ana.store.replies.lease(ana.now, 1))[0]
        letter = copy_of(replace(job.intent, client=None), b"x", ana.settings.policy)
        assert letter and letter.folder == "Clientes/ACME"


async def test_by_detail(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis, filing="detail") as ana:
        await ana.mail()
        await ana.turn()
        (copy,) = ana.inside.delivered
        assert copy.rcpts == (("ana+Clientes/ACME@estudio.example", ()),)


@pytest.mark.parametrize("where", ["rcpt", "dot"])
async def test_a_folder_that_is_refused_becomes_the_inbox(redis: RedisServer, tmp_path: Path, where: str) -> None:
    async with room(tmp_path, redis, filing="detail") as ana:
        setattr(ana.inside.faults, where, lambda address: "550 5.1.1 no such folder" if "+" in address else "")
        await ana.mail()
        await ana.turn()
        (copy,) = ana.inside.delivered
        assert copy.rcpts == ((STUDIO, ()),)


async def test_no_copies_for_who_wants_none(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis) as ana:
        ana.change(replies=replace(ana.settings.policy.owners[0].replies, copies=False))
        await ana.mail()
        await ana.turn()
        assert (len(ana.outside.delivered), ana.inside.commands) == (1, [])


@pytest.mark.parametrize("reply", ["450 4.7.1 not now", "550 5.1.1 nobody here"])
async def test_what_was_not_sent_has_no_copy(redis: RedisServer, tmp_path: Path, reply: str) -> None:
    async with room(tmp_path, redis) as ana:
        ana.outside.faults.rcpt = lambda address: reply
        await ana.mail()
        await ana.turn()
        assert (ana.outside.delivered, ana.inside.commands) == ([], [])


async def test_a_mailbox_that_refuses_costs_a_log_line(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with room(tmp_path, redis) as ana:
        ana.inside.faults.rcpt = lambda address: "552 5.2.2 over quota"
        await ana.mail()
        await ana.turn()
        assert await ana.codes() == ["reply-sent"]
        said = [one for one in caplog.records if "not delivered" in one.message]
        assert len(said) == 1 and LAURA not in str(vars(said[0]))
        ana.inside.faults.rcpt = lambda address: ""
        await ana.turn()
        assert ana.inside.delivered == []


async def test_a_mailbox_that_says_nothing_delays_no_reply(redis: RedisServer, tmp_path: Path) -> None:
    """The copy hangs at its dot; the reply is sent and on record, and so is the next one."""
    async with room(tmp_path, redis) as ana:
        ana.inside.faults.hold = asyncio.Event()
        for person in (LAURA, CHEF):
            await ana.mail(person, name=person)
            await _turn_without_waiting_for_copies(ana)
        assert await ana.codes() == ["reply-sent"] * 2
        assert ana.inside.delivered == []
        ana.inside.faults.hold.set()
        await ana.owner_mail.close()
        assert len(ana.inside.delivered) == 2


async def _turn_without_waiting_for_copies(ana: Room) -> None:
    queue = ReplyQueue(lambda: ana.settings, ana.store, lambda _: ana.hop, lambda: ana.now, ana.owner_mail)
    await queue.turn()
    await queue.close()


async def test_a_drain_ends_although_a_mailbox_hangs(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with room(tmp_path, redis) as ana:
        ana.inside.faults.hold = asyncio.Event()
        await ana.mail()
        await _turn_without_waiting_for_copies(ana)
        await ana.inside.held.wait()
        await ana.owner_mail.close(patience=0)
        assert [one.message for one in caplog.records if "stopping" in one.message]


async def test_a_flood_is_bounded(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mail = OwnerMail(lambda settings: None)
    settings = settings_in(tmp_path)
    for _ in range(owner_mail.MOST + 3):
        mail.post(settings, Letter("copy", "ana", STUDIO, b"Subject: x\r\n\r\n"))
    assert len([one for one in caplog.records if "too many" in one.message]) == 3
    await mail.close()


async def test_in_a_maildir_it_is_read_and_in_the_folder(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis) as ana:
        there = open_next_hop(MaildirHop(tmp_path / "mail"), hostname="mx.test")
        ana.owner_mail = OwnerMail(lambda settings: there)
        await ana.mail()
        await ana.turn()
        (file,) = (tmp_path / "mail" / STUDIO).rglob("*.mx.test*")
        assert (file.parent.parent.name, file.parent.name, file.name[-4:]) == (".Clientes.ACME", "cur", ":2,S")


LMTP, SMTP, POSTFIX = (hop(InetAddress("127.0.0.1", port)) for hop, port in ((LmtpHop, 1), (SmtpHop, 2), (SmtpHop, 3)))
SUBMISSION = DoorSettings("submission", InetAddress("127.0.0.1", 0), SmtpHop(InetAddress("127.0.0.1", 4)))
MILTER = DoorSettings("milter", InetAddress("127.0.0.1", 0), None)


@pytest.mark.parametrize(
    ("hops", "expected"),
    [({"lmtp": LMTP, "smtp": SMTP}, LMTP), ({"smtp": SMTP}, SMTP), ({}, POSTFIX)],
)
def test_the_mailboxes_are_behind_the_lmtp_door(tmp_path: Path, hops: dict[str, object], expected: object) -> None:
    doors = tuple(DoorSettings(name, InetAddress("127.0.0.1", 0), hop) for name, hop in hops.items())  # type: ignore[arg-type]
    made: Settings = replace(settings_in(tmp_path), doors=(MILTER, SUBMISSION, *doors), reply_next_hop=POSTFIX)
    assert mailbox_hop(made) == expected


async def test_none_files_nothing_and_still_says_where(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis) as ana:
        ana.configure(filing=FilingMethod.NONE)
        await ana.mail()
        await ana.turn()
        assert ana.inside.delivered[0].rcpts == ((STUDIO, ()),)
