"""Two of us facing each other, each with a secret and a store of its own, on one weekend: nobody starts a war."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from milter.core import message, reply_message
from milter.core.envelope import Direction, Peer, Recipient, Transaction
from milter.core.keys import Keys
from milter.core.owner import AddressBook, Identity, Kind, Owner
from milter.core.policy import Policy
from milter.core.reply_message import Rendered
from milter.errors import SmtpReply
from milter.service import Service
from milter.settings.values import Settings
from milter.store.redis import RedisStore
from tests.core import studio
from tests.doubles.redis_server import RedisServer

SATURDAY = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
MOST = 20  # messages after which it is a war


@dataclass(frozen=True)
class Letter:
    mail_from: str
    rcpt_to: str
    content: bytes


@dataclass
class Instance:
    """One freelancer's recado. `sent` counts its automatic replies."""

    policy: Policy
    store: RedisStore
    sent: int = 0
    mangle: Callable[[Letter], Letter] = field(default=lambda letter: letter)

    async def receive(self, letter: Letter, now: datetime) -> Letter | None:
        """What it sends back, as the other side gets it."""
        service = Service(Settings(Path("recado.toml"), self.policy, (), Path()), self.store, keep=lambda event: None)
        transaction = Transaction(
            f"{int(now.timestamp()):012x}", "lmtp", Direction.INBOUND, Peer(), letter.mail_from, (),
            (Recipient(letter.rcpt_to),), message.parse(letter.content), now,
        )  # fmt: skip
        examination = await service.examine(transaction, "lmtp:here")
        settled = await service.settle(examination, [SmtpReply(250, "2.0.0", "Delivered")])
        intent = examination.decisions[0].reply
        if intent is None or intent.message_id not in settled.claimed:
            return None
        self.sent += 1
        (owner,) = self.policy.owners
        identity = owner.identity(intent.identity)
        assert identity
        rendered = Rendered(f"Respuesta automática: {intent.subject}", "Vuelvo el lunes.\n", "<p>Vuelvo el lunes.</p>")
        content = reply_message.build(intent, rendered, owner, identity, now)
        return self.mangle(Letter("", intent.correspondent, content))


def instance(name: str, client: str, store: RedisStore) -> Instance:
    """A freelancer at <name>.example for whom the other is a client."""
    own = f"hola@{name}.example"
    identity = replace(studio.STUDIO, addresses=(own,), mailbox=own)
    book = AddressBook.of({"acme": (client,)})
    owner: Owner = replace(studio.ANA, id=name, identities=(identity, _home(name)), client_book=book)
    return Instance(Policy(f"mx.{name}.example", Keys(name.encode() * 8), (owner,)), store)


def _home(name: str) -> Identity:
    return Identity("home", Kind.PERSONAL, (f"{name}@casa.example",), f"{name}@casa.example")


@pytest.fixture
async def pair(server: RedisServer) -> AsyncIterator[tuple[Instance, Instance]]:
    async with AsyncExitStack() as stack:
        found = []
        for place, (name, other) in enumerate((("ana", "bea"), ("bea", "ana"))):
            store = RedisStore(f"{server.url}?db={place}", Keys(name.encode() * 8))
            stack.push_async_callback(store.close)
            await store.prepare(SATURDAY)
            found.append(instance(name, f"hola@{other}.example", store))
        yield found[0], found[1]


def by_hand(number: int, sender: str, rcpt_to: str) -> Letter:
    header = f"From: {sender}\r\nTo: {rcpt_to}\r\nSubject: Logo\r\nMessage-ID: <{number}@{sender.partition('@')[2]}>"
    return Letter(sender, rcpt_to, f"{header}\r\n\r\nHola\r\n".encode())


async def talk(pair: tuple[Instance, Instance], first: Letter, now: datetime = SATURDAY) -> int:
    """How many automatic replies one letter to the first of them causes on both sides."""
    before = sum(one.sent for one in pair)
    letter, at = first, 0
    while at < MOST:
        answer = await pair[at % 2].receive(letter, now + timedelta(seconds=at))
        if answer is None:
            break
        letter, at = answer, at + 1
    return sum(one.sent for one in pair) - before


