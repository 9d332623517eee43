"""Whole messages: several signatures, large bodies, caps, hostile ones, and what dkimpy says of the same mail."""

import asyncio
import logging
import random
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from mmap import ACCESS_READ, mmap
from pathlib import Path

import dkim as dkimpy
import pytest

from milter.core import message
from milter.core.message import Message
from milter.doors.intake import Intake
from milter.lookup import dkim, dkim_signature
from milter.lookup.dkim import Signature, verify_signatures
from milter.lookup.dns import Budget, Resolver
from milter.lookup.process import HashProcess
from tests.doubles.dns_server import DnsServer

from .post import BODY, HEADER, KEYS, NOW, TAGS, Post

PATIENCE = 60  # seconds that a good server has on the busiest machine
RSA_KEY, ED25519_KEY = "v=DKIM1; p={rsa}".format(**KEYS), "v=DKIM1; k=ed25519; p={ed25519}".format(**KEYS)
LARGE = b"Os  paso los planos del local. \t\r\n" * 30_000


@pytest.fixture(scope="module")
def zone() -> Iterator[DnsServer]:
    with DnsServer() as server:
        yield server


@pytest.fixture
async def resolver(zone: DnsServer) -> AsyncIterator[Resolver]:
    zone.faults.clear()
    zone.questions.clear()
    zone.records.clear()
    for name in ("acme", "lista"):
        zone.records[f"mail._domainkey.{name}.example TXT"] = RSA_KEY
        zone.records[f"ed._domainkey.{name}.example TXT"] = ED25519_KEY
    one = Resolver([zone.nameserver], patience=PATIENCE)
    yield one
    await one.close()


@pytest.fixture
async def child() -> AsyncIterator[HashProcess]:
    one = HashProcess()
    yield one
    await one.close()


async def verify(
    post: bytes | Message, resolver: Resolver, child: HashProcess, seconds: float = PATIENCE, now: datetime = NOW
) -> list[str]:
    return [one.result for one in await whole(post, resolver, child, seconds, now)]


async def whole(
    post: bytes | Message, resolver: Resolver, child: HashProcess, seconds: float = PATIENCE, now: datetime = NOW
) -> tuple[Signature, ...]:
    mail = message.parse(post) if isinstance(post, bytes) else post
    return await verify_signatures(mail, resolver, Budget.start(seconds), now, child)


def signature(body: bytes = BODY, **tags: str) -> bytes:
    return Post(tags=tags, body=body).signature()


async def test_what_is_told_of_a_signature(resolver: Resolver, child: HashProcess) -> None:
    post = Post(tags={"d": "ACME.example", "s": "Mail", "i": "Laura@obras.acme.example"}).signed()
    (found,) = await whole(post, resolver, child)
    b = b"".join(post.partition(b"\tb=")[2].partition(b"\r\nReceived")[0].split()).decode()
    said = Signature("pass", "acme.example", "mail", "Laura@obras.acme.example", "rsa-sha256", b, "")
    assert (found, len(b)) == (said, 344)
    assert child.pid is None, "a small body needs no child"


async def test_the_identity_has_a_default(resolver: Resolver, child: HashProcess) -> None:
    (found,) = await whole(Post().signed(), resolver, child)
    assert found.identity == "@acme.example"


async def test_a_mail_without_signatures(zone: DnsServer, resolver: Resolver, child: HashProcess) -> None:
    assert await verify(HEADER + b"\r\n" + BODY, resolver, child) == []
    assert await verify(b"", resolver, child) == []
    assert not zone.questions


async def test_both_algorithms_on_one_mail(resolver: Resolver, child: HashProcess) -> None:
    ed25519 = Post(tags={"a": "ed25519-sha256", "s": "ed"})
    assert await verify(signature() + ed25519.signed(), resolver, child) == ["pass", "pass"]


async def test_a_list_breaks_the_author_and_signs_for_itself(resolver: Resolver, child: HashProcess) -> None:
    body = BODY + b"_______________\r\nLista de obras\r\n"
    post = signature(body, d="lista.example") + signature() + HEADER + b"\r\n" + body
    found = await whole(post, resolver, child)
    assert [(one.domain, one.result) for one in found] == [("lista.example", "pass"), ("acme.example", "fail")]


