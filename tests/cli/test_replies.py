"""`recado replies`: what became of them, as a freelancer reads it; and switching them off, shadow, live."""

import asyncio
import json
import os
import re
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from milter.cli.reply_history import OUTCOMES, rows
from milter.cli.reply_mode import with_mode
from milter.core.keys import Keys
from milter.core.owner import Mode
from milter.core.reasons import REASONS
from milter.core.reply_job import ClaimKey, ClaimRequest, Guard, Opted, PersonKey, ReplyIntent, ReplyKind, State
from milter.store.api import Event, Journaled, JournalEntry
from milter.store.redis import RedisStore
from tests.cli.office import SECRET, Office
from tests.core.studio import ANA
from tests.doubles.redis_server import RedisServer

NOW = datetime.now(UTC).replace(microsecond=0)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PACKAGE = Path(__file__).parents[2] / "milter"


def reply(to: str, client: str | None = "acme", template: str = "closed", at: datetime = NOW) -> ReplyIntent:
    claim = ClaimRequest(ClaimKey("ana", "studio", to, ReplyKind.ACKNOWLEDGEMENT), at + DAY, at + DAY, Guard.OPENS)
    return ReplyIntent(
        (claim,), at + DAY, "ana", "studio", "ana@estudio.example", to, client, template, "es", "authenticated",
        "La tienda no carga", "", (), f"<{to}>", False, at, at + HOUR, at + DAY,
    )  # fmt: skip


def decided(sender: str, sender_class: str, *reasons: str) -> JournalEntry:
    """As service.py writes it."""
    fields = {
        "id": "1",
        "from": sender,
        "to": "ana@estudio.example",
        "class": sender_class,
        "reasons": " ".join(reasons),
    }
    return JournalEntry("ana", reasons[-1], fields)


def happened(server: RedisServer, *events: Event, ends: dict[str, tuple[State, str]] | None = None) -> None:
    """Settles the events; `ends` tells by correspondent how the replies that were due ended."""

    async def tell() -> None:
        store = RedisStore(server.url, Keys(SECRET))
        for one in events:
            await store.settle(one)
        for job in await store.replies.lease(NOW + 2 * HOUR, 100) if ends else []:
            if end := (ends or {}).get(job.intent.correspondent):
                await store.replies.handed(job, NOW)
                await store.replies.finish(job, *(end[0], NOW, end[1]))
        await store.close()

    asyncio.run(tell())


def event(
    name: str, *journal: JournalEntry, replies: tuple[ReplyIntent, ...] = (), at: datetime = NOW, **more: object
) -> Event:
    return Event(name, at, "acme.example", "", replies=replies, journal=journal, **more)


