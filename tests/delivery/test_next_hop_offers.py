"""What is offered is used, what is not is left out: extensions, parameters, SMTPUTF8, XFORWARD."""

import pytest

from milter.core.envelope import Peer
from milter.delivery.capabilities import Capabilities
from milter.errors import SmtpError, SmtpReply
from tests.delivery.letters import letter, reach
from tests.doubles.sink import Sink

ALL = ("BODY=8BITMIME", "SIZE=1", "RET=HDRS", "ENVID=abc", "X-ODD=1")
RCPT = ("NOTIFY=FAILURE", "ORCPT=rfc822;Team@x.test")

OFFERS = [
    # extensions, MAIL parameters that arrive, RCPT parameters that arrive
    (("8BITMIME", "SIZE 9999", "DSN"), ("BODY=8BITMIME", "RET=HDRS", "ENVID=abc", "SIZE=39"), RCPT),
    (("PIPELINING", "8BITMIME"), ("BODY=8BITMIME",), ()),
    (("SIZE",), (), ()),
    (("SIZE 0",), (), ()),
    (("size 500",), ("SIZE=39",), ()),
    (("DSN",), ("RET=HDRS", "ENVID=abc"), RCPT),
    ((), (), ()),
]


@pytest.mark.parametrize(("extensions", "mail", "rcpt"), OFFERS, ids=[",".join(one[0]) or "none" for one in OFFERS])
async def test_parameters_pass_only_where_offered(
    extensions: tuple[str, ...], mail: tuple[str, ...], rcpt: tuple[str, ...]
) -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.extensions = extensions
        assert (await hop.send(letter(params=ALL, rcpt_params=RCPT)))[0].accepted
        assert sink.delivered[0].params == mail
        assert sink.delivered[0].rcpts == (("ana@x.test", rcpt),)


async def test_verify_declares_the_size_that_our_peer_declared() -> None:
    async with Sink() as sink, reach(sink) as hop:
        await hop.verify("eva@y.test", ("SIZE=12345",), (("ana@x.test", ()),))
        assert "MAIL FROM:<eva@y.test> SIZE=12345" in sink.commands


async def test_capabilities_are_those_of_the_newest_connection() -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.extensions = ("SIZE 1000", "SMTPUTF8", "XFORWARD name addr")
        offered = Capabilities(size=1000, smtputf8=True, xforward=frozenset({"NAME", "ADDR"}))
        assert await hop.capabilities() == offered
        sink.faults.extensions = ("PIPELINING", "8BITMIME", "DSN")
        assert await hop.capabilities() == offered, "believed for a while"
        assert sink.connections == 1
        await sink.cut()
        await hop.send(letter())
        assert await hop.capabilities() == Capabilities(pipelining=True, eight_bit=True, dsn=True)


async def test_capabilities_outlive_the_next_hop_but_are_not_invented() -> None:
    async with Sink() as sink, reach(sink) as hop:
        await sink.close()
        with pytest.raises(SmtpError) as refused:
            await hop.capabilities()
        assert (refused.value.reply.code, refused.value.reply.enhanced) == (451, "4.4.1")
        await sink.open()
        known = await hop.capabilities()
        assert known.pipelining
        await sink.close()
        assert await hop.capabilities() == known


@pytest.mark.parametrize("refusal", ["500 5.5.1 what?", "502 5.5.1 no EHLO here"])
async def test_a_server_without_ehlo_is_greeted_with_helo(refusal: str) -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.hello = refusal
        assert await hop.capabilities() == Capabilities()
        assert (await hop.send(letter(params=ALL, rcpt_params=RCPT)))[0].accepted
        assert sink.commands[:2] == ["EHLO mx.test", "HELO mx.test"]
        assert sink.delivered[0].params == ()
        assert not sink.pipelined


@pytest.mark.parametrize(
    ("lmtp", "hello", "helo"),
    [(False, "451 4.3.0 not now", ""), (False, "502 no", "550 no"), (True, "502 5.5.1 no LHLO here", "")],
)
async def test_no_greeting_no_mail(lmtp: bool, hello: str, helo: str) -> None:
    async with Sink(lmtp=lmtp) as sink, reach(sink) as hop:
        sink.faults.hello, sink.faults.helo = hello, helo
        (verdict,) = await hop.send(letter())
        assert (verdict.code, verdict.enhanced) == (451, "4.4.1")


