"""What the files cannot tell: whether this machine lets us work. Asked by `check` and `serve`, never by `load`."""

import errno
import os
import sys
import tempfile
from importlib.machinery import PathFinder
from pathlib import Path

from milter.settings import secret
from milter.settings.findings import Wrong
from milter.settings.lines import KeyPath
from milter.settings.source import Source, read
from milter.settings.values import Problem, Settings

RESOLV_CONF = Path("/etc/resolv.conf")
ROOM = 1 << 20  # bytes in state_dir that are little enough to be alarmed about


def problems_here(settings: Settings) -> tuple[Problem, ...]:
    """Problems of state_dir and of the secret, warnings of another `milter` and of no name server. Leaves nothing behind."""
    source = read(settings.file)
    source.problems.clear()
    _add(source, ("state_dir",), unwritable(settings.state_dir))
    if wrong := full(settings.state_dir):
        source.warn(("state_dir",), wrong)
    found = secret.read(settings.secret_path)
    _add(source, ("secret_file",), found if isinstance(found, Wrong) else secret.too_open(settings.secret_path))
    if isinstance(found, bytes) and (wrong := secret.of_another(settings.secret_path, settings.state_dir)):
        source.warn(("secret_file",), wrong)
    if other := foreign_milter(sys.path):
        wrong = Wrong(
            f"another module of this name is at {other} (pymilter's)",
            "install recado in a virtual environment of its own",
        )
        source.warn(("modules",), wrong)
    if not settings.nameservers and not settings.policy.trusted_authserv_ids and not _names_a_server(RESOLV_CONF):
        wrong = Wrong(
            f"is empty, and {RESOLV_CONF} names no name server: no sender can be authenticated",
            'write nameservers = ["127.0.0.1"], or trusted_authserv_ids of who checks in front of us',
        )
        source.warn(("authentication", "nameservers"), wrong)
    return tuple(source.problems)


def unwritable(folder: Path) -> Wrong | None:
    """Tried, not asked: root may write where nothing can be written."""
    try:
        if folder.exists():
            with tempfile.TemporaryFile(dir=folder):
                return None
        missing = next(one for one in reversed((folder, *folder.parents)) if not one.exists())
        missing.mkdir(mode=0o700)
        missing.rmdir()
    except OSError as error:
        why = error.strerror or str(error)
        return Wrong(
            f"{folder} cannot be written ({why})",
            f"make it, for the user of the service: install -d -m 0700 -o recado {folder}",
        )
    return None


def full(folder: Path) -> Wrong | None:
    """Tried, too. A warning: mail flows, and starting again must not stop it."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(ROOM))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return Wrong(
                f"no room is left in {folder}: Redis keeps nothing, replies wait, and events are lost",
                "make some: what Recado keeps there is small",
            )
    return None


def foreign_milter(path: list[str]) -> str | None:
    """Where another module named `milter` is found, such as the extension of pymilter; None if there is none."""
    for entry in path:
        found = PathFinder.find_spec("milter", [entry or os.curdir])
        if found and found.origin and not (Path(found.origin).parent / "settings" / "values.py").is_file():
            return found.origin
    return None


def _names_a_server(resolv_conf: Path) -> bool:
    try:
        lines = resolv_conf.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    return any(line.split()[:1] == ["nameserver"] and len(line.split()) > 1 for line in lines)


def _add(source: Source, path: KeyPath, wrong: Wrong | None) -> None:
    if wrong:
        source.problem(path, wrong)