def removed(content: bytes, *names: bytes) -> bytes:
    head, _, body = content.partition(b"\r\n\r\n")
    fields = head.replace(b"\r\n ", b" ").split(b"\r\n")
    kept = [one for one in fields if one.partition(b":")[0].lower() not in names]
    return b"\r\n".join(kept) + b"\r\n\r\n" + body


MARKS = (b"auto-submitted", b"x-auto-response-suppress")
THREAD = (b"in-reply-to", b"references", b"message-id")


def hiding(*names: bytes, subject: bool = False) -> Callable[[Letter], Letter]:
    """A gateway that takes the marks of an automatic reply away and gives it a return path."""

    def mangle(letter: Letter) -> Letter:
        content = removed(letter.content, *names)
        if subject:
            content = b"Subject: Re: Logo\r\n" + removed(content, b"subject")
        sender = next(one for one in message.parse(content).authors).address
        return Letter(sender, letter.rcpt_to, content)

    return mangle


async def test_two_honest_ones_send_one_reply_each_way_at_most(pair: tuple[Instance, Instance]) -> None:
    ana, bea = pair
    assert await talk(pair, by_hand(1, "hola@bea.example", "hola@ana.example")) == 1
    assert await talk((bea, ana), by_hand(2, "hola@ana.example", "hola@bea.example")) == 1
    assert await talk(pair, by_hand(3, "hola@bea.example", "hola@ana.example")) == 0
    assert (ana.sent, bea.sent) == (1, 1)


HIDES = [
    ("a return path", hiding()),
    ("no mark of being automatic", hiding(*MARKS, subject=True)),
    ("no mark and no thread", hiding(*MARKS, *THREAD, subject=True)),
    ("all but its subject", hiding(*MARKS, *THREAD)),
]


@pytest.mark.parametrize("mangle", [one for _, one in HIDES], ids=[name for name, _ in HIDES])
async def test_one_that_hides_gets_one_reply_a_closed_period(
    pair: tuple[Instance, Instance], mangle: Callable[[Letter], Letter]
) -> None:
    ana, bea = pair
    ana.mangle = bea.mangle = mangle
    for week in range(3):
        before = ana.sent, bea.sent
        for number in range(3):
            letter = by_hand(10 * week + number, "hola@bea.example", "hola@ana.example")
            await talk(pair, letter, SATURDAY + timedelta(weeks=week, hours=number))
        assert ana.sent - before[0] == 1
        assert bea.sent - before[1] <= 1


async def test_a_dumb_responder_that_answers_everything_gets_one_reply_a_closed_period(
    pair: tuple[Instance, Instance],
) -> None:
    ana, _ = pair
    for number in range(MOST):
        letter = by_hand(number, "hola@bea.example", "hola@ana.example")
        await ana.receive(letter, SATURDAY + timedelta(minutes=number))
    assert ana.sent == 1


async def test_a_war_would_be_seen(pair: tuple[Instance, Instance]) -> None:
    """The control: with a new sender for every message and no thread there is nothing left to go by, and this test sees it."""
    ana, bea = pair

    def rotating(to: str) -> Callable[[Letter], Letter]:
        numbers = count()

        def mangle(letter: Letter) -> Letter:
            sender = f"x{next(numbers)}@{to}.rotating.example"
            content = removed(letter.content, *MARKS, *THREAD, b"from", b"to", b"subject")
            header = f"From: {sender}\r\nTo: hola@{to}.example\r\nSubject: Logo\r\n"
            return Letter(sender, f"hola@{to}.example", header.encode() + content)

        return mangle

    ana.mangle, bea.mangle = rotating("bea"), rotating("ana")
    assert await talk(pair, by_hand(1, "hola@bea.example", "hola@ana.example")) == MOST
