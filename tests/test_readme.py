"""The pages hold what they promise: their commands run, their snippets are the shipped files, nothing is left out of them."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from milter.cli import main
from milter.cli.main import COMMANDS
from milter.core.reasons import REASONS
from milter.settings import clients, folders, host, identities, load, owner_file, replies
from milter.store import server
from tests.cli.office import DELIVERED, POSTFIX, RESULTS, Office, letter

TOP = Path(__file__).parent.parent
PAGES = ("README.md", "config/README.md", "templates/README.md", "templates/LEEME.md", "tests/README.md")
FREELANCER = "templates/LEEME.md"
# What needs root, systemd or a mail server, or is tested by running it elsewhere. Files that are named are looked at below.
NOT_RUN_HERE = {
    "make demo",
    "make test",
    "make check",
    "make bench",
    "tests/install-servers",
    "apt install python3-venv dovecot-lmtpd dovecot-sieve",
    "cd /opt/recado",
    "/usr/bin/python3 -m venv .venv",
    ".venv/bin/pip install '.[embedded,uvloop]'",
    "ln -s /opt/recado/.venv/bin/recado /usr/local/bin/recado",
    "install -D -m 0644 systemd/recado.sysusers /etc/sysusers.d/recado.conf",
    "systemd-sysusers",
    "install -m 0644 systemd/recado.tmpfiles /etc/tmpfiles.d/recado.conf",
    "systemd-tmpfiles --create recado.conf",
    "install -m 0640 -g recado config/recado.toml /etc/recado/recado.toml",
    "install -m 0640 -g recado config/owners/ana.toml /etc/recado/owners/ana.toml",
    "install -m 0644 systemd/recado.service /etc/systemd/system/recado.service",
    "systemctl daemon-reload",
    "systemctl enable --now recado",
    "journalctl -u recado",
    "postfix check",
    "postfix reload",
    "install -m 0644 config/dovecot/90-recado.conf /etc/dovecot/conf.d/90-recado.conf",
    "install -m 0644 config/dovecot/recado.sieve /etc/dovecot/recado.sieve",
    "doveconf namespace/inbox/separator mail_location",
    "sievec -c /etc/dovecot/dovecot.conf /etc/dovecot/recado.sieve",
    "install -m 0644 config/dovecot/91-recado-learn.conf /etc/dovecot/conf.d/91-recado-learn.conf",
    "install -m 0644 config/dovecot/recado-junk.sieve config/dovecot/recado-ham.sieve config/dovecot/recado-sent.sieve "
    "/etc/dovecot/",
    "sievec -c /etc/dovecot/dovecot.conf /etc/dovecot/recado-junk.sieve",
    "sievec -c /etc/dovecot/dovecot.conf /etc/dovecot/recado-ham.sieve",
    "sievec -c /etc/dovecot/dovecot.conf /etc/dovecot/recado-sent.sieve",
    "doveadm reload",
}
NEED_A_STORE = ("replies", "today", "away", "promises", "reputation", "learn")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "etc")


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(language: str = "") -> Iterator[Block]:
    for page in PAGES:
        text = (TOP / page).read_text()
        for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S):
            one = Block(page, text.count("\n", 0, found.start()) + 1, found[1], found[2])
            if language in ("", one.language):
                yield one


def commands() -> list[str]:
    """Every line of the shell blocks, and every `recado ...` in the text that has arguments, without its comment."""
    lines = [line for block in blocks("sh") for line in block.text.splitlines()]
    for page in PAGES:
        prose = re.sub(r"^```.*?^```$", "", (TOP / page).read_text(), flags=re.M | re.S)
        lines += re.findall(r"`(recado [a-z-]+ [^`]*)`", prose)
    return list(dict.fromkeys(one.partition(" #")[0].strip() for one in lines if one.strip()))


COMMANDS_SHOWN = commands()
OURS = [one for one in COMMANDS_SHOWN if one.startswith("recado ")]


def test_every_block_is_of_a_kind_that_is_checked_here() -> None:
    other = [str(one) for one in blocks() if one.language not in ("sh", "cf", "toml", "text") and "{{" not in one.text]
    assert other == []
    assert list(blocks("sh")) and list(blocks("cf")) and OURS


# Commands


@pytest.mark.parametrize("line", OURS)
def test_our_commands_run_as_they_are_written(office: Office, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the sample files in place of /etc/recado and a small Maildir in place of hers."""
    monkeypatch.chdir(office.folder)
    content = letter(DELIVERED + RESULTS + POSTFIX)
    office.maildir("Maildir", cur_1=content)
    office.write("message.eml", content)
    placeholders = {
        "SOURCE": "Maildir",
        "A": "laura@acme.example",
        "B": "ana@estudio.example",
        "FILE": "message.eml",
        "TEMPLATE": "closed",
    }
    words = [placeholders.get(one, one) for one in shlex.split(line)[1:]]
    words = [re.sub(r"^~\w*/", "", one).replace("/etc/recado/recado.toml", str(office.file)) for one in words]
    if "--config" not in words:
        words[1:1] = ["--config", str(office.file)]
    if words[0] in ("today", "away"):
        words += ["--at", "2026-11-20T09:00"]  # written before these hours, whatever the clock says now
    with live_store(office) if words[0] in NEED_A_STORE else nullcontext():
        result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip()


