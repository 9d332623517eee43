"""The Maildir next hop: whole or not at all, in the folder that the header names, byte for byte but for line ends."""

import errno
import mailbox
import os
from pathlib import Path

import pytest

from milter.core.message import Message
from milter.delivery import maildir
from milter.delivery.maildir import unix_lines
from milter.delivery.next_hop import Outgoing, Sender, is_ours, open_next_hop
from milter.errors import SmtpReply
from milter.settings.values import MaildirHop
from tests.delivery.letters import CONTENT, letter


@pytest.fixture
def hop(tmp_path: Path) -> Sender:
    return open_next_hop(MaildirHop(tmp_path / "mail"), hostname="mx.test")


def stored(folder: Path) -> list[Path]:
    return sorted(folder.glob("mail/**/new/*"))


def leftovers(folder: Path) -> list[Path]:
    return sorted(folder.glob("mail/**/tmp/*"))


def inside(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def unix(content: bytes) -> bytes:
    return content.replace(b"\r\n", b"\n")


async def test_a_message_lies_in_new_of_the_mailbox(hop: Sender, tmp_path: Path) -> None:
    assert await hop.send(letter("Ana@X.test")) == (SmtpReply(250, "2.0.0", "Delivered to the Maildir"),)
    (file,) = stored(tmp_path)
    assert file.parent == tmp_path / "mail" / "ana@x.test" / "new"
    assert file.read_bytes() == unix(CONTENT)
    assert leftovers(tmp_path) == []
    assert (file.stat().st_mode & 0o777, file.stat().st_nlink) == (0o600, 1)


async def test_the_library_reads_it(hop: Sender, tmp_path: Path) -> None:
    await hop.send(letter(content=b"Recado-Folder: Clientes/ACME\r\n" + CONTENT))
    await hop.send(letter())
    box = mailbox.Maildir(tmp_path / "mail" / "ana@x.test", create=False)
    assert box.list_folders() == ["Clientes.ACME"]
    assert [one["Subject"] for one in (*box, *box.get_folder("Clientes.ACME"))] == ["hi", "hi"]


@pytest.mark.parametrize(
    ("keywords", "place"),
    [("\\Seen", "cur"), ("$Client \\Seen", "cur"), ("$Client", "new"), ("$Seen", "new"), ("\\Seenish", "new")],
)
async def test_what_is_marked_seen_was_read(hop: Sender, tmp_path: Path, keywords: str, place: str) -> None:
    await hop.send(letter(content=f"Recado-Folder: A\r\nRecado-Keywords: {keywords}\r\n".encode() + CONTENT))
    (message,) = mailbox.Maildir(tmp_path / "mail" / "ana@x.test", create=False).get_folder("A")
    assert (message.get_subdir(), message.get_flags()) == (place, "S" if place == "cur" else "")


async def test_each_recipient_has_his_own_copy(hop: Sender, tmp_path: Path) -> None:
    said = await hop.send(letter("ana@x.test", "bea@x.test"))
    assert [one.code for one in said] == [250, 250]
    assert [one.parent.parent.name for one in stored(tmp_path)] == ["ana@x.test", "bea@x.test"]


async def test_many_messages_at_once_have_names_of_their_own(hop: Sender, tmp_path: Path) -> None:
    for _ in range(20):
        await hop.send(letter())
    names = {one.name for one in stored(tmp_path)}
    assert len(names) == 20
    assert all(one.endswith(".mx.test") and "/" not in one and ":" not in one for one in names)


ODD = [
    b"",
    b"\r\n",
    b".\r\n",
    b"no line end",
    b"text\r\n\r\n\r\n",
    b"\0\xff\r\n",
    b"x" * 300_000 + b"\r\n",
    b"\r\n" * 200_000,
]


@pytest.mark.parametrize("body", ODD, ids=[repr(one[:12]) for one in ODD])
async def test_nothing_is_added_and_nothing_lost(hop: Sender, tmp_path: Path, body: bytes) -> None:
    content = b"Recado-Keywords: $Client $Urgent\r\nSubject: odd\r\n\r\n" + body
    assert (await hop.send(letter(content=content)))[0].accepted
    assert stored(tmp_path)[0].read_bytes() == unix(content)


async def test_a_header_without_a_body_stays_one(hop: Sender, tmp_path: Path) -> None:
    outgoing = Outgoing("", (), (("ana@x.test", ()),), b"S: 1\r\n", Message(b"S: 1\r\n", b"", False), letter().peer)
    await hop.send(outgoing)
    assert stored(tmp_path)[0].read_bytes() == b"S: 1\n"


def test_line_ends_are_found_wherever_the_pieces_end() -> None:
    text = b"\r\n\r\na\rb\r\r\n\n\r\n\r"
    for cut in range(1, len(text) + 1):
        pieces = iter([text[at : at + cut] for at in range(0, len(text), cut)])
        assert b"".join(unix_lines(pieces)) == unix(text), cut


FOLDERS = [
    ("Clientes/ACME Veterinaria", ".Clientes.ACME Veterinaria"),
    ("Avisos", ".Avisos"),
    ("=?utf-8?q?Clientes/Se=C3=B1or?=", ".Clientes.Se&APE-or"),
    ("Clientes/ACME & Cía", ".Clientes.ACME &- C&AO0-a"),
    ("S.L./v1.2", ".S&AC4-L&AC4-.v1&AC4-2"),
    ("../../../etc", ".&AC4ALg-.&AC4ALg-.&AC4ALg-.etc"),
    ("..", ".&AC4ALg-"),
    (".", ".&AC4-"),
    ("/abs/olute/", ".abs.olute"),
    ("=?utf-8?b?YQBiCmMvZA==?=", ".abc.d"),
    ("INBOX", ""),
    ("inbox", ""),
    ("", ""),
    (" / / ", ""),
    ("x" * 300, ""),
    ("=?bogus?q?a?=", ".a"),
]


@pytest.mark.parametrize(("value", "directory"), FOLDERS)
async def test_the_header_says_the_folder(hop: Sender, tmp_path: Path, value: str, directory: str) -> None:
    content = f"Recado-Folder: {value}\r\n".encode() + CONTENT
    assert (await hop.send(letter(content=content)))[0].accepted
    (file,) = stored(tmp_path)
    assert file.parent == tmp_path / "mail" / "ana@x.test" / directory / "new"
    assert (file.parent.parent / "maildirfolder").exists() is bool(directory)
    assert inside(tmp_path) == ["mail"]
    assert inside(tmp_path / "mail") == ["ana@x.test"]


MAILBOXES = [
    ("ANA@Estudio.Example", "ana@estudio.example"),
    ("ana+web@x.test", "ana+web@x.test"),
    ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
    ("..", "%2E."),
    (".", "%2E"),
    ("", "%2E"),
    ("a/b@x.test", "a%2Fb@x.test"),
    ("a\0b@x.test", "a%00b@x.test"),
    ("añá@x.test", "a%C3%B1%C3%A1@x.test"),
    ("\udcff@x.test", "%FF@x.test"),
]


@pytest.mark.parametrize(("address", "directory"), MAILBOXES)
async def test_an_address_names_one_directory_inside(hop: Sender, tmp_path: Path, address: str, directory: str) -> None:
    assert (await hop.send(letter(address)))[0].accepted
    assert inside(tmp_path / "mail") == [directory]
    assert stored(tmp_path)[0].parent.parent.parent == tmp_path / "mail"


async def test_long_addresses_have_directories_of_their_own(hop: Sender, tmp_path: Path) -> None:
    one, other = ("ñ" * 200 + end + "@x.test" for end in "ab")
    assert all(verdict.accepted for verdict in await hop.send(letter(one, other)))
    assert len(inside(tmp_path / "mail")) == 2


async def test_before_dot_is_asked_while_nothing_can_be_seen(hop: Sender, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    async def look() -> bool:
        seen.append((len(leftovers(tmp_path)), len(stored(tmp_path))))
        return True

    assert (await hop.send(letter(), before_dot=look))[0].accepted
    assert (seen, len(stored(tmp_path)), leftovers(tmp_path)) == ([(1, 0)], 1, [])


async def test_before_dot_can_stop_the_message(hop: Sender, tmp_path: Path) -> None:
    async def stop() -> bool:
        return False

    (verdict,) = await hop.send(letter(), before_dot=stop)
    assert (verdict.code, is_ours(verdict)) == (451, True)
    assert (stored(tmp_path), leftovers(tmp_path)) == ([], [])


async def test_everybody_is_welcome_and_nothing_is_written_to_say_so(hop: Sender, tmp_path: Path) -> None:
    verdicts = await hop.verify("", (), (("ana@x.test", ()), ("bea@x.test", ())))
    assert [one.code for one in verdicts] == [250, 250]
    assert inside(tmp_path) == []
    offered = await hop.capabilities()
    assert (offered.eight_bit, offered.smtputf8, offered.dsn, offered.size) == (True, True, False, 0)


async def test_a_maildir_that_cannot_be_made_is_451(hop: Sender, tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the directory should be")
    (verdict,) = await hop.send(letter())
    assert (verdict.code, verdict.enhanced) == (451, "4.3.0")
    (tmp_path / "mail").unlink()
    assert (await hop.send(letter()))[0].accepted


async def test_one_broken_mailbox_does_not_stop_the_other(hop: Sender, tmp_path: Path) -> None:
    (tmp_path / "mail").mkdir()
    (tmp_path / "mail" / "ana@x.test").write_text("a file where the Maildir should be")
    assert [one.code for one in await hop.send(letter("ana@x.test", "bea@x.test"))] == [451, 250]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
async def test_a_full_disk_is_452_and_leaves_nothing_behind(
    hop: Sender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as broken:
        broken.setattr(maildir.os, "fsync", full)
        (verdict,) = await hop.send(letter())
    assert (verdict.code, verdict.enhanced) == (452, "4.3.1")
    assert (stored(tmp_path), leftovers(tmp_path)) == ([], [])
    assert (await hop.send(letter()))[0].accepted
