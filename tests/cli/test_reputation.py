"""`recado reputation`: seeing what is known of a sender, and steering it, against a real store."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner, Result

from milter.cli import main
from milter.core.reputation import HALF_LIFE
from tests.cli.office import DELIVERED, MX, SECRET, Office, letter
from tests.cli.test_learn import LAURA, OURS, SENT, STORED, STRANGER, UNPROVEN, learn
from tests.doubles.redis_server import RedisServer

MARTA = STRANGER
ESCAPE = "\x1b[31m"


def said(ana: Office, *words: str, given: bytes | None = None) -> str:
    result = ana.run("reputation", *words, given=given)
    assert result.exit_code == 0, result.output
    return result.stdout


def shown(ana: Office, name: str = MARTA, *options: str) -> dict[str, Any]:
    return dict(json.loads(said(ana, "show", name, "--json", *options)))


def refused(ana: Office, *words: str, status: int = 2, given: bytes | None = None) -> Result:
    result = ana.run("reputation", *words, given=given)
    assert (result.exit_code, result.stdout) == (status, ""), result.output
    return result


# show


def test_of_somebody_new(ana: Office) -> None:
    answer = shown(ana)
    assert (answer["rated"], answer["standing"], answer["owner"]) == (MARTA, "neutral", "ana")
    assert (answer["evidence"]["first"], answer["evidence"]["count"], answer["listed"]) == (True, 0, False)
    assert "nothing is known of him" in said(ana, "show", MARTA)


def test_the_command_of_the_contract(ana: Office) -> None:
    words = ["reputation", "show", MARTA, "--config", str(ana.file), "--json"]
    result = CliRunner().invoke(main, words)
    assert (result.exit_code, json.loads(result.stdout)["standing"]) == (0, "neutral")


@pytest.mark.parametrize(("standing", "good", "bad"), [("trusted", 64, 0), ("bad", 0, 64), ("neutral", 2, 1)])
def test_set_and_show(ana: Office, standing: str, good: int, bad: int) -> None:
    assert said(ana, "set", MARTA, standing).startswith(f"{MARTA}, for ana: {standing}\n")
    answer = shown(ana)
    assert (answer["standing"], answer["evidence"]["standing"]) == (standing, standing)
    assert (round(answer["evidence"]["good"]), round(answer["evidence"]["bad"])) == (good, bad)
    text = said(ana, "show", MARTA)
    assert text.startswith(f"{MARTA}, for ana: {standing}\n")
    assert "trusted from here up" in text and "90" in text.splitlines()[-1]


def test_how_it_is_written_does_not_matter(ana: Office) -> None:
    said(ana, "set", f"<{MARTA.upper()}>", "trusted")
    assert [shown(ana, one)["standing"] for one in (MARTA, "Marta+web@Flores.example.")] == ["trusted"] * 2


@pytest.mark.parametrize("standing", ["trusted", "bad"])
def test_it_fades_to_neutral_on_the_day_it_says(ana: Office, standing: str) -> None:
    said(ana, "set", MARTA, standing)
    changes = shown(ana)["changes"]
    day = datetime.fromisoformat(changes["at"])
    assert changes["standing"] == "neutral"
    assert HALF_LIFE * 2 < day - datetime.now(UTC) < HALF_LIFE * 6
    assert f"if nothing more happens it is neutral from {day.day} {day:%b %Y} on" in said(ana, "show", MARTA)


def test_the_curve(ana: Office) -> None:
    """Down from good, up from bad, and flat where nothing is known."""
    said(ana, "set", MARTA, "trusted")
    said(ana, "set", "b@other.example", "bad")
    good, bad, unknown = (shown(ana, name)["curve"] for name in (MARTA, "b@other.example", "c@third.example"))
    assert (len(good), good == sorted(good, reverse=True), good[0] > good[-1]) == (91, True, True)
    assert (bad == sorted(bad), bad[0] < bad[-1]) == (True, True)
    assert set(unknown) == {0.5}


def test_who_is_listed_is_trusted_whatever_the_evidence(ana: Office) -> None:
    result = said(ana, "set", LAURA, "bad")
    assert result.startswith(f"{LAURA}, for ana: trusted\nnot bad: the owner's file names him")
    answer = shown(ana, LAURA)
    assert (answer["standing"], answer["listed"], answer["evidence"]["standing"]) == ("trusted", True, "bad")
    assert "overrules the evidence; by that alone: bad" in said(ana, "show", LAURA)


def test_what_it_leads_to(ana: Office) -> None:
    """As the decision says it, whatever day it is: a text for whom is neutral, nothing for the bad, the client's folder."""
    assert shown(ana)["leads_to"]["reply"]["template"]
    said(ana, "set", MARTA, "bad")
    found = shown(ana)["leads_to"]
    assert (found["reply"], "$BadStanding" in found["keywords"]) == (None, True)
    assert "out of hours he gets no reply" in said(ana, "show", MARTA)
    client = shown(ana, LAURA)["leads_to"]
    assert (client["folder"], bool(client["reply"])) == ("Clientes/ACME Veterinaria", True)


