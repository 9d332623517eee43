"""RFC 8601: its grammar, and which fields are believed."""

from dataclasses import replace

import pytest

from milter.core import authentication_results as results
from milter.core.authentication_results import Result
from milter.core.facts import Authentication, Missing
from tests.core import studio
from tests.core.studio import letter

OURS = "Received: from a by mx.estudio.example; x"
THEIRS = "Received: from b by mail.acme.example; x"
PASS = "Authentication-Results: mx.estudio.example; spf=pass smtp.mailfrom=acme.example; dmarc=pass header.from=acme.example"
NOTHING = "Authentication-Results: mx.estudio.example; spf=softfail smtp.mailfrom=acme.example"
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
        ([NOTHING, OURS, PASS, THEIRS], "none"),  # ours stands above: the other one came with the mail
        ([NOTHING, PASS, OURS, THEIRS], "pass"),
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


@pytest.mark.parametrize(
    ("said", "dmarc", "author_is"),
    [
        ("dmarc=fail header.from=acme.example policy.dmarc=none; dkim=pass header.d=acme.example", "none", False),
        ("dmarc=fail header.from=acme.example policy.dmarc=reject; dkim=pass header.d=acme.example", "fail", False),
        ("dmarc=fail header.from=acme.example", "fail", False),
        ("dmarc=pass header.from=acme.example; dmarc=fail header.from=x.example policy.dmarc=none", "none", False),
        ("dmarc=temperror header.from=acme.example; dkim=pass header.d=acme.example", "none", True),
    ],
)
def test_a_failure_withholds_unless_the_domain_asks_that_nothing_be_done(
    said: str, dmarc: str, author_is: bool
) -> None:
    known = results.believed(
        letter(f"Authentication-Results: mx.estudio.example; {said}\n{OURS}"), studio.POLICY
    ).authentication
    assert isinstance(known, Authentication)
    assert (known.dmarc, known.author_authenticated) == (dmarc, author_is)


def test_a_failure_that_asks_for_nothing_is_not_believed_from_everywhere() -> None:
    """It would keep us from verifying, and withhold nothing."""
    mild = f"{FAIL} policy.dmarc=none"
    assert isinstance(results.believed(letter(f"{OURS}\n{THEIRS}\n{mild}"), studio.POLICY).authentication, Missing)


@pytest.mark.parametrize(
    ("said", "signature"),
    [
        ("dkim=pass header.d=acme.example header.b=abcd1234", "abcd1234"),
        ('dkim=pass header.d=acme.example header.b="ab/d12=="', "ab/d12=="),
        ("dkim=pass header.d=evil.example header.b=abcd1234", ""),
        ("dkim=fail header.d=acme.example header.b=abcd1234", ""),
        ("dkim=pass header.d=acme.example", ""),
        ('dkim=pass header.d=acme.example header.b="x y"', ""),
    ],
)
def test_which_signature_it_was(said: str, signature: str) -> None:
    stamp = f"Authentication-Results: mx.estudio.example; {said}\n{OURS}"
    known = results.believed(letter(stamp), studio.POLICY).authentication
    assert isinstance(known, Authentication) and known.signature == signature


def test_results_are_said_in_plain_words_whatever_stood_in_a_mail_or_in_dns() -> None:
    hostile = 'x\r\nX-Evil: 1; dkim=pass ("y\\'
    one = Result(
        "dkim",
        "fail",
        {"header.d": hostile, "header.s": hostile, "header.a": "rsa-sha256", "header.b": "ab/="},
        hostile,
    )
    assert results.said([one]) == 'dkim=fail (x X-Evil 1 dkim=pass y) header.a=rsa-sha256 header.b="ab/="'
    assert results.said([Result("spf", "pa\nss")]) == "spf=none"


def test_what_is_said_has_an_end_and_whole_results() -> None:
    many = [Result("dkim", "fail", {"header.d": f"{'x' * 60}.example", "header.s": str(n)}) for n in range(100)]
    said = results.said([Result("dmarc", "fail", {"header.from": "acme.example"}), *many])
    assert len(said) <= results.LONGEST and said.startswith("dmarc=fail header.from=acme.example; ")
    assert all(one.startswith("dkim=fail header.d=") and " header.s=" in one for one in said.split("; ")[1:])
