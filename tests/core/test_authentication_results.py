"""RFC 8601: its grammar, and which fields are believed."""

from dataclasses import replace

import pytest

from milter.core import authentication_results as results
from milter.core.facts import Authentication, Missing
from tests.core import studio
from tests.core.studio import letter

OURS = "Received: from a by mx.estudio.example; x"
THEIRS = "Received: from b by mail.acme.example; x"
PASS = "Authentication-Results: mx.estudio.example; spf=pass smtp.mailfrom=acme.example; dmarc=pass header.from=acme.example"
FAIL = "Authentication-Results: mx.estudio.example; dmarc=fail header.from=acme.example"


@pytest.mark.parametrize(
    ("value", "authserv_id", "said"),
    [
        ("mx.example; none", "mx.example", []),
        ("mx.example 1; none", "mx.example", []),
        ("mx.example", "mx.example", []),
        ('(a (b) \\) c) "MX.Example." (d) ; spf=pass', "mx.example", ["spf=pass"]),
        (
            "mx.example; dkim / 1 = (good) PASS (2048 bits) header . d = a.example",
            "mx.example",
            ["dkim=pass header.d=a.example"],
        ),
        (
            'mx.example; dkim=pass reason="x; spf=pass" header.d="a.example"',
            "mx.example",
            ["dkim=pass header.d=a.example"],
        ),
        ("mx.example;\tspf=pass\tsmtp.mailfrom=a@b.example ;; ;", "mx.example", ["spf=pass smtp.mailfrom=a@b.example"]),
        ("mx.example; spf=pass (dkim=pass header.d=x)", "mx.example", ["spf=pass"]),
        ("mx.example; spf=pass (never closed; dkim=pass", "mx.example", ["spf=pass"]),
        ("mx.example; garbage; =pass; spf=", "mx.example", []),
        ("", "", []),
    ],
)
def test_grammar(value: str, authserv_id: str, said: list[str]) -> None:
    parsed = results.parse(value)
    words = [
        " ".join([f"{one.method}={one.result}", *(f"{name}={text}" for name, text in one.properties.items())])
        for one in parsed.results
    ]
    assert (parsed.authserv_id, words) == (authserv_id, said)


@pytest.mark.parametrize(
    ("fields", "dmarc"),
    [
        ([PASS, OURS, THEIRS], "pass"),
        ([OURS, PASS, THEIRS], "pass"),
        ([OURS, THEIRS, PASS], None),
        ([OURS, "X-Between: 1", PASS, THEIRS], None),
        ([PASS], None),
        ([FAIL, OURS], "fail"),
        ([OURS, THEIRS, FAIL], "fail"),
        ([PASS, OURS, THEIRS, FAIL], "fail"),
        ([FAIL, OURS, PASS, THEIRS], "fail"),
        ([FAIL], "fail"),
        ([PASS.replace("mx.estudio", "mx.other"), OURS], None),
        ([FAIL.replace("mx.estudio", "mx.other"), OURS], None),
        ([PASS.replace("mx.estudio.example", "(x) MX.Estudio.Example (y) 1"), OURS], "pass"),
        ([OURS, THEIRS], None),
    ],
)
def test_place_and_name(fields: list[str], dmarc: str | None) -> None:
    known = results.believed(letter("\n".join(fields)), studio.POLICY).authentication
    assert (None if isinstance(known, Missing) else known.dmarc) == dmarc
    if dmarc == "fail":
        assert isinstance(known, Authentication) and not known.author_authenticated


def test_without_trusted_ids_only_failures_in_our_name_are_believed() -> None:
    nobody = replace(studio.POLICY, trusted_authserv_ids=())
    assert results.believed(letter(f"{PASS}\n{OURS}"), nobody).authentication == Missing("not verified")
    known = results.believed(letter(f"{FAIL}\n{OURS}"), nobody).authentication
    assert isinstance(known, Authentication) and known.dmarc == "fail"


@pytest.mark.parametrize(
    ("said", "mail_from", "author", "author_is", "correspondent_is"),
    [
        ("spf=pass smtp.mailfrom=acme.example", "l@acme.example", "l@acme.example", True, True),
        ("spf=pass smtp.mailfrom=x@mail.acme.example", "l@mail.acme.example", "l@acme.example", True, True),
        ("spf=pass smtp.mailfrom=mail.acme.example", "l@acme.example", "l@acme.example", True, False),
        ("spf=pass smtp.mailfrom=evil.example", "l@evil.example", "l@acme.example", False, True),
        ("dkim=pass header.d=acme.example", "l@evil.example", "l@acme.example", True, False),
        ("dkim=pass header.d=acme.co.uk", "l@other.co.uk", "l@other.co.uk", False, False),
        ("dkim=pass header.d=acme.example", "", "l@acme.example", True, False),
        ("dkim=pass", "l@acme.example", "l@acme.example", False, False),
        ("dmarc=pass header.from=acme.example", "l@x.example", "l@acme.example", True, False),
        ("dmarc=pass header.from=evil.example", "l@x.example", "l@acme.example", False, False),
        ("spf=pass smtp.mailfrom=acme.example", "l@acme.example", "l@acme.example, x@y.example", False, True),
        (
            "spf=neutral smtp.mailfrom=acme.example; dkim=temperror header.d=acme.example",
            "l@acme.example",
            "l@acme.example",
            False,
            False,
        ),
    ],
)
def test_author_and_correspondent(
    said: str, mail_from: str, author: str, author_is: bool, correspondent_is: bool
) -> None:
    stamp = f"Authentication-Results: mx.estudio.example; {said}\n{OURS}\nFrom: {author}"
    known = results.believed(letter(stamp, mail_from=mail_from), studio.POLICY).authentication
    assert isinstance(known, Authentication)
    assert (known.author_authenticated, known.correspondent_authenticated) == (author_is, correspondent_is)
