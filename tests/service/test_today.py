"""Today is different: for the mail that comes, and by a mail of the owner's own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from milter.core.overrides import Override
from milter.core.today_mail import token_of
from milter.delivery.owner_mail import Letter
from milter.settings.values import Settings
from milter.store.command import Command
from milter.store.node import Node
from tests.doubles.redis_server import RedisServer
from tests.service.office import LAURA, MARTA, NIGHT, STUDIO, Office, office

HOUR = timedelta(hours=1)
WORK = datetime(2026, 3, 6, 11, 0, tzinfo=UTC)  # Friday; open from nine to five
EVENING = WORK.replace(hour=22)
MIDNIGHT = datetime(2026, 3, 7, tzinfo=UTC)
CLOSED = Override(WORK - HOUR, EVENING, is_open=False)


def trusting(settings: Settings) -> Settings:
    return replace(settings, policy=replace(settings.policy, trusted_authserv_ids=("mx.estudio.example",)))


def own_mail(subject: str, *, proven: bool = True) -> bytes:
    results = "dkim=pass header.d=estudio.example" if proven else "dkim=none"
    lines = [
        f"Authentication-Results: mx.estudio.example; {results}",
        "Received: from out.example by mx.estudio.example with ESMTPS id 1; Fri, 06 Mar 2026 10:59:50 +0000",
        f"From: Ana Souto <{STUDIO}>",
        f"To: {STUDIO}",
        f"Subject: {subject}",
        "Date: Fri, 06 Mar 2026 10:59:00 +0000",
        "Message-ID: <own@estudio.example>",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


async def write_to_herself(ana: Office, subject: str, **how: bool) -> list[Letter]:
    """The letters that answer it; the mail is delivered whatever it says."""
    letters: list[Letter] = []
    ana.service.post = lambda settings, letter: letters.append(letter)
    subject = subject.replace("TOKEN", token_of(ana.settings.policy.keys, "ana"))
    before = len(ana.sink.delivered)
    content = own_mail(subject, **how)
    assert await ana.mail(STUDIO, mail_from=STUDIO, content=content, now=WORK) == ["250 2.0.0 stored"]
    assert len(ana.sink.delivered) == before + 1
    return letters


async def due(ana: Office) -> int:
    return len(await ana.store.history.queued("ana"))


async def test_closed_for_today_a_client_is_answered_and_told_when(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis) as ana:
        await ana.mail(STUDIO, mail_from=LAURA, now=WORK)
        assert await due(ana) == 0
        await ana.store.today.change("ana", CLOSED, WORK)
        await ana.mail(STUDIO, mail_from=LAURA, message_id="<2@acme.example>", now=WORK)
        (one,) = await ana.store.history.queued("ana")
        assert one.intent.opens == datetime(2026, 3, 9, 9, tzinfo=UTC)


async def test_whoever_was_answered_is_not_answered_again(redis: RedisServer, tmp_path: Path) -> None:
    """By the hours it is open, and still the records of who was answered are read in the same look."""
    async with office(tmp_path, redis) as ana:
        await ana.store.today.change("ana", CLOSED, WORK)
        await ana.mail(STUDIO, mail_from=LAURA, now=WORK)
        again = ana.transaction(STUDIO, mail_from=LAURA, message_id="<2@acme.example>", now=WORK + HOUR)
        examination = await ana.service.examine(again, "test")
        codes = [one.code for one in examination.decisions[0].reasons]
        assert "reply-withheld-answered" in codes and examination.counted != ((),)
        assert await due(ana) == 1


async def test_open_for_now_nobody_is_answered(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis) as ana:
        await ana.store.today.change("ana", Override(NIGHT, NIGHT + HOUR, is_open=True), NIGHT)
        await ana.mail(STUDIO, mail_from=LAURA)
        assert await due(ana) == 0
        await ana.mail(STUDIO, mail_from=MARTA, message_id="<3@flores.example>", now=NIGHT + HOUR)
        assert await due(ana) == 1


async def test_a_mail_costs_two_waits_as_ever(
    redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path, redis) as ana:
        await ana.store.prepare(NIGHT)
        await ana.store.today.change("ana", CLOSED, WORK)
        waits, exchange = [], Node.exchange

        async def counted(node: Node, commands: Sequence[Command], **how: Any) -> list[Any]:
            waits.append([one.parts[0] for one in commands])
            return await exchange(node, commands, **how)

        monkeypatch.setattr(Node, "exchange", counted)
        await ana.mail(STUDIO, mail_from=LAURA, now=WORK)
        assert waits == [["EVALSHA"] * 2] * 2


@pytest.mark.parametrize(
    ("subject", "hours", "said"),
    [
        ("hoy cierro 12:00 TOKEN", (Override(WORK + HOUR, MIDNIGHT, False),), "cierras el viernes 6 de marzo a las 12:00"),
        ("today close TOKEN", (Override(WORK, MIDNIGHT, False),), "abres el lunes 9 de marzo a las 9:00"),
    ],
)  # fmt: skip
async def test_her_own_mail_changes_it_and_one_letter_says_what(
    redis: RedisServer, tmp_path: Path, subject: str, hours: tuple[Override, ...], said: str
) -> None:
    async with office(tmp_path, redis, changes=trusting) as ana:
        (letter,) = await write_to_herself(ana, subject)
        assert await ana.store.today.read("ana", WORK) == hours
        mail = message_from_bytes(letter.content, policy=default)
        body = " ".join(mail.get_content().split())  # type: ignore[attr-defined]
        assert (letter.mailbox, mail["Subject"]) == (STUDIO, "Recado: tu horario ha cambiado")
        assert said in body and token_of(ana.settings.policy.keys, "ana") not in letter.content.decode()
        assert mail["Auto-Submitted"] == "auto-replied"


async def test_what_cannot_be_done_is_answered_too(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis, changes=trusting) as ana:
        (letter,) = await write_to_herself(ana, "hoy cierro 09:00 TOKEN")
        assert await ana.store.today.read("ana", WORK) == ()
        body = message_from_bytes(letter.content, policy=default).get_content()  # type: ignore[attr-defined]
        assert b"sigue igual" in letter.content and "09:00 ya ha pasado" in body


@pytest.mark.parametrize(("subject", "proven"), [("hoy cierro 12:00", True), ("hoy cierro 12:00 TOKEN", False)])
async def test_without_proof_or_token_it_is_only_mail(
    redis: RedisServer, tmp_path: Path, subject: str, proven: bool
) -> None:
    async with office(tmp_path, redis, changes=trusting) as ana:
        assert await write_to_herself(ana, subject, proven=proven) == []
        assert await ana.store.today.read("ana", WORK) == ()


async def test_the_same_mail_twice_is_answered_once(redis: RedisServer, tmp_path: Path) -> None:
    async with office(tmp_path, redis, changes=trusting) as ana:
        assert len(await write_to_herself(ana, "hoy cierro 12:00 TOKEN")) == 1
        content = own_mail(f"hoy cierro 12:00 {token_of(ana.settings.policy.keys, 'ana')}")
        letters: list[Letter] = []
        ana.service.post = lambda settings, letter: letters.append(letter)
        await ana.mail(STUDIO, mail_from=STUDIO, content=content, now=WORK)
        assert letters == []
