"""recado.toml and the owners' files together: the settings in force, and every problem at once."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from milter.core.keys import Keys
from milter.core.owner import Kind, Owner
from milter.core.policy import Policy
from milter.settings import secret as secrets
from milter.settings import texts
from milter.settings.findings import Wrong
from milter.settings.host import Host, read_host
from milter.settings.owner_file import OwnerFile, files_of, read_owner
from milter.settings.replies import again_under
from milter.settings.source import Source, read
from milter.settings.values import Problem, Settings

_LANGUAGE = re.compile(r"""^\s*language\s*=\s*["']([a-z]{2})""", re.M)
_MAILBOX = re.compile(r"""^\s*mailbox\s*=\s*["']([^"'\s@]+@[^"'\s@]+)["']""", re.M)
SOME_DAY = date(2026, 1, 1)  # for who asks about no calendar
MOST_MISNAMED = 10  # told
Texts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class OwnerProblem:
    """A problem for the owner's own eyes: whose, in which language to tell him, and the problem.

    `mailbox`: his business one, as in force, else as his file says as far as it can be read; "" if nobody can tell.
    `in_force`: there is a last good version of his file, by which his mail is still treated.
    """

    owner: str
    language: str
    problem: Problem
    mailbox: str = ""
    in_force: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """`settings` None: recado.toml is broken, or at the first start there is no secret. Problems include warnings."""

    settings: Settings | None
    problems: tuple[Problem, ...]
    of_owners: tuple[OwnerProblem, ...] = ()
    owners_files: int = 0

    @property
    def broken(self) -> bool:
        return any(not one.warning for one in self.problems)


def load(
    file: Path,
    *,
    previous: Settings | None = None,
    secret: bytes | None = None,
    make_secret: bool = True,
    templates: Path | None = None,
    check_text: texts.Check = texts.check_source,
    today: date = SOME_DAY,
) -> Loaded:
    """The settings in `file`. An owner whose file is broken keeps his version in `previous`, else he is out.

    `secret`: 32 bytes; None: read from its file, or made there. With `make_secret` False nothing is written: where
    there is none yet, or it cannot be read, a scratch one of zeros is used (rehearsals). `templates`: other shipped texts.
    `today`: calendars are read for the years around it.
    """
    source = read(file)
    # recado.toml that is no TOML: the owners' files are still looked through, for their own problems
    readable = source if source.data or not source.broken else Source(file, data={"hostname": "unknown"})
    host = read_host(readable)
    factory = texts.factory(templates)
    files = files_of(file, host.owners)
    read_files = [read_owner(read(one), host, factory, check_text, today) for one in files]
    _same_id(read_files)
    _claims(read_files, previous)
    _bounces(source, host, read_files)
    _missing_keys(read_files, previous)
    if readable is source:
        _misnamed(source, host, files)
    if not files and readable is source:
        _no_owner(source, host)
    keys = None if source.broken else _keys(source, host, previous, secret, make_secret)  # may add a problem of its own
    problems = (
        *source.problems,
        *(found for one in read_files for found in (*one.source.problems, *one.texts.problems)),
    )
    ordered = tuple(sorted(problems, key=lambda one: (one.file != file, one.file, one.line)))
    of_owners = tuple(
        _told(one, found, previous) for one in read_files for found in (*one.source.problems, *one.texts.problems)
    )
    settings = _settings(file, host, keys, read_files, previous) if keys else None
    return Loaded(settings, ordered, of_owners, len(files))


def _misnamed(source: Source, host: Host, files: tuple[Path, ...]) -> None:
    """An owner's file as Windows or a word processor names it: `ana.toml.txt`."""
    found = (one for ending in (".txt", ".rtf", ".docx") for one in files_of(source.file, f"{host.owners}{ending}"))
    for one in [one for one in found if one not in files][:MOST_MISNAMED]:
        wrong = Wrong(
            f"{one} is no owner's file: nobody reads it", f"save it as plain text, {one.with_suffix('').name}"
        )
        source.warn(("owners",), wrong)


def _no_owner(source: Source, host: Host) -> None:
    folder = (source.file.parent / host.owners).parent
    try:
        os.scandir(folder).close()
    except PermissionError as error:
        wrong = Wrong(f"{folder} cannot be read ({error.strerror})", f"run chgrp recado {folder} && chmod 750 {folder}")
        source.problem(("owners",), wrong)
        return
    except OSError:
        pass  # not there, so no file matches
    wrong = Wrong(f'no file matches "{host.owners}": all mail passes untouched', "write one, such as owners/ana.toml")
    source.warn(("owners",), wrong)


def _keys(source: Source, host: Host, previous: Settings | None, secret: bytes | None, make: bool) -> Keys | None:
    if secret is not None:
        return Keys(secret)
    path = host.secret_file or host.state_dir / "secret"
    found = secrets.load_or_make(path) if make else secrets.read(path)
    if isinstance(found, bytes):
        return Keys(found)
    if not make:
        return Keys(secrets.SCRATCH)
    if isinstance(found, Wrong):
        source.problem(("secret_file",), found)
    return previous.policy.keys if previous else None


