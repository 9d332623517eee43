"""`mode` in an owner's file: changed in place, with every comment and the layout kept, and checked before it is in force."""

import contextlib
import os
import re
import tempfile
import tomllib
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from milter.cli.names import unknown
from milter.core.owner import Mode
from milter.settings import texts
from milter.settings.host import Host, read_host
from milter.settings.lines import Lines
from milter.settings.owner_file import OwnerFile, files_of, read_owner
from milter.settings.source import Source, read
from milter.settings.values import Problem

_VALUE = re.compile(r"""(\bmode["']?\s*=\s*)("[^"\\]*"|'[^']*')([ \t]*)(#.*)?""")
_BRACE = re.compile(r"\{\s*")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Switched:
    """`wished` stands in `file`; `in_force` under the sysadmin's ceiling. `warnings` that came with it."""

    file: Path
    owner: str
    before: Mode | None
    wished: Mode
    in_force: Mode
    sends: bool
    warnings: tuple[Problem, ...]


def switch(config: Path, owner: str | None, mode: Mode) -> Switched:
    """Writes `mode` into the owner's own file. Raises click's exceptions; a file with problems is left as it is (exit 2)."""
    source = read(config)
    if not source.data:
        for problem in source.problems:
            click.echo(str(problem), err=True)
        raise SystemExit(2)
    host = read_host(source)
    file = _file(config, host, owner)
    raw = _read(file)
    before = _owner(host, file, raw)
    _stop_if_broken(before)
    changed = with_mode(raw, mode)
    if changed is None:
        line = before.source.lines.of(("replies", "mode"))
        raise click.ClickException(f'{file}:{line}: written in a way that only you can change; write mode = "{mode}"')
    after = _owner(host, file, changed)
    _stop_if_broken(after)
    if changed != raw:
        _replace(file, raw, changed)
    old = before.source.data.get("replies", {}).get("mode")
    warned = {one.what for one in before.source.problems}
    new = tuple(one for one in after.source.problems if one.what not in warned)
    sends = host.reply_next_hop is not None
    return Switched(file, after.owner.name, Mode(old) if old else None, mode, after.owner.replies.mode, sends, new)


def _file(config: Path, host: Host, owner: str | None) -> Path:
    files = files_of(config, host.owners)
    found = [one for one in files if owner in (None, one.stem)]
    if len(found) == 1:
        return found[0]
    if owner:
        raise unknown(owner, "owner", (one.stem for one in files), "--owner")
    known = ", ".join(one.stem for one in files) or "none"
    raise click.BadParameter(f"say whose; there are: {known}", param_hint="--owner")


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error


def _owner(host: Host, file: Path, raw: bytes) -> OwnerFile:
    """As the daemon would read it."""
    try:
        text = raw.decode("utf-8-sig")
        source = Source(file, text, tomllib.loads(text))
    except ValueError:
        source = read(file)  # says what is wrong with it, and where
    return read_owner(source, host, texts.factory(), texts.check_source, datetime.now(UTC).date())


def _stop_if_broken(one: OwnerFile) -> None:
    problems = [each for each in (*one.source.problems, *one.texts.problems) if not each.warning]
    for each in problems:
        click.echo(str(each), err=True)
    if problems:
        click.echo("Nothing was changed: mend this first, the last good version stays in force.", err=True)
        raise SystemExit(2)


def with_mode(raw: bytes, mode: Mode) -> bytes | None:
    """The file with that mode under [replies] and nothing else changed; None if it is written in a way we cannot change.

    `raw` is TOML.
    """
    mark = _BOM if raw.startswith(_BOM) else b""
    text = raw.removeprefix(_BOM).decode("utf-8")
    data = tomllib.loads(text)
    wanted = deepcopy(data)
    wanted.setdefault("replies", {})["mode"] = mode.value
    if wanted == data:
        return raw
    for candidate in _candidates(text, data, mode):
        # Whatever a line looks like: what counts is that the file says this and nothing else.
        with contextlib.suppress(ValueError):
            if tomllib.loads(candidate) == wanted:
                return mark + candidate.encode("utf-8")
    return None