def listed(office: Office, *arguments: str) -> list[dict[str, object]]:
    result = office.run("replies", "--json", *arguments)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def a_weekend(server: RedisServer) -> None:
    """One of everything."""
    people = ("sent@acme.example", "unknown@acme.example", "refused@acme.example")
    due = reply("laura@acme.example", at=NOW + 3 * HOUR)
    happened(
        server,
        event("1", *(decided(one, "client", "mail-filed-client", "reply-due-client") for one in people),
              replies=tuple(reply(one) for one in people)),
        event("2", decided("news@shop.example", "automatic", "sender-automatic-list", "reply-withheld-list")),
        event("3", decided("news@shop.example", "automatic", "sender-automatic-list", "reply-withheld-list")),
        event("4", decided("chef@bistro.example", "client", "reply-withheld-unauthenticated")),
        event("5", decided("chef@bistro.example", "client", "reply-withheld-unauthenticated")),
        event("6", decided("old@acme.example", "client", "reply-withheld-old"), at=NOW - 10 * DAY),
        event("7", replies=(due,)),
        event("8", opted=(Opted(PersonKey("ana", "quiet@acme.example"), True),)),
        ends={
            people[0]: (State.SENT, "reply-sent"),
            people[1]: (State.UNKNOWN, "reply-unknown-connection-lost"),
            people[2]: (State.WITHHELD, "reply-failed-refused"),
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("--due",), [("due", "laura@acme.example", "reply-due")]),
        (("--sent",), [("sent", "sent@acme.example", "reply-sent")]),
        (("--unknown",), [("unknown", "unknown@acme.example", "reply-unknown-connection-lost")]),
        (("--cancelled",), []),
        (("--sent", "--due"), [("sent", "sent@acme.example", "reply-sent"), ("due", "laura@acme.example", "reply-due")]),
        (("--withheld", "--client", "acme"), [("withheld", "refused@acme.example", "reply-failed-refused")]),
        (("--withheld", "--client", "ACME Veterinaria", "--since", "30d"), [
            ("withheld", "old@acme.example", "reply-withheld-old"),
            ("withheld", "refused@acme.example", "reply-failed-refused"),
        ]),
        (("--client", "SENT@acme.example"), [("sent", "sent@acme.example", "reply-sent")]),
        (("--opted-out",), [("opted-out", "quiet@acme.example", None)]),
        (("--client", "nobody@nowhere.example"), []),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_listed(
    ana: Office, server: RedisServer, arguments: tuple[str, ...], found: list[tuple[str, str, str | None]]
) -> None:
    a_weekend(server)
    told = listed(ana, *arguments)
    assert [(one["state"], one["to"], one.get("code")) for one in told] == found


def test_a_client_that_is_none_is_told_and_one_that_was_is_listed(ana: Office, server: RedisServer) -> None:
    a_weekend(server)
    result = ana.run("replies", "--client", "acne")
    assert result.exit_code == 2 and "'acne' is no client; there are: acme, bistro; did you mean acme?" in result.stderr
    ana.change("[client.acme]", "[client.vets]", "owners/ana.toml")
    assert {one["to"] for one in listed(ana, "--client", "acme", "--sent")} == {"sent@acme.example"}


def test_each_says_which_text_to_whom_and_why(ana: Office, server: RedisServer) -> None:
    a_weekend(server)
    (one,) = listed(ana, "--unknown")
    assert datetime.fromisoformat(str(one.pop("at"))) == NOW
    assert one == {
        "owner": "ana",
        "state": "unknown",
        "to": "unknown@acme.example",
        "client": "acme",
        "template": "closed",
        "language": "es",
        "code": "reply-unknown-connection-lost",
        "text": OUTCOMES["reply-unknown-connection-lost"],
    }


def test_for_a_person(ana: Office, server: RedisServer) -> None:
    a_weekend(server)
    said = ana.run("replies").stdout
    assert said.startswith("Ana Souto (ana), replies live\n")
    assert max(map(len, said.splitlines())) <= 80
    assert "sent       closed         sent@acme.example (ACME Veterinaria)\n" in said
    assert (
        "withheld   closed         refused@acme.example (ACME Veterinaria)\n         The mail server refused it.\n"
        in said
    )
    assert "chef@bistro.example (Le Bistro) 2 times\n         Nothing proves that" in said
    assert "2 messages: Mailing lists and newsletters are never answered." in said and "news@shop.example" not in said
    assert said.index("sent@acme") < said.index("laura@acme.example"), "the newest is last"
    assert "old@acme.example" not in said


def test_who_asks_for_the_withheld_gets_each(ana: Office, server: RedisServer) -> None:
    a_weekend(server)
    said = ana.run("replies", "--withheld").stdout
    assert "news@shop.example 2 times" in said and "sent@acme" not in said


def test_nothing(ana: Office) -> None:
    assert "\nNothing since " in ana.run("replies").stdout
    assert "\nNothing waits." in ana.run("replies", "--due").stdout
    assert listed(ana) == []


@pytest.mark.parametrize(
    ("language", "says"),
    [("es", "llega sin autenticar"), ("gl", "llega sin autenticar"), ("en", "arrives unauthenticated")],
)
def test_clients_who_never_get_one_are_named_with_what_to_tell_their_technician(
    ana: Office, server: RedisServer, language: str, says: str
) -> None:
    a_weekend(server)
    ana.change('language = "es"\ntone', f'language = "{language}"\ntone', "owners/ana.toml")
    said = " ".join(ana.run("replies").stdout.split())
    assert "Le Bistro: 2 messages, the last on" in said and says in said and "d=bistro.example" in said
    assert "ACME Veterinaria: " not in said
    never = [one for one in listed(ana) if one["state"] == "never-authenticated"]
    assert [(one["client"], one["domains"], one["messages"]) for one in never] == [("bistro", ["bistro.example"], 2)]


def test_a_client_whose_mail_was_proven_once_is_not_named(ana: Office, server: RedisServer) -> None:
    """However long ago: the remedy is known there."""
    a_weekend(server)
    happened(server, event("9", replies=(reply("chef@bistro.example", "bistro", at=NOW - DAY),), at=NOW - DAY),
             ends={"chef@bistro.example": (State.SENT, "reply-sent")})  # fmt: skip
    assert "Le Bistro: " not in ana.run("replies").stdout


def test_persons_who_asked_for_no_more(ana: Office, server: RedisServer) -> None:
    assert "Nobody has asked" in ana.run("replies", "--opted-out").stdout
    a_weekend(server)
    assert ana.run("replies", "--opted-out").stdout.rstrip().endswith("  quiet@acme.example")


def test_a_decision_for_a_reply_is_told_by_the_reply_itself() -> None:
    """Or else each would be there twice. The line of the decision names the client if it can."""

    def row(*reasons: str, **fields: str) -> list[tuple[str, str, bool]]:
        one = decided("x@acme.example", "client", *reasons)
        made = rows(ANA, [Journaled(NOW, JournalEntry(one.owner, one.code, {**one.fields, **fields}))])
        return [(each.state, each.client, each.machine) for each in made]

    assert row("reply-due-client") == []
    assert row("reply-due-client", "reply-shadow-mode") == []
    assert row("reply-stranger-text", "reply-due-prospect") == []
    assert row("reply-due-client", "reply-withheld-one-a-message", client="other") == [("withheld", "other", True)]
    assert row("reply-withheld-open", client="acme") == [("withheld", "acme", True)]
    assert row("reply-withheld-forged", client="acme") == [("withheld", "acme", False)]
    assert row("reply-stopped-opt-out", client="acme") == [("stopped", "acme", False)]


def test_every_outcome_has_its_sentence() -> None:
    """Whatever the queue or a script of the store writes into the journal."""
    places = [*(PACKAGE / "delivery").glob("*.py"), *(PACKAGE / "store").rglob("*.*"), PACKAGE / "core" / "bounces.py"]
    texts = [one.read_text("utf-8") for one in places if one.suffix in (".py", ".lua")]
    kinds = "sent|rehearsed|bounced|delayed|met|deferred|failed|unknown|cancelled|withheld"
    written = {code for text in texts for code in re.findall(rf'"(reply-(?:{kinds})(?:-[a-z]+)*)"', text)}
    assert len(written) > 12
    assert {one for one in written if one not in REASONS and one not in OUTCOMES} == set()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--since", "someday"), 2, 'write "7d" or "2026-11-20"'),
        (("--owner", "bob"), 2, "there are: ana"),
        (("maybe",), 2, "'maybe'"),
        (("live", "--sent"), 2, "either a mode to set, or what to list"),
        (("off", "--owner", "bob"), 2, "there are: ana"),
    ],
)
def test_what_cannot_be_listed_is_told(ana: Office, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = ana.run("replies", *arguments)
    assert (result.exit_code, said in result.output) == (code, True), result.output


def test_since_a_date(ana: Office, server: RedisServer) -> None:
    a_weekend(server)
    assert len(listed(ana, "--withheld", "--client", "old@acme.example", "--since", f"{NOW - 12 * DAY:%Y-%m-%d}")) == 1
    assert listed(ana, "--withheld", "--client", "old@acme.example", "--since", f"{NOW - 5 * DAY:%Y-%m-%d}") == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("embedded", "is recado serve running?"),
        ("unix:///nonexistent/redis.sock", "look after redis.url; recado check"),
    ],
)
def test_a_store_that_does_not_answer(ana: Office, server: RedisServer, url: str, said: str) -> None:
    """The embedded one runs as long as the daemon; of any other the daemon knows no more than we."""
    ana.change(server.url, url)
    result = ana.run("replies")
    assert (result.exit_code, said in result.output) == (1, True), result.output