def test_evidence_in_words(ana: Office) -> None:
    learn(ana, "sent", SENT)
    learn(ana, "junk", STORED)
    learn(ana, "junk", UNPROVEN)
    text = said(ana, "show", LAURA)
    assert "the owner wrote to him" in text and "the owner moved a mail of his into Junk" in text
    assert "2 pieces in all" in text
    marta = said(ana, "show", MARTA)
    assert "without proof from 1 network: 0.0 for, 1.0 against" in marta
    assert "moved a mail into Junk that only claims to be his" in marta


def test_of_a_domain(ana: Office) -> None:
    learn(ana, "sent", SENT)
    found = shown(ana, "flores.example")
    assert (found["rated"], found["standing"], found["evidence"]["count"]) == ("flores.example", "neutral", 1)
    assert shown(ana, "@flores.example")["rated"] == "flores.example"
    said(ana, "set", "flores.example", "trusted")
    assert (shown(ana, "flores.example")["standing"], shown(ana)["domain"]["good"] > 60) == ("trusted", True)


def test_several_owners(ana: Office) -> None:
    """The strictest of those who have an opinion speaks at the top; whoever has none says nothing."""
    other = (ana.folder / "owners" / "ana.toml").read_text().replace("estudio.example", "estudio.test")
    ana.write("owners/bea.toml", other.replace("casa.example", "casa.test"))
    said(ana, "set", MARTA, "trusted", "--owner", "ana")
    assert (shown(ana)["standing"], shown(ana)["owner"]) == ("trusted", "ana")
    assert [one["standing"] for one in shown(ana)["owners"]] == ["trusted", "neutral"]
    said(ana, "set", MARTA, "bad", "--owner", "bea")
    assert (shown(ana)["standing"], shown(ana, MARTA, "--owner", "ana")["standing"]) == ("bad", "trusted")
    assert "say whose; there are: ana, bea" in refused(ana, "set", MARTA, "bad").output
    assert "'eva' is no owner; there are: ana, bea" in refused(ana, "show", MARTA, "--owner", "eva").output


# forget


def test_forget(ana: Office) -> None:
    learn(ana, "sent", SENT)
    learn(ana, "junk", UNPROVEN)
    learn(ana, "junk", UNPROVEN.replace("192.0.2.77", "198.51.100.1"))
    assert shown(ana)["leads_to"]["sender_class"] == "contact"
    assert said(ana, "forget", MARTA) == f"{MARTA}, for ana: 4 records deleted.\n"
    answer = shown(ana)
    assert answer["leads_to"]["sender_class"] == "prospect"
    assert (answer["standing"], answer["evidence"]["first"], answer["unproven"]) == ("neutral", True, [])
    assert shown(ana, LAURA)["evidence"]["count"] == 1, "nobody else is forgotten"
    assert said(ana, "forget", MARTA) == f"{MARTA}: nothing was known.\n"
    assert said(ana, "forget", "flores.example") == "flores.example, for ana: 1 record deleted.\n"


# export and import


