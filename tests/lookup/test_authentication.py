"""DKIM, SPF and DMARC together, against a DNS that answers from a table. The cases are tests/cases/authentication.toml."""

import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from milter.core import authentication_results, today_mail
from milter.core.envelope import Direction, Recipient, Transaction
from milter.core.facts import Authentication, Missing
from milter.core.message import parse
from milter.lookup import authentication
from milter.lookup.authentication import Authenticator
from milter.lookup.dns import Resolver
from milter.lookup.process import HashProcess
from milter.settings.values import Settings
from tests.core import studio
from tests.core.scenario import CASES
from tests.doubles.dns_server import DnsServer
from tests.lookup import world
from tests.service.office import NIGHT

TABLE: list[dict[str, Any]] = tomllib.loads((CASES / "authentication.toml").read_text(encoding="utf-8"))["case"]
SETTINGS = Settings(Path("recado.toml"), replace(studio.POLICY, trusted_authserv_ids=()), (), Path())


@asynccontextmanager
async def authenticator(dns: DnsServer) -> AsyncIterator[Authenticator]:
    made = Authenticator(Resolver([dns.nameserver]), HashProcess())
    try:
        yield made
    finally:
        await made.close()


def transaction(case: dict[str, Any]) -> Transaction:
    about = {key: case[key] for key in ("author", "to", "signed", "fields") if key in case}
    content = world.letter(**about)
    if case.get("tampered"):
        content += b"-- \r\nSent to you by a list\r\n"
    content = (
        b"".join(f"{one}\r\n".encode() for one in [case["above"]] if one) + content if "above" in case else content
    )
    author = case.get("author", "laura@acme.example")
    return Transaction(
        "0123456789ab",
        "lmtp",
        Direction.INBOUND,
        world.peer(**{"address": world.ACME} | case.get("peer", {})),
        case.get("mail_from", author if "<" not in author and "," not in author else "laura@acme.example"),
        (),
        (Recipient(case.get("to", "ana@estudio.example")),),
        parse(content),
        NIGHT,
    )


def settings(case: dict[str, Any]) -> Settings:
    policy = replace(SETTINGS.policy, trusted_authserv_ids=tuple(case.get("believe", ())))
    return replace(SETTINGS, policy=policy, trusted_relays=tuple(case.get("relays", ())))


@pytest.mark.parametrize("case", TABLE, ids=[one["name"] for one in TABLE])
async def test_what_is_found_out(case: dict[str, Any]) -> None:
    with DnsServer(world.records() | case.get("records", {}), case.get("faults", {})) as dns:
        async with authenticator(dns) as ours:
            believed, _ = await authentication.proven(transaction(case), settings(case), ours)
        known = believed.authentication
        if "asked" in case:
            assert len(dns.questions) == case["asked"]
    if isinstance(known, Missing):
        assert (case["proven"], case["dmarc"], case["says"]) == ("", "none", [])
        return
    proven = [
        *(["author"] if known.author_authenticated else []),
        *(["correspondent"] if known.correspondent_authenticated else []),
    ]
    assert (" ".join(proven), known.dmarc) == (case["proven"], case["dmarc"]), known.summary
    said = known.summary.split("; ")
    for expected in case["says"]:
        assert any(_begins(one, expected) for one in said), f"{expected} is not said: {known.summary}"


def _begins(said: str, expected: str) -> bool:
    return re.match(re.escape(expected).replace("\\.", "."), said) is not None


@pytest.mark.parametrize("case", [one for one in TABLE if one["says"]], ids=lambda one: str(one["name"]))
async def test_a_rehearsal_reads_our_field_as_we_meant_it(case: dict[str, Any]) -> None:
    """What we stamped, believed again: the same facts, but where the DNS failed."""
    if "faults" in case and "servfail" in case["faults"].values():
        return
    with DnsServer(world.records()) as dns:
        async with authenticator(dns) as ours:
            believed, _ = await authentication.proven(transaction(case), settings(case), ours)
    known = believed.authentication
    assert isinstance(known, Authentication)
    stamped = case | {
        "above": f"Authentication-Results: mx.estudio.example; {known.summary}\r\nReceived: by mx.estudio.example; x"
    }
    trusting = replace(SETTINGS.policy, trusted_authserv_ids=("mx.estudio.example",))
    again = authentication_results.believed(transaction(stamped), trusting).authentication
    assert isinstance(again, Authentication)
    facts = [(one.author_authenticated, one.correspondent_authenticated, one.dmarc) for one in (known, again)]
    assert facts[0] == facts[1], known.summary


@pytest.mark.parametrize("broken", ["verify_signatures", "check_spf"])
async def test_a_defect_of_ours_in_looking_up_is_a_temperror(
    broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Signed by the client, from a host that SPF does not list, or the reverse: with the other half unknown, nobody forged."""

    async def defect(*_: object) -> None:
        raise LookupError("a defect")

    half = {"signed": "acme", "peer": {"address": "198.51.100.9"}} if broken == "verify_signatures" else {}
    found = []
    with DnsServer(world.records()) as dns:
        async with authenticator(dns) as ours:
            for _ in range(2):
                believed, _ = await authentication.proven(transaction(half), SETTINGS, ours)
                assert isinstance(believed.authentication, Authentication)
                found.append((believed.authentication.author_authenticated, believed.authentication.dmarc))
                monkeypatch.setattr(authentication, broken, defect)
    assert found == [(True, "pass"), (False, "none")]
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == ["a look-up failed"]
    assert isinstance(believed.authentication, Authentication) and "dmarc=temperror" in believed.authentication.summary


@pytest.mark.parametrize("subject", ["hoy cierro 13:00", "fotos"])
async def test_what_an_owner_writes_to_himself_is_verified_if_it_is_to_change_something(subject: str) -> None:
    token = today_mail.token_of(SETTINGS.policy.keys, "ana")
    home = {"author": "ana@casa.example", "to": "ana@casa.example"}
    written = transaction(home)
    asks = subject.startswith("hoy")
    content = world.letter(**home, subject=f"{subject} {token if asks else ''}".strip())
    with DnsServer({"casa.example TXT": f"v=spf1 ip4:{world.ACME} -all"}) as dns:
        async with authenticator(dns) as ours:
            _, (draft,) = await authentication.proven(replace(written, message=parse(content)), SETTINGS, ours)
        assert bool(dns.questions) is asks
    heeded = [one.code for one in draft.reasons if one.code.startswith("hours-")]
    # Proven to be hers, it is read; what it asks for was of another day by then.
    assert heeded == (["hours-kept-not-understood"] if asks else [])


async def test_without_anybody_to_ask_only_believed_results_count() -> None:
    believed, (draft,) = await authentication.proven(transaction({"signed": "acme"}), SETTINGS, None)
    assert believed.authentication == Missing("not verified")
    assert draft.identity is not None


async def test_other_name_servers_count_from_the_next_message_on() -> None:
    with DnsServer({}) as empty, DnsServer(world.records()) as dns:
        async with authenticator(empty) as ours:
            said = []
            for _ in range(2):
                believed, _ = await authentication.proven(transaction({}), SETTINGS, ours)
                assert isinstance(believed.authentication, Authentication)
                said.append(believed.authentication.summary.split()[0])
                ours.use(Resolver([dns.nameserver]))
    assert said == ["spf=none", "spf=pass"]
