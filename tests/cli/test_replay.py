"""`recado replay`: what it reads, what it decides, and that it leaves nothing behind."""

import base64
import email
import email.policy
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from milter.cli.configuration import settings_in
from milter.core import bounces
from milter.core.reply_job import ClaimKey, ReplyKind
from milter.store.layout import Layout
from tests.cli.office import CONTRACT, DELIVERED, LETTER, NIGHT, POSTFIX, RESULTS, Office, codes, letter


def subset(whole: dict[str, Any], keys: dict[str, Any]) -> dict[str, Any]:
    return {key: subset(whole[key], value) if isinstance(value, dict) else whole[key] for key, value in keys.items()}


def test_the_contract(office: Office) -> None:
    answers = office.replay(CONTRACT / "replay.jsonl")
    expected = [json.loads(line) for line in (CONTRACT / "replay.expected.jsonl").read_text().splitlines()]
    assert [subset(one, keys) for one, keys in zip(answers, expected, strict=True)] == expected


def test_every_answer_has_its_reasons(office: Office) -> None:
    for one in office.replay(CONTRACT / "replay.jsonl"):
        last = one["reasons"][-1]
        assert last["code"].startswith("reply-due-" if one["reply"]["send"] else "reply-withheld-")
        assert last["text"].endswith(".")
        assert set(last) == {"code", "text", "evidence"}


# What it reads

MBOX = "From laura@acme.example Fri Nov 20 22:45:00 2026\n"
SOURCES: list[tuple[str, str, str]] = [
    ("Maildir/cur/1795214700.M1.mx:2,S", letter(), "Maildir"),
    ("Maildir/new/1795214700.M1.mx", letter(), "Maildir"),
    ("mail.mbox", MBOX + letter() + "\n", "mail.mbox"),
    ("mail", MBOX + letter() + "\n", "mail"),
    ("crlf.mbox", (MBOX + letter() + "\n").replace("\n", "\r\n"), "crlf.mbox"),
    ("thunderbird", "From - Fri Nov 20 23:45:00 2026\nX-Mozilla-Status: 0001\n" + letter() + "\n", "thunderbird"),
    ("exported/a/1.eml", letter(), "exported"),
    ("exported/1.EML", letter(), "exported"),
    ("one.eml", letter(), "one.eml"),
    ("one.eml", letter().replace("\n", "\r\n"), "one.eml"),
    ("one.eml", MBOX + letter(), "one.eml"),
    ("saved", letter(), "saved"),
]


@pytest.mark.parametrize(("file", "content", "source"), SOURCES, ids=[f"{one[0]}-{n}" for n, one in enumerate(SOURCES)])
def test_one_message_wherever_it_lies(office: Office, file: str, content: str, source: str) -> None:
    office.write(file, content)
    (answer,) = office.replay(office.folder / source)
    assert (answer["sender_class"], answer["client"], answer["rcpt_to"]) == ("client", "acme", "ana@estudio.example")
    assert (answer["at"], answer["reply"]["template"]) == ("2026-11-20T23:44:51+01:00", "closed")


def test_a_maildir_without_its_subfolders_in_the_order_of_arrival(office: Office) -> None:
    def on(day: int) -> str:
        return letter(Date=f"{day} Nov 2026 10:00 +0100", Message_ID=f"<{day}@acme.example>")

    box = office.maildir("Maildir", cur_3=on(3), new_1=on(1), cur_2=on(2), tmp_4=on(4), _Sent_cur_5=on(5), cur_4=on(4))
    office.write("Maildir/dovecot.index", "no mail")
    office.write("Maildir/cur/.hidden", "no mail")
    assert [one["id"] for one in office.replay(box)] == ["1", "2", "3", "4"]
    assert [one["id"] for one in office.replay("--limit", "2", box)] == ["1", "2"]
    assert office.replay(office.maildir("Empty")) == []


def test_an_mbox_is_cut_only_where_a_message_begins(office: Office) -> None:
    body = "Hola\n\nFrom the start at 10:00 it was slow.\nFrom here: 10:00\n>From quoted\n\n"
    first = letter(body=body)
    second = letter(Date="Fri, 20 Nov 2026 22:00:00 +0100", Message_ID="<a2@acme.example>", body="Adiós\n")
    box = office.write("mail", MBOX + first + "\n" + MBOX + second + "\n" + MBOX + letter(To="x@else.example"))
    assert [one["id"] for one in office.replay(box)] == ["mail#2", "mail#1", "mail#3"]


