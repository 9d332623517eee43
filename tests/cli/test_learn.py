"""`recado learn`: what an owner does with a message becomes evidence, once, and can be taken back."""

import json
import os
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from milter.cli import learn_waiting
from milter.store import event_json
from tests.cli.office import DELIVERED, MX, POSTFIX, RESULTS, SECRET, Office, letter
from tests.cli.test_replies import NOW
from tests.cli.test_today import promised
from tests.doubles.redis_server import RedisServer
from tests.real.processes import wait_until

LAURA, ANA = "laura@acme.example", "ana@estudio.example"
STRANGER = "marta@flores.example"
OURS = "Recado-Identity: studio\nRecado-Class: client\n"
CLIENT = f"Received: from x (x.example [192.0.2.77])\n by {MX} with ESMTPS id 4Zk; Fri, 20 Nov 2026 23:44 +0100\n"
STORED = letter(DELIVERED + OURS + RESULTS + POSTFIX)
UNPROVEN = letter(DELIVERED + OURS + CLIENT, From=f"Marta <{STRANGER}>", Message_ID="<m1@flores.example>")
SENT = letter(Date="", From=f"Ana Souto <{ANA}>", To=f"{STRANGER}, {LAURA}", Cc="hola@estudio.example")


def learn(ana: Office, lesson: str, content: str, *options: str, said: str = "learned") -> Result:
    result = ana.run("learn", lesson, *options, "-", given=content.encode())
    assert (result.exit_code, result.stdout) == (0, f"recado learn {lesson}: {said}\n"), result.output
    return result


def show(ana: Office, name: str = LAURA) -> dict[str, Any]:
    result = ana.run("reputation", "show", name, "--json")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def evidence(ana: Office, name: str = LAURA) -> tuple[float, float]:
    """For and against, in tenths: a moment has passed since."""
    found = show(ana, name)["evidence"]
    return round(found["good"], 1), round(found["bad"], 1)


def unproven(ana: Office, name: str) -> list[tuple[float, float]]:
    return [(round(one["good"], 1), round(one["bad"], 1)) for one in show(ana, name)["unproven"]]


@pytest.mark.parametrize(("lesson", "expected"), [("junk", (0.0, 1.0)), ("ham", (2.0, 0.0))])
def test_a_move_is_evidence_and_counts_once(ana: Office, lesson: str, expected: tuple[float, float]) -> None:
    assert evidence(ana) == (0.0, 0.0)
    learn(ana, lesson, STORED, "--user", ANA)
    assert evidence(ana) == expected
    learn(ana, lesson, STORED, "--user", ANA, said="learned before")
    learn(ana, lesson, STORED.replace("\n", "\r\n"), "--user", ANA, said="learned before")
    assert evidence(ana) == expected


def test_another_message_is_another_piece_of_evidence(ana: Office) -> None:
    for number in range(3):
        learn(ana, "junk", letter(DELIVERED + OURS + RESULTS + POSTFIX, Message_ID=f"<{number}@acme.example>"))
    assert evidence(ana) == (0.0, 3.0)


def test_the_later_move_counts_and_the_earlier_is_taken_back(ana: Office) -> None:
    back = "learned, and what was learned before is taken back"
    learn(ana, "junk", STORED)
    learn(ana, "ham", STORED, said=back)
    assert evidence(ana) == (2.0, 0.0)
    learn(ana, "junk", STORED, said=back)
    assert evidence(ana) == (0.0, 1.0)
    learn(ana, "ham", STORED, said=back)
    assert evidence(ana) == (2.0, 0.0)
    domain = show(ana)["domain"]
    assert (domain["good"] <= 2.0, round(domain["bad"], 1)) == (True, 0.0)


def test_who_is_not_proven_counts_apart(ana: Office) -> None:
    learn(ana, "junk", UNPROVEN)
    assert (evidence(ana, STRANGER), unproven(ana, STRANGER)) == ((0.0, 0.0), [(0.0, 1.0)])
    learn(ana, "junk", UNPROVEN.replace("[192.0.2.77]", "[198.51.100.9]"))
    assert unproven(ana, STRANGER) == [(0.0, 1.0), (0.0, 1.0)]
    learn(ana, "junk", UNPROVEN.replace("[192.0.2.77]", "[192.0.2.99]").replace("<m1@", "<m2@"))
    assert sorted(unproven(ana, STRANGER)) == [(0.0, 1.0), (0.0, 2.0)], "one network is one name"