def test_without_the_secret_the_store_would_look_empty(ana: Office) -> None:
    (ana.state / "secret").unlink()
    result = ana.run("replies")
    assert (result.exit_code, "recado serve has not run here" in result.output) == (1, True)
    assert not (ana.state / "secret").exists()


# Off, shadow, live


def mode_line(office: Office) -> str:
    lines = (office.folder / "owners" / "ana.toml").read_text().splitlines()
    return next(line for line in lines if line.startswith("mode"))


def test_switching_changes_the_one_line(office: Office) -> None:
    file = office.folder / "owners" / "ana.toml"
    before = file.read_text().splitlines()
    said = office.run("replies", "shadow").stdout
    assert f'{file}: mode = "shadow" (it was "live"). A running daemon picks it up by itself.\n' in said
    assert "In force for Ana Souto: shadow, replies are decided and rehearsed, none is sent." in said
    after = file.read_text().splitlines()
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    ((old, new),) = changed
    assert (
        new.startswith('mode   = "shadow"') and new.index("#") == old.index("#") and new.endswith(old[old.index("#") :])
    )
    assert 'mode = "shadow" already' in office.run("replies", "shadow").stdout


def test_the_sysadmin_s_ceiling_is_told(office: Office) -> None:
    office.change('mode           = "live"', 'mode           = "shadow"')
    said = office.run("replies", "live").stdout
    assert "In force for Ana Souto: shadow" in said and 'recado.toml says [replies] mode = "shadow"' in said