def test_when_it_arrived(office: Office) -> None:
    """The topmost Received with a date, else Date, else the Maildir's name; never a year that is none."""
    for name, content in {
        "received": letter("Received: from a by b; Sat, 21 Nov 2026 10:00:00 +0100\n" + POSTFIX),
        "undated": letter("Received: from a by b; sometime\nReceived: from a by b; Sat, 21 Nov 2026 11:00:00 +0100\n"),
        "date": letter(Date="Sat, 21 Nov 2026 12:00:00 +0100 (CET)"),
        "1795258800.M1.mx": letter(Date=""),
        "1795262400.M1.mx": letter(Date="Thu, 1 Jan 1970 00:00:00 +0000"),
        "1795266000.M1.mx": letter(Date="Sat, 99 Nov 99999 00:00:00 +9999"),
    }.items():
        office.maildir("Maildir", **{f"cur_{name}": content})
    answers = {one["id"]: one["at"][11:16] for one in office.replay(office.folder / "Maildir")}
    assert list(answers.values()) == ["10:00", "11:00", "12:00", "12:00", "13:00", "14:00"]


ENVELOPES: list[tuple[str, str, str, str | None]] = [
    # What lies on top; whom the reply would go to, and which address it was sent to. None: no reply, to a null path.
    ("Return-Path: <pena@acme.example>\n", "", "ana@estudio.example", "pena@acme.example"),
    ("Return-Path: <>\n", "", "ana@estudio.example", None),
    ("Received: from a by b (envelope-from <l+x@acme.example>)\n\tid 1; x\n", "", "ana@estudio.example", "l+x@acme.example"),
    ("", "", "ana@estudio.example", "laura@acme.example"),
    ("Delivered-To: hola@estudio.example\n", "", "hola@estudio.example", "laura@acme.example"),
    ("X-Original-To: hola@estudio.example\nDelivered-To: ana@estudio.example\n", "", "hola@estudio.example", "laura@acme.example"),
    ("Received: from a by b for <hola@estudio.example>; x\n", "", "hola@estudio.example", "laura@acme.example"),
    ("Delivered-To: archive@else.example\n", "hola@estudio.example, x@y.example", "hola@estudio.example", "laura@acme.example"),
]  # fmt: skip


@pytest.mark.parametrize(("head", "to", "rcpt_to", "answered"), ENVELOPES)
def test_the_envelope_that_a_stored_message_tells_of(
    office: Office, head: str, to: str, rcpt_to: str, answered: str | None
) -> None:
    text = letter(head, To=to or "ana@estudio.example, hola@estudio.example", From="Laura <laura@acme.example>")
    (answer,) = office.replay(office.write("one.eml", text))
    assert answer["rcpt_to"] == rcpt_to
    assert answer["reply"].get("rcpt_to") == answered
    assert answered or "reply-withheld-null" in codes(answer)


OURS = (
    "Recado-Identity: studio\nRecado-Class: client\nRecado-Keywords: $Client\n"
    "Recado-Reason: sender-is-client-domain\nRecado-Hop: 0123\n"
)
REINJECTED = POSTFIX.replace("4Zk", "5Zk")
BELIEVED = {
    "as handed to the door": RESULTS + POSTFIX,
    "delivered without Recado": DELIVERED + RESULTS + POSTFIX,
    "delivered, added below our own Received": DELIVERED + POSTFIX + RESULTS,
    "delivered by Recado's LMTP door": DELIVERED + OURS + RESULTS + POSTFIX,
    "delivered by Recado's SMTP door": DELIVERED + REINJECTED + OURS + RESULTS + POSTFIX,
    "results that arrived were kept": DELIVERED + OURS + POSTFIX + RESULTS,
    "Postfix's own delivery": "Return-Path: <laura@acme.example>\nX-Original-To: ana@estudio.example\n"
    "Delivered-To: ana@estudio.example\n" + POSTFIX + RESULTS,
    "no Received at all": RESULTS,
}
FORGED = {
    "none": DELIVERED + POSTFIX,
    "below what others added": DELIVERED + POSTFIX + "X-Spam: no\n" + RESULTS,
    "of another server": DELIVERED + POSTFIX + RESULTS.replace("mx.estudio", "mx.acme"),
    "below a Received of theirs": POSTFIX + POSTFIX + RESULTS,
}


