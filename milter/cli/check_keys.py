"""The keys' part of `recado check`: whether what is to sign the replies can sign them, and for whom they come from."""

import os
import pwd
from pathlib import Path

from milter.core.address import organisational_domain
from milter.core.owner import DkimKey, Identity
from milter.delivery.sign import Signer, SigningFailed
from milter.settings.findings import Wrong
from milter.settings.owner_file import files_of
from milter.settings.source import read
from milter.settings.values import Problem, Settings


def ask(settings: Settings) -> tuple[Problem, ...]:
    """Warnings. A key file that is not there, or that we may not read, is told of when the settings are loaded."""
    found: list[Problem] = []
    for file in files_of(settings.file, settings.owners):
        owner = settings.policy.owner(file.stem)
        source = read(file)
        source.problems.clear()
        for identity in owner.identities if owner else ():
            key = identity.dkim
            place = Path(key.key_file) if key and key.key_file else None
            if key and place and place.is_file():
                for name, wrong in _wrong(identity, key) or _kept_from_the_service(place, settings.state_dir):
                    source.warn(("identity", identity.name, "dkim", name), wrong)
        found += source.problems
    return tuple(found)


def _wrong(identity: Identity, key: DkimKey) -> list[tuple[str, Wrong]]:
    try:
        Signer.load(key)
    except SigningFailed as error:
        return [("key_file", Wrong(f"{error}: no reply leaves", "make a key with recado dkim-key"))]
    domains = {one.rpartition("@")[2] for one in identity.addresses}
    other = sorted(one for one in domains if organisational_domain(one) != organisational_domain(key.domain))
    if not other:
        return []
    # DMARC counts a signature only if its domain is in line with From (RFC 7489 section 3.1.1).
    told = f'"{key.domain}" signs for another domain than {other[0]}: replies from there count as unsigned'
    return [("domain", Wrong(told, f'write domain = "{other[0]}", with a key that its DNS tells of'))]


def _kept_from_the_service(file: Path, state_dir: Path) -> list[tuple[str, Wrong]]:
    """Root, who asks, reads everything; the service is whoever state_dir belongs to."""
    try:
        key, service = file.stat(), state_dir.stat().st_uid
        entry = pwd.getpwuid(service)
    except (OSError, KeyError):
        return []
    if key.st_uid == service:
        may = key.st_mode & 0o400
    elif key.st_gid in os.getgrouplist(entry.pw_name, entry.pw_gid):
        may = key.st_mode & 0o040
    else:
        may = key.st_mode & 0o004
    if may or service == 0:
        return []
    told = f"{file} may not be read by {entry.pw_name}, who owns {state_dir}: no reply leaves"
    return [("key_file", Wrong(told, f"run chown {entry.pw_name} {file}"))]