@contextmanager
def live_store(office: Office) -> Iterator[None]:
    """The store of a daemon that runs."""
    store = server.start(load(office.file).settings.state_dir)
    try:
        yield
    finally:
        store.stop()


def test_the_other_commands_are_known() -> None:
    others = {one for one in COMMANDS_SHOWN if not one.startswith("recado ")}
    assert others <= NOT_RUN_HERE, "not a command that is run or listed here"
    stale = {one for one in NOT_RUN_HERE - others if not one.startswith("make ")}
    assert not stale, "no page shows these any more"


@pytest.mark.parametrize("line", [one for one in COMMANDS_SHOWN if one.startswith("install ")])
def test_a_file_is_installed_where_it_says_that_it_belongs(line: str) -> None:
    *_, source, target = shlex.split(line)
    text = (TOP / source).read_text()
    head = text.splitlines()[0]
    elsewhere = {"config/recado.toml", "config/owners/ana.toml", "config/dovecot/recado.sieve"}
    if "recado-sent.sieve" in source:
        assert f"file:{target}recado-sent.sieve" in (TOP / "config/dovecot/91-recado-learn.conf").read_text()
        return
    assert head.startswith(f"# {target}") or source in elsewhere
    if source == "config/dovecot/recado.sieve":
        assert f"sieve_before = {target}" in (TOP / "config/dovecot/90-recado.conf").read_text()


def test_the_service_is_started_from_where_it_was_installed() -> None:
    unit = (TOP / "systemd/recado.service").read_text()
    assert "ExecStart=/opt/recado/.venv/bin/recado serve --config /etc/recado/recado.toml" in unit
    assert "cd /opt/recado" in COMMANDS_SHOWN and "/usr/bin/python3 -m venv .venv" in COMMANDS_SHOWN


def test_make_knows_what_the_pages_tell_to_type() -> None:
    targets = re.findall(r"^([a-z]+):", (TOP / "Makefile").read_text(), re.M)
    shown = {
        target
        for page in PAGES
        for target in re.findall(
            r"\bmake ([a-z]+)\b", "\n".join(re.findall(r"`[^`]+`|^make .*$", (TOP / page).read_text(), re.M))
        )
    }
    assert {"demo", "test"} <= shown <= set(targets)


# Snippets


@pytest.mark.parametrize("block", list(blocks("cf")), ids=str)
def test_a_snippet_is_the_shipped_file(block: Block) -> None:
    shipped = {one.read_text(): one for folder in ("postfix", "dovecot") for one in (TOP / "config" / folder).iterdir()}
    assert block.text in shipped, f"{block}: none of the files in config/ is like this, line by line"


def test_both_doors_are_shown() -> None:
    shown = {one.text for one in blocks("cf")}
    for name in ("lmtp.main.cf", "lmtp.master.cf", "replies.master.cf", "after-queue.main.cf", "after-queue.master.cf"):
        assert (TOP / "config/postfix" / name).read_text() in shown, name