@pytest.mark.parametrize("head", BELIEVED.values(), ids=BELIEVED)
def test_results_in_our_name_are_believed_where_we_put_them(office: Office, head: str) -> None:
    office.change('= "anyone"', '= "authenticated"')
    (answer,) = office.replay(office.write("one.eml", letter(head)))
    assert (answer["reply"]["send"], answer["reply"].get("template")) == (True, "closed"), codes(answer)


@pytest.mark.parametrize("head", FORGED.values(), ids=FORGED)
def test_and_nowhere_else(office: Office, head: str) -> None:
    office.change('= "anyone"', '= "authenticated"')
    (answer,) = office.replay(office.write("one.eml", letter(head)))
    assert codes(answer)[-1] == "reply-withheld-unauthenticated"


def test_a_mail_that_was_moved_is_replayed_at_the_address_it_was_sent_to(office: Office) -> None:
    """It lies in the business mailbox, with our marks: sent to the personal address it was."""
    head = DELIVERED + OURS.replace("studio", "home") + RESULTS + POSTFIX
    (answer,) = office.replay(office.write("one.eml", letter(head, To="ana@casa.example")))
    assert (answer["rcpt_to"], answer["mailbox"]) == ("ana@casa.example", "ana@estudio.example")
    assert answer["reply"]["template"] == "wrong-address"


def test_a_mail_to_nobody_is_said(office: Office) -> None:
    box = office.maildir("Maildir", cur_1=letter(), cur_2=letter(To="list@else.example"), cur_3=letter(To=""))
    answers = {one["id"]: one for one in office.replay(box)}
    assert [answers[one]["rcpt_to"] for one in "123"] == ["ana@estudio.example", "list@else.example", ""]
    assert (answers["2"]["identity"], codes(answers["2"])) == (None, ["passed-no-owner"])
    assert "      2  to no owner's address" in office.run("replay", box).stdout.splitlines()


def test_files_that_are_no_messages_are_said(office: Office) -> None:
    box = office.maildir("Maildir", cur_1=letter(), cur_2="")
    result = office.run("replay", "--json", box)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)
    assert result.stderr == "skipped 2: is empty\n"
    said = office.run("replay", box).stdout
    assert "skipped 2: is empty\n" in said and "1 file could not be read." in said


# What it decides


def test_a_closed_period_is_announced_once_unless_all_is_forgotten(office: Office) -> None:
    again = {"at": "2026-11-21T10:00:00+01:00"}
    answers = office.replay(office.manifest({}, again, again | {"fresh": True}, again | {"fresh": False}))
    assert [one["reply"]["send"] for one in answers] == [True, False, True, False]
    assert codes(answers[1])[-1] == "reply-withheld-answered"


def test_two_equal_messages_are_two_messages(office: Office) -> None:
    answers = office.replay(office.manifest({}, {}))
    assert [one["reply"]["send"] for one in answers] == [True, False]


def test_several_recipients_have_an_object_each_and_an_owner_replies_once(office: Office) -> None:
    bea = (office.folder / "owners" / "ana.toml").read_text().replace("estudio.example", "taller.example")
    office.write("owners/bea.toml", bea.replace("casa.example", "hogar.example"))
    to = ["ana@estudio.example", "hola@estudio.example", "ana@taller.example", "x@else.example"]
    office.write("letter.eml", letter(To=", ".join(to)))
    manifest = office.manifest({"rcpt_to": to})
    office.write("letter.eml", letter(To=", ".join(to)))
    answers = office.replay(manifest)
    assert [one["rcpt_to"] for one in answers] == to
    assert [one["reply"]["send"] for one in answers] == [True, False, True, False]
    assert codes(answers[1])[-1] == "reply-withheld-one-a-message"