def test_results_that_the_sender_wrote_prove_nothing(ana: Office) -> None:
    """Ours stand above the Received of our own server; below the next one stands what came from outside."""
    forged = letter(DELIVERED + OURS + CLIENT + POSTFIX + RESULTS)
    learn(ana, "ham", forged)
    assert (evidence(ana), unproven(ana, LAURA)) == ((0.0, 0.0), [(2.0, 0.0)])


def test_what_the_owner_sent(ana: Office) -> None:
    learn(ana, "sent", SENT, "--user", ANA)
    assert (evidence(ana, STRANGER), evidence(ana)) == ((1.0, 0.0), (1.0, 0.0))
    learn(ana, "sent", SENT, "--user", ANA, said="learned before")
    assert evidence(ana) == (1.0, 0.0)


NIGHT = "2026-11-20T23:40:00+01:00"


def test_a_reply_is_withheld_from_whom_the_owner_wrote_to(ana: Office) -> None:
    """Ana opened on Friday at 16:00; at night she is closed."""
    before = json.loads(ana.explain("--json").stdout)
    assert before["reply"]["send"] is True
    learn(ana, "sent", letter(From=ANA, To=LAURA, Date="Fri, 20 Nov 2026 23:30:00 +0100"), "--at", NIGHT)
    after = json.loads(ana.explain("--json").stdout)
    assert (after["reply"]["send"], after["reasons"][-1]["code"]) == (False, "reply-withheld-owner-wrote")


@pytest.mark.parametrize("date", ["Fri, 20 Nov 2026 15:00:00 +0100", "Thu, 19 Nov 2026 23:50:00 +0100"])
def test_what_was_written_before_the_last_opening_withholds_no_reply(ana: Office, date: str) -> None:
    learn(ana, "sent", letter(From=ANA, To=LAURA, Date=date), "--at", NIGHT)
    assert json.loads(ana.explain("--json").stdout)["reply"]["send"] is True


def test_an_old_folder_of_sent_mail_is_no_news(ana: Office) -> None:
    learn(ana, "sent", SENT)
    old = "nothing to learn: written more than a day ago: an old letter that was copied here"
    learn(ana, "sent", letter(From=ANA, To=LAURA, Date="Mon, 9 Nov 2015 10:00:00 +0100"), said=old)
    assert evidence(ana) == (1.0, 0.0)


def test_a_promise_is_kept_by_writing(ana: Office, server: RedisServer) -> None:
    promised(server, laura=timedelta(hours=4))
    (before,) = [json.loads(one) for one in ana.run("promises", "--json").stdout.splitlines()]
    learn(ana, "sent", SENT, "--at", (NOW + timedelta(hours=3)).isoformat())
    (after,) = [json.loads(one) for one in ana.run("promises", "--json").stdout.splitlines()]
    assert (before["state"], after["state"]) == ("due", "kept")


def test_what_is_taken_back_of_a_stranger_was_never_his_domain_s(ana: Office) -> None:
    learn(ana, "junk", letter(DELIVERED + OURS + _proven("flores.example"), From=STRANGER))
    before = show(ana, "flores.example")["evidence"]
    learn(ana, "junk", UNPROVEN)
    learn(ana, "ham", UNPROVEN, said="learned, and what was learned before is taken back")
    after = show(ana, "flores.example")["evidence"]
    assert (round(after["bad"], 1), round(before["bad"], 1)) == (1.0, 1.0)


def _proven(domain: str) -> str:
    results = f"Authentication-Results: {MX}; dkim=pass header.d={domain}\n"
    return f"{results}Received: from {domain} by {MX} with ESMTPS id 4Zk; Fri, 20 Nov 2026 23:44:59 +0100\n"


def test_a_stranger_to_whom_the_owner_has_written_is_a_contact(ana: Office) -> None:
    envelope = ("--mail-from", STRANGER, "--rcpt-to", ANA, "--at", NIGHT, "--json", "-")
    mail = letter(From=f"Marta <{STRANGER}>", Message_ID="<m9@flores.example>").encode()
    before = json.loads(ana.run("explain", *envelope, given=mail).stdout)
    assert (before["sender_class"], before["reply"]["send"]) == ("prospect", True)
    learn(ana, "sent", letter(From=ANA, To=STRANGER, Date="Fri, 20 Nov 2026 12:00:00 +0100"), "--at", NIGHT)
    after = json.loads(ana.run("explain", *envelope, given=mail).stdout)
    assert (after["sender_class"], after["keywords"], after["reply"]["send"]) == ("contact", ["$Contact"], False)
    assert show(ana, STRANGER)["leads_to"]["sender_class"] == "contact"