def _same_id(files: list[OwnerFile]) -> None:
    first: dict[str, Path] = {}
    for one in files:
        other = first.setdefault(one.owner.id, one.source.file)
        if other != one.source.file:
            one.source.problem(
                ("id",),
                Wrong(f'"{one.owner.id}" is the name of {other} too', "name the files of two owners differently"),
            )


def _claims(files: list[OwnerFile], previous: Settings | None) -> None:
    """An address has one owner: who had it before and still wants it, else the first file. The other file is broken."""
    had = {
        one: owner.id
        for owner in (previous.policy.owners if previous else ())
        for identity in owner.identities
        for one in identity.addresses
    }
    claims = [
        (one, identity, address) for one in files for identity in one.owner.identities for address in identity.addresses
    ]
    holder: dict[str, OwnerFile] = {}
    for one, _, address in sorted(claims, key=lambda claim: had.get(claim[2]) != claim[0].owner.id):
        holder.setdefault(address, one)
    for one, identity, address in claims:
        if holder[address] is not one:
            other = holder[address].source.file.name
            wrong = Wrong(f'"{address}" belongs to the owner in {other} already', "give it to one of them")
            one.source.problem(("identity", identity.name, "addresses"), wrong)


def _missing_keys(files: list[OwnerFile], previous: Settings | None) -> None:
    """A key that a running daemon is told of and cannot read is a mistake. At the start it may have to be made yet."""
    for one in files:
        last = previous.policy.owner(one.owner.id) if previous else None
        for identity in one.owner.identities:
            key = identity.dkim
            wrong = _unread(Path(key.key_file)) if key and key.key_file else None
            if wrong is None:
                continue
            before = last.identity(identity.name) if last else None
            place = ("identity", identity.name, "dkim", "key_file")
            if last and (before is None or before.dkim != key):
                one.source.problem(place, wrong)
            else:
                one.source.warn(place, replace(wrong, what=f"{wrong.what}: no reply leaves"))


def _unread(key_file: Path) -> Wrong | None:
    try:
        with key_file.open("rb"):
            return None
    except PermissionError:
        return Wrong(f"{key_file} may not be read", f"run chown recado {key_file}")
    except OSError:
        return Wrong(f"{key_file} is not there", "write where recado dkim-key put the key")


def _bounces(source: Source, host: Host, files: list[OwnerFile]) -> None:
    for one in files:
        if any(host.bounce_address in identity.addresses for identity in one.owner.identities if host.bounce_address):
            wrong = Wrong(
                f"is an address of the owner in {one.source.file.name}: what comes back would be his mail",
                'write one that is nobody\'s, such as "recado-bounce@estudio.example"',
            )
            source.warn(("replies", "bounce_address"), wrong)


def _settings(file: Path, host: Host, keys: Keys, files: list[OwnerFile], previous: Settings | None) -> Settings:
    in_force: list[tuple[Owner, Texts]] = []
    for one in files:
        if not one.broken:
            in_force.append((one.owner, one.texts.by_name))
        elif (
            previous
            and (last := previous.policy.owner(one.owner.id))
            and last.id not in {owner.id for owner, _ in in_force}
        ):
            last = replace(last, replies=again_under(host.replies, last.replies))
            in_force.append((last, previous.texts.get(last.id, {})))
    policy = Policy(
        hostname=host.hostname,
        keys=keys,
        owners=tuple(owner for owner, _ in in_force),
        authserv_id=host.authserv_id,
        trusted_authserv_ids=host.trusted_authserv_ids,
        recipient_delimiter=host.recipient_delimiter,
        filing=host.filing,
        bad_standing=host.bad_standing,
        bounce_address=host.bounce_address,
    )
    return Settings(
        file=file,
        policy=policy,
        doors=host.doors,
        state_dir=host.state_dir,
        workers=host.workers,
        message_size_limit=host.message_size_limit,
        mynetworks=host.mynetworks,
        socket_mode=host.socket_mode,
        reply_next_hop=host.reply_next_hop,
        redis_url=host.redis_url,
        trusted_relays=host.trusted_relays,
        nameservers=host.nameservers,
        texts={owner.id: by_name for owner, by_name in in_force},
        owners=host.owners,
        secret_file=host.secret_file,
        calendars=tuple(dict.fromkeys(str(path) for one in files for path in one.calendars)),
    )


def _told(one: OwnerFile, problem: Problem, previous: Settings | None) -> OwnerProblem:
    last = previous.policy.owner(one.owner.id) if previous else None
    language = one.owner.language
    if not one.source.data:
        found = _LANGUAGE.search(one.source.text)
        language = found[1] if found else last.language if last else language
    guess = _MAILBOX.search(one.source.text)
    mailbox = _mailbox(last) or _mailbox(one.owner) or (guess[1] if guess else "")
    return OwnerProblem(one.owner.id, language, problem, mailbox, last is not None)


def _mailbox(owner: Owner | None) -> str:
    business = owner.first(Kind.BUSINESS) if owner else None
    return business.mailbox if business else ""
