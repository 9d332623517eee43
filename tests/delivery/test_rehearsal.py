"""Shadow mode: the owner reads what would have left, when it would have left, and nobody else reads anything."""

import quopri
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from milter.core import marks
from milter.core.hours import Schedule
from milter.core.owner import Mode
from milter.delivery import phrases, rehearsal
from tests.core.studio import POLICY
from tests.delivery import studio
from tests.delivery.mailroom import read, room, texts
from tests.doubles.redis_server import RedisServer
from tests.service.office import HOME, LAURA, MARTA, NIGHT, STUDIO

MINUTE = timedelta(minutes=1)
LINE = "Ensayo: esto habría salido para {} el viernes 6 de marzo a las 23:00 ({}). No se ha enviado nada."


async def test_the_owner_gets_it_and_the_client_nothing(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis, mode="shadow") as ana:
        await ana.mail()
        await ana.turn()
        assert ana.outside.commands == []
        (shown,) = ana.inside.delivered
        assert (shown.mail_from, shown.rcpts) == ("", ((STUDIO, ()),))
        assert shown.data.startswith(b"Recado-Folder: Recado/Ensayo\r\n") and b"Recado-Keywords" not in shown.data
        message = read(shown)
        assert message["To"] == f"Ana Souto <{STUDIO}>"
        assert message["From"] == f"Recado <{STUDIO}>"
        assert message["Subject"].startswith("[Ensayo] ") and "Secretos del pedido" in message["Subject"]
        assert message["Auto-Submitted"] == "auto-replied"
        assert LAURA not in str(message["To"])
        text, html = texts(shown)
        first, _, rest = text.partition("\n\n")
        assert first == LINE.format(LAURA, "fuera de horario")
        assert rest.startswith("Hola:") and "el lunes 9 de marzo a las 9:00" in rest
        assert html.count(LINE.format(LAURA, "fuera de horario")) == 1
        assert html.index("Ensayo:") < html.index("Hola:")


async def test_it_is_the_live_reply_but_for_the_line(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis, mode="shadow") as ana:
        await ana.mail()
        await ana.turn()
        ana.change(replies=replace(ana.settings.policy.owners[0].replies, mode=Mode.LIVE, copies=False))
        await ana.mail(name="2")
        await ana.turn()
        (shown,), (sent,) = ana.inside.delivered, ana.outside.delivered
        for before, after in zip(texts(shown), texts(sent), strict=True):
            without = re.sub(r"(?:<p [^>]*>)?Ensayo: .*?enviado nada\.(?:</p>)?\n+", "", before)
            assert without.split() == after.split()
        assert (read(shown)["In-Reply-To"], read(sent)["In-Reply-To"]) == ("<1@acme.example>", "<2@acme.example>")
        assert read(shown)["Message-ID"] != read(sent)["Message-ID"]
        assert marks.is_ours(read(shown)["Message-ID"], ana.settings.policy.keys)


async def test_it_comes_when_the_reply_would_leave_and_once(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis, mode="shadow") as ana:
        ana.change(replies=replace(ana.settings.policy.owners[0].replies, delay=(10 * MINUTE, 10 * MINUTE)))
        await ana.mail()
        await ana.turn()
        assert ana.inside.commands == []
        ana.now = NIGHT + 10 * MINUTE
        await ana.turn()
        assert "a las 23:10" in texts(ana.inside.delivered[0])[0]
        assert await ana.codes() == ["reply-rehearsed"]
        ana.now += timedelta(hours=3)
        await ana.turn()
        await ana.mail(name="2", expected=0)
        await ana.turn()
        assert len(ana.inside.dotted) == 1


async def test_it_is_decided_again(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis, mode="shadow") as ana:
        await ana.mail()
        studio_, home = ana.settings.policy.owners[0].identities
        ana.change(identities=(replace(studio_, schedule=Schedule("24/7", "UTC")), home))
        await ana.turn()
        assert (ana.inside.commands, await ana.codes()) == ([], ["reply-withheld-opened"])


WHY = [(STUDIO, LAURA, "fuera de horario"), (STUDIO, MARTA, "alguien nuevo, fuera de horario"),
       (HOME, LAURA, "escribió a tu dirección personal")]  # fmt: skip


@pytest.mark.parametrize(("to", "author", "why"), WHY)
async def test_the_line_says_to_whom_and_why(
    redis: RedisServer, tmp_path: Path, to: str, author: str, why: str
) -> None:
    async with room(tmp_path, redis, mode="shadow") as ana:
        await ana.mail(author, to)
        await ana.turn()
        (shown,) = ana.inside.delivered
        assert texts(shown)[0].startswith(LINE.format(author, why) + "\n\n")
        assert shown.rcpts == ((STUDIO, ()),)


