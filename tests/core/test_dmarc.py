"""RFC 7489: records, where they are looked for, alignment, verdicts. The table is tests/cases/dmarc.toml."""

import tomllib
from typing import Any

import pytest

from milter.core import dmarc
from milter.core.dmarc import Identifiers, Record, Wrong
from tests.core.scenario import CASES

TABLE: list[dict[str, Any]] = tomllib.loads((CASES / "dmarc.toml").read_text(encoding="utf-8"))["case"]


def found(name: str, records: dict[str, Any]) -> dmarc.Found:
    texts = records.get(name.removeprefix("_dmarc."), [])
    if texts == "away":
        return Wrong("temperror")
    return dmarc.record([one.encode() for one in ([texts] if isinstance(texts, str) else texts)])


@pytest.mark.parametrize("case", TABLE, ids=[one["name"] for one in TABLE])
def test_verdict(case: dict[str, Any]) -> None:
    spf, _, sender = case.get("spf", "").partition(" ")
    identifiers = Identifiers(tuple(case.get("signed", ())), tuple(case.get("unsure", ())), spf, sender)
    published = [found(one, case.get("records", {})) for one in dmarc.names(case["author"])]
    verdict = dmarc.judge(case["author"], published, identifiers)
    assert f"{verdict.result} {verdict.policy}".strip() == case["verdict"]
    assert verdict.forged is case.get("forged", False)


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ("acme.example", ["_dmarc.acme.example"]),
        ("a.b.acme.example", ["_dmarc.a.b.acme.example", "_dmarc.acme.example"]),
        ("shop.acme.co.uk", ["_dmarc.shop.acme.co.uk", "_dmarc.acme.co.uk"]),
        ("co.uk", ["_dmarc.co.uk"]),
        ("", []),
        ("[192.0.2.1]", []),
        ("a b.example", []),
        ("x" * 64 + ".example", []),
        (".".join(["abcdefgh"] * 28), []),
    ],
)
def test_two_names_at_most_are_asked(author: str, names: list[str]) -> None:
    assert list(dmarc.names(author)) == names


def test_where_a_record_may_ask_for_more_only_the_very_domain_proves_the_author() -> None:
    exact, sub = Identifiers(signed=("acme.example",)), Identifiers(signed=("mail.acme.example",))
    away, none = Wrong("temperror"), None
    assert dmarc.proven("acme.example", away, exact) and not dmarc.proven("acme.example", away, sub)
    assert dmarc.proven("acme.example", none, sub)
    assert dmarc.proven("acme.example", Wrong("permerror"), sub)


@pytest.mark.parametrize(
    "junk", [b"", b";" * 5000, b"v=DMARC1" + b";p" * 40000, b"\xff\xfe", b"v=DMARC1;" + b" " * 9000]
)
def test_junk_is_no_record(junk: bytes) -> None:
    assert not isinstance(dmarc.record([junk]), Record)