def test_the_opening_is_there_whenever_it_is_closed(office: Office) -> None:
    office.write("stranger.eml", letter(From="marta@flores.example"))
    office.write("spam.eml", letter("X-Spam-Flag: YES\n"))
    office.write("cousin.eml", letter(From="primo@familia.example"))
    night, answered, stranger, spam, day, personal = office.replay(
        office.manifest(
            {},
            {},
            {"file": "stranger.eml", "mail_from": "marta@flores.example"},
            {"file": "spam.eml"},
            {"at": "2026-11-20T17:00:00+01:00"},
            {"file": "cousin.eml", "rcpt_to": ["ana@casa.example"]},
        )
    )
    assert {one["reply"]["opens"] for one in (night, answered, stranger, spam)} == {"2026-11-23T16:00:00+01:00"}
    assert night["reply"]["send"] and not answered["reply"]["send"]
    assert "opens" not in day["reply"] and "opens" not in personal["reply"]


def test_the_opening_is_there_also_beside_a_text_that_does_not_tell_it(office: Office) -> None:
    office.change("pointer   = false", "pointer   = true", "owners/ana.toml")
    office.write("cousin.eml", letter(From="primo@familia.example"))
    (answer,) = office.replay(office.manifest({"file": "cousin.eml", "mail_from": "primo@familia.example"}))
    assert (answer["reply"]["template"], answer["reply"]["opens"]) == ("pointer", "2026-11-23T16:00:00+01:00")


def test_the_reply_leaves_from_the_bounce_address(office: Office) -> None:
    assert office.replay(office.manifest({}))[0]["reply"]["mail_from"] == ""
    office.change('bounce_address = ""', 'bounce_address = "recado-bounce@estudio.example"')
    two = office.replay(office.manifest({}, {"mail_from": "eva@acme.example", "fresh": True}))
    first, second = (one["reply"]["mail_from"] for one in two)
    assert first.startswith("recado-bounce+") and first.endswith("@estudio.example")
    assert first != second
    policy = settings_in(office.file).policy
    record = bounces.returned_to(policy, first, datetime.fromisoformat(NIGHT))
    claim = ClaimKey("ana", "studio", "laura@acme.example", ReplyKind.ACKNOWLEDGEMENT)
    assert record is not None and record[1:] == Layout(policy.keys).record(claim)


def test_shadow_shows_the_reply_and_does_not_send_it(office: Office) -> None:
    office.change('= "live"', '= "shadow"')
    (answer,) = office.replay(office.manifest({}))
    assert (answer["reply"]["send"], answer["reply"]["template"]) == (False, "closed")
    assert codes(answer)[-1] == "reply-shadow-mode"
    said = office.run("replay", office.manifest({})).stdout
    assert "They are in shadow: recorded and shown, not sent" in said
    office.change('= "shadow"', '= "live"')
    assert "shadow" not in office.run("replay", office.manifest({})).stdout


def test_the_reply_itself(office: Office) -> None:
    (answer,) = office.replay("--render", office.manifest({}))
    raw = base64.b64decode(answer["reply"]["raw"])
    reply = email.message_from_bytes(raw, policy=email.policy.default)
    assert reply["In-Reply-To"] == "<a1@acme.example>" and b"\r\n\r\n" in raw
    assert "raw" not in office.replay(office.manifest({}))[0]
    said = office.run("replay", "--render", office.manifest({})).stdout
    assert "    Subject: Respuesta automática: La tienda no carga\n" in said
    assert "    Hola, Laura:\n" in said


# What it is told wrong

WRONG = [
    ("{", "not JSON (Expecting property name"),
    ("[]", "not an object; write one a line"),
    ({"id": None}, 'id: missing or no text; write "id"'),
    ({"file": None}, "file: missing; write"),
    ({"file": "away.eml"}, "away.eml: No such file or directory; write its place relative to the manifest"),
    ({"file": "a\0b"}, "embedded null byte"),
    ({"mail_from": None}, 'mail_from: missing; write "laura@acme.example", or "" for the null reverse-path'),
    ({"rcpt_to": "ana@estudio.example"}, 'rcpt_to: no list of addresses; write ["ana@estudio.example"]'),
    ({"rcpt_to": []}, "rcpt_to: empty; write"),
    ({"rcpt_to": [1]}, "rcpt_to: no list of addresses; write"),
    ({"at": None}, "at: missing; write 2026-11-20T23:45:00+01:00"),
    ({"at": "night"}, "at: 'night' is no instant; write"),
    ({"at": "2026-11-20T23:45:00"}, "has no offset; write 2026-11-20T23:45:00+01:00, or Z"),
    ({"at": "0001-01-01T00:00:00+01:00"}, "not in this age"),
    ({"fresh": "yes"}, "fresh: no flag; write true or false"),
]


