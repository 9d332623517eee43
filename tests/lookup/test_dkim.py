"""Signatures as senders write them, keys as domains publish them, in a real DNS."""

import re
import tomllib
from collections.abc import AsyncIterator, Iterator
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest

from milter.core import message
from milter.lookup.dkim import Signature, verify_signatures
from milter.lookup.dns import Budget, Resolver
from milter.lookup.process import HashProcess
from tests.doubles.dns_server import DnsServer

from .post import HEADER, KEYS, NOW, RSA, RSA_1024, SECOND, Post

RULES = tomllib.loads((Path(__file__).parent.parent / "cases" / "dkim.toml").read_text("utf-8"))["rule"]
CASES = [
    pytest.param(rule, case, counts, id=f"{rule['rule'][:40]}: {'counts' if counts else 'not'} {number}")
    for rule in RULES
    for counts in (False, True)
    for number, case in enumerate(rule.get("counts" if counts else "not", []))
]
BODIES = {
    "{long}": b"x" * 100_000 + b"\r\n" + b"y " * 5_000 + b"\r\n",
    "{latin-1}": "año\r\n".encode("latin-1"),
    "{everything}": bytes(set(range(256)) - {10, 13}) * 3 + b"\r\n",
}
PATIENCE = 60  # seconds that a good server has on the busiest machine


@pytest.fixture(scope="module")
def zone() -> Iterator[DnsServer]:
    with DnsServer() as server:
        yield server


@pytest.fixture
async def resolver(zone: DnsServer) -> AsyncIterator[Resolver]:
    zone.records.clear()
    zone.questions.clear()
    one = Resolver([zone.nameserver], patience=PATIENCE)
    yield one
    await one.close()


async def verify(content: bytes, resolver: Resolver) -> tuple[Signature, ...]:
    child = HashProcess(("/nowhere/needed",))
    return await verify_signatures(message.parse(content), resolver, Budget.start(PATIENCE), NOW, child)


@pytest.mark.parametrize(("rule", "case", "counts"), CASES)
async def test_rule(rule: Any, case: Any, counts: bool, zone: DnsServer, resolver: Resolver) -> None:
    publish(case, zone)
    (found,) = await verify(written(case), resolver)
    assert "".join(astuple(found)).isprintable(), "it may stand in a field of ours"
    if counts:
        assert (found.result, found.why) == ("pass", "")
    else:
        assert found.result == case.get("result", rule["result"])
        assert case.get("why", rule["why"]) in found.why


def publish(case: Any, zone: DnsServer) -> None:
    tags = case.get("tags", {})
    default = "k=ed25519; p={ed25519}" if tags.get("a") == "ed25519-sha256" else "v=DKIM1; p={rsa}"
    keys = case.get("key", default)
    records = [one.format(**KEYS) for one in ([keys] if isinstance(keys, str) else keys) if one]
    if records:
        zone.records[f"{case.get('at', 'mail._domainkey.acme.example')} TXT"] = records


def written(case: Any) -> bytes:
    tags = {name: re.sub(r"\{now([+-]\d+)\}", after, value) for name, value in case.get("tags", {}).items()}
    post = Post(tags=tags, key=RSA_1024 if case.get("signs") == "rsa1024" else RSA)
    if "body" in case:
        post = replace(post, body=BODIES.get(case["body"]) or case["body"].encode())
    if "header" in case:
        post = replace(post, header=case["header"].replace("{header}", HEADER.decode()).encode())
    if "fold" in case:
        post = replace(post, fold=case["fold"].encode())
    post = replace(post, behind=case.get("behind", "").encode())
    content = replace(post, name=case.get("name", "DKIM-Signature").encode()).signed()
    for old, new in case.get("change", []):
        assert old.encode() in content, f"{old!r} is not in the mail"
        content = content.replace(old.encode(), new.encode(), 1)
    return case.get("above", "").encode() + content


def after(seconds: re.Match[str]) -> str:
    return str(SECOND + int(seconds[1]))
