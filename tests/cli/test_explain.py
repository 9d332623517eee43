"""`recado explain`: one message, for a person and for a script, against the store of the daemon, read only."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import Result

from milter.cli import rehearsal
from milter.cli.letters import Letter
from milter.cli.stored import message_of
from milter.service import Service
from milter.settings import load
from milter.store.redis import RedisStore
from tests.cli.office import CONTRACT, DELIVERED, LETTER, NIGHT, POSTFIX, RESULTS, Office, codes, letter
from tests.doubles.redis_server import RedisServer, redis_server

SAID = """\
ana@estudio.example (studio, business)
  when   Fri 20 Nov 2026 23:45 Europe/Madrid
  who    client ACME Veterinaria
  where  Clientes/ACME Veterinaria
  tags   $Client $Plan-silver
  then   reply closed (es), Fri 23:45, to laura@acme.example
  why    The author's domain is listed with this client. sender-is-client-domain
  why    Filed with the client. mail-filed-client
  why    Closed: the client gets an acknowledgement. reply-due-client (closed
         (es: the client's setting))
  proof  unsigned, and the client is not known
"""


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as one:
        yield one


@pytest.fixture
def live(office: Office, redis: RedisServer) -> Office:
    """An office whose daemon has run: there is a secret, and a store that is its own."""
    office.change('"embedded"', f'"{redis.url}"')
    assert load(office.file).settings, "makes the secret"
    return office


def deliver(office: Office, at: str) -> frozenset[str]:
    """What the daemon does with Laura's mail of that instant."""
    settings = rehearsal.settings_of(office.file)
    one = Letter("1", message_of(LETTER), "laura@acme.example", ("ana@estudio.example",), datetime.fromisoformat(at))

    async def carry() -> frozenset[str]:
        store = RedisStore(settings.redis_url, settings.policy.keys, state_dir=settings.state_dir)
        try:
            await store.prepare(one.at)
            service = Service(settings, store, keep=lambda event: None)
            examination = await service.examine(rehearsal.transaction(one, 1, settings), "lmtp:unix:/dovecot")
            return (await service.settle(examination, [rehearsal.DELIVERED])).claimed
        finally:
            await store.close()

    return asyncio.run(carry())


def answer(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    (line,) = result.stdout.splitlines()
    found: dict[str, object] = json.loads(line)
    return found


def test_for_a_person(live: Office) -> None:
    result = live.explain()
    assert (result.exit_code, result.stdout, result.stderr) == (0, SAID, "")


def test_for_a_script_as_replay_says_it(live: Office) -> None:
    explained = answer(live.explain("--json"))
    (replayed,) = live.replay(live.manifest({"id": "-"}))
    assert explained == replayed


def test_what_the_daemon_knows_counts(live: Office, redis: RedisServer) -> None:
    assert len(deliver(live, "2026-11-20T23:40:00+01:00")) == 1
    before = redis.command("DEBUG", "DIGEST")
    known = answer(live.explain("--json"))
    assert codes(known)[-1] == "reply-withheld-answered"
    assert redis.command("DEBUG", "DIGEST") == before, "read only"
    said = live.explain().stdout
    assert "then   no reply: This person was answered in this period already\n" in said
    # The next closed period is another one.
    later = live.run("explain", "--mail-from", "laura@acme.example", "--rcpt-to", "ana@estudio.example",
                     "--at", "2026-11-28T10:00", "--json", CONTRACT / "mail" / "client-night.eml")  # fmt: skip
    assert answer(later)["reply"]["send"]  # type: ignore[index]


def test_a_store_that_nobody_uses_stays_empty(live: Office, redis: RedisServer) -> None:
    assert answer(live.explain("--json"))["reply"]["send"]  # type: ignore[index]
    assert redis.keys("*") == []


def test_without_the_store_it_says_that_history_is_unknown(live: Office, redis: RedisServer) -> None:
    redis.stop()
    result = live.explain("--json")
    assert "reply-unsure-claims" in codes(answer(result)) and answer(result)["reply"]["send"]  # type: ignore[index]
    assert result.stderr.startswith("note: history unknown, so nobody counts as answered already: ConnectionError")


def test_without_the_secret_it_does_not_take_everybody_for_new(live: Office) -> None:
    """With another secret every name in the store is another."""
    deliver(live, "2026-11-20T23:40:00+01:00")
    (live.state / "secret").unlink()
    result = live.explain()
    assert "history unknown" in result.stderr and "state/secret yet" in " ".join(result.stderr.split())


def test_nothing_is_made(office: Office) -> None:
    """No daemon has ever run here."""
    before = sorted(office.folder.rglob("*"))
    assert office.explain("--render").exit_code == 0
    assert sorted(office.folder.rglob("*")) == before


def test_the_reply_as_it_is_read(live: Office) -> None:
    said = live.explain("--render").stdout.removeprefix(SAID)
    assert said.startswith("\nFrom: Ana Souto <ana@estudio.example>\nTo: Laura <laura@acme.example>\n")
    assert "\n\nHola, Laura:\n\nTu mensaje ha llegado bien" in said
    reply = answer(live.explain("--render", "--json"))["reply"]
    assert base64.b64decode(reply["raw"]).startswith(b"From: ")  # type: ignore[index]
    assert "raw" not in answer(live.explain("--json"))["reply"]  # type: ignore[operator]


def test_what_was_proven_is_told_with_who_says_so(live: Office) -> None:
    stored = letter(DELIVERED + RESULTS + POSTFIX).encode()
    proof = " ".join(live.explain(given=stored).stdout.partition("  proof  ")[2].split())
    assert "spf=pass" in proof and proof.endswith("(says mx.estudio.example)")
    personal = ("explain", "--mail-from", "primo@familia.example", "--rcpt-to", "ana@casa.example", "--at", NIGHT, "-")
    untouched = live.run(*personal, given=b"From: primo@familia.example\nTo: ana@casa.example\n\nHola\n").stdout
    assert "passed untouched" in untouched and "proof" not in untouched


def test_a_stored_mail_is_explained_as_it_arrived(live: Office) -> None:
    live.change('= "anyone"', '= "authenticated"')
    inside = "Recado-Identity: studio\nRecado-Class: client\n"
    for head in (RESULTS + POSTFIX, DELIVERED + POSTFIX + RESULTS, DELIVERED + inside + RESULTS + POSTFIX):
        assert answer(live.explain("--json", given=letter(head).encode()))["reply"]["send"]  # type: ignore[index]
    assert not answer(live.explain("--json", given=letter(POSTFIX + POSTFIX + RESULTS).encode()))["reply"]["send"]  # type: ignore[index]


def test_now_is_told_from_then(live: Office) -> None:
    envelope = ("--mail-from", "laura@acme.example", "--rcpt-to", "ana@estudio.example")
    old = letter(Date="Fri, 20 Nov 2020 23:44:51 +0100").encode()
    note = "note: decided as of now; as of its arrival: --at 2020-11-20T23:44:51+01:00\n"
    assert live.run("explain", *envelope, "-", given=old).stderr == note
    assert live.run("explain", *envelope, "--at", NIGHT, "-", given=old).stderr == ""


def test_an_address_of_nobody(live: Office) -> None:
    result = live.run("explain", "--mail-from", "<>", "--rcpt-to", "x@else.example", "-", given=LETTER)
    assert result.stdout == "x@else.example: This address belongs to no owner: passed untouched.\n"
    assert "the owners' addresses are ana@estudio.example, hola@estudio.example," in result.stderr


def test_the_null_reverse_path(live: Office) -> None:
    for null in ("", "<>"):
        result = live.run(
            "explain", "--mail-from", null, "--rcpt-to", "<ana@estudio.example>", "--json", "-", given=LETTER
        )
        assert "sender-automatic-null" in codes(answer(result))


@pytest.mark.parametrize(
    ("arguments", "given", "code", "told"),
    [
        (("--rcpt-to", "ana"), LETTER, 2, "'ana' is no address; write for example ana@estudio.example"),
        (("--rcpt-to", ""), LETTER, 2, "'' is no address"),
        (("--at", "tonight"), LETTER, 2, "'tonight' is no instant; write ISO 8601"),
        ((), b"", 1, "standard input: is empty; give one whole message"),
        ((), b"\n\n", 1, "standard input: is empty; give one whole message"),
        ((), b"just words\n", 1, "standard input: no header field in it; give one whole message"),
        (("away.eml",), LETTER, 1, "away.eml: No such file or directory; give a file with one message, or -"),
        ((".",), LETTER, 1, ".: Is a directory; give a file with one message"),
    ],
)
def test_mistakes(live: Office, arguments: tuple[str, ...], given: bytes, code: int, told: str) -> None:
    file = () if arguments and not arguments[0].startswith("--") else ("-",)
    envelope = ("--mail-from", "laura@acme.example", "--rcpt-to", "ana@estudio.example")
    result = live.run("explain", *envelope, *arguments, *file, given=given)
    assert (result.exit_code, result.stdout) == (code, "")
    assert told in " ".join(result.stderr.replace("│", " ").split())


def test_an_mbox_of_one(live: Office, tmp_path: Path) -> None:
    file = live.write("saved", b"From laura@acme.example Fri Nov 20 22:45:00 2026\n" + LETTER)
    envelope = ("--mail-from", "laura@acme.example", "--rcpt-to", "ana@estudio.example", "--at", NIGHT)
    assert answer(live.run("explain", *envelope, "--json", file))["sender_class"] == "client"
