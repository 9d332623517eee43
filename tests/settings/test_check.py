"""`recado check`, as the sysadmin runs it."""

import re
import resource
import signal
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from milter import shipped
from milter.cli import check_dns, main
from milter.settings import surroundings
from milter.settings.surroundings import foreign_milter, full, unwritable
from tests.settings.samples import HOST, OWNER, House

LINE = re.compile(r"(warning: )?[^:]+:\d+: [^:]+: [^;]+; .+")


@pytest.fixture
def stated(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """With a state_dir that can be written and a next hop that is there, on a host that knows a name server."""
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("search lan\nnameserver 192.0.2.53\n")
    monkeypatch.setattr(surroundings, "RESOLV_CONF", resolv_conf)
    keys = f'state_dir = "{house.folder}/state"\n[lmtp]\nnext_hop = "maildir:{house.folder}/mail"'
    house.host(HOST.replace("[lmtp]", keys))
    return house


def check(house: House, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", "--config", str(house.file), *arguments])


def test_all_is_well(stated: House) -> None:
    found = check(stated, "--quiet")
    assert (found.exit_code, found.stdout) == (0, "recado.toml and 1 owner's file: no problems\n")
    assert not (stated.folder / "state").exists(), "it leaves nothing behind, no secret either"


def test_warnings_do_not_fail(stated: House) -> None:
    stated.owner(OWNER + '[plan.gold]\nurgent = "notify"\n')
    stated.owner(OWNER.replace("ana@", "bob@"), "bob")
    found = check(stated, "--quiet")
    warning, summary = found.stdout.splitlines()
    assert found.exit_code == 0
    assert warning.startswith(f"warning: {stated.folder}/owners/ana.toml:8: plan.gold.urgent: ")
    assert summary == "recado.toml and 2 owners' files: no problems"


def test_what_it_means_is_said_only_if_nothing_is_wrong(stated: House) -> None:
    stated.owner(OWNER + 'hours = "split"\n')
    *said, summary = check(stated).stdout.splitlines()
    assert said[0] == "info: ana/studio: abres de lunes a viernes, de 9:00 a 14:00 y de 16:00 a 19:00"
    assert summary == "recado.toml and 1 owner's file: no problems"
    stated.owner(OWNER + 'hours = "splitt"\n')
    assert "info:" not in check(stated).stdout


def test_one_line_a_problem(stated: House) -> None:
    stated.owner(OWNER.replace("Madrid", "Madird") + 'hours = "Lu-Vi 16-20"\nholidays = "ES-XX"\nurgent = 1\n')
    found = check(stated)
    assert found.exit_code == 2
    assert len(found.stdout.splitlines()) == 4
    assert all(LINE.fullmatch(line) for line in found.stdout.splitlines())


def test_the_samples(tmp_path: Path) -> None:
    """As they stand but for the state_dir, which not every user may make."""
    text = (shipped("config") / "recado.toml").read_text().replace("/var/lib/recado", str(tmp_path / "state"))
    (tmp_path / "recado.toml").write_text(text)
    (tmp_path / "owners").mkdir()
    (tmp_path / "owners/ana.toml").write_bytes((shipped("config") / "owners/ana.toml").read_bytes())
    found = CliRunner().invoke(main, ["check", "--config", str(tmp_path / "recado.toml")])
    assert found.exit_code == 0, found.stdout
    assert found.stdout.splitlines()[-1] == "recado.toml and 1 owner's file: no problems"


def test_a_broken_text_of_his_own(stated: House) -> None:
    pytest.importorskip("milter.delivery.render")
    stated.write("owners/ana/closed.es.txt", "Hola {{ opens")
    found = check(stated)
    assert found.exit_code == 2
    assert found.stdout.startswith(f"{stated.folder}/owners/ana/closed.es.txt:1: closed.es.txt: ")


def test_state_dir_that_cannot_be_written(house: House) -> None:
    house.write("file", "")
    house.host(HOST.replace("[lmtp]", f'state_dir = "{house.folder}/file/state"\n[lmtp]'))
    found = check(house)
    assert found.exit_code == 2
    assert (
        f"recado.toml:2: state_dir: {house.folder}/file/state cannot be written (Not a directory); make it"
        in found.stdout
    )


@pytest.mark.parametrize("folder", ["/proc/recado", "/proc/self/fd/recado"])
def test_not_even_root_writes_there(folder: str) -> None:
    assert unwritable(Path(folder)) is not None


def test_a_full_disk_is_a_warning_because_mail_flows(stated: House, monkeypatch: pytest.MonkeyPatch) -> None:
    (stated.folder / "state").mkdir()
    monkeypatch.setattr(surroundings, "ROOM", 1 << 16)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    assert check(stated).exit_code == 0
    assert "no room is left" not in check(stated).stdout
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 12, limits[1]))  # the nearest to a full disk without a file system
    try:
        found = full(stated.folder / "state")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert found and f"no room is left in {stated.folder}/state" in found.what