@pytest.mark.parametrize("block", [one for one in blocks("toml") if one.page != FREELANCER], ids=str)
def test_a_piece_of_configuration_loads(block: Block, tmp_path: Path) -> None:
    assert block.text.startswith("# recado.toml\n")
    (tmp_path / "recado.toml").write_text(f"{block.text}\n[lmtp]\n")
    (tmp_path / "owners").mkdir()
    (tmp_path / "owners/ana.toml").write_text((TOP / "config/owners/ana.toml").read_text())
    loaded = load(tmp_path / "recado.toml", make_secret=False)
    assert [str(one) for one in loaded.problems if not one.warning] == []
    assert loaded.settings and loaded.settings.policy.owners[0].replies.mode == "shadow"


@pytest.mark.parametrize("block", [one for one in blocks() if "{{" in one.text], ids=str)
def test_a_text_shown_is_one_that_works(block: Block, office: Office) -> None:
    office.write("owners/ana/closed.es.txt", block.text)
    assert office.run("check").exit_code == 0
    said = office.run("preview", "closed", "--at", "2026-11-20T23:45").stdout
    assert "lunes 23 de noviembre a las 16:00" in said


# Nothing is left out


def row(page: str, *words: str) -> bool:
    """Whether a table of the page has a row that names all of them as code."""
    rows = [line for line in (TOP / page).read_text().splitlines() if line.startswith("| ")]
    return any(all(f"`{one}`" in line.split(" | ")[0] for one in words) for line in rows)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented(name: str) -> None:
    rows = [line for line in (TOP / "README.md").read_text().splitlines() if line.startswith(f"| `recado {name}")]
    assert len(rows) == 1, f"README.md, Commands: {name}"


def keys(table: dict[str, object], above: str = "") -> Iterator[str]:
    """`replies.mode`, `identity.*.hours`, `vacation.from`."""
    for name, value in table.items():
        entries = value if isinstance(value, list) else [value]
        if not any(isinstance(one, dict) for one in entries):
            yield above + name
        for one in entries:
            if isinstance(one, dict):
                several = not above and name in ("identity", "plan", "client")
                values = [more for more in one.values() if isinstance(more, dict)] if several else [one]
                for each in values:
                    yield from keys(each, f"{above}{name}.*." if several else f"{above}{name}.")


def sample(name: str) -> dict[str, object]:
    """The sample with what is commented out in it."""
    return tomllib.loads(re.sub(r"^# (?=\[|[a-z_]+ +=)", "", (TOP / "config" / name).read_text(), flags=re.M))


DOORS = ("lmtp", "smtp", "submission", "milter")
HOST_KEYS = sorted(
    {*keys(sample("recado.toml")), *host.TOP, *(f"replies.{one}" for one in replies.KEYS)}
    - {f"{door}.{key}" for door in DOORS for key in ("listen", "next_hop")}
    | {"listen", "next_hop", *(f"[{door}]" for door in DOORS)}
)  # fmt: skip
MAPS = ("plan.*.channels.", "client.*.names.")
OWNER_KEYS = sorted(
    {one for one in keys(sample("owners/ana.toml")) if not one.startswith(MAPS)}
    | set(owner_file.TOP)
    | {f"replies.{one}" for one in replies.KEYS}
    | {f"identity.*.{one}" for one in identities.KEYS if one not in ("dkim", "brand")}
    | {f"plan.*.{one}" for one in clients.PLAN_KEYS}
    | {f"client.*.{one}" for one in clients.CLIENT_KEYS}
    | {f"folders.{one}" for one in folders.KEYS}
)


@pytest.mark.parametrize("key", HOST_KEYS)
def test_every_key_of_recado_toml_is_documented(key: str) -> None:
    assert row("config/README.md", key), f"config/README.md, Keys of recado.toml: {key}"


@pytest.mark.parametrize("key", OWNER_KEYS)
def test_every_key_of_an_owner_s_file_is_documented(key: str) -> None:
    """In a row of its own, or after others of its table as `.key`."""
    table, _, name = key.rpartition(".")
    rows = [
        line.split(" | ")[0]
        for line in (TOP / "config/README.md").read_text().splitlines()
        if line.startswith(f"| `{table}{'.' if table else ''}")
    ]
    assert any(f"`{key}`" in one or (table and f"`.{name}`" in one) for one in rows), (
        f"config/README.md, Keys of an owner's file: {key}"
    )