NOTHING = [
    ("junk", letter("Delivered-To: ana@casa.example\n" + POSTFIX), (), "a personal identity: of personal mail no"),
    ("junk", STORED.replace("Recado-Identity: studio\n", ""), ("--user", "ana@casa.example"), "a personal identity"),
    ("sent", letter(From="ana@casa.example", To=LAURA), (), "a personal identity"),
    ("junk", STORED, ("--user", "somebody@else.example"), "this mailbox is no owner's"),
    ("junk", letter(From=LAURA, To="somebody@else.example"), (), "it was sent to no owner"),
    ("junk", letter(DELIVERED + OURS, From=ANA), (), "it was sent from an owner's own address"),
    ("junk", letter("Delivered-To: ana@estudio.example\n", From=""), (), "it names no sender"),
    ("sent", letter(From=LAURA, To=ANA), (), "not written from an address of the owner"),
    ("sent", letter(From=ANA, To="hola@estudio.example"), (), "written to nobody but the owners themselves"),
    ("sent", letter(From=ANA, To=LAURA, Auto_Submitted="auto-replied"), (), "sent by the mail program itself"),
    ("sent", letter(From=ANA, To=", ".join(f"p{n}@x.example" for n in range(51))), (), "written to more than 50"),
    ("ham", "no header at all", (), "it has no header"),
]


@pytest.mark.parametrize(("lesson", "content", "options", "why"), NOTHING)
def test_what_teaches_nothing_says_so(
    ana: Office, server: RedisServer, lesson: str, content: str, options: tuple[str, ...], why: str
) -> None:
    result = ana.run("learn", lesson, *options, given=content.encode())
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"recado learn {lesson}: nothing to learn: {why}")
    assert server.command("DBSIZE") == b":0\r\n"


@pytest.mark.parametrize("user", [ANA, "hola@estudio.example", "ANA@Estudio.Example", "ana"])
def test_the_mailbox_may_be_named_in_several_ways(ana: Office, user: str) -> None:
    learn(ana, "junk", STORED, f"--user={user}")
    assert evidence(ana) == (0.0, 1.0)


def test_a_file(ana: Office) -> None:
    result = ana.run("learn", "junk", ana.write("message.eml", STORED))
    assert (result.exit_code, evidence(ana)) == (0, (0.0, 1.0))


@pytest.mark.parametrize(
    ("words", "given", "why"),
    [
        ((), b"", "say what became of the message: junk, ham or sent"),
        (("spam",), b"", "'spam' is not one of 'junk', 'ham', 'sent'"),
        (("junk",), b" \n", "there is no message in it"),
        (("junk", "/no/such.eml"), b"", "No such file or directory; give a file with one message"),
        (("junk", "--waiting"), b"", "--waiting takes no message"),
    ],
)
def test_wrong_usage(ana: Office, words: tuple[str, ...], given: bytes, why: str) -> None:
    result = ana.run("learn", *words, given=given)
    assert (result.exit_code, why in result.output) == (2, True), result.output


def test_nothing_of_the_message_is_printed(ana: Office) -> None:
    for lesson in ("junk", "ham", "sent"):
        result = ana.run("learn", lesson, given=STORED.encode())
        assert not [one for one in ("tienda", "laura", "ana@", "acme") if one in result.output.lower()]


# When the store is away


def test_it_waits_in_the_outbox_and_is_applied_once(office: Office) -> None:
    office.state.mkdir()
    (office.state / "secret").write_text(SECRET.hex())
    for _ in range(2):
        result = office.run("learn", "junk", given=STORED.encode())
        assert (result.exit_code, result.stdout) == (0, "recado learn junk: not yet learned\n")
        assert "the store does not answer" in result.stderr and result.stderr.count("\n") == 1
    waiting = [event_json.decode(one.read_bytes()) for one in (office.state / "outbox").glob("*.json")]
    assert {one.evidence[0].sender.name for one in waiting} == {LAURA}
    assert len({one.id for one in waiting}) == 1, "settled twice it counts once"


def test_nothing_has_run_here(office: Office) -> None:
    result = office.run("learn", "junk", given=STORED.encode())
    assert (result.exit_code, "recado serve has not run here" in result.output) == (1, True)


# In the background, as Dovecot calls it


