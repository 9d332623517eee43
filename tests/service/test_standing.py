"""Standing as mail meets it: learned from what was delivered, read with the next message, and used."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from milter.core.decision import Decision
from milter.core.owner import Folders, Trust
from milter.core.policy import BadStanding
from milter.core.reply_job import PersonKey
from milter.core.reputation import Record, seconds
from milter.core.sender import of_address
from milter.settings.values import Settings
from milter.store.api import Event
from tests.doubles.redis_server import RedisServer
from tests.service.office import MARTA, NIGHT, STUDIO, Office, after, office
from tests.service.test_reputation import PROVEN, letter

SPAM = "X-Spam-Flag: YES\r\n"


def strict(good: Settings) -> Settings:
    """Results are believed; first-timers have a folder, a bad standing leads to the junk, and only who is known is answered."""
    (ana,) = good.policy.owners
    ana = replace(
        ana,
        folders=Folders("Clientes/{name}", "", "Avisos", "Cribado"),
        replies=replace(ana.replies, trust=Trust.KNOWN),
    )
    trusted = ("mx.estudio.example",)
    policy = replace(good.policy, owners=(ana,), trusted_authserv_ids=trusted, bad_standing=BadStanding.JUNK)
    return replace(good, policy=policy)


@asynccontextmanager
async def strict_office(folder: Path, redis: RedisServer) -> AsyncIterator[Office]:
    async with office(folder, redis, changes=strict) as one:
        yield one


def proven(number: int, header: str = "") -> dict[str, object]:
    return {"content": letter(MARTA, PROVEN.format("flores.example"), header, number), "mail_from": MARTA}


async def decided(ana: Office, number: int) -> Decision:
    transaction = ana.transaction(STUDIO, now=after(minutes=number), **proven(number))  # type: ignore[arg-type]
    (decision,) = (await ana.service.examine(transaction, "lmtp:here")).decisions
    return decision


def last(decision: Decision) -> str:
    return decision.reasons[-1].code


async def test_screened_is_the_first_mail_and_no_other(tmp_path: Path, own_redis: RedisServer) -> None:
    async with strict_office(tmp_path, own_redis) as ana:
        assert (await decided(ana, 1)).folder == "Cribado"
        assert (await decided(ana, 1)).folder == "Cribado", "deciding alone teaches nothing"
        assert (await ana.mail(STUDIO, **proven(1)))[0].startswith("250")
        assert (await decided(ana, 2)).folder is None


async def test_whom_she_wrote_to_is_not_screened_though_nothing_proves_him(
    tmp_path: Path, own_redis: RedisServer
) -> None:
    async with strict_office(tmp_path, own_redis) as ana:
        one = ana.transaction(STUDIO, content=letter(MARTA, "dkim=none"), mail_from=MARTA)
        (before,) = (await ana.service.examine(one, "lmtp:here")).decisions
        assert before.folder == "Cribado"
        wrote = Event("0f", NIGHT, MARTA, wrote=(PersonKey("ana", MARTA),))
        await ana.store.settle(wrote)
        (now,) = (await ana.service.examine(one, "lmtp:here")).decisions
        assert now.folder is None


async def test_while_the_store_is_away_nobody_is_screened(tmp_path: Path, own_redis: RedisServer) -> None:
    async with strict_office(tmp_path, own_redis) as ana:
        own_redis.stop()
        decision = await decided(ana, 1)
        assert decision.folder is None and decision.standing == "neutral"
        assert "screening-unsure-standing" in [one.code for one in decision.reasons]


async def test_whose_mail_was_spam_lands_in_the_junk(tmp_path: Path, own_redis: RedisServer) -> None:
    async with strict_office(tmp_path, own_redis) as ana:
        await ana.mail(STUDIO, **proven(0))
        assert (await decided(ana, 1)).folder is None
        for number in range(10):
            await ana.mail(STUDIO, **proven(number, SPAM))
        decision = await decided(ana, 20)
        assert (decision.folder, decision.standing, last(decision)) == ("Junk", "bad", "reply-withheld-bad-standing")


def unscreened(good: Settings) -> Settings:
    made = strict(good)
    (ana,) = made.policy.owners
    ana = replace(ana, folders=replace(ana.folders, screened=""))
    return replace(made, policy=replace(made.policy, owners=(ana,)))


async def test_a_trusted_stranger_is_answered_once(tmp_path: Path, own_redis: RedisServer) -> None:
    async with office(tmp_path, own_redis, changes=unscreened) as ana:
        assert last(await decided(ana, 1)) == "reply-withheld-unknown"
        await ana.store.reputation.put("ana", of_address(MARTA), Record(seconds(NIGHT), good=30.0, count=30))
        decision = await decided(ana, 2)
        assert decision.standing == "trusted" and decision.reply and decision.reply.template == "prospect"
        await ana.mail(STUDIO, **proven(2))
        assert last(await decided(ana, 3)) == "reply-withheld-answered"