def test_every_reason_is_documented_and_no_other() -> None:
    text = (TOP / "config/README.md").read_text()
    shown = re.findall(r"^\| `([a-z-]+)` \| (.*) \|$", text[text.index("## Reasons") :], re.M)
    table = "\n".join(f"| `{code}` | {sentence} |" for code, sentence in REASONS.items())
    assert shown == list(REASONS.items()), f"config/README.md, Reasons, should be:\n{table}"


def test_every_keyword_and_field_is_documented() -> None:
    source = "\n".join(one.read_text() for one in (TOP / "milter/core").rglob("*.py"))
    keywords = set(re.findall(r"\"(\$[A-Z][A-Za-z]+)\"", source))
    assert {"$Client", "$Urgent", "$WrongAddress"} <= keywords
    assert [one for one in sorted(keywords) if not row("config/README.md", one)] == []
    assert row("config/README.md", "$Plan-gold")
    fields = set(re.findall(r"\"(Recado-[A-Z][a-z]+)\"", source)) - {"Recado-Note"}
    assert "Recado-Reason" in fields
    assert [one for one in sorted(fields) if not row("config/README.md", one)] == []


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\(([^)]+)\)", (TOP / page).read_text()):
            file, _, anchor = link.partition("#")
            target = (TOP / page).parent / file if file else TOP / page
            assert target.exists(), f"{page}: {link}"
            headings = [
                re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-")
                for one in re.findall(r"^#+ (.*)$", target.read_text(), re.M)
            ]
            assert not anchor or anchor in headings, f"{page}: {link}"


# The wheel


@pytest.mark.parametrize("version", ["3.11.0", "3.12.0", "3.13.0", "3.14.0"])
def test_the_lock_serves_every_python(version: str) -> None:
    """The pages promise 3.11 or newer, and a Debian 12 has 3.11.2: what a library needs there alone has to be locked, too."""
    here = {"python_full_version": version, "python_version": version.rpartition(".")[0], "extra": ""}
    text = (TOP / "requirements.lock").read_text()
    locked = {canonicalize_name(one) for one in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.M)}
    missing = [
        f"{name} needs {one}"
        for name in sorted(locked)
        for one in map(Requirement, _required(name))
        if canonicalize_name(one.name) not in locked and (one.marker is None or one.marker.evaluate(here))
    ]
    assert missing == []


def _required(name: str) -> list[str]:
    try:
        return metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []  # locked for another Python


def test_the_wheel_has_all_that_the_program_reads(tmp_path: Path) -> None:
    """Installed alone, without the checkout, it finds its texts, its samples and its scripts."""
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        TOP,
        "--no-deps",
        "--no-build-isolation",
        "--quiet",
        "--wheel-dir",
        tmp_path,
    ]
    subprocess.run(build, check=True, capture_output=True, cwd=tmp_path)
    (wheel,) = tmp_path.glob("recado-*.whl")
    unpacked = tmp_path / "unpacked"
    install = ["install", "--no-deps", "--no-compile", "--quiet", "--target", unpacked, wheel]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, capture_output=True, cwd=tmp_path)
    etc = tmp_path / "etc"
    program = f"""if True:
        import pathlib, shutil, milter
        from milter.cli import main
        shipped = milter.shipped("config")
        assert pathlib.Path(milter.__file__).is_relative_to({str(unpacked)!r}), milter.__file__
        assert shipped.is_relative_to({str(unpacked)!r}), shipped
        shutil.copytree(shipped, {str(etc)!r})
        file = pathlib.Path({str(etc / "recado.toml")!r})
        file.write_text(file.read_text().replace("/var/lib/recado", {str(tmp_path / "state")!r}))
        for command in (["check"], ["preview", "closed"], ["replay", {str(TOP / "tests/cases/contract/replay.jsonl")!r}]):
            main([*command, "--config", str(file)], standalone_mode=False)
    """
    environment = os.environ | {"PYTHONPATH": str(unpacked), "PYTHONSAFEPATH": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "no problems" in done.stdout and "Hola, Laura:" in done.stdout and "4 messages" in done.stdout