def test_export(ana: Office) -> None:
    """RFC 7071 section 3: the members and what they may be."""
    learn(ana, "sent", SENT)
    said(ana, "set", LAURA, "bad")
    body = json.loads(said(ana, "export"))
    assert body["application"] == "email-id"
    found = {one["rated"]: one for one in body["reputons"]}
    assert set(found) == {MARTA, LAURA, "flores.example", "acme.example"}
    for one in found.values():
        assert (one["rater"], one["assertion"], one["identity"]) == (MX, "spam", "rfc5322.from")
        assert all(0 <= one[name] <= 1 for name in ("rating", "confidence", "normal-rating"))
        assert one["expires"] > one["generated"] > 1_700_000_000
        assert isinstance(one["sample-size"], int)
    assert found[LAURA]["rating"] > 0.9 > 0.5 > found[MARTA]["rating"]
    assert json.loads(said(ana, "export", "--owner", "ana"))["reputons"]


def test_nothing_to_export(ana: Office) -> None:
    assert json.loads(said(ana, "export")) == {"application": "email-id", "reputons": []}


def test_import(ana: Office) -> None:
    lines = "\ufeffaddress,standing\r\n# mine\r\n\r\na@x.example,Trusted\r\nb@y.example, 0 ,12.5\r\nz.example,bad\r\n"
    file = ana.write("list.csv", lines)
    assert said(ana, "import", str(file)) == "3 imported for ana: now 1 trusted, 2 bad\n"
    assert [shown(ana, one)["standing"] for one in ("a@x.example", "b@y.example", "z.example")] == [
        "trusted",
        "bad",
        "bad",
    ]
    assert said(ana, "import", "-", given=b"a@x.example,neutral\n") == "1 imported for ana: now 1 neutral\n"
    said(ana, "import", "-", given=b"a@x.example,64,64\n")
    evidence = shown(ana, "a@x.example")["evidence"]
    assert (round(evidence["good"]), round(evidence["bad"])) == (32, 32), "there is never more than 64 in all"


WRONG = f"""address,standing
good@x.example,trusted
nobody,trusted
a@x.example,lovely
a@x.example,1,2,3
good@x.example,bad
b@x.example,1,-2
c@x.example,nan,1
d@x.example,65,1
ana@estudio.example,trusted
{ESCAPE}e@x.example,trusted
only@x.example
"""


def test_every_wrong_line_is_named_and_nothing_is_changed(ana: Office, server: RedisServer) -> None:
    output = refused(ana, "import", str(ana.write("list.csv", WRONG))).output
    for number, why in [
        (3, "'nobody' is neither an address nor a domain; write for example laura@acme.example"),
        (4, "'lovely' is no standing; write trusted, bad or neutral"),
        (5, "4 columns; write address,standing or address,good,bad"),
        (6, "good@x.example is in line 2 already"),
        (7, "'-2' is no amount of evidence; write a number from 0 to 64"),
        (8, "'nan' is no amount of evidence"),
        (9, "'65' is no amount of evidence"),
        (10, "ana@estudio.example is an owner's own address"),
        (11, "'\\u001b[31me@x.example' is no address"),
        (12, "1 column; write address,standing"),
    ]:
        assert f"line {number}: {why}" in output
    assert "line 2:" not in output and "Nothing was imported." in output and ESCAPE not in output
    assert server.command("DBSIZE") == b":0\r\n"


@pytest.mark.parametrize(
    ("given", "why"), [(b"", "there is no line in it"), (b"address,standing\n", "there is no line")]
)
def test_nothing_to_import(ana: Office, given: bytes, why: str) -> None:
    assert why in refused(ana, "import", "-", given=given).output


# top


def test_top(ana: Office) -> None:
    nobody = "Nothing is known of anybody whose address is in an owner's file or in his journal.\n"
    assert said(ana, "top") == nobody
    learn(ana, "sent", SENT)
    for number in range(8):
        learn(
            ana,
            "junk",
            letter(DELIVERED + OURS + _proven("spam.example"), From="s@spam.example", Message_ID=f"<{number}@x>"),
        )
    best, worst = (
        [json.loads(one) for one in said(ana, "top", "--json", *more).splitlines()] for more in ([], ["--bad"])
    )
    assert {one["rated"] for one in best} == {
        MARTA,
        LAURA,
        "s@spam.example",
        "flores.example",
        "acme.example",
        "spam.example",
    }
    assert [one["low"] for one in best] == sorted((one["low"] for one in best), reverse=True)
    assert (worst[0]["rated"], worst[0]["standing"]) == ("s@spam.example", "bad")
    assert len(said(ana, "top", "--limit", "2").splitlines()) == 2
    assert "0.0 for   8.0 against  s@spam.example" in said(ana, "top", "--bad", "--limit", "1")