async def test_a_signature_over_another(resolver: Resolver, child: HashProcess) -> None:
    first = Post()
    second = Post(
        header=first.signature() + HEADER, tags={"d": "lista.example", "h": "from:dkim-signature:dkim-signature"}
    )
    post = second.signed()
    assert await verify(post, resolver, child) == ["pass", "pass"]
    assert await verify(post.replace(b"t=", b"t= ").replace(b"d=acme", b"d=ACME"), resolver, child) == ["fail", "fail"]


async def test_five_are_looked_at(zone: DnsServer, resolver: Resolver, child: HashProcess) -> None:
    """The topmost; the good ones below are not."""
    bad = signature(s="none")
    assert await verify(bad * 4 + signature() * 3 + HEADER + b"\r\n" + BODY, resolver, child) == ["permerror"] * 4 + [
        "pass"
    ]
    assert await verify(bad * 5 + signature() + HEADER + b"\r\n" + BODY, resolver, child) == ["permerror"] * 5
    assert zone.asked("none._domainkey.acme.example TXT") == 1


async def test_all_keys_are_asked_for_at_once(zone: DnsServer, resolver: Resolver, child: HashProcess) -> None:
    zone.faults["*"] = "held"
    post = signature() + signature(d="lista.example") + signature(s="none") + HEADER + b"\r\n" + BODY
    work = asyncio.create_task(verify(post, resolver, child))
    await zone.wait_for_questions(3)
    zone.faults.clear()
    zone.release()
    assert await work == ["pass", "pass", "permerror"]


async def test_a_silent_dns_costs_the_verdict_and_no_more(zone: DnsServer, child: HashProcess) -> None:
    zone.faults["*"] = "silent"
    resolver = Resolver([zone.nameserver], patience=PATIENCE)
    assert await verify(signature() * 5 + HEADER + b"\r\n" + BODY, resolver, child, seconds=0.2) == ["temperror"] * 5
    await resolver.close()


async def test_what_must_not_count_is_not_looked_up(zone: DnsServer, resolver: Resolver, child: HashProcess) -> None:
    assert await verify(Post(tags={"l": "3"}).signed(), resolver, child) == ["policy"]
    assert not zone.questions


async def test_a_large_body(resolver: Resolver, child: HashProcess) -> None:
    forms = [("relaxed/relaxed", "rsa-sha256", "mail"), ("simple/simple", "ed25519-sha256", "ed")]
    signatures = b"".join(signature(LARGE, c=form, a=algorithm, s=name) for form, algorithm, name in forms)
    with tempfile.TemporaryFile() as file:
        file.write(LARGE)
        file.flush()
        with mmap(file.fileno(), 0, access=ACCESS_READ) as body:
            assert await verify(Message(signatures + HEADER, body), resolver, child) == ["pass", "pass"]
    assert child.pid, "it was not hashed on the loop"
    assert await verify(Message(signatures + HEADER, LARGE[:-9] + b"changed\r\n"), resolver, child) == ["fail", "fail"]


