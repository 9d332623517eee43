"""What the owner changes while replies wait: each is decided again when it is due. And what a plan promises."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from milter.core.overrides import Clear, Override, Said
from milter.settings.values import Settings
from milter.store.promises import Promise
from tests.delivery.test_reply_queue import Desk, desk
from tests.doubles.redis_server import RedisServer
from tests.service.office import LAURA, MONDAY, NIGHT

HOUR = timedelta(hours=1)


def closed(until: datetime, said: Said = Said.AWAY) -> Override:
    return Override(NIGHT, until, is_open=False, said=said)


OPEN_NOW = Override(NIGHT, NIGHT + HOUR, is_open=True)
TUESDAY = datetime(2026, 3, 10, tzinfo=UTC)


def text(ana: Desk) -> str:
    (sent,) = ana.sink.delivered
    found = message_from_bytes(sent.data, policy=default).get_body(("plain",))  # type: ignore[attr-defined]
    return " ".join(found.get_content().split())


def promising(settings: Settings, span: timedelta | None) -> Settings:
    (owner,) = settings.policy.owners
    plan = replace(owner.plans["bronze"], answer_within=span)
    clients = {name: replace(one, plan=plan) for name, one in owner.clients.items()}
    owner = replace(owner, plans={"bronze": plan}, clients=clients)
    return replace(settings, policy=replace(settings.policy, owners=(owner,)))


async def promises(ana: Desk) -> list[Promise]:
    return await ana.store.promises.listed("ana")


async def test_opened_for_now_a_waiting_reply_is_withheld(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        await ana.store.today.change("ana", OPEN_NOW, NIGHT)
        await ana.turn()
        assert (ana.left, (await ana.codes())[-1]) == ([], "reply-withheld-opened")


async def test_taken_back_it_leaves(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        await ana.store.today.change("ana", OPEN_NOW, NIGHT)
        await ana.store.today.change("ana", Clear(Said.TODAY), NIGHT)
        await ana.turn()
        assert ana.left == [LAURA]
        assert "lunes 9 de marzo a las 9:00" in text(ana)


async def test_away_longer_it_says_the_day_that_is_true_now(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        await ana.acknowledge()
        await ana.store.today.change("ana", closed(TUESDAY), NIGHT)
        await ana.turn()
        assert "martes 10 de marzo a las 9:00" in text(ana)


async def test_a_plan_that_promises(redis: RedisServer, tmp_path: Path) -> None:
    """Four hours of work after Friday night are Monday at one."""
    async with desk(tmp_path, redis) as ana:
        ana.settings = promising(ana.settings, 4 * HOUR)
        await ana.acknowledge()
        assert await promises(ana) == []
        await ana.turn()
        assert "antes del lunes 9 de marzo a las 13:00" in text(ana)
        (one,) = await promises(ana)
        assert (one.client, one.to, one.message) == ("acme", LAURA, "<0@acme.example>")
        assert (one.due, one.sent, one.kept) == (MONDAY + 4 * HOUR, NIGHT, None)


OWN = "Subject: Cerrado: {{ subject }}\n\nVuelvo {{ opens }}."


@pytest.mark.parametrize(
    ("own", "promised"),
    [(OWN, 0), (f"{OWN} Te digo algo antes {{{{ due }}}}.", 1), (OWN + "{% if due %} Te digo algo.{% endif %}", 0)],
)
async def test_a_text_of_her_own_that_names_no_instant_promises_nothing(
    redis: RedisServer, tmp_path: Path, own: str, promised: int
) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.settings = promising(ana.settings, 4 * HOUR)
        texts = {**ana.settings.texts["ana"], "closed.es.txt": own}
        ana.settings = replace(ana.settings, texts={"ana": texts})
        await ana.acknowledge()
        await ana.turn()
        assert ("antes del lunes 9 de marzo a las 13:00" in text(ana)) is bool(promised)
        assert len(await promises(ana)) == promised


async def test_a_promise_moves_with_the_opening(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.settings = promising(ana.settings, 4 * HOUR)
        await ana.acknowledge()
        await ana.store.today.change("ana", closed(TUESDAY), NIGHT)
        await ana.turn()
        assert "antes del martes 10 de marzo a las 13:00" in text(ana)
        assert [one.due for one in await promises(ana)] == [TUESDAY + 13 * HOUR]


async def test_a_plan_that_promises_nothing(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.settings = promising(ana.settings, None)
        await ana.acknowledge()
        await ana.turn()
        assert "antes" not in text(ana)
        assert await promises(ana) == []


async def test_strangers_are_promised_nothing(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.settings = promising(ana.settings, 4 * HOUR)
        await ana.acknowledge("marta@flores.example")
        await ana.turn()
        assert ana.left == ["marta@flores.example"]
        assert await promises(ana) == []


async def test_a_withheld_reply_promises_nothing(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis) as ana:
        ana.settings = promising(ana.settings, 4 * HOUR)
        await ana.acknowledge()
        ana.now = MONDAY + HOUR
        await ana.turn()
        assert (ana.left, await promises(ana)) == ([], [])


async def test_a_rehearsal_promises_nothing(redis: RedisServer, tmp_path: Path) -> None:
    async with desk(tmp_path, redis, mode="shadow") as ana:
        ana.settings = promising(ana.settings, 4 * HOUR)
        await ana.acknowledge()
        await ana.turn()
        assert (ana.left, await promises(ana)) == ([], [])