def test_a_writable_folder_is_left_as_it_was(tmp_path: Path) -> None:
    assert unwritable(tmp_path) is None
    assert unwritable(tmp_path / "a" / "b") is None
    assert list(tmp_path.iterdir()) == []


def test_a_secret_that_others_may_read(stated: House) -> None:
    secret = stated.write("state/secret", "ab" * 32)
    secret.chmod(0o644)
    found = check(stated)
    assert found.exit_code == 2
    assert f"secret_file: {secret} has mode 0644: others may read or change it; run chmod 600 {secret}" in found.stdout
    secret.chmod(0o600)
    assert check(stated).exit_code == 0


def test_a_damaged_secret(stated: House) -> None:
    stated.write("state/secret", "ab").chmod(0o600)
    assert "does not hold 64 hexadecimal digits; copy it from another node" in check(stated).stdout


def test_a_foreign_milter(stated: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pymilter installs an extension module `milter` at the top level."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "milter.py").write_text("raise RuntimeError('never imported')\n")
    assert foreign_milter([str(tmp_path), str(site)]) == str(site / "milter.py")
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    found = check(stated)
    assert found.exit_code == 0
    assert f"warning: {stated.file}:1: modules: another module of this name is at {site}/milter.py" in found.stdout


def test_recado_itself_is_not_foreign() -> None:
    assert foreign_milter(sys.path) is None


def test_no_file(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, ["check", "--config", str(tmp_path / "recado.toml")])
    assert found.exit_code == 2
    assert "file: cannot be read (No such file or directory)" in found.stdout


@pytest.mark.parametrize(
    ("resolv_conf", "authentication", "warned"),
    [
        ("search lan\n", "", True),
        (None, "", True),
        (None, 'nameservers = ["192.0.2.53"]', False),
        (None, 'trusted_authserv_ids = ["mx.estudio.example"]', False),
        ("nameserver 192.0.2.53\n", "", False),
    ],
)
def test_who_verifies_needs_a_name_server(
    stated: House, monkeypatch: pytest.MonkeyPatch, resolv_conf: str | None, authentication: str, warned: bool
) -> None:
    place = stated.folder / "resolv.conf"
    place.unlink(missing_ok=True)
    if resolv_conf is not None:
        place.write_text(resolv_conf)
    monkeypatch.setattr(surroundings, "RESOLV_CONF", place)
    monkeypatch.setattr(check_dns, "PATIENCE", 0.01)  # whether it answers is looked at in tests/cli/test_check_dns.py
    stated.file.write_text(f"{stated.file.read_text()}\n[authentication]\n{authentication}\n")
    found = check(stated, "--quiet")
    assert found.exit_code == 0
    assert ("authentication.nameservers: is empty, " in found.stdout) is warned
    assert all(LINE.fullmatch(line) for line in found.stdout.splitlines()[:-1])
