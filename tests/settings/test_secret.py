"""The secret: made once, by one of many, for nobody else's eyes; a rehearsal makes none."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from milter.settings import load
from milter.settings.findings import Wrong
from milter.settings.secret import SCRATCH, load_or_make, of_another, read, too_open
from milter.settings.values import Settings
from tests.settings.samples import HOST, House


def test_it_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "state" / "secret"
    made = load_or_make(path)
    assert isinstance(made, bytes) and len(made) == 32 and made != SCRATCH
    assert load_or_make(path) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.read_text() == made.hex() + "\n"
    assert [one.name for one in path.parent.iterdir()] == ["secret"], "no draft is left"


def test_of_many_at_once_one_wins(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(load_or_make, [tmp_path / "secret"] * 32))
    assert len(made) == 1
    assert made == {read(tmp_path / "secret")}


def test_two_installations_have_two_secrets(tmp_path: Path) -> None:
    assert load_or_make(tmp_path / "a") != load_or_make(tmp_path / "b")


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "ab" * 31, "é" * 64])
def test_a_damaged_secret_is_not_replaced(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret"
    path.write_text(text)
    assert isinstance(load_or_make(path), Wrong)
    assert path.read_text() == text


def test_a_secret_of_somebody_else_is_given_to_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, encoding: str) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refuse)
    found = load_or_make(tmp_path / "secret")
    assert isinstance(found, Wrong)
    assert found.instead == f"make it readable for the service, and for nobody else: chown recado {tmp_path}/secret"


def test_a_folder_outside_the_units_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *options: object, **more: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    found = load_or_make(tmp_path / "state" / "secret")
    assert isinstance(found, Wrong)
    assert found.instead == f"let the unit write there: ReadWritePaths={tmp_path}/state (systemctl edit recado)"


@pytest.mark.parametrize("mode, fine", [(0o600, True), (0o400, True), (0o640, False), (0o604, False), (0o660, False)])
def test_permissions(tmp_path: Path, mode: int, fine: bool) -> None:
    path = tmp_path / "secret"
    load_or_make(path)
    path.chmod(mode)
    assert (too_open(path) is None) is fine


def with_state(house: House, state: Path | str) -> None:
    house.host(HOST.replace("[lmtp]", f'state_dir = "{state}"\n[lmtp]'))


def settings_of(house: House, previous: Settings | None = None, *, make: bool = True) -> Settings | None:
    return load(house.file, previous=previous, make_secret=make, templates=house.templates).settings


def test_load_makes_it_and_finds_it_again(house: House) -> None:
    with_state(house, house.folder / "state")
    first, second = settings_of(house), settings_of(house)
    assert first is not None and second is not None
    assert first.policy.keys == second.policy.keys
    assert first.policy.keys.secret == read(house.folder / "state" / "secret")


def test_it_may_lie_elsewhere(house: House) -> None:
    house.host(HOST.replace("[lmtp]", f'secret_file = "{house.folder}/shared"\n[lmtp]'))
    settings = settings_of(house)
    assert settings is not None and settings.policy.keys.secret == read(house.folder / "shared")


def test_a_rehearsal_writes_nothing(house: House) -> None:
    with_state(house, house.folder / "state")
    settings = settings_of(house, make=False)
    assert settings is not None and settings.policy.keys.secret == SCRATCH
    assert not (house.folder / "state").exists()


def test_a_rehearsal_uses_the_secret_that_is_there(house: House) -> None:
    with_state(house, house.folder / "state")
    made = load_or_make(house.folder / "state" / "secret")
    settings = settings_of(house, make=False)
    assert settings is not None and settings.policy.keys.secret == made


def test_without_a_place_for_it_nothing_starts(house: House) -> None:
    house.write("file", "")
    with_state(house, house.folder / "file" / "state")
    found = load(house.file, templates=house.templates)
    assert found.settings is None
    assert [(one.line, one.key) for one in found.problems] == [(1, "secret_file")]


def test_a_lost_secret_does_not_stop_what_runs(house: House) -> None:
    with_state(house, house.folder / "state")
    good = settings_of(house)
    (house.folder / "state" / "secret").write_text("damaged")
    found = load(house.file, previous=good, templates=house.templates)
    assert good is not None and found.settings is not None and found.broken
    assert found.settings.policy.keys == good.policy.keys


def test_broken_settings_make_no_secret(house: House) -> None:
    with_state(house, house.folder / "state")
    house.file.write_text(house.file.read_text() + "mod = 1\n")
    assert settings_of(house) is None
    assert not (house.folder / "state").exists()


def test_a_secret_that_was_copied_by_somebody_else(tmp_path: Path) -> None:
    """As root does from another node. Who is not root cannot give a file away, but finds folders of root's."""
    state_dir, secret = tmp_path / "state", tmp_path / "secret"
    state_dir.mkdir()
    load_or_make(secret)
    assert of_another(secret, state_dir) is None
    if os.geteuid() == 0:
        os.chown(state_dir, 65534, 65534)
    else:
        state_dir = Path("/")
    found = of_another(secret, state_dir)
    assert found and found.instead == f"run chown --reference={state_dir} {secret}"