def _candidates(text: str, data: dict[str, object], mode: Mode) -> Iterator[str]:
    lines, end = text.split("\n"), "\r" if "\r\n" in text else ""
    replies = data.get("replies")
    if replies is None:
        gap = "" if not text or text.endswith("\n") else f"{end}\n"
        yield f'{text}{gap}{end}\n[replies]{end}\nmode = "{mode}"{end}\n'
        return
    has_mode = isinstance(replies, dict) and "mode" in replies
    at = Lines(text).of(("replies", "mode") if has_mode else ("replies",)) - 1
    before, line, behind = lines[:at], lines[at], lines[at + 1 :]
    if has_mode:
        for found in _VALUE.finditer(line):
            changed = f"{line[: found.start()]}{_changed(found, mode)}{line[found.end() :]}"
            yield "\n".join([*before, changed, *behind])
        return
    yield "\n".join([*before, line, f'mode = "{mode}"{end}', *behind])
    yield "\n".join([*before, f'replies.mode = "{mode}"{end}', line, *behind])
    for comma in (", ", " "):
        yield "\n".join([*before, _BRACE.sub(f'{{ mode = "{mode}"{comma}', line, count=1), *behind])


def _changed(found: re.Match[str], mode: Mode) -> str:
    """The new value; a comment behind it stays in its column if there is room."""
    key, value, space, comment = found[1], f'"{mode}"', found[3], found[4]
    if comment:
        space = " " * max(1, len(found[2]) + len(space) - len(value))
    return f"{key}{value}{space}{comment or ''}"


def _replace(file: Path, before: bytes, content: bytes) -> None:
    """Whole or not at all; same user, group, permissions and extended attributes. A symbolic link stays one."""
    real = file.resolve()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    except OSError as error:
        raise click.ClickException(f"{real.parent}: {error.strerror}; run this as who may write there") from error
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as written:
            written.write(content)
            _as_before(written.fileno(), real)
            written.flush()
            os.fsync(written.fileno())
        if real.read_bytes() != before:
            raise click.ClickException(f"{file} was changed meanwhile and is left as it is; try again")
        draft.replace(real)
        folder = os.open(real.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}; run this as root or as its user") from error
    finally:
        draft.unlink(missing_ok=True)


def _as_before(handle: int, real: Path) -> None:
    was = real.stat()
    if (was.st_uid, was.st_gid) != (os.fstat(handle).st_uid, os.fstat(handle).st_gid):
        os.fchown(handle, was.st_uid, was.st_gid)
    os.fchmod(handle, was.st_mode & 0o7777)
    for name in os.listxattr(real):
        # Some file systems list attributes that only the kernel may set.
        with contextlib.suppress(OSError):
            os.setxattr(handle, name, os.getxattr(real, name))


def told(one: Switched) -> str:
    """What a person is told of it."""
    said = [f'{one.file}: mode = "{one.wished}" already.'] if one.before is one.wished else []
    if not said:
        was = f' (it was "{one.before}")' if one.before else ""
        said = [f'{one.file}: mode = "{one.wished}"{was}. A running daemon picks it up by itself.']
    said.append(f"In force for {one.owner}: {one.in_force}, {_MEANING[one.in_force]}.")
    if one.in_force is not one.wished:
        said.append(f'The sysadmin allows no more: recado.toml says [replies] mode = "{one.in_force}".')
    elif one.in_force is Mode.LIVE and not one.sends:
        said.append("Yet nothing is sent: recado.toml names no [replies] next_hop, so replies are only rehearsed.")
    said += [f"Warning: {each}" for each in one.warnings if each.key != "replies.mode"]
    return "\n".join(said)


_MEANING = {
    Mode.OFF: "nobody gets an automatic reply",
    Mode.SHADOW: "replies are decided and rehearsed, none is sent",
    Mode.LIVE: "clients get automatic replies",
}