async def test_by_detail(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis, mode="shadow", filing="detail") as ana:
        await ana.mail()
        await ana.turn()
        assert ana.inside.delivered[0].rcpts == (("ana+Recado/Ensayo@estudio.example", ()),)


async def test_switched_to_shadow_while_a_live_reply_waited(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis) as ana:
        await ana.mail()
        ana.change(replies=replace(ana.settings.policy.owners[0].replies, mode=Mode.SHADOW))
        await ana.turn()
        assert (ana.outside.commands, len(ana.inside.delivered)) == ([], 1)


async def test_switched_to_live_a_rehearsal_stays_one(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis, mode="shadow") as ana:
        await ana.mail()
        ana.change(replies=replace(ana.settings.policy.owners[0].replies, mode=Mode.LIVE))
        await ana.turn()
        assert (ana.outside.commands, len(ana.inside.delivered)) == ([], 1)


async def test_switched_off_there_is_none(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis, mode="shadow") as ana:
        await ana.mail()
        ana.change(replies=replace(ana.settings.policy.owners[0].replies, mode=Mode.OFF))
        await ana.turn()
        assert (ana.inside.commands, await ana.codes()) == ([], ["reply-withheld-off"])


async def test_replies_without_a_next_hop_are_rehearsed(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis) as ana:
        ana.settings = replace(ana.settings, reply_next_hop=None)
        await ana.mail()
        await ana.turn()
        assert (len(ana.inside.delivered), await ana.codes()) == (1, ["reply-rehearsed"])


async def test_a_mailbox_that_is_away_gets_it_later(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis, mode="shadow") as ana:
        ana.inside.faults.rcpt = lambda address: "450 4.2.1 later"
        await ana.mail()
        await ana.turn()
        ana.inside.faults.rcpt = lambda address: ""
        ana.now = NIGHT + 5 * MINUTE
        await ana.turn()
        assert (len(ana.inside.delivered), await ana.codes()) == (1, ["reply-deferred-next-hop", "reply-rehearsed"])


async def test_lost_behind_the_dot_it_is_not_shown_twice(redis: RedisServer, tmp_path: Path) -> None:
    async with room(tmp_path, redis, mode="shadow") as ana:
        ana.inside.faults.drop = "stored"
        await ana.mail()
        await ana.turn()
        ana.inside.faults.drop = ""
        ana.now = NIGHT + timedelta(hours=3)
        await ana.turn()
        assert (len(ana.inside.dotted), await ana.codes()) == (1, ["reply-unknown-connection-lost"])


# --- the words


@pytest.mark.parametrize("language", rehearsal.WORDS)
def test_every_language_has_its_word(language: str) -> None:
    owner = replace(studio.ANA, language=language)
    word = rehearsal.folder(owner).removeprefix("Recado/")
    assert word.isascii() and word.isalpha()
    assert rehearsal.WORDS[language].line.startswith(word)
    assert set(rehearsal.WORDS[language].why) == {name for name, _ in owner.texts if name != "base"}


def test_the_words_cover_the_languages_of_the_texts() -> None:
    assert set(phrases.LANGUAGES) <= set(rehearsal.WORDS)
    assert rehearsal.folder(replace(studio.ANA, language="ja")) == "Recado/Rehearsal"


def test_hostile_words_change_nothing_but_themselves() -> None:
    to = '"<script>{why}"@acme.example'
    intent = studio.intent(correspondent=to)
    rendered = studio.TEXTS.render(intent, studio.ANA)
    made = rehearsal.letter(intent, rendered, studio.ANA, studio.STUDIO, POLICY, studio.FRIDAY_NIGHT)
    _, plain, html = (quopri.decodestring(one).decode() for one in made.content.split(b"\r\n--=_")[:3])
    assert f"para {to} el viernes 20 de noviembre a las 23:45 (fuera de horario)" in plain
    assert "<script>" not in html and "&lt;script&gt;{why}&quot;@acme.example el viernes" in html


@pytest.mark.parametrize(("html", "shown"), [
    ("<p>Hola</p>", "BANNER<p>Hola</p>"),
    ("<html><BODY class='a'><p>Hola</p></BODY></html>", "<html><BODY class='a'>BANNER<p>Hola</p></BODY></html>"),
])  # fmt: skip
def test_an_owners_own_html(html: str, shown: str) -> None:
    made = rehearsal._with_line(html, "una línea & más")
    banner = re.search(r"<p style[^>]*>una línea &amp; más</p>", made)
    assert banner and made.replace(banner[0], "BANNER").replace("\n", "") == shown
