"""What carried mail leaves in the reputation of its sender, and what it must not leave."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from milter.core import bounces, pipeline
from milter.core.decision import Decision
from milter.core.envelope import Peer
from milter.core.evidence import Kind
from milter.core.message import parse
from milter.core.owner import Trust
from milter.core.reputation import Record
from milter.core.sender import Sender, of_address, of_domain, of_list, of_stranger
from milter.errors import StoreAway
from milter.settings.values import Settings
from milter.store.layout import Layout, shard_tag
from tests.doubles.redis_server import RedisServer
from tests.service.office import COUSIN, HELLO, HOME, LAURA, MARTA, NOBODY, STUDIO, Office, after, office

RESULTS = "Authentication-Results: mx.estudio.example; {}\r\n"
PROVEN = "dkim=pass header.d={0}; spf=pass smtp.mailfrom={0}; dmarc=pass header.from={0}"


def believing(good: Settings) -> Settings:
    return replace(good, policy=replace(good.policy, trusted_authserv_ids=("mx.estudio.example",)))


@pytest.fixture
async def ana(tmp_path: Path, own_redis: RedisServer) -> AsyncIterator[Office]:
    async with office(tmp_path, own_redis, changes=believing) as one:
        yield one


def letter(author: str, said: str, header: str = "", number: int = 1, to: str = STUDIO) -> bytes:
    lines = [
        RESULTS.format(said) + "Received: from out.example by mx.estudio.example; Fri, 06 Mar 2026 22:59:50 +0000",
        f"{header}From: {author}",
        f"To: {to}",
        "Subject: Pedido",
        f"Message-ID: <{number}@acme.example>",
        "",
        f"Hola {number}",
        "",
    ]
    return "\r\n".join(lines).encode()


async def known(ana: Office, who: Sender) -> Record | None:
    (found,) = await ana.store.reputation.read("ana", [who])
    return found.record


async def test_a_proven_letter_is_a_little_good_for_author_and_domain(ana: Office) -> None:
    await ana.mail(STUDIO, HELLO, content=letter(LAURA, PROVEN.format("acme.example")))
    record, domain = await known(ana, of_address(LAURA)), await known(ana, of_domain("acme.example"))
    assert record and domain
    assert (record.good, record.bad, record.count) == (pytest.approx(0.1), 0, 1), "once, though it had two recipients"
    assert (domain.good, domain.flags) == (pytest.approx(0.1), 1), "and its signature passed"


KINDS = [
    ("dkim=none", "", "u", (0, 0), "nobody proven is only seen"),
    (PROVEN.format("acme.example"), "X-Spam-Flag: YES\r\n", "a", (0, 1), "a spam verdict"),
    ("dkim=none", "X-Spam-Flag: YES\r\n", "u", (0, 1), "a spam verdict of nobody proven"),
    (PROVEN.format("acme.example"), "Auto-Submitted: auto-generated\r\n", "a", (0, 0), "machines earn no trust"),
    (PROVEN.format("acme.example"), "List-Id: <talk.acme.example>\r\n", "a", (0, 0), "nor do lists"),
]


@pytest.mark.parametrize(("said", "header", "kind", "masses", "why"), KINDS)
async def test_what_each_letter_counts(
    ana: Office, said: str, header: str, kind: str, masses: tuple[float, float], why: str
) -> None:
    await ana.mail(STUDIO, content=letter(LAURA, said, header))
    names = {"a": of_address(LAURA), "u": of_stranger(LAURA, "unknown")}
    record = await known(ana, names.pop(kind))
    assert record and (record.good, record.bad, record.count) == (*masses, 1), why
    (other,) = names.values()
    assert await known(ana, other) is None, "the other name is another record"


async def test_behind_a_trusted_relay_the_network_is_the_client_s(ana: Office) -> None:
    relayed = "Received: from out.flores.example (out.flores.example [203.0.113.9]) by mx2.estudio.example with ESMTP id 2\r\n"
    ours = "Received: from mx2.estudio.example (mx2.estudio.example [198.51.100.7]) by mx.estudio.example with ESMTP id 1\r\n"
    content = (ours + relayed + f"From: {MARTA}\r\nTo: {STUDIO}\r\nMessage-ID: <1@x>\r\n\r\nHola\r\n").encode()
    for relays, network in (((), "198.51.100.0/24"), (("198.51.100.7",), "203.0.113.0/24")):
        ana.service.settings = replace(ana.settings, trusted_relays=relays)
        one = replace(ana.transaction(STUDIO, content=content), peer=Peer("198.51.100.7", "mx2.estudio.example"))
        await ana.carry(replace(one, message=parse(content.replace(b"<1@", f"<{len(relays)}@".encode()))))
        assert await known(ana, of_stranger(MARTA, network)), relays


async def test_of_personal_mail_and_of_nobody_s_no_statistics_are_kept(ana: Office, own_redis: RedisServer) -> None:
    await ana.mail(HOME, content=letter(COUSIN, PROVEN.format("familia.example"), to=HOME))
    await ana.mail(HOME, content=letter(LAURA, PROVEN.format("acme.example"), "X-Spam-Flag: YES\r\n", 2, HOME))
    await ana.mail(NOBODY, content=letter(MARTA, PROVEN.format("flores.example"), number=3, to=NOBODY))
    await ana.mail(STUDIO, content=letter(HELLO, PROVEN.format("estudio.example"), number=4))
    assert own_redis.keys("*:r") == []
    await ana.mail(STUDIO, content=letter(MARTA, PROVEN.format("flores.example"), number=5))
    assert len(own_redis.keys("*:r")) == 1


async def test_a_list_that_breaks_signatures_is_known_by_its_own_name(ana: Office) -> None:
    said = "dkim=fail header.d=flores.example; spf=pass smtp.mailfrom=talk-bounces@lists.example"
    content = letter(MARTA, said, "List-Id: <talk.lists.example>\r\n")
    await ana.mail(STUDIO, content=content, mail_from="talk-bounces@lists.example")
    assert await known(ana, of_list("talk.lists.example", "lists.example"))
    assert await known(ana, of_address(MARTA)) is None
    assert await known(ana, of_stranger(MARTA, "unknown")) is None


async def test_copies_of_one_letter_count_once_a_retry_too(ana: Office) -> None:
    for number in range(20):
        await ana.mail(STUDIO, content=letter(LAURA, PROVEN.format("acme.example")), queue_id=f"{number:04}")
    record = await known(ana, of_address(LAURA))
    assert record and record.count == 1
    await ana.mail(STUDIO, content=letter(LAURA, PROVEN.format("acme.example"), number=2))
    record = await known(ana, of_address(LAURA))
    assert record and record.count == 2


async def test_a_broken_signature_of_a_domain_that_always_signs(ana: Office) -> None:
    for number in range(5):
        await ana.mail(STUDIO, content=letter(LAURA, PROVEN.format("acme.example"), number=number))
    forged = "dkim=fail header.d=acme.example"
    await ana.mail(STUDIO, content=letter("jefe@acme.example", forged, number=10))
    await ana.mail(STUDIO, content=letter("jefe@flores.example", "dkim=fail header.d=flores.example", number=11))
    at_acme = await known(ana, of_stranger("jefe@acme.example", "unknown"))
    at_flores = await known(ana, of_stranger("jefe@flores.example", "unknown"))
    assert at_acme and at_flores
    assert (at_acme.bad, at_flores.bad) == (0.25, 0)
    boss = await known(ana, of_address("jefe@acme.example"))
    assert boss is None, "who is forged has nothing to answer for"


async def test_each_owner_s_standing_is_a_fact_of_the_decision(ana: Office) -> None:
    for number in range(10):
        spam = letter(MARTA, PROVEN.format("flores.example"), "X-Spam-Flag: YES\r\n", number)
        await ana.mail(STUDIO, content=spam, mail_from=MARTA)
    one = ana.transaction(STUDIO, content=letter(MARTA, PROVEN.format("flores.example"), number=20), mail_from=MARTA)
    facts = (await ana.service.examine(one, "lmtp:here")).facts
    assert not isinstance(facts.standing, type(None)) and facts.standing["ana"].code == "bad"  # type: ignore[index]
    other = ana.transaction(STUDIO, content=letter("otra@rosas.example", PROVEN.format("rosas.example")))
    facts = (await ana.service.examine(other, "lmtp:here")).facts
    standing = facts.standing["ana"]  # type: ignore[index]
    assert (standing.code, standing.first) == ("neutral", True)


@pytest.mark.parametrize("kind", [None, Kind.SEEN, Kind.JUNK, Kind.WROTE])
@pytest.mark.parametrize("author", [MARTA, LAURA, ""])
@pytest.mark.parametrize("screened", ["", "Cribado"])
@pytest.mark.parametrize("trust", [Trust.AUTHENTICATED, Trust.KNOWN])
@pytest.mark.parametrize("proof", [PROVEN, "spf=pass smtp.mailfrom={0}"])
async def test_what_is_decided_is_what_the_facts_say(
    ana: Office, kind: Kind | None, author: str, screened: str, trust: Trust, proof: str
) -> None:
    """The draft assumes the usual standing: where another would decide otherwise, it has to be made again."""
    (owner,) = ana.settings.policy.owners
    owner = replace(
        owner, folders=replace(owner.folders, screened=screened), replies=replace(owner.replies, trust=trust)
    )
    ana.service.settings = ana.settings = replace(ana.settings, policy=replace(ana.settings.policy, owners=(owner,)))
    for number in range(12 if kind else 0):
        await ana.store.reputation.learn("ana", of_address(author), kind, after(days=-number), f"{number}")
    domain = author.partition("@")[2] or "acme.example"
    content = letter(author, proof.format(domain)).replace(b"From: \r\n", b"")
    one = ana.transaction(STUDIO, content=content, mail_from=author)
    examined = await ana.service.examine(one, "lmtp:here")
    expected = pipeline.decide(one, one.recipients[0], examined.facts, ana.settings.policy)
    assert examined.decisions == (expected,)
    known = examined.facts.standing["ana"].code if author else ""  # type: ignore[index]
    assert author == LAURA or expected.standing == known


async def test_evidence_waits_in_the_outbox_and_counts_once(ana: Office, own_redis: RedisServer) -> None:
    own_redis.make_read_only()
    for number in range(3):
        assert (await ana.mail(STUDIO, content=letter(LAURA, PROVEN.format("acme.example"), number=number)))[0][
            0
        ] == "2"
    assert await known(ana, of_address(LAURA)) is None
    own_redis.make_writable()
    await ana.outbox.close()
    assert await ana.outbox.drain(ana.store) == 3
    record = await known(ana, of_address(LAURA))
    assert record and record.count == 3


async def test_a_reply_that_bounced_for_good_is_held_against_the_correspondent(ana: Office) -> None:
    await ana.mail(STUDIO, content=letter(LAURA, PROVEN.format("acme.example")), mail_from=LAURA)
    (job,) = await ana.store.replies.lease(after(minutes=1), 1)
    assert await ana.store.replies.bounced(job.name, after(minutes=2), "reply-delayed", "4.4.1", None)
    before = await known(ana, of_address(LAURA))
    assert before and before.bad == 0
    for _ in range(2):
        silent_until = after(minutes=2) + bounces.SILENT
        assert await ana.store.replies.bounced(job.name, after(minutes=2), "reply-bounced", "5.1.1", silent_until)
    record = await known(ana, of_address(LAURA))
    assert record and record.bad == 0.5, "once, though it came twice"


async def test_a_bounce_that_is_told_again_because_redis_went_away_counts_once(
    ana: Office, own_redis: RedisServer
) -> None:
    await ana.mail(STUDIO, content=letter(LAURA, PROVEN.format("acme.example")), mail_from=LAURA)
    (job,) = await ana.store.replies.lease(after(minutes=1), 1)
    # What comes behind the record of the reply meets an error, as it would if Redis went away between the waits.
    promises = f"{shard_tag(Layout(ana.settings.policy.keys).shard('ana'))}:promises"
    listed = f"{promises}:{ana.settings.policy.keys.name('promises', 'ana')}"
    own_redis.command("SET", listed, "foreign")
    told = (job.name, after(minutes=2), "reply-bounced", "5.1.1", after(minutes=2) + bounces.SILENT)
    with pytest.raises(StoreAway):
        await ana.store.replies.bounced(*told)
    own_redis.command("DEL", listed)
    for _ in range(2):
        assert await ana.store.replies.bounced(*told)
    record = await known(ana, of_address(LAURA))
    assert record and record.bad == 0.5
    journal = await ana.store.history.journal("ana", after(days=-1), 100)
    assert [one.entry.code for one in journal].count("reply-bounced") == 1


@pytest.mark.parametrize(("author", "decisions"), [(LAURA, 1), (MARTA, 1)])
async def test_a_message_of_whom_nothing_is_known_is_decided_once(
    ana: Office, author: str, decisions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = 0

    def counted(*one: Any) -> Decision:
        nonlocal made
        made += 1
        return decide(*one)

    decide = pipeline.decide
    monkeypatch.setattr(pipeline, "decide", counted)
    content = letter(author, PROVEN.format(author.partition("@")[2]))
    await ana.service.examine(ana.transaction(STUDIO, content=content, mail_from=author), "lmtp:here")
    assert made == decisions