def recado(ana: Office, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("recado")
    return subprocess.run(
        [program, *words, "--config", ana.file], input=given, capture_output=True, text=True, check=False
    )


def test_later(ana: Office) -> None:
    done = recado(ana, "learn", "--later", "junk", f"--user={ANA}", given=STORED)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    wait_until(lambda: evidence(ana) == (0.0, 1.0), "the message to be learned")
    folder = learn_waiting.directory(ana.file)
    wait_until(lambda: not learn_waiting.listed(folder), "nothing to wait any more")


def test_a_whole_folder_is_learned_by_one_process(ana: Office) -> None:
    """The first is learned in the background; whoever comes meanwhile starts nothing."""
    folder = learn_waiting.directory(ana.file)
    learn_waiting.make(folder)
    with learn_waiting.alone(folder):
        for number in range(5):
            content = letter(DELIVERED + OURS + RESULTS + POSTFIX, Message_ID=f"<{number}@acme.example>")
            assert recado(ana, "learn", "--later", "junk", given=content).returncode == 0
        assert len(learn_waiting.listed(folder)) == 5
    assert recado(ana, "learn", "--later", "junk", given=STORED).returncode == 0
    wait_until(lambda: evidence(ana) == (0.0, 6.0), "all of them to be learned")
    wait_until(lambda: not learn_waiting.listed(folder), "nothing to wait any more")


def test_many_at_once_and_in_order(ana: Office) -> None:
    folder = learn_waiting.directory(ana.file)
    for at, lesson in enumerate(["junk", "ham", "junk", "ham"], start=time.time_ns()):
        learn_waiting.put(folder, lesson, ANA, STORED.encode(), at)
    learn_waiting.put(folder, "sent", None, SENT.encode(), time.time_ns())
    done = recado(ana, "learn", "--waiting")
    assert done.returncode == 0, done.stderr
    assert evidence(ana)[1] == 0.0 and evidence(ana, STRANGER) == (1.0, 0.0)
    assert learn_waiting.listed(folder) == []


def test_what_waits_is_the_header_alone_and_nobody_else_may_read_it(ana: Office) -> None:
    folder = learn_waiting.directory(ana.file)
    learn_waiting.put(folder, "junk", "ana/../x", STORED.encode(), 1)
    (one,) = learn_waiting.listed(folder)
    assert (one.lesson, one.user, one.path.parent) == ("junk", "ana/../x", folder)
    assert b"Hola" not in one.path.read_bytes() and b"From: Laura" in one.path.read_bytes()
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder away")
def test_what_root_does_by_hand_leaves_the_folder_to_the_service(ana: Office) -> None:
    folder = learn_waiting.directory(ana.file)
    os.chown(folder.parent, 65534, 65534)
    learn_waiting.put(folder, "junk", ANA, STORED.encode(), time.time_ns())
    assert recado(ana, "learn", "--waiting").returncode == 0
    assert {one.stat().st_uid for one in (folder, *folder.iterdir())} == {65534}


def test_while_somebody_else_learns_it_waits(ana: Office) -> None:
    folder = learn_waiting.directory(ana.file)
    learn_waiting.put(folder, "junk", ANA, STORED.encode(), time.time_ns())
    with learn_waiting.alone(folder) as alone:
        assert alone
        assert recado(ana, "learn", "--waiting").returncode == 0
        assert len(learn_waiting.listed(folder)) == 1
    assert recado(ana, "learn", "--waiting").returncode == 0
    assert (learn_waiting.listed(folder), evidence(ana)) == ([], (0.0, 1.0))


def test_a_file_that_cannot_be_read_does_not_keep_the_others_waiting(ana: Office) -> None:
    folder = learn_waiting.directory(ana.file)
    learn_waiting.make(folder)
    (folder / "00000000000000000001-junk-x.1.eml").mkdir()
    learn_waiting.put(folder, "junk", ANA, STORED.encode(), time.time_ns())
    done = recado(ana, "learn", "--waiting")
    assert evidence(ana) == (0.0, 1.0), done.stderr


@pytest.mark.parametrize("broken", ["", "state_dir = 7\n", 'state_dir = "/proc/nowhere"\n'])
def test_the_move_never_fails(office: Office, broken: str) -> None:
    office.write("recado.toml", broken or "[broken")
    done = recado(office, "learn", "--later", "junk", given=STORED)
    assert (done.returncode, done.stderr.startswith("recado learn junk: not learned: ")) == (0, True), done.stderr
    if not broken:
        assert f"not learned: {office.file}: " in done.stderr, "it stands in Dovecot's log, far from any recado.toml"