@pytest.mark.parametrize(("line", "told"), WRONG, ids=[one[1][:20] for one in WRONG])
def test_a_wrong_line_is_named(office: Office, line: dict[str, Any] | str, told: str) -> None:
    result = office.run("replay", "--json", office.manifest({}, "", line))
    assert (result.exit_code, len(result.stdout.splitlines())) == (1, 1), "what stands before it is decided"
    assert f"cases.jsonl:3: {told}" in result.stderr.replace(f"{office.folder}/", "") or told in result.stderr
    assert "cases.jsonl:3: " in result.stderr


def test_a_manifest_may_be_empty_and_its_paths_absolute(office: Office) -> None:
    assert office.replay(office.write("none.jsonl", "")) == []
    file = office.write("elsewhere/letter.eml", LETTER)
    assert office.replay(office.manifest({"file": str(file), "mail_from": "<laura@acme.example>"}))[0]["reply"]["send"]
    marked = office.write("marked.jsonl", "\ufeff" + office.manifest({}).read_text())
    assert len(office.replay(marked)) == 1, "with the byte order mark of other systems"
    (answer,) = office.replay(office.manifest({"mail_from": "<>"}))
    assert "sender-automatic-null" in codes(answer)


def test_no_source(office: Office) -> None:
    (office.folder / "empty").mkdir()
    for name, content, told in (
        ("away", None, "away: No such file or directory; give a Maildir, an mbox, a folder of .eml files"),
        ("empty", None, "empty: neither a Maildir (it has cur and new) nor a folder with .eml files in it"),
        ("nothing", "", "nothing: is empty; give a file with messages in it"),
        ("from", "From time to time\n", "from: no message found in it; an mbox has a line"),
        ("latin.jsonl", b"\xe9", "latin.jsonl: not UTF-8"),
    ):
        file = office.write(name, content) if content is not None else office.folder / name
        result = office.run("replay", file)
        assert (result.exit_code, result.stdout) == (1, "")
        assert told in result.stderr.replace(f"{office.folder}/", "")


def test_nobody_to_decide_for(office: Office) -> None:
    (office.folder / "owners" / "ana.toml").unlink()
    result = office.run("replay", office.write("one.eml", LETTER))
    assert (result.exit_code, result.stdout) == (2, "")
    assert 'no file matches "owners/*.toml"' in result.stderr


def test_nothing_is_left_behind(office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manifest = office.manifest({}, {"rcpt_to": ["ana@casa.example"], "fresh": True})
    before = {one: one.stat().st_mtime_ns for one in office.folder.rglob("*") if one.is_file()}
    scratch = tmp_path / "run"
    scratch.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(scratch))
    monkeypatch.chdir(scratch)
    assert len(office.replay("--render", manifest)) == 2
    assert {one: one.stat().st_mtime_ns for one in office.folder.rglob("*") if one.is_file()} == before
    assert not office.state.exists()
    assert list(scratch.iterdir()) == []


def test_mail_is_read_as_it_is(office: Office) -> None:
    """Bytes that are no UTF-8, control characters, names that are no text: nothing stops it, nothing reaches the terminal."""
    odd = letter(
        From="\x1b[31m<laura@acme.example>", Subject="\x1b]0;x\x07", Return_Path="<\x1b[2Jx@acme.example>"
    ).encode()
    file = Path(os.fsdecode(bytes(office.maildir("Maildir")) + b"/cur/\xff\x1b1"))
    file.write_bytes(odd + b"\xff\xfe\x00")
    (answer,) = office.replay(office.folder / "Maildir")
    assert answer["at"] == NIGHT.replace("45:00", "44:51")
    assert "\x1b" not in office.run("replay", office.folder / "Maildir").stdout