async def test_a_body_that_is_too_large(resolver: Resolver, child: HashProcess) -> None:
    body = b"x" * 77 + b"\r\n"
    most = (body * (dkim.MOST_BODY // len(body) + 1))[: dkim.MOST_BODY]
    (found,) = await whole(Message(signature(most) + HEADER, most), resolver, child)
    assert found.result == "pass"
    (found,) = await whole(Message(signature(most) + HEADER, most + b"\n"), resolver, child)
    assert (found.result, found.why) == ("temperror", "the body is larger than is verified")


async def test_small_mail_does_not_wait_for_large(resolver: Resolver) -> None:
    """The child takes the large body and never answers; beside it the small ones pass."""
    stuck = HashProcess(("/bin/sh", "-c", "exec sleep 3600"))
    large = asyncio.create_task(verify(Message(signature(LARGE) + HEADER, LARGE), resolver, stuck))
    for _ in range(3):
        assert await verify(Post().signed(), resolver, stuck) == ["pass"]
    assert not large.done()
    await stuck.close()
    assert await large == ["temperror"]


async def test_a_child_that_fails(resolver: Resolver) -> None:
    (found,) = await whole(Message(signature(LARGE) + HEADER, LARGE), resolver, HashProcess(("/nowhere/python",)))
    assert found.result == "temperror" and "the process for large bodies failed" in found.why


async def test_line_feeds_alone(resolver: Resolver, child: HashProcess) -> None:
    """The door makes them line ends, and the signature is of line ends (section 3.4)."""
    intake = Intake(0, Path(tempfile.gettempdir()))
    intake.feed(Post().signed().replace(b"\r\n", b"\n") + b"\r\n.\r\n")
    mail = intake.finish()
    assert isinstance(mail, Message)
    assert await verify(mail, resolver, child) == ["pass"]


@pytest.mark.parametrize(
    "filler",
    [b"X-Filler: " + b"x" * message.MAX_HEADER + b"\r\n", b"X: y\r\n" * message.MAX_FIELDS],
    ids=["bytes", "fields"],
)
async def test_a_header_beyond_what_is_read(filler: bytes, resolver: Resolver, child: HashProcess) -> None:
    """Below the cap another From may stand, which a reader shows."""
    post = Post().signed()
    (found,) = await whole(filler + post, resolver, child) or (None,)
    assert found is None
    (found,) = await whole(post.replace(b"\r\n\r\n", b"\r\n" + filler + b"\r\n", 1), resolver, child)
    assert (found.result, found.why) == ("permerror", "the header is longer than is read")
    assert await verify(post.replace(b"\r\n\r\n", b"\r\n" + filler[:20_000] + b"\r\n\r\n", 1), resolver, child) == [
        "pass"
    ]


async def test_a_signature_beyond_what_is_read(resolver: Resolver, child: HashProcess) -> None:
    (found,) = await whole(Post(tags={"z": "x" * dkim_signature.MOST_FIELD}).signed(), resolver, child)
    assert (found.result, found.why) == ("permerror", "the signature is longer than is read")
    assert await verify(Post(tags={"z": "x" * 10_000}).signed(), resolver, child) == ["pass"]


async def test_five_thousand_recipients(resolver: Resolver, child: HashProcess) -> None:
    cc = b"Cc: " + b",\r\n ".join(b"person%d@people.example" % number for number in range(5_000)) + b"\r\n"
    assert await verify(Post(header=HEADER + cc, tags={"h": "from:cc"}).signed(), resolver, child) == ["pass"]
    long = Post(header=HEADER + b"X: " + b"x " * dkim.MOST_SIGNED + b"\r\n", tags={"h": "from:x"})
    (found,) = await whole(long.signed(), resolver, child)
    assert (found.result, found.why) == ("policy", "more header is signed than is verified")


async def test_both_forms_of_the_same_fields(resolver: Resolver, child: HashProcess) -> None:
    forms = ("relaxed/simple", "simple/relaxed", "relaxed/relaxed", "simple/simple")
    assert (
        await verify(b"".join(signature(c=one) for one in forms) + HEADER + b"\r\n" + BODY, resolver, child)
        == ["pass"] * 4
    )


async def test_five_thousand_recipients_signed_by_five(resolver: Resolver, child: HashProcess) -> None:
    cc = b"Cc: " + b",\r\n ".join(b"person%d@people.example" % number for number in range(5_000)) + b"\r\n"
    post = Post(header=HEADER + cc, tags={"h": "from:cc:subject"})
    assert await verify(post.signature() * 4 + post.signed(), resolver, child) == ["pass"] * 5


async def test_hostile_headers_end(resolver: Resolver, child: HashProcess) -> None:
    """Each would take dkimpy minutes."""
    fields = b"".join(b"x%d: y\r\n" % number for number in range(3_900))
    names = "from:" + ":".join(f"x{number}" for number in range(1_500, 3_900))
    assert await verify(Post(header=HEADER + fields, tags={"h": names}).signed(), resolver, child) == ["pass"]
    missing = "from:" + ":".join(f"z{number}" for number in range(2_000))
    assert await verify(Post(header=HEADER + fields, tags={"h": missing}).signed(), resolver, child) == ["pass"]
    blanks = b"DKIM-Signature: v=1;" + b" b" + b" \r\n" * 4_000 + b" ; b" + b" " * 4_000 + b"\r\n"
    assert await verify(blanks + Post().signed(), resolver, child) == ["permerror", "pass"]
    blanks = b"DKIM-Signature: " + Post(tags={"h": "from" + " " * 14_000 + "x:from"}).signature().partition(b":")[2]
    assert await verify(blanks + HEADER + b"\r\n" + BODY, resolver, child) == ["pass"]


@pytest.mark.parametrize(
    "header",
    [
        b"garbage\r\n",
        b"\x00\xff: \x00\r\n",
        b" folded: onto nothing\r\n",
        b": empty\r\n",
        b"From \r\n",
        b"DKIM-Signature\r\n",
    ],
)
async def test_broken_headers_beside_a_good_signature(header: bytes, resolver: Resolver, child: HashProcess) -> None:
    assert await verify(header + Post().signed(), resolver, child) == ["pass"]


@pytest.mark.parametrize(
    "value", [b"", b";", b"=", b"\xff=\xff", b"v=1", b"b=;b", b"d=\xed\xa0\x80.example; v=1", b"\x00" * 99]
)
async def test_broken_signatures_beside_a_good_one(value: bytes, resolver: Resolver, child: HashProcess) -> None:
    assert await verify(b"DKIM-Signature:" + value + b"\r\n" + Post().signed(), resolver, child) == [
        "permerror",
        "pass",
    ]


async def test_one_that_breaks_the_verifier_breaks_no_other(
    resolver: Resolver, child: HashProcess, caplog: pytest.LogCaptureFixture
) -> None:
    """A time that no clock has: stands for whatever nobody thought of."""
    with caplog.at_level(logging.ERROR, "milter.lookup"):
        found = await whole(Post().signed(), resolver, child, now=NoTime(2026, 11, 24, tzinfo=NOW.tzinfo))
    assert [(one.result, one.why) for one in found] == [("permerror", "the signature could not be read")]
    assert "a DKIM signature could not be read" in caplog.text


class NoTime(datetime):
    def timestamp(self) -> float:
        raise OverflowError


async def test_as_dkimpy_on_changed_mail(resolver: Resolver, child: HashProcess) -> None:
    """Ordinary signatures of every form, changed at random: what dkimpy passes passes, and the rest does not."""
    chance = random.Random(6376)
    pieces = [b" ", b"  ", b"\t", b"\r\n", b"\r\n ", b"\r\n\t", b"a", b"x: y\r\n", b"\r\n\r\n", b""]
    seen = {True: 0, False: 0}
    for _ in range(600):
        form = "/".join(chance.choices(["simple", "relaxed"], k=2))
        post = Post(tags={"c": form, "t": "", "h": TAGS["h"] + ":from"})
        signature, rest = post.signature(), post.header + b"\r\n" + post.body
        for _ in range(chance.randrange(3)):
            # Not within the signature: dkimpy's reading of its syntax is looser.
            at = chance.randrange(1, len(rest))
            rest = rest[:at] + chance.choice(pieces) + rest[at + chance.randrange(2) :]
        content = signature + rest
        if content.count(b"\r\n") * 2 != content.count(b"\r") + content.count(b"\n"):
            continue  # the door leaves no bare CR or LF
        try:
            expected = dkimpy.verify(content, dnsfunc=lambda name, timeout=5: RSA_KEY.encode())
        except dkimpy.MessageFormatError:
            continue  # a line that is no field: it gives up, we pass it over
        found = await verify(content, resolver, child)
        assert (found == ["pass"]) == expected, content
        seen[expected] += 1
    assert min(seen.values()) > 50, seen