SENDER, RECIPIENT = (553, "5.6.7"), (550, "5.6.7")
UTF8_HEADER = "Subject: año\r\n\r\nbody\r\n".encode()
UTF8 = [
    # mail_from, recipients, params, content, verdicts where SMTPUTF8 is not offered, SMTPUTF8 sent where it is
    ("eva@y.test", ("ana@x.test",), (), b"S: 1\r\n\r\n", [(250, "2.0.0")], False),
    ("eva@y.test", ("ana@x.test",), ("SMTPUTF8",), b"S: 1\r\n\r\n", [(250, "2.0.0")], True),
    ("eva@y.test", ("ana@x.test",), (), UTF8_HEADER, [(250, "2.0.0")], False),
    ("eva@y.test", ("ana@x.test",), ("SMTPUTF8",), UTF8_HEADER, [SENDER], True),
    ("éva@y.test", ("a@x.test", "b@x.test"), ("SMTPUTF8",), b"S: 1\r\n\r\n", [SENDER, SENDER], True),
    ("eva@y.test", ("ana@x.test", "añá@x.test"), ("SMTPUTF8",), b"S: 1\r\n\r\n", [(250, "2.0.0"), RECIPIENT], True),
    ("eva@y.test", ("ana@españa.test",), (), b"S: 1\r\n\r\n", [RECIPIENT], True),
]


@pytest.mark.parametrize(("mail_from", "to", "params", "content", "refused", "sent"), UTF8)
async def test_smtputf8(
    mail_from: str,
    to: tuple[str, ...],
    params: tuple[str, ...],
    content: bytes,
    refused: list[tuple[int, str]],
    sent: bool,
) -> None:
    outgoing = letter(*to, mail_from=mail_from, params=params, content=content)
    async with Sink() as sink, reach(sink) as hop:
        assert all(one.accepted for one in await hop.send(outgoing))
        assert (sink.delivered[0].mail_from, tuple(one for one, _ in sink.delivered[0].rcpts)) == (mail_from, to)
        assert ("SMTPUTF8" in sink.delivered[0].params) is sent
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.extensions = ("PIPELINING", "8BITMIME")
        assert [(one.code, one.enhanced) for one in await hop.send(outgoing)] == refused
        accepted = tuple(one for one, verdict in zip(to, refused, strict=True) if verdict[0] == 250)
        assert [one.accepted for one in sink.delivered] == ([accepted] if accepted else [])


CLIENT = Peer("192.0.2.7", "mail.y.test", "helo=y +", "ESMTP", "REMOTE", "4bXq")


async def test_xforward_tells_about_the_true_client() -> None:
    async with Sink() as sink, reach(sink) as hop:
        await hop.send(letter(peer=CLIENT))
        assert [one for one in sink.commands if one.startswith("XFORWARD")] == [
            "XFORWARD NAME=mail.y.test ADDR=192.0.2.7",
            "XFORWARD PROTO=ESMTP HELO=helo+3Dy+20+2B IDENT=4bXq SOURCE=REMOTE",
        ]


async def test_xforward_leaves_nothing_of_the_client_before() -> None:
    async with Sink() as sink, reach(sink) as hop:
        await hop.send(letter(peer=CLIENT))
        await hop.send(letter(peer=Peer(address="2001:db8::1")))
        assert sink.delivered[1].xforward == {
            "NAME": "[UNAVAILABLE]", "ADDR": "IPV6:2001:db8::1", "PROTO": "[UNAVAILABLE]", "HELO": "[UNAVAILABLE]",
            "IDENT": "[UNAVAILABLE]", "SOURCE": "[UNAVAILABLE]",
        }  # fmt: skip


async def test_xforward_says_only_what_is_asked_for_and_known() -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.extensions = ("XFORWARD ADDR IDENT PORT",)
        await hop.send(letter(peer=CLIENT))
        assert sink.delivered[0].xforward == {"ADDR": "192.0.2.7", "IDENT": "4bXq"}
    async with Sink() as sink, reach(sink) as hop:
        await hop.send(letter())
        sink.faults.extensions = ()
        await sink.cut()
        await hop.send(letter(peer=CLIENT))
        assert not [one for one in sink.commands if one.startswith("XFORWARD")]


async def test_a_refused_xforward_refuses_no_mail() -> None:
    async with Sink() as sink, reach(sink) as hop:
        sink.faults.xforward = "550 5.7.0 insufficient authorization"
        assert (await hop.send(letter(peer=CLIENT)))[0].accepted


INJECTED = "eva@y.test>\r\nRCPT TO:<evil@z.test"


async def test_an_address_cannot_become_a_command() -> None:
    async with Sink() as sink, reach(sink) as hop:
        assert await hop.send(letter(mail_from=INJECTED)) == (
            SmtpReply(553, "5.1.7", "Control character in the sender's address"),
        )
        bad, good = await hop.send(letter(INJECTED, "ana@x.test", params=("RET=HDRS\r\nRSET",)))
        assert (bad.code, bad.enhanced, good.code) == (553, "5.1.3", 250)
        assert not [one for one in sink.commands if "evil" in one or one == "RSET"]