def test_live_without_a_next_hop_sends_nothing(office: Office) -> None:
    office.change('next_hop       = "smtp:inet:127.0.0.1:10031"', "")
    assert "Yet nothing is sent" in office.run("replies", "live").stdout


def test_user_permissions_and_a_symbolic_link_stay(office: Office, tmp_path: Path) -> None:
    file = office.folder / "owners" / "ana.toml"
    real = file.rename(tmp_path / "real.toml")
    file.symlink_to(real)
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 1234, 1234)
    was = real.stat()
    assert office.run("replies", "off").exit_code == 0
    now = real.stat()
    assert file.is_symlink() and (now.st_mode, now.st_uid, now.st_gid) == (was.st_mode, was.st_uid, was.st_gid)
    assert 'mode   = "off"' in real.read_text()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["etc", "real.toml"]


def test_a_file_with_a_problem_is_left_as_it_is(office: Office) -> None:
    office.change('timezone = "Europe/Madrid"', 'timezone = "Europe/Madird"', "owners/ana.toml")
    file = office.folder / "owners" / "ana.toml"
    before = file.read_bytes()
    result = office.run("replies", "off")
    assert (result.exit_code, file.read_bytes()) == (2, before)
    assert "ana.toml:5: timezone" in result.stderr and "Nothing was changed" in result.stderr


def test_whose_must_be_said_if_there_are_two(office: Office) -> None:
    other = (office.folder / "owners" / "ana.toml").read_text().replace(".example", ".test")
    office.write("owners/bea.toml", other)
    assert "there are: ana, bea" in office.run("replies", "off").output
    assert office.run("replies", "off", "--owner", "bea").exit_code == 0
    assert mode_line(office).startswith('mode   = "live"')


def test_a_broken_host_file(office: Office) -> None:
    office.file.write_text("hostname = ")
    result = office.run("replies", "off")
    assert result.exit_code == 2 and "recado.toml:1:" in result.stderr


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('[replies]\nmode = "live"\n', '[replies]\nmode = "off"\n'),
        ("[replies]\nmode='live' # so\n", '[replies]\nmode="off"  # so\n'),
        ('[replies] # mode = "live"\n# mode = "live"\nmode = "live"', '[replies] # mode = "live"\n# mode = "live"\nmode = "off"'),
        ('[replies]\r\ndelay = "0s"\r\n', '[replies]\r\nmode = "off"\r\ndelay = "0s"\r\n'),
        ('[replies]\n[other]\nmode = "x"\n', '[replies]\nmode = "off"\n[other]\nmode = "x"\n'),
        ('replies.mode = "live"\na = 1\n', 'replies.mode = "off"\na = 1\n'),
        ('replies.delay = "0s"\n', 'replies.mode = "off"\nreplies.delay = "0s"\n'),
        ('replies = { mode = "live", delay = "0s" }\n', 'replies = { mode = "off", delay = "0s" }\n'),
        ('replies = { delay = "0s" }\n', 'replies = { mode = "off", delay = "0s" }\n'),
        ("replies = {}\n", 'replies = { mode = "off" }\n'),
        ('name = "Ana"\n', 'name = "Ana"\n\n[replies]\nmode = "off"\n'),
        ('name = "Ana"', 'name = "Ana"\n\n[replies]\nmode = "off"\n'),
        ('a = """\n[replies]\nmode = "live"\n"""\n', 'a = """\n[replies]\nmode = "live"\n"""\n\n[replies]\nmode = "off"\n'),
        ('["replies"]\n"mode" = "live"\n', '["replies"]\n"mode" = "off"\n'),
        ('\ufeff[replies]\nmode = "live"\n', '\ufeff[replies]\nmode = "off"\n'),
        ('[replies]\nmode = "off" # x\n', '[replies]\nmode = "off" # x\n'),
        ('[replies]\nmode = """\\\nlive"""\n', None),
    ],
)  # fmt: skip
def test_however_the_file_is_written(before: str, after: str | None) -> None:
    changed = with_mode(before.encode(), Mode.OFF)
    assert changed == (after.encode() if after is not None else None)
    if changed:
        assert tomllib.loads(changed.decode("utf-8-sig"))["replies"]["mode"] == "off"