def test_what_was_set_by_hand_is_listed_until_it_is_forgotten(ana: Office) -> None:
    """Redis knows hashes only, so the names have to stand somewhere."""
    spaced = '"m b"@flores.example'
    said(ana, "set", MARTA, "trusted")
    lines = [f"n{number}@x.example,bad" for number in range(600)] + [
        "z.example,bad",
        f'"{spaced.replace(chr(34), chr(34) * 2)}",bad',
    ]
    said(ana, "import", "-", given="\n".join(lines).encode())
    body = json.loads(said(ana, "export"))
    found = {one["rated"]: one["rating"] for one in body["reputons"]}
    assert len(found) == 603 and found[MARTA] < 0.1 < 0.9 < min(
        found["n599@x.example"], found["z.example"], found[spaced]
    )
    best = [json.loads(one)["rated"] for one in said(ana, "top", "--json", "--limit", "1000").splitlines()]
    assert best[0] == MARTA and set(best) == set(found)
    assert "his standing was set by hand" in said(ana, "show", MARTA)
    assert "set by hand" in said(ana, "show", "z.example") and "set by hand" not in said(ana, "show", LAURA)
    said(ana, "forget", MARTA)
    assert MARTA not in said(ana, "top", "--limit", "1000")


def _proven(domain: str) -> str:
    at = "Fri, 20 Nov 2026 23:44:59 +0100"
    return f"Authentication-Results: {MX}; dkim=pass header.d={domain}\nReceived: from {domain} by {MX} with ESMTPS id 4Zk; {at}\n"


# What is wrong


@pytest.mark.parametrize("name", ["foo bar", "a@b", "@", "", "x@y@z.example ", "-", f"{ESCAPE}@x.example"])
@pytest.mark.parametrize("words", [("show",), ("set",), ("forget",)])
def test_what_is_no_name(ana: Office, name: str, words: tuple[str, ...]) -> None:
    more = ("bad",) if words == ("set",) else ()
    output = refused(ana, *words, "--", name, *more).output
    assert "write for example laura@acme.example" in output
    assert ESCAPE not in output


def test_an_address_that_turns_the_writing_round_is_shown_with_its_number(ana: Office) -> None:
    name = "\u202emoc@x.example"
    outputs = [said(ana, "set", name, "bad"), said(ana, "show", name), said(ana, "show", name, "--json")]
    assert all("\\u202emoc@x.example" in one and "\u202e" not in one for one in outputs)


def test_an_owner_has_no_reputation(ana: Office) -> None:
    assert "ana@estudio.example is an owner's own address" in refused(ana, "show", "ana@estudio.example").output


def test_no_standing(ana: Office) -> None:
    assert "'good' is not one of 'trusted', 'bad', 'neutral'" in refused(ana, "set", MARTA, "good").output


@pytest.mark.parametrize("line", [f"show {MARTA}", f"set {MARTA} bad", f"forget {MARTA}", "export", "top", "import -"])
def test_redis_away(office: Office, line: str) -> None:
    office.state.mkdir()
    (office.state / "secret").write_text(SECRET.hex())
    output = refused(office, *line.split(), status=1, given=b"a@x.example,bad\n").output
    assert (output.startswith("Error: the store does not answer"), output.count("\n")) == (True, 1)


def test_of_the_redis_that_was_flushed_nothing_is_known(ana: Office, server: RedisServer) -> None:
    said(ana, "set", MARTA, "bad")
    server.command("FLUSHALL")
    assert shown(ana)["standing"] == "neutral"


def test_it_says_when(ana: Office) -> None:
    said(ana, "set", MARTA, "bad")
    last = datetime.fromisoformat(shown(ana)["evidence"]["last"])
    assert timedelta(0) <= datetime.now(UTC) - last < timedelta(minutes=10)
