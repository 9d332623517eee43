"""An owner saves a file with an error: one mail in his language, from whichever worker, and never twice the same."""

import asyncio
import re
import signal
from email import message_from_bytes, policy

from tests.daemon.house import STUDIO, House, house
from tests.doubles.sink import Delivery

BROKEN_ZONE = ('timezone = "UTC"', 'timezone = "Europe/Madird"')
BROKEN_TONE = ('tone     = "informal"', 'tone     = "informall"')


def notices(ana: House) -> list[Delivery]:
    return [one for one in ana.sink.delivered if b"\r\nAuto-Submitted: auto-generated" in one.data]


def words(delivery: Delivery) -> tuple[str, str]:
    """Subject and text."""
    mail = message_from_bytes(delivery.data, policy=policy.default)
    return mail["Subject"], mail.get_content()


async def save(ana: House, *changes: tuple[str, str]) -> None:
    """Ana's file with these changes, saved; returns when the daemon has looked at it."""
    file = ana.recado.directory / "owners" / "ana.toml"
    good = ana.recado.directory / "ana.good"
    if not good.exists():
        good.write_text(file.read_text())
    before, text = ana.output.count("event=reloaded"), good.read_text()
    for right, wrong in changes:
        assert right in text
        text = text.replace(right, wrong)
    await asyncio.to_thread(file.write_text, text)
    await ana.logged("event=reloaded", before + 1)


async def told(ana: House, times: int) -> list[Delivery]:
    await asyncio.wait_for(ana.sink.until(lambda: len(notices(ana)) >= times), 30)
    return notices(ana)


async def nothing_more(ana: House, times: int) -> None:
    """Ana's other letters come, and no notice: whatever was ordered before this mail is delivered by the end of a drain."""
    assert await ana.stop() == 0
    assert len(notices(ana)) == times


async def test_one_mail_in_her_language_names_the_line_and_what_to_write() -> None:
    async with house(workers=3) as ana:
        await ana.start()
        await save(ana, BROKEN_ZONE)
        (notice,) = await told(ana, 1)
        subject, text = words(notice)
        assert (notice.mail_from, notice.rcpts) == ("", ((STUDIO, ()),))
        assert subject == "Recado: hay un error en ana.toml, línea 3"
        assert "ana.toml, línea 3 (timezone)" in text
        assert "Qué pasa: «Europe/Madird» no es una zona horaria" in text
        assert 'Qué hacer: escribe "Europe/Madrid"' in text
        assert "Sigue valiendo tu última versión buena" in text
        assert b"Recado-Folder" not in notice.data and b"Recado-Keywords" not in notice.data
        await ana.send()
        await asyncio.wait_for(ana.replies.wait(), 30)
        assert len(ana.answered) == 1, "her last good version is in force"
        await nothing_more(ana, 1)


async def test_again_only_when_it_changes() -> None:
    async with house() as ana:
        await ana.start()
        await save(ana, BROKEN_ZONE)
        await told(ana, 1)
        await save(ana, BROKEN_ZONE, ("name     =", "# a remark\nname     ="))  # the same, a line below
        await save(ana, BROKEN_ZONE, BROKEN_TONE)
        _, second = await told(ana, 2)
        assert words(second)[0] == "Recado: hay 2 errores en tus archivos"
        await save(ana, BROKEN_TONE)  # one of the two is mended
        await save(ana)  # all is well: nobody writes about that
        await save(ana, BROKEN_TONE)  # broken anew
        *_, third = await told(ana, 3)
        assert "tone" in words(third)[1]
        await nothing_more(ana, 3)


async def test_a_restart_does_not_tell_it_again() -> None:
    async with house() as ana:
        await ana.start()
        await save(ana, BROKEN_ZONE)
        await told(ana, 1)
        await ana.until((ana.recado.directory / "state" / "told.json").exists, "the memory on disk")
        await ana.stop()
        ana.recado.owner = ana.recado.owner.replace(*BROKEN_ZONE)
        await ana.start()
        await nothing_more(ana, 1)


async def test_broken_at_the_start_says_that_nothing_is_in_force() -> None:
    async with house() as ana:
        ana.recado.owner = ana.recado.owner.replace("name     = ", "name     ")
        await ana.start()
        (notice,) = await told(ana, 1)
        subject, text = words(notice)
        assert subject == "Recado: hay un error en ana.toml, línea 2"
        assert "no se entiende lo que hay escrito aquí" in text and "escribe clave = valor" in text
        assert "no hay ninguna versión buena anterior" in text
        assert notice.rcpts == ((STUDIO, ()),)


async def test_an_own_text_that_breaks_keeps_its_last_good_version() -> None:
    good = "Subject: Mi respuesta\n\nHola, esto lo he escrito yo: vuelvo {{ opens }}.\n"
    async with house() as ana:
        own = ana.recado.directory / "owners" / "ana" / "closed.es.txt"
        own.parent.mkdir(parents=True)
        own.write_text(good)
        await ana.start()
        await asyncio.to_thread(own.write_text, good.replace("{{ opens }}", "{{ openz }}"))
        (notice,) = await told(ana, 1)
        subject, text = words(notice)
        assert subject == "Recado: hay un error en ana/closed.es.txt, línea 3"
        assert "no existe {{ openz }}" in text and "escribe {{ opens }}" in text
        await ana.send()
        (reply,) = await asyncio.wait_for(ana.replies.wait(), 30)
        assert b"Subject: Mi respuesta" in reply.data


async def test_a_warning_is_no_mail() -> None:
    async with house() as ana:
        ana.recado.owner += '[plan.gold2]\nurgent = "notify"\n'
        await ana.start()
        assert "plan.gold2.urgent: there is no notifier yet" in ana.output
        await nothing_more(ana, 0)


async def test_what_was_not_delivered_is_told_after_a_restart() -> None:
    async with house() as ana:
        await ana.start()
        ana.sink.faults.rcpt = lambda address: "450 4.2.1 later"
        await save(ana, BROKEN_ZONE)
        await asyncio.wait_for(ana.sink.until(lambda: any(one.startswith("RCPT") for one in ana.sink.commands)), 30)
        ana.sink.faults.rcpt = lambda address: ""
        ana.signal(signal.SIGTERM)
        await ana.ended()
        assert not (ana.recado.directory / "state" / "told.json").exists()
        ana.recado.owner = ana.recado.owner.replace(*BROKEN_ZONE)
        await ana.start()
        (notice,) = await told(ana, 1)
        assert re.search("Madird", words(notice)[1])
